#pragma once
#include "runtime/cuda/channels.h"

/** The batch's statistics, for batch norm with and without what is fused to it. */
namespace retroplume::cuda {

/** Where the moments of every channel go, as batch_norm.h names them. */
struct Moments {
  float *mean, *invStd, *runningMean, *runningVariance;
};

/**
 * Enqueues the kernels that compute the moments of [pixels, C]; context.scratch holds channelSumBytes(pixels, channels, 2). Squares are of x − x₀, x₀
 * the channel's first pixel: without that shift they would cancel for a mean far from 0, and a pass of their own about the mean would read everything
 * once more.
 */
void batchMoments(const Context& context, int64_t pixels, int64_t channels, double epsilon, double momentum, const float* input,
                  const Moments& moments);

}  // namespace retroplume::cuda
