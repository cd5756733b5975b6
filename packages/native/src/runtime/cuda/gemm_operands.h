#pragma once
#include "runtime/cuda/gemm.h"
#include "runtime/cuda/gemm_tile.h"

/** How slabs of both factors come into shared memory: which thread copies what. */
namespace retroplume {

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
template <class T>
class PixelRows {
 public:
  static constexpr int kPlaces = T::kRows;

  __device__ __forceinline__ PixelRows(const Patches& patches, const Shared<Place>& places, int firstRow) : patches_(patches), places_(places) {
    for (int row = threadIdx.x; row < T::kRows; row += kTileThreads) places[row] = placeOf(patches, firstRow + row);
  }
  __device__ __forceinline__ void prepare(int) const {}
  __device__ __forceinline__ void copy(int slab, const Shared<float>& to) const {
    if (patches_.vector) {
      copyRows<true>(slab, to);
    } else {
      copyRows<false>(slab, to);
    }
  }

 private:
  template <bool kVector>
  __device__ __forceinline__ void copyRows(int slab, const Shared<float>& to) const {
    constexpr int kWidth = kVector ? 4 : 1, kAcross = kTileDepth / kWidth, kStep = kTileThreads / kAcross;
    const int depth = static_cast<int>(threadIdx.x) % kAcross * kWidth, first = static_cast<int>(threadIdx.x) / kAcross;
    const Feature feature = featureOf(patches_, slab * kTileDepth + depth);
    const int index = T::aIndexByRows(first, depth);
    static_assert(kStep % 8 == 0, "the permutation of chunks repeats over 8 rows");
#pragma unroll 4
    for (int row = 0; row < T::kRows; row += kStep) {
      const Place place = places_[first + row];
      copyPatch<kVector>(patches_, place, feature, to, index + row * kTileDepth);
    }
  }

  const Patches& patches_;
  Shared<Place> places_;
};

/** Slabs of patches with features as rows: a thread's feature stays, the pixels move on; a slab's places are worked out one interval before. */
template <class T>
class FeatureRows {
 public:
  static constexpr int kPlaces = 2 * kTileDepth;

  __device__ __forceinline__ FeatureRows(const Patches& patches, const Shared<Place>& places, int firstRow)
      : patches_(patches), places_(places), feature_(featureOf(patches, firstRow + (patches.vector ? rowOf<4>() : rowOf<1>()))) {}
  __device__ __forceinline__ void prepare(int slab) const {
    const int t = static_cast<int>(threadIdx.x);
    if (t < kTileDepth) places_[slab % 2 * kTileDepth + t] = placeOf(patches_, slab * kTileDepth + t);
  }
  __device__ __forceinline__ void copy(int slab, const Shared<float>& to) const {
    if (patches_.vector) {
      copyDepths<4>(slab, to);
    } else {
      copyDepths<1>(slab, to);
    }
  }

 private:
  /** The thread's row, where it copies so many floats at once. */
  template <int kWidth>
  __device__ __forceinline__ static int rowOf() {
    return static_cast<int>(threadIdx.x) % (T::kRows / kWidth) * kWidth;
  }
  template <int kWidth>
  __device__ __forceinline__ void copyDepths(int slab, const Shared<float>& to) const {
    constexpr int kAcross = T::kRows / kWidth, kStep = kTileThreads / kAcross;
    static_assert(kStep >= 1, "a thread has one feature");
    const int row = rowOf<kWidth>(), first = static_cast<int>(threadIdx.x) / kAcross;
#pragma unroll 4
    for (int depth = 0; depth < kTileDepth; depth += kStep) {
      const Place place = places_[slab % 2 * kTileDepth + first + depth];
      copyPatch<kWidth == 4>(patches_, place, feature_, to, T::aIndexByDepth(first + depth, row));
    }
  }

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
      const int64_t source = int64_t{depth} * matrix_.rowStride + offset_;
      const int index = T::bIndex(first + row, column_);
      if constexpr (kVector) {
        copyAsync16(to, index, matrix_.data, source, valid);
      } else {
        copyAsync4(to, index, matrix_.data, source, valid);
      }
    }
  }

  const Matrix& matrix_;
  int depth_, column_, offset_;
  bool valid_;
};

}  // namespace retroplume
