#pragma once
#include "runtime/cuda/gemm.h"
#include "runtime/cuda/gemm_tile.h"

/**
 * The kernel of multiplyPatches (kByRows) and multiplyPatchesTransposed. A block makes one tile of the product over one share of the sum; slabs of 16
 * depths come through a ring of kStages by cp.async, so that kStages − 1 of them are on their way while one is multiplied.
 */
namespace retroplume {

/** Three: 36 KiB for the widest tile, so that four blocks fit into the 164 KiB of an A100's multiprocessor and six into an H100's. */
constexpr int kStages = 3;

/** A pixel's patch: its first cell in the image, by number, row and column (all may lie outside). */
struct alignas(16) Place {
  int cell, row, column, unused;
};

/**
 * The order in which slabs of features come. Where no slab has two taps, all taps of 16 channels before the next 16: neighbouring taps read the same
 * cells of the image, which then come out of the first-level cache, not k·k times out of the second, whose bandwidth would be the limit of tf32.
 */
__device__ __forceinline__ int slabInOrder(const Patches& p, int slab) {
  const int channels = p.slabTaps.quotient(slab);
  return (slab - channels * p.slabTaps.divisor) * (p.channels.divisor / kTileDepth) + channels;
}

/** A feature: which cell of the patch, and which channel. */
struct Feature {
  int cell, row, column, channel;
};

__device__ __forceinline__ Place placeOf(const Patches& p, int pixel) {
  if (pixel >= p.pixels) return {0, -(1 << 30), 0, 0};  // outside of every image
  const int line = p.width.quotient(pixel), image = p.height.quotient(line);
  const int row = (line - image * p.height.divisor) * p.scale - p.pad, column = (pixel - line * p.width.divisor) * p.scale - p.pad;
  return {(image * p.height.divisor * p.scale + row) * p.width.divisor * p.scale + column, row, column, 0};
}

__device__ __forceinline__ Feature featureOf(const Patches& p, int feature) {
  if (feature >= p.features) return {0, -(1 << 30), 0, 0};
  const int tap = p.channels.quotient(feature), row = p.kernel.quotient(tap), column = tap - row * p.kernel.divisor;
  return {row * p.width.divisor * p.scale + column, row, column, feature - tap * p.channels.divisor};
}

/** One float, or four channels with kVector. */
template <bool kVector>
__device__ __forceinline__ void copyPatch(const Patches& p, const Place& place, const Feature& feature, const Shared<float>& to, int index) {
  const bool inside = static_cast<unsigned>(place.row + feature.row) < static_cast<unsigned>(p.height.divisor * p.scale) &&
                      static_cast<unsigned>(place.column + feature.column) < static_cast<unsigned>(p.width.divisor * p.scale);
  const int64_t source = int64_t{place.cell + feature.cell} * p.stride + feature.channel;
  if constexpr (kVector) {
    copyAsync16Cached(to, index, p.image, source, inside);
  } else {
    copyAsync4(to, index, p.image, source, inside);
  }
}

/** Slabs of patches with pixels as rows: the pixels stay, the features move on. */
template <class T, bool kVector>
class PixelRows {
 public:
  static constexpr int kPlaces = T::kRows;

  __device__ __forceinline__ PixelRows(const Patches& patches, const Shared<Place>& places, int firstRow) : patches_(patches), places_(places) {
    for (int row = threadIdx.x; row < T::kRows; row += kTileThreads) places[row] = placeOf(patches, firstRow + row);
  }
  __device__ __forceinline__ void prepare(int) const {}
  __device__ __forceinline__ void copy(int slab, const Shared<float>& to) const {
    constexpr int kWidth = kVector ? 4 : 1, kAcross = kTileDepth / kWidth, kStep = kTileThreads / kAcross;
    const int depth = static_cast<int>(threadIdx.x) % kAcross * kWidth, first = static_cast<int>(threadIdx.x) / kAcross;
    const Feature feature = featureOf(patches_, slab * kTileDepth + depth);
#pragma unroll 4
    for (int row = 0; row < T::kRows; row += kStep) {
      const Place place = places_[first + row];
      copyPatch<kVector>(patches_, place, feature, to, T::aIndexByRows(first + row, depth));
    }
  }

 private:
  const Patches& patches_;
  Shared<Place> places_;
};

/** Slabs of patches with features as rows: a thread's feature stays, the pixels move on; a slab's places are worked out one interval before. */
template <class T, bool kVector>
class FeatureRows {
 public:
  static constexpr int kPlaces = 2 * kTileDepth;

