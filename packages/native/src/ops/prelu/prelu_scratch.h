#pragma once
#include "ops/simd/scratch.h"

/** How the fast kernels divide their scratch memory, in floats. */
namespace retroplume {

/** The slopes in whole vectors, and for each thread a sum a channel in double. */
struct PreluScratch {
  int64_t sums, perThread, total;
  [[gnu::always_inline]] PreluScratch(int64_t channels, int threads) {
    sums = roundUp(channels);
    perThread = roundUp(2 * channels);  // doubles, as floats
    total = sums + perThread * threads;
  }
};

}  // namespace retroplume
