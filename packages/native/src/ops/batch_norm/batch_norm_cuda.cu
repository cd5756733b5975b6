#include "ops/batch_norm/batch_norm.h"
#include "ops/batch_norm/batch_norm_cuda.h"

/**
 * Two passes over memory each way: sums of every channel, then element by element (batch_norm_cuda.h). Forward reads x twice and writes once,
 * backward reads x and G twice and writes once: 12 and 20 bytes an element.
 */
namespace retroplume::cuda {

namespace {

/** y = (x − mean)·invStd·scale + shift */
struct Affine {
  Global<const float> mean, invStd, scale, shift;
};

__global__ void __launch_bounds__(kElementThreads)
    batch_norm_forward_kernel(ChannelMap map, Affine of, Global<const float> input, Global<float> output) {
  forEachChannelPack(map, [&](int64_t element, int64_t, int64_t channel, auto width) {
    const auto f = [](float x, float mean, float invStd, float scale, float shift) { return (x - mean) * (invStd * scale) + shift; };
    keep(output, element,
         mapPacks(f, fetch(width, input, element), fetch(width, of.mean, channel), fetch(width, of.invStd, channel), fetch(width, of.scale, channel),
                  fetch(width, of.shift, channel)));
  });
}

__global__ void __launch_bounds__(kElementThreads)
    batch_norm_eval_forward_kernel(ChannelMap map, float epsilon, Affine of, Global<const float> input, Global<float> output) {
  forEachChannelPack(map, [&](int64_t element, int64_t, int64_t channel, auto width) {
    const auto f = [=](float x, float mean, float variance, float scale, float shift) {
      return (x - mean) * (scale / sqrtf(variance + epsilon)) + shift;
    };
    keep(output, element,
         mapPacks(f, fetch(width, input, element), fetch(width, of.mean, channel), fetch(width, of.invStd, channel), fetch(width, of.scale, channel),
                  fetch(width, of.shift, channel)));
  });
}

/** Σ G and Σ G·(x − mean). */
template <int W>
__global__ void __launch_bounds__(kChannelThreads)
    batch_norm_gradient_sums_kernel(ChannelGrid grid, Global<const float> input, Global<const float> mean, Global<const float> gradOutput,
                                    Global<double> partials) {
  channelSums<W, 2>(grid, partials, [&](int64_t pixel, int channel, auto width, float(&sums)[2][W]) {
    const int64_t element = pixel * grid.channels + channel;
    const auto x = fetch(width, input, element), grad = fetch(width, gradOutput, element), centre = fetch(width, mean, channel);
    for (int w = 0; w < W; ++w) {
      sums[0][w] += grad.at[w];
      sums[1][w] += grad.at[w] * (x.at[w] - centre.at[w]);
    }
  });
}

/** What a channel's spread is given as: s itself, or σ², to which ε is to be added. */
struct Spread {
  Global<const float> values;
  bool variance;
  float epsilon;
};

/** gradShift = Σ G, gradScale = s·Σ G·(x − mean) */
__global__ void __launch_bounds__(kChannelThreads) batch_norm_gradient_totals_kernel(ChannelGrid grid, Global<const double> partials, Spread spread,
                                                                                     Global<float> gradScale, Global<float> gradShift) {
  forEachChannelTotal<2>(grid, partials, [&](int channel, const double(&totals)[2], bool first) {
    if (!first) return;
    if (gradShift) gradShift[channel] = static_cast<float>(totals[0]);
    const float value = spread.values[channel], invStd = spread.variance ? rsqrtf(value + spread.epsilon) : value;
    if (gradScale) gradScale[channel] = static_cast<float>(totals[1]) * invStd;
  });
}

__global__ void __launch_bounds__(kElementThreads)
    batch_norm_backward_kernel(ChannelMap map, float inversePixels, Affine of, Global<const float> gradScale, Global<const float> gradShift,
                               Global<const float> input, Global<const float> gradOutput, Global<float> gradInput) {
  forEachChannelPack(map, [&](int64_t element, int64_t, int64_t channel, auto width) {
    const auto f = [=](float grad, float x, float mean, float invStd, float scale, float sumScale, float sumShift) {
      return scale * invStd * (grad - sumShift * inversePixels - (x - mean) * invStd * sumScale * inversePixels);
    };
    keep(
        gradInput, element,
        mapPacks(f, fetch(width, gradOutput, element), fetch(width, input, element), fetch(width, of.mean, channel), fetch(width, of.invStd, channel),
                 fetch(width, of.scale, channel), fetch(width, gradScale, channel), fetch(width, gradShift, channel)));
  });
}

__global__ void __launch_bounds__(kElementThreads)
    batch_norm_eval_backward_kernel(ChannelMap map, float epsilon, Global<const float> variance, Global<const float> scale,
                                    Global<const float> gradOutput, Global<float> gradInput) {
  forEachChannelPack(map, [&](int64_t element, int64_t, int64_t channel, auto width) {
    const auto f = [=](float grad, float variance, float scale) { return grad * (scale / sqrtf(variance + epsilon)); };
    keep(gradInput, element, mapPacks(f, fetch(width, gradOutput, element), fetch(width, variance, channel), fetch(width, scale, channel)));
  });
}

/** gradScale and gradShift, by way of scratch memory. */
void gradientSums(const Context& context, const BatchNormParams& p, const float* input, const float* mean, const Spread& spread,
                  const float* gradOutput, float* gradScale, float* gradShift) {
  const int64_t n = p.pixels * p.channels, C = p.channels;
  const ChannelGrid grid(p.pixels, C, aligned16(input, mean, gradOutput));
  double* partials = static_cast<double*>(context.scratch);
  const int64_t sums = int64_t{grid.blocks} * 2 * C;
  launch(context, grid.width == 4 ? batch_norm_gradient_sums_kernel<4> : batch_norm_gradient_sums_kernel<1>, grid.grid(), kChannelThreads,
         grid.sharedBytes(2), grid, Global<const float>(input, n), Global<const float>(mean, C), Global<const float>(gradOutput, n),
         Global<double>(partials, sums));
  launch(context, batch_norm_gradient_totals_kernel, totalBlocks(grid), kChannelThreads, 0, grid, Global<const double>(partials, sums), spread,
         Global<float>(gradScale, C), Global<float>(gradShift, C));
}

}  // namespace

std::size_t batchNormTrainForwardScratch(const BatchNormTrainForward<float>& call) {
  return channelSumBytes(call.params.pixels, call.params.channels, 2);
}

void batchNormTrainForward(const BatchNormTrainForward<float>& call, const Context& context) {
  const BatchNormParams& p = call.params;
  const int64_t C = p.channels, n = p.pixels * C;
  const Moments moments{call.savedMean, call.savedInvStd, call.runningMean, call.runningVariance};
  batchMoments(context, p.pixels, C, p.epsilon, p.momentum, call.input, moments);
  const ChannelMap map(p.pixels, C, aligned16(call.input, call.output, call.savedMean, call.savedInvStd, call.scale, call.shift));
  const Affine of{{call.savedMean, C}, {call.savedInvStd, C}, {call.scale, C}, {call.shift, C}};
  launch(context, batch_norm_forward_kernel, map.blocks(), kElementThreads, 0, map, of, Global<const float>(call.input, n),
         Global<float>(call.output, n));
}

std::size_t batchNormTrainBackwardScratch(const BatchNormTrainBackward<float>& call) {
  return channelSumBytes(call.params.pixels, call.params.channels, 2);
}

void batchNormTrainBackward(const BatchNormTrainBackward<float>& call, const Context& context) {
  const BatchNormParams& p = call.params;
  const int64_t C = p.channels, n = p.pixels * C;
  gradientSums(context, p, call.input, call.savedMean, Spread{{call.savedInvStd, C}, false, 0}, call.gradOutput, call.gradScale, call.gradShift);
  const bool fours = aligned16(call.input, call.gradOutput, call.gradInput, call.savedMean, call.savedInvStd, call.scale) &&
                     aligned16(call.gradScale, call.gradShift);
  const ChannelMap map(p.pixels, C, fours);
  const Affine of{{call.savedMean, C}, {call.savedInvStd, C}, {call.scale, C}, {}};
  launch(context, batch_norm_backward_kernel, map.blocks(), kElementThreads, 0, map, 1.0f / static_cast<float>(p.pixels), of,
         Global<const float>(call.gradScale, C), Global<const float>(call.gradShift, C), Global<const float>(call.input, n),
         Global<const float>(call.gradOutput, n), Global<float>(call.gradInput, n));
}

void batchNormEvalForward(const BatchNormEvalForward<float>& call, const Context& context) {
  const BatchNormParams& p = call.params;
  const int64_t C = p.channels, n = p.pixels * C;
  const ChannelMap map(p.pixels, C, aligned16(call.input, call.output, call.runningMean, call.runningVariance, call.scale, call.shift));
  const Affine of{{call.runningMean, C}, {call.runningVariance, C}, {call.scale, C}, {call.shift, C}};
  launch(context, batch_norm_eval_forward_kernel, map.blocks(), kElementThreads, 0, map, static_cast<float>(p.epsilon), of,
         Global<const float>(call.input, n), Global<float>(call.output, n));
}

std::size_t batchNormEvalBackwardScratch(const BatchNormEvalBackward<float>& call) {
  return call.gradScale != nullptr || call.gradShift != nullptr ? channelSumBytes(call.params.pixels, call.params.channels, 2) : 0;
}

void batchNormEvalBackward(const BatchNormEvalBackward<float>& call, const Context& context) {
  const BatchNormParams& p = call.params;
  const int64_t C = p.channels, n = p.pixels * C;
  const auto epsilon = static_cast<float>(p.epsilon);
  if (call.gradScale != nullptr || call.gradShift != nullptr) {
    gradientSums(context, p, call.input, call.runningMean, Spread{{call.runningVariance, C}, true, epsilon}, call.gradOutput, call.gradScale,
                 call.gradShift);
  }
  const ChannelMap map(p.pixels, C, aligned16(call.gradOutput, call.gradInput, call.runningVariance, call.scale));
  launch(context, batch_norm_eval_backward_kernel, map.blocks(), kElementThreads, 0, map, epsilon, Global<const float>(call.runningVariance, C),
         Global<const float>(call.scale, C), Global<const float>(call.gradOutput, n), Global<float>(call.gradInput, n));
}

}  // namespace retroplume::cuda
