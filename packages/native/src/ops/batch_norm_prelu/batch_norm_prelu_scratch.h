#pragma once
#include "ops/batch_norm_prelu/batch_norm_prelu.h"
#include "ops/simd/scratch.h"

/** How the fast kernels divide their scratch memory, in floats. */
namespace retroplume {

/** Pixels of a strip, kStripPixels of simd/strips.h. */
constexpr int64_t kBatchNormPreluStrip = 64;

/** Vectors of channel constants; then for each thread three sums a channel in double and in float, and dropout's factors for a strip. */
struct BatchNormPreluScratch {
  static constexpr int kConstants = 7, kSums = 3;
  int64_t constant, threadsBegin, sums, factors, perThread, total;
  [[gnu::always_inline]] BatchNormPreluScratch(const BatchNormPreluParams& p, int threads) {
    constant = roundUp(p.channels);
    threadsBegin = kConstants * constant;
    sums = roundUp(2 * kSums * p.channels);  // doubles, as floats
    factors = sums + kSums * constant;
    perThread = factors + (p.probability > 0 ? roundUp(kBatchNormPreluStrip * p.channels, 8 * kWidestLanes) : 0);
    total = threadsBegin + perThread * threads;
  }
};

}  // namespace retroplume
