#pragma once
#include "runtime/cuda/gemm_operands.h"
#include "runtime/cuda/gemm_output.h"

/**
 * The kernel of multiplyPatches (kByRows) and multiplyPatchesTransposed. A block makes one tile of the product over one share of the sum; slabs of 16
 * depths come through a ring of kStages by cp.async, so that kStages − 1 of them are on their way while one is multiplied.
 */
namespace retroplume {

/** Three: 38 KiB for the widest tile, of which three blocks leave 50 of an A100's 164 KiB and 114 of an H100's 228 for the first-level cache. */
constexpr int kStages = 3;

template <class T, bool kByRows>
constexpr int gemmSharedBytes() {
  return kStages * (T::kRows + T::kColumns) * kTileDepth * 4 + (kByRows ? T::kRows : 2 * kTileDepth) * static_cast<int>(sizeof(Place)) + 16;
}

/** Sum of read(0 … kCount − 1). Slabs are added up by themselves first: one number after the other over all of them would lose digits. */
template <int kCount, class Read>
__device__ __forceinline__ float slabSum(Read read) {
  float sum = 0.0f;
#pragma unroll
  for (int i = 0; i < kCount; ++i) sum += read(i);
  return sum;
}

/** Sums of the columns of a tile's b: each thread adds up some depths of one column. */
template <class T>
class ColumnSums {
 public:
  __device__ __forceinline__ void add(const Shared<float>& slab) {
    sum_ += slabSum<kDepths>([&](int i) { return slab[T::bIndex(depth() + i, column())]; });
  }
  /** Calls put(column of the tile, its sum). `memory`: a float a thread, which nobody needs any more. */
  template <class Put>
  __device__ __forceinline__ void finish(const Shared<float>& memory, Put put) const {
    const int t = static_cast<int>(threadIdx.x);
    __syncthreads();
    memory[t] = sum_;
    __syncthreads();
    if (t >= T::kColumns) return;
    float sum = sum_;
    for (int group = 1; group < kGroups; ++group) sum += memory[group * T::kColumns + t];
    put(t, sum);
  }

 private:
  static constexpr int kGroups = kTileThreads / T::kColumns, kDepths = kTileDepth / kGroups;
  static_assert(kGroups * kDepths == kTileDepth, "threads share the depths of a slab out evenly");
  __device__ __forceinline__ int column() const { return static_cast<int>(threadIdx.x) % T::kColumns; }
  __device__ __forceinline__ int depth() const { return static_cast<int>(threadIdx.x) / T::kColumns * kDepths; }