  __device__ __forceinline__ FeatureRows(const Patches& patches, const Shared<Place>& places, int firstRow)
      : patches_(patches), places_(places), feature_(featureOf(patches, firstRow + static_cast<int>(threadIdx.x) % kAcross * kWidth)) {}
  __device__ __forceinline__ void prepare(int slab) const {
    const int t = static_cast<int>(threadIdx.x);
    if (t < kTileDepth) places_[slab % 2 * kTileDepth + t] = placeOf(patches_, slab * kTileDepth + t);
  }
  __device__ __forceinline__ void copy(int slab, const Shared<float>& to) const {
    const int row = static_cast<int>(threadIdx.x) % kAcross * kWidth, first = static_cast<int>(threadIdx.x) / kAcross;
#pragma unroll 4
    for (int depth = 0; depth < kTileDepth; depth += kStep) {
      const Place place = places_[slab % 2 * kTileDepth + first + depth];
      copyPatch<kVector>(patches_, place, feature_, to, T::aIndexByDepth(first + depth, row));
    }
  }

 private:
  static constexpr int kWidth = kVector ? 4 : 1, kAcross = T::kRows / kWidth, kStep = kTileThreads / kAcross;
  static_assert(kStep >= 1, "a thread has one feature");
  const Patches& patches_;
  Shared<Place> places_;
  Feature feature_;
};

/** Slabs of b. A thread's columns stay. */
template <class T>
class MatrixRows {
 public:
  __device__ __forceinline__ MatrixRows(const Matrix& matrix, int columns, int depth, int firstColumn) : matrix_(matrix), depth_(depth) {
    column_ = static_cast<int>(threadIdx.x) % (matrix.vector ? kFours : T::kColumns) * (matrix.vector ? 4 : 1);
    const int n = firstColumn + column_, group = matrix.group.quotient(n);
    offset_ = group * matrix.groupStep + (n - group * matrix.group.divisor);
    valid_ = n < columns;
  }
  __device__ __forceinline__ void copy(int slab, const Shared<float>& to) const {
    if (matrix_.vector) {
      copyRows<kFours, true>(slab, to);
    } else {
      copyRows<T::kColumns, false>(slab, to);
    }
  }

 private:
  static constexpr int kFours = T::kColumns / 4;

  template <int kAcross, bool kVector>
  __device__ __forceinline__ void copyRows(int slab, const Shared<float>& to) const {
    constexpr int kStep = kTileThreads / kAcross;
    const int first = static_cast<int>(threadIdx.x) / kAcross;
#pragma unroll 4
    for (int row = 0; row < kTileDepth; row += kStep) {
      if (kStep > kTileDepth && first >= kTileDepth) return;  // more threads than chunks
      const int depth = slab * kTileDepth + first + row;
      const bool valid = valid_ && depth < depth_;
      const int64_t source = offset_ + depth * matrix_.rowStride;
      const int index = T::bIndex(first + row, column_);
      if constexpr (kVector) {
        copyAsync16(to, index, matrix_.data, source, valid);
      } else {
        copyAsync4(to, index, matrix_.data, source, valid);
      }
    }
  }

  const Matrix& matrix_;
  int depth_, column_;
  int64_t offset_;
  bool valid_;
};

/** Where a block's tile goes: to the destination, or, where the sum is cut into shares, to this share's part of `partials`. */
struct Output {
  Global<float> partials;  // [splits, rows, columns], or null
  int rows, columns;

