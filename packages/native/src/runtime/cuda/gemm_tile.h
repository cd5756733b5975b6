#pragma once
#include "runtime/cuda/device.h"

/**
 * The tile of a product that one block makes, 16 deep at a time, out of shared memory. Warps share the tile out, each a rectangle of
 * kWarpRows·kWarpColumns; a lane of a warp holds kWarpRows·kWarpColumns / 32 sums in quads of four neighbouring columns.
 *
 * Shared memory has no padding; rows are permuted (xor) instead, so that no two lanes of one access meet in a bank:
 *
 *   a, by rows      [row][16]:      row of 16 floats; its four chunks of 16 bytes are permuted by (row / 2) % 4
 *   a, by depth     [16][kRows]:    column ^ 8·(depth / 4 % 4)
 *   b               [16][kColumns]: likewise; with 16 columns, see bIndex
 *
 * Tensor cores leave the order of the sum free as long as both factors have the same: a lane with t = lane % 4 takes depths 4t … 4t+3, which lie
 * together in a row of a, for the two mma of 8 (tf32) or the one of 16 (bf16).
 */
namespace retroplume {

constexpr int kTileDepth = 16;
constexpr int kTileThreads = 128;
constexpr int kTileWarps = kTileThreads / 32;

/** `Blocks`: how many a multiprocessor shall hold, which bounds registers to 65536 / (128·Blocks). */
template <int Rows, int Columns, int WarpRows, int WarpColumns, int Blocks>
struct Tile {
  static constexpr int kRows = Rows, kColumns = Columns, kWarpRows = WarpRows, kWarpColumns = WarpColumns;
  static constexpr int kWarpsAcross = Columns / WarpColumns, kBlocks = Blocks;
  static_assert(Rows / WarpRows * kWarpsAcross == kTileWarps, "the warps cover the tile");

  __device__ static __forceinline__ int aIndexByRows(int row, int depth) {
    return row * kTileDepth + ((depth >> 2 ^ (row >> 1 & 3)) << 2) + (depth & 3);
  }
  __device__ static __forceinline__ int aIndexByDepth(int depth, int row) { return depth * kRows + (row ^ (depth >> 2 & 3) << 3); }
  __device__ static __forceinline__ int bIndex(int depth, int column) {
    if constexpr (kColumns >= 32) return depth * kColumns + (column ^ (depth >> 2 & 3) << 3);
    // Two rows fill the banks: depths 8 … 15 go to the other half by the exchange of neighbours.
    return (depth ^ depth >> 3) * kColumns + (column ^ (depth >> 2 & 1) << 3);
  }
};

__device__ __forceinline__ float component(const float4& v, int i) { return i == 0 ? v.x : i == 1 ? v.y : i == 2 ? v.z : v.w; }

/** A lane's sums: kDown·kAcross quads. */
template <class T, Products P, bool kByRows>
class Accumulators {
  static constexpr bool kExact = P == Products::float32;
  static constexpr int kDown = T::kWarpRows / (kExact ? 8 : 16);

 public:
  static constexpr int kAcross = T::kWarpColumns / (kExact ? 16 : 8);

  __device__ __forceinline__ Accumulators() {
#pragma unroll
    for (int i = 0; i < kDown; ++i) {
#pragma unroll
      for (int j = 0; j < kAcross; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) sums_[i][j][e] = 0.0f;
      }
    }
    const int warp = static_cast<int>(threadIdx.x) / 32;
    row_ = warp / T::kWarpsAcross * T::kWarpRows;
    column_ = warp % T::kWarpsAcross * T::kWarpColumns;
    lane_ = static_cast<int>(threadIdx.x) % 32;
  }

