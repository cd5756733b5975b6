#pragma once
#include "runtime/cuda/device.h"

namespace retroplume {

constexpr unsigned kElementThreads = 256;
/** Enough for every multiprocessor of today's cards to be full; more elements are looped over. */
constexpr int64_t kMostElementBlocks = 2048;

inline dim3 elementBlocks(int64_t elements) {
  const int64_t blocks = (elements + kElementThreads - 1) / kElementThreads;
  return dim3(static_cast<unsigned>(blocks < kMostElementBlocks ? blocks : kMostElementBlocks));
}

/** Calls body(i) for every element, once in the grid. */
template <class Body>
__device__ __forceinline__ void forEachElement(int64_t elements, Body body) {
  const int64_t step = int64_t{gridDim.x} * kElementThreads;
  for (int64_t i = int64_t{blockIdx.x} * kElementThreads + threadIdx.x; i < elements; i += step) body(i);
}

}  // namespace retroplume
