#pragma once
#include "ops/simd/scratch.h"
#include "ops/upconv2x2/upconv2x2.h"

/** How the fast kernels divide their scratch memory, in floats: packed weights and bias, or one partial sum of both a thread. */
namespace retroplume {

struct Upconv2x2Scratch {
  int64_t bias, partial, total;
  [[gnu::always_inline]] Upconv2x2Scratch(const Upconv2x2Params& p, int threads) {
    const int64_t forward = 4 * p.inChannels * roundUp(p.outChannels), backward = 4 * p.outChannels * roundUp(p.inChannels);
    bias = forward > backward ? forward : backward;
    partial = bias + roundUp(p.outChannels);
    total = partial * threads;
  }
};

}  // namespace retroplume