  /** += the product of one slab of a and b. */
  __device__ __forceinline__ void add(const Shared<float>& slabOfA, const Shared<float>& slabOfB) {
    // The warp's part: permutations reach over 8 rows, or 32 rows or columns, and repeat.
    const Shared<float> a = slabOfA.from(kByRows ? row_ * kTileDepth : row_), b = slabOfB.from(column_);
    if constexpr (P == Products::float32) {
#pragma unroll
      for (int depth = 0; depth < kTileDepth; depth += 4) addExactly(a, b, depth);
    } else {
      const auto left = [&](int from, float(&first)[4], float(&second)[4]) {
        const float4 upper = depthsOfA(a, from), lower = depthsOfA(a, from + 8);
        first[0] = upper.x, first[1] = lower.x, first[2] = upper.y, first[3] = lower.y;
        second[0] = upper.z, second[1] = lower.z, second[2] = upper.w, second[3] = lower.w;
      };
      addDepths<kTileDepth, false>(left, [&](int from, float(&depths)[4]) {
        const int depth = lane_ % 4 * 4, column = from + lane_ / 4;
#pragma unroll
        for (int d = 0; d < 4; ++d) depths[d] = b[T::bIndex(depth + d, column)];
      });
    }
  }

  /**
   * += the product of 16 depths on tensor cores, of which a lane has four, d0 … d3, of the rows and columns lane / 4 behind `from`, a multiple of 8
   * in the warp's rectangle. `left(from, first, second)`: first = d0 and d1 of that row and of the one 8 further, by turns; second = d2 and d3.
   * `right(from, depths)`. `kRounded`: both are rounded already, where they are for tf32. With `kDepths` 8, for tf32, of d0 and d1 alone.
   */
  template <int kDepths, bool kRounded, class Left, class Right>
  __device__ __forceinline__ void addDepths(const Left& left, const Right& right) {
    constexpr int kSteps = P == Products::tf32 ? kDepths / 8 : 1;
    static_assert(kDepths == kTileDepth || (kDepths == 8 && P == Products::tf32));
    const auto rounded = [](float x) { return kRounded ? static_cast<uint32_t>(__float_as_int(x)) : toTf32(x); };
    // All of b's fragments and then a's one after the other: of the two orders the one that needs fewer registers.
    uint32_t b[kSteps][kAcross][2];
#pragma unroll
    for (int j = 0; j < kAcross; ++j) {
      float depths[4];
      right(8 * j, depths);
      if constexpr (P == Products::tf32) {
#pragma unroll
        for (int step = 0; step < kSteps; ++step) b[step][j][0] = rounded(depths[2 * step]), b[step][j][1] = rounded(depths[2 * step + 1]);
      } else {
        b[0][j][0] = packBf16(depths[0], depths[1]), b[0][j][1] = packBf16(depths[2], depths[3]);
      }
    }
#pragma unroll
    for (int i = 0; i < kDown; ++i) {
      float depths[2][4];
      left(16 * i, depths[0], depths[1]);
      if constexpr (P == Products::tf32) {
#pragma unroll
        for (int step = 0; step < kSteps; ++step) {
          const float(&d)[4] = depths[step];
          multiplyRow(i, {rounded(d[0]), rounded(d[1]), rounded(d[2]), rounded(d[3])}, b[step]);
        }
      } else {
        const float(&first)[4] = depths[0], (&second)[4] = depths[1];
        multiplyRow(i, {packBf16(first[0], first[2]), packBf16(first[1], first[3]), packBf16(second[0], second[2]), packBf16(second[1], second[3])},
                    b[0]);
      }
    }
  }

  /** Adds the products of fragments (mmaTf32, mmaBf16) of 16 rows from 16·i on with those of all columns. */
  __device__ __forceinline__ void multiplyRow(int i, const uint32_t (&a)[4], const uint32_t (&b)[kAcross][2]) {
#pragma unroll
    for (int j = 0; j < kAcross; ++j) {
      if constexpr (P == Products::tf32) {
        mmaTf32(sums_[i][j], a, b[j]);
      } else {
        mmaBf16(sums_[i][j], a, b[j]);
      }
    }
  }

