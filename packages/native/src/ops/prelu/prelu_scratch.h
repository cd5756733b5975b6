#pragma once
#include "ops/simd/scratch.h"

/** How the fast kernels divide their scratch memory, in floats. */
namespace retroplume {

/** The slopes in whole vectors, and for each thread a sum a channel in double and in float. */
struct PreluScratch {
  int64_t threadsBegin, sums, perThread, total;
  [[gnu::always_inline]] PreluScratch(int64_t channels, int threads) {
    threadsBegin = roundUp(channels);
    sums = roundUp(2 * channels);  // doubles, as floats
    perThread = sums + roundUp(channels);
    total = threadsBegin + perThread * threads;
  }
};

}  // namespace retroplume