  float sum_ = 0.0f;
};

template <class T, Products P, bool kByRows>
__global__ void __launch_bounds__(kTileThreads, T::kBlocks) gemm_kernel(Gemm gemm, Output output) {
  using Left = std::conditional_t<kByRows, PixelRows<T>, FeatureRows<T>>;
  SharedMemory memory;
  const Shared<float> a = memory.take<float>(kStages * T::kRows * kTileDepth);
  const Shared<float> b = memory.take<float>(kStages * T::kColumns * kTileDepth);
  const Shared<Place> places = memory.take<Place>(Left::kPlaces);
  // The tile's first row and column, which the loop between has no registers for.
  const Shared<int> corner = memory.take<int>(2);

  // Tiles of the same rows are neighbours: they read the same patches while those are in the second-level cache.
  const int across = (gemm.columns + T::kColumns - 1) / T::kColumns;
  const int firstRow = static_cast<int>(blockIdx.x) / across * T::kRows, firstColumn = static_cast<int>(blockIdx.x) % across * T::kColumns;
  if (threadIdx.x == 0) corner[0] = firstRow, corner[1] = firstColumn;
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
  ColumnSums<T> columnSums;
  const bool sumsColumns = !kByRows && gemm.columnSums && firstRow == 0;
  const bool sumsRows = !kByRows && gemm.featureSums && firstColumn == 0;
  float rowSum = 0.0f;  // a thread has a row
  int stage = 0;
  for (int slab = begin; slab < end; ++slab) {
    waitCopies<kStages - 2>();
    __syncthreads();  // the slab is there for all, and all are done with the one whose place the next takes
    fetch(slab + kStages - 1, stage == 0 ? kStages - 1 : stage - 1);
    sums.add(a.from(stage * T::kRows * kTileDepth), b.from(stage * T::kColumns * kTileDepth));
    if (sumsColumns) columnSums.add(b.from(stage * T::kColumns * kTileDepth));
    if (sumsRows) {
      const Shared<float> slab = a.from(stage * T::kRows * kTileDepth);
      rowSum += slabSum<kTileDepth>([&](int depth) { return slab[T::aIndexByDepth(depth, static_cast<int>(threadIdx.x))]; });
    }
    stage = stage == kStages - 1 ? 0 : stage + 1;
  }
  const int rows = kByRows ? gemm.patches.pixels : gemm.patches.features;
  const auto rowOf = [&](int row) { return corner[0] + row < rows ? corner[0] + row : kNoRow; };
  output.store(gemm.to, rowOf, corner[1], sums);
  if (sumsRows) {
    static_assert(kByRows || T::kRows == kTileThreads, "a thread has a row");
    const int row = rowOf(static_cast<int>(threadIdx.x));
    if (row != kNoRow) gemm.featureSums[int64_t{blockIdx.y} * rows + row] = rowSum;
  }
  if (sumsColumns)
    columnSums.finish(a, [&](int column, float sum) { output.storeColumnSum(gemm.columnSums, gemm.to.accumulate, corner[1] + column, sum); });
}

template <class T, bool kByRows>
void launchTile(const Gemm& gemm, const Output& output, dim3 grid, const Context& context) {
  constexpr int kBytes = gemmSharedBytes<T, kByRows>();
  switch (context.products) {
    case Products::tf32:
      return launch(context, gemm_kernel<T, Products::tf32, kByRows>, grid, kTileThreads, kBytes, gemm, output);
    case Products::bf16:
      return launch(context, gemm_kernel<T, Products::bf16, kByRows>, grid, kTileThreads, kBytes, gemm, output);
    default:
      return launch(context, gemm_kernel<T, Products::float32, kByRows>, grid, kTileThreads, kBytes, gemm, output);
  }
}

template <bool kByRows>
void multiply(const Gemm& gemm, float* partials, const Context& context) {
  const int rows = kByRows ? gemm.patches.pixels : gemm.patches.features, depth = kByRows ? gemm.patches.features : gemm.patches.pixels;
  const int splits = gemmSplits(rows, gemm.columns, depth), width = tileColumns(gemm.columns);
  const int shareRows = gemm.columnSums ? rows + 1 : rows;
  const int64_t length = int64_t{splits} * shareRows * gemm.columns;
  const Output output{Global<float>(splits > 1 ? partials : nullptr, length), shareRows, gemm.columns};
  const auto run = [&](auto tile) {
    using T = decltype(tile);
    const int64_t tiles = int64_t{(rows - 1) / T::kRows + 1} * ((gemm.columns - 1) / T::kColumns + 1);
    const dim3 grid(static_cast<unsigned>(tiles), static_cast<unsigned>(splits));
    launchTile<T, kByRows>(gemm, output, grid, context);
  };
  if (width == WideTile::kColumns) {
    run(WideTile());
  } else if (width == NarrowTile::kColumns) {
    run(NarrowTile());
  } else if (!kByRows || rows < kTallRows) {
    run(MiddleTile());
  } else {
    if constexpr (kByRows) run(TallTile());
  }
  if (splits > 1) addShares(Global<const float>(partials, length), splits, rows, gemm.columns, gemm.to, gemm.columnSums, context);
}

}  // namespace retroplume
