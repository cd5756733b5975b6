#pragma once
#include <cstddef>
#include <cstdint>

#include "runtime/cuda/elementwise.h"

/**
 * Sums whose order depends on nothing but the number of elements: a first kernel leaves one partial sum a block in scratch memory, a second adds
 * them by sumPartials. Blocks have whole warps.
 */
namespace retroplume {

constexpr int kWarpLanes = 32;
constexpr int kMostWarps = 32;

/** The sum of all lanes, the same bits in each: at every step two lanes add the same two numbers. */
template <class T>
__device__ __forceinline__ T warpSum(T value) {
  for (int with = kWarpLanes / 2; with > 0; with /= 2) value += __shfl_xor_sync(0xffffffffu, value, with);
  return value;
}

/** Shared memory of blockSum. */
template <class T>
constexpr int kBlockSumBytes = kMostWarps * static_cast<int>(sizeof(T));

/** The sum over a block, the same bits in every thread. `warps` has kMostWarps elements; between two calls with the same lies a barrier. */
template <class T>
__device__ __forceinline__ T blockSum(T value, const Shared<T>& warps) {
  const int lane = static_cast<int>(threadIdx.x) % kWarpLanes, warp = static_cast<int>(threadIdx.x) / kWarpLanes;
  value = warpSum(value);
  if (lane == 0) warps[warp] = value;
  __syncthreads();
  // Every warp adds the warps' sums for itself: one warp that does it for all would need a second barrier.
  T sum = 0;
  if (lane < static_cast<int>(blockDim.x) / kWarpLanes) sum = warps[lane];
  return warpSum(sum);
}

/** Enough to fill every multiprocessor, few enough for a block to add them in four steps. */
constexpr int64_t kMostPartials = 1024;

/** Blocks of kElementThreads of the first kernel, where each thread reads four elements at once. */
inline int64_t partialCount(int64_t elements) {
  const int64_t blocks = (elements + 4 * kElementThreads - 1) / (4 * kElementThreads);
  return blocks < kMostPartials ? blocks : kMostPartials;
}

inline std::size_t partialBytes(int64_t elements) { return static_cast<std::size_t>(partialCount(elements)) * sizeof(double); }

/** The sum of partial sums, in every thread of the block that calls this. */
__device__ __forceinline__ double sumPartials(const Global<const double>& partials, int count, const Shared<double>& warps) {
  double sum = 0;
  for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(blockDim.x)) sum += partials[i];
  return blockSum(sum, warps);
}

}  // namespace retroplume