  __device__ __forceinline__ void store(const Destination& to, int row, int column, const float4& quad) const {
    if (row >= rows || column >= columns) return;
    if (partials) {
      const int64_t at = (int64_t{blockIdx.y} * rows + row) * columns + column;
      if (columns % 4 == 0) return store4(partials, at, quad);
      for (int i = 0; i < 4 && column + i < columns; ++i) partials[at + i] = component(quad, i);
      return;
    }
    if (!to.vector) {
      for (int i = 0; i < 4 && column + i < columns; ++i) to.store(row, column + i, component(quad, i));
      return;
    }
    int channel;
    const int64_t at = to.offset(row, column, channel);
    store4(to.data, at,
           make_float4(to.finish(quad.x, at, channel), to.finish(quad.y, at + 1, channel + 1), to.finish(quad.z, at + 2, channel + 2),
                       to.finish(quad.w, at + 3, channel + 3)));
  }
};

template <class T, bool kByRows>
constexpr int gemmSharedBytes() {
  return kStages * (T::kRows + T::kColumns) * kTileDepth * 4 + (kByRows ? T::kRows : 2 * kTileDepth) * static_cast<int>(sizeof(Place));
}

template <class T, Products P, bool kByRows, bool kVector>
__global__ void __launch_bounds__(kTileThreads, T::kBlocks) gemm_kernel(Gemm gemm, Output output) {
  using Left = std::conditional_t<kByRows, PixelRows<T, kVector>, FeatureRows<T, kVector>>;
  SharedMemory memory;
  const Shared<float> a = memory.take<float>(kStages * T::kRows * kTileDepth);
  const Shared<float> b = memory.take<float>(kStages * T::kColumns * kTileDepth);
  const Shared<Place> places = memory.take<Place>(Left::kPlaces);

  // Tiles of the same rows are neighbours: they read the same patches while those are in the second-level cache.
  const int across = (gemm.columns + T::kColumns - 1) / T::kColumns;
  const int firstRow = static_cast<int>(blockIdx.x) / across * T::kRows, firstColumn = static_cast<int>(blockIdx.x) % across * T::kColumns;
  const int depth = kByRows ? gemm.patches.features : gemm.patches.pixels;
  const int64_t slabs = (depth + kTileDepth - 1) / kTileDepth;
  const int begin = static_cast<int>(slabs * blockIdx.y / gridDim.y), end = static_cast<int>(slabs * (blockIdx.y + 1) / gridDim.y);

  const Left left(gemm.patches, places, firstRow);
  const MatrixRows<T> right(gemm.b, gemm.columns, depth, firstColumn);
  const auto fetch = [&](int slab, int stage) {
    if (slab < end) {
      const int next = kByRows ? slabInOrder(gemm.patches, slab) : slab;
      left.copy(next, a.from(stage * T::kRows * kTileDepth));
      right.copy(next, b.from(stage * T::kColumns * kTileDepth));
    }
    commitCopies();  // an empty group too, so that the count of groups tells which slab has arrived
    left.prepare(slab + 1);
  };
  left.prepare(begin);
  for (int stage = 0; stage < kStages - 1; ++stage) {
    __syncthreads();
    fetch(begin + stage, stage);
  }
  Accumulators<T, P, kByRows> sums;
  int stage = 0;
  for (int slab = begin; slab < end; ++slab) {
    waitCopies<kStages - 2>();
    __syncthreads();  // the slab is there for all, and all are done with the one whose place the next takes
    fetch(slab + kStages - 1, stage == 0 ? kStages - 1 : stage - 1);
    sums.add(a.from(stage * T::kRows * kTileDepth), b.from(stage * T::kColumns * kTileDepth));
    stage = stage == kStages - 1 ? 0 : stage + 1;
  }
  sums.forEachQuad([&](int row, int column, const float4& quad) { output.store(gemm.to, firstRow + row, firstColumn + column, quad); });
}

/** 8x8 sums a thread with float32: 16 products a float read from shared memory. Narrow tiles waste less of narrow products. */
using WideTile = Tile<128, 64, 64, 32, 3>;
using MiddleTile = Tile<128, 32, 32, 32, 4>;
using NarrowTile = Tile<128, 16, 32, 16, 6>;

/** The widest tile that adds no more than an eighth of empty columns to those of the next narrower one. */
inline int tileColumns(int64_t columns) {
  const auto padded = [=](int64_t width) { return (columns + width - 1) / width * width; };
  if (columns <= NarrowTile::kColumns) return NarrowTile::kColumns;
  return 8 * padded(WideTile::kColumns) <= 9 * padded(MiddleTile::kColumns) ? WideTile::kColumns : MiddleTile::kColumns;
}

template <class T, bool kByRows, bool kVector>
void launchTile(const Gemm& gemm, const Output& output, dim3 grid, const Context& context) {
  constexpr int kBytes = gemmSharedBytes<T, kByRows>();
  switch (context.products) {
    case Products::tf32:
      return launch(context, gemm_kernel<T, Products::tf32, kByRows, kVector>, grid, kTileThreads, kBytes, gemm, output);
    case Products::bf16:
      return launch(context, gemm_kernel<T, Products::bf16, kByRows, kVector>, grid, kTileThreads, kBytes, gemm, output);
    default:
      return launch(context, gemm_kernel<T, Products::float32, kByRows, kVector>, grid, kTileThreads, kBytes, gemm, output);
  }
}

template <bool kByRows>
void multiply(const Gemm& gemm, float* partials, const Context& context) {
  const int rows = kByRows ? gemm.patches.pixels : gemm.patches.features, depth = kByRows ? gemm.patches.features : gemm.patches.pixels;
  const int splits = gemmSplits(rows, gemm.columns, depth), width = tileColumns(gemm.columns);
  const int64_t length = int64_t{splits} * rows * gemm.columns;
  const Output output{Global<float>(splits > 1 ? partials : nullptr, length), rows, gemm.columns};
  const int64_t tiles = int64_t{(rows - 1) / WideTile::kRows + 1} * ((gemm.columns - 1) / width + 1);
  const dim3 grid(static_cast<unsigned>(tiles), static_cast<unsigned>(splits));
  const auto run = [&](auto tile) {
    using T = decltype(tile);
    if (gemm.patches.vector) return launchTile<T, kByRows, true>(gemm, output, grid, context);
    return launchTile<T, kByRows, false>(gemm, output, grid, context);
  };
  if (width == WideTile::kColumns) {
    run(WideTile());
  } else if (width == MiddleTile::kColumns) {
    run(MiddleTile());
  } else {
    run(NarrowTile());
  }
  if (splits > 1) addShares(Global<const float>(partials, length), splits, rows, gemm.columns, gemm.to, context);
}

}  // namespace retroplume
