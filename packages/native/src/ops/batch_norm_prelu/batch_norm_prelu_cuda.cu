#include "ops/batch_norm/batch_norm_cuda.h"
#include "ops/cuda_declarations.h"
#include "ops/dropout/dropout.h"

/**
 * Two passes over memory each way, as batch norm alone has. Backward makes dropout's decisions in both: to keep F between them would write and read
 * an array, while the generator's hundred instructions an element hide behind memory all but for dropout itself (where four neighbouring elements
 * need four counters).
 */
namespace retroplume::cuda {

namespace {

/** The decisions about elements of [pixels, C]. */
struct Dropout {
  int threshold;
  float factor;
  uint64_t seed;
  bool none;

  explicit Dropout(const BatchNormPreluParams& p)
      : threshold(dropoutThreshold(p.probability)), factor(static_cast<float>(1 / (1 - p.probability))), seed(p.seed), none(p.probability == 0) {}
};

/** Dropout's factors of the elements from `element` on, 0 where dropped. */
template <int W>
__device__ __forceinline__ Pack<W> dropFactors(const Dropout& dropout, uint64_t step, int64_t element) {
  Pack<W> factors;
  for (int w = 0; w < W; ++w) {
    factors.at[w] = 1.0f;
    if (dropout.none) continue;
    const int64_t place = (element + w) % kDropoutBlock, half = place / 8;
    uint32_t words[4];
    philox4x32(static_cast<uint64_t>((element + w) / kDropoutBlock * 8 + place % 8), step, dropout.seed, words);
    // Selected, not indexed: an index that is not known would put the words into memory.
    const uint32_t low = half < 4 ? (half < 2 ? words[0] : words[1]) : (half < 6 ? words[2] : words[3]);
    factors.at[w] = static_cast<int>(low >> (half % 2 * 16) & 0xffff) >= dropout.threshold ? dropout.factor : 0.0f;
  }
  return factors;
}

__device__ __forceinline__ uint64_t stepOf(const Global<const float>& step) { return step ? static_cast<uint64_t>(static_cast<float>(step[0])) : 0; }

/** z = (x − mean)·invStd·scale + shift of every channel, and the slope where it is negative. */
struct Normalised {
  Global<const float> mean, invStd, scale, shift, slope;

  template <int W>
  __device__ __forceinline__ Pack<W> z(Width<W> width, const Pack<W>& x, int64_t channel) const {
    const auto f = [](float x, float mean, float invStd, float scale, float shift) { return (x - mean) * (invStd * scale) + shift; };
    return mapPacks(f, x, fetch(width, mean, channel), fetch(width, invStd, channel), fetch(width, scale, channel), fetch(width, shift, channel));
  }
};

__global__ void __launch_bounds__(kElementThreads)
    batch_norm_prelu_forward_kernel(ChannelMap map, int64_t stride, Normalised norm, Dropout dropout, Global<const float> step,
                                    Global<const float> input, Global<float> output) {
  const uint64_t stepIndex = stepOf(step);
  forEachChannelPack(map, [&](int64_t element, int64_t pixel, int64_t channel, auto width) {
    constexpr int W = decltype(width)::value;
    const Pack<W> z = norm.z(width, fetch(width, input, element), channel), factors = dropFactors<W>(dropout, stepIndex, element);
    // A dropped value is 0 even where z is infinite.
    const auto f = [](float z, float factor, float slope) { return factor == 0.0f ? 0.0f : factor * (z > 0.0f ? z : slope * z); };
    keep(output, pixel * stride + channel, mapPacks(f, z, factors, fetch(width, norm.slope, channel)));
  });
}

/** k·G, and F = k·G·(z > 0 ? 1 : slope). */
template <int W>
struct Gradients {
  Pack<W> x, z, kept, grad;