  /** The first row and column of the warp's rectangle. */
  __device__ __forceinline__ int row() const { return row_; }
  __device__ __forceinline__ int column() const { return column_; }

  /** Calls visit(row, column, quad) for every quad, with its place in the tile. All lanes of the warp come here. */
  template <class Visit>
  __device__ __forceinline__ void forEachQuad(Visit visit) {
#pragma unroll
    for (int i = 0; i < kDown; ++i) {
#pragma unroll
      for (int j = 0; j < kAcross; ++j) {
        float(&s)[4] = sums_[i][j];
        if constexpr (P == Products::float32) {
          const int row = kByRows ? lane_ / 4 + 8 * i : lane_ / 4 * 4 + i / 4 * 32 + i % 4;
          visit(row_ + row, column_ + lane_ % 4 * 4 + 16 * j, make_float4(s[0], s[1], s[2], s[3]));
        } else {
          // Of rows g and g+8 a lane has two columns each: neighbours exchange, so that the even lane has four of row g and the odd one four of g+8.
          const bool odd = lane_ % 2 == 1;
          const float x = __shfl_xor_sync(0xffffffffu, odd ? s[0] : s[2], 1);
          const float y = __shfl_xor_sync(0xffffffffu, odd ? s[1] : s[3], 1);
          visit(row_ + 16 * i + lane_ / 4 + (odd ? 8 : 0), column_ + 8 * j + lane_ % 4 / 2 * 4,
                odd ? make_float4(x, y, s[2], s[3]) : make_float4(s[0], s[1], x, y));
        }
      }
    }
  }

 private:
  /** Four depths. By rows, four depths of a row of a are one load; by depth, four rows of one depth. */
  __device__ __forceinline__ void addExactly(const Shared<float>& a, const Shared<float>& b, int depth) {
    float4 rows[kDown];
    if constexpr (kByRows) {
#pragma unroll
      for (int i = 0; i < kDown; ++i) rows[i] = load4(a.from(T::aIndexByRows(lane_ / 4, depth)), 8 * i * kTileDepth);
    }
#pragma unroll
    for (int d = 0; d < 4; ++d) {
      if constexpr (!kByRows) {
#pragma unroll
        for (int h = 0; h < kDown / 4; ++h) rows[h] = load4(a.from(T::aIndexByDepth(depth + d, lane_ / 4 * 4)), 32 * h);
      }
#pragma unroll
      for (int j = 0; j < kAcross; ++j) {
        const float4 columns = load4(b, T::bIndex(depth + d, lane_ % 4 * 4 + 16 * j));
#pragma unroll
        for (int i = 0; i < kDown; ++i) {
          const float x = kByRows ? component(rows[i], d) : component(rows[i / 4], i % 4);
          sums_[i][j][0] = fmaf(x, columns.x, sums_[i][j][0]);
          sums_[i][j][1] = fmaf(x, columns.y, sums_[i][j][1]);
          sums_[i][j][2] = fmaf(x, columns.z, sums_[i][j][2]);
          sums_[i][j][3] = fmaf(x, columns.w, sums_[i][j][3]);
        }
      }
    }
  }

  /** `from`: a multiple of 8. */
  __device__ __forceinline__ float4 depthsOfA(const Shared<float>& a, int from) {
    const int depth = lane_ % 4 * 4, row = from + lane_ / 4;
    if constexpr (kByRows) return load4(a.from(T::aIndexByRows(lane_ / 4, depth)), from * kTileDepth);
    return make_float4(a[T::aIndexByDepth(depth, row)], a[T::aIndexByDepth(depth + 1, row)], a[T::aIndexByDepth(depth + 2, row)],
                       a[T::aIndexByDepth(depth + 3, row)]);
  }

  float sums_[kDown][kAcross][4];
  int row_, column_, lane_;
};

}  // namespace retroplume