  __device__ __forceinline__ Gradients(const Normalised& norm, const Dropout& dropout, uint64_t step, const Global<const float>& input,
                                       const Global<const float>& gradOutput, int64_t element, int64_t strided, int64_t channel) {
    const Width<W> width;
    x = fetch(width, input, element);
    z = norm.z(width, x, channel);
    kept =
        mapPacks([](float grad, float factor) { return grad * factor; }, fetch(width, gradOutput, strided), dropFactors<W>(dropout, step, element));
    grad = mapPacks([](float kept, float z, float slope) { return z > 0.0f ? kept : slope * kept; }, kept, z, fetch(width, norm.slope, channel));
  }
};

/** Σ F, Σ F·(x − mean), Σ over z ≤ 0 of k·G·z. */
template <int W>
__global__ void __launch_bounds__(kChannelThreads)
    batch_norm_prelu_gradient_sums_kernel(ChannelGrid grid, int64_t stride, Normalised norm, Dropout dropout, Global<const float> step,
                                          Global<const float> input, Global<const float> gradOutput, Global<double> partials) {
  const uint64_t stepIndex = stepOf(step);
  channelSums<W, 3>(grid, partials, [&](int64_t pixel, int channel, auto width, float(&sums)[3][W]) {
    const Gradients<W> g(norm, dropout, stepIndex, input, gradOutput, pixel * grid.channels + channel, pixel * stride + channel, channel);
    const auto mean = fetch(width, norm.mean, channel);
    for (int w = 0; w < W; ++w) {
      sums[0][w] += g.grad.at[w];
      sums[1][w] += g.grad.at[w] * (g.x.at[w] - mean.at[w]);
      sums[2][w] += g.z.at[w] > 0.0f ? 0.0f : g.kept.at[w] * g.z.at[w];
    }
  });
}

__global__ void __launch_bounds__(kChannelThreads)
    batch_norm_prelu_gradient_totals_kernel(ChannelGrid grid, Global<const double> partials, Global<const float> invStd, Global<float> gradScale,
                                            Global<float> gradShift, Global<float> gradSlope) {
  forEachChannelTotal<3>(grid, partials, [&](int channel, const double(&totals)[3], bool first) {
    if (!first) return;
    gradShift[channel] = static_cast<float>(totals[0]);
    gradScale[channel] = static_cast<float>(totals[1] * static_cast<double>(static_cast<float>(invStd[channel])));
    gradSlope[channel] = static_cast<float>(totals[2]);
  });
}

__global__ void __launch_bounds__(kElementThreads)
    batch_norm_prelu_backward_kernel(ChannelMap map, int64_t stride, float inversePixels, Normalised norm, Dropout dropout, Global<const float> step,
                                     Global<const float> gradScale, Global<const float> gradShift, Global<const float> input,
                                     Global<const float> gradOutput, Global<float> gradInput) {
  const uint64_t stepIndex = stepOf(step);
  forEachChannelPack(map, [&](int64_t element, int64_t pixel, int64_t channel, auto width) {
    constexpr int W = decltype(width)::value;
    const Gradients<W> g(norm, dropout, stepIndex, input, gradOutput, element, pixel * stride + channel, channel);
    const auto f = [=](float grad, float x, float mean, float invStd, float scale, float sumScale, float sumShift) {
      return scale * invStd * (grad - sumShift * inversePixels - (x - mean) * invStd * sumScale * inversePixels);
    };
    keep(gradInput, element,
         mapPacks(f, g.grad, g.x, fetch(width, norm.mean, channel), fetch(width, norm.invStd, channel), fetch(width, norm.scale, channel),
                  fetch(width, gradScale, channel), fetch(width, gradShift, channel)));
  });
}

int64_t strided(const BatchNormPreluParams& p) { return (p.pixels - 1) * p.outputStride + p.channels; }

template <class Call>
Normalised normalised(const Call& call) {
  const int64_t C = call.params.channels;
  return {{call.savedMean, C}, {call.savedInvStd, C}, {call.scale, C}, {call.shift, C}, {call.slope, C}};
}

template <class Call>
bool aligned(const Call& call) {
  return aligned16(call.input, call.savedMean, call.savedInvStd, call.scale, call.shift, call.slope) && call.params.outputStride % 4 == 0;
}

}  // namespace

std::size_t batchNormPreluForwardScratch(const BatchNormPreluForward<float>& call) {
  return channelSumBytes(call.params.pixels, call.params.channels, 2);
}

void batchNormPreluForward(const BatchNormPreluForward<float>& call, const Context& context) {
  const BatchNormPreluParams& p = call.params;
  const int64_t n = p.pixels * p.channels;
  const Moments moments{call.savedMean, call.savedInvStd, call.runningMean, call.runningVariance};
  batchMoments(context, p.pixels, p.channels, p.epsilon, p.momentum, call.input, moments);
  const ChannelMap map(p.pixels, p.channels, aligned(call) && aligned16(call.output));
  launch(context, batch_norm_prelu_forward_kernel, map.blocks(), kElementThreads, 0, map, p.outputStride, normalised(call), Dropout(p),
         Global<const float>(call.step, 1), Global<const float>(call.input, n), Global<float>(call.output, strided(p)));
}

std::size_t batchNormPreluBackwardScratch(const BatchNormPreluBackward<float>& call) {
  return channelSumBytes(call.params.pixels, call.params.channels, 3);
}

void batchNormPreluBackward(const BatchNormPreluBackward<float>& call, const Context& context) {
  const BatchNormPreluParams& p = call.params;
  const int64_t n = p.pixels * p.channels, C = p.channels;
  const ChannelGrid grid(p.pixels, C, aligned(call) && aligned16(call.gradOutput));
  double* partials = static_cast<double*>(context.scratch);
  const int64_t sums = int64_t{grid.blocks} * 3 * C;
  const Global<const float> step(call.step, 1), input(call.input, n), gradOutput(call.gradOutput, strided(p));
  launch(context, grid.width == 4 ? batch_norm_prelu_gradient_sums_kernel<4> : batch_norm_prelu_gradient_sums_kernel<1>, grid.grid(), kChannelThreads,
         grid.sharedBytes(3), grid, p.outputStride, normalised(call), Dropout(p), step, input, gradOutput, Global<double>(partials, sums));
  launch(context, batch_norm_prelu_gradient_totals_kernel, totalBlocks(grid), kChannelThreads, 0, grid, Global<const double>(partials, sums),
         Global<const float>(call.savedInvStd, C), Global<float>(call.gradScale, C), Global<float>(call.gradShift, C),
         Global<float>(call.gradSlope, C));
  const ChannelMap map(p.pixels, C, aligned(call) && aligned16(call.gradOutput, call.gradInput, call.gradScale, call.gradShift));
  launch(context, batch_norm_prelu_backward_kernel, map.blocks(), kElementThreads, 0, map, p.outputStride, 1.0f / static_cast<float>(p.pixels),
         normalised(call), Dropout(p), step, Global<const float>(call.gradScale, C), Global<const float>(call.gradShift, C), input, gradOutput,
         Global<float>(call.gradInput, n));
}

}  // namespace retroplume::cuda
