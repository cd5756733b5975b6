#include "ops/batch_norm/batch_norm_cuda.h"
#include "ops/batch_norm_prelu/batch_norm_prelu.h"
#include "ops/dropout/dropout.h"

/**
 * Two passes over memory each way, as batch norm alone has. Dropout's decisions come before them, a bit an element: a counter of the generator
 * decides about eight elements, and no thread of a pass has all of those, so that passes that made their own took as long for that as memory for the
 * rest.
 */
namespace retroplume::cuda {

namespace {

/** The decisions about elements of [pixels, C], a word for four counters: bit 8·c + h is half h of counter c (dropout.h). */
struct Dropout {
  Global<const uint32_t> kept;  // null: all are
  float factor;
};

/** Dropout's factors of the elements from `element` on, 0 where dropped. */
template <int W>
__device__ __forceinline__ Pack<W> dropFactors(const Dropout& dropout, int64_t element) {
  Pack<W> factors;
  const auto place = static_cast<unsigned>(element % kDropoutBlock);
  const uint32_t word = dropout.kept ? dropout.kept[element / kDropoutBlock * 2 + place % 8 / 4] >> (place % 4 * 8 + place / 8) : 0;
  for (int w = 0; w < W; ++w) factors.at[w] = !dropout.kept ? 1.0f : word >> 8 * w & 1 ? dropout.factor : 0.0f;
  return factors;
}

__global__ void __launch_bounds__(kElementThreads)
    decide_kernel(int64_t words, int threshold, uint64_t seed, Global<const float> step, Global<uint32_t> kept) {
  const uint64_t stepIndex = step ? static_cast<uint64_t>(static_cast<float>(step[0])) : 0;
  forEachElement(words, [&](int64_t i) {
    uint32_t bits = 0;
#pragma unroll
    for (int c = 0; c < 4; ++c) {
      uint32_t random[4];
      philox4x32(static_cast<uint64_t>(4 * i + c), stepIndex, seed, random);
#pragma unroll
      for (int h = 0; h < 8; ++h) {
        const auto half = static_cast<int>(random[h / 2] >> (h % 2 * 16) & 0xffff);
        bits |= static_cast<uint32_t>(half >= threshold) << (8 * c + h);
      }
    }
    kept[i] = bits;
  });
}

int64_t decisionWords(const BatchNormPreluParams& p) { return (p.pixels * p.channels + kDropoutBlock - 1) / kDropoutBlock * 2; }

/** Decides, into `words` of decisionWords. */
Dropout decide(const BatchNormPreluParams& p, const float* step, uint32_t* words, const Context& context) {
  const auto factor = static_cast<float>(1 / (1 - p.probability));
  if (p.probability == 0) return {{}, factor};
  const int64_t count = decisionWords(p);
  launch(context, decide_kernel, elementBlocks(count), kElementThreads, 0, count, dropoutThreshold(p.probability), p.seed,
         Global<const float>(step, 1), Global<uint32_t>(words, count));
  return {Global<const uint32_t>(words, count), factor};
}

/** z = (x − mean)·invStd·scale + shift of every channel, and the slope where it is negative. */
struct Normalised {
  Global<const float> mean, invStd, scale, shift, slope;

  template <int W>
  __device__ __forceinline__ Pack<W> z(Width<W> width, const Pack<W>& x, int64_t channel) const {
    const auto f = [](float x, float mean, float invStd, float scale, float shift) { return (x - mean) * (invStd * scale) + shift; };
    return mapPacks(f, x, fetch(width, mean, channel), fetch(width, invStd, channel), fetch(width, scale, channel), fetch(width, shift, channel));
  }
};

__global__ void __launch_bounds__(kElementThreads) batch_norm_prelu_forward_kernel(ChannelMap map, int64_t stride, Normalised norm, Dropout dropout,
                                                                                   Global<const float> input, Global<float> output) {
  forEachChannelPack(map, [&](int64_t element, int64_t pixel, int64_t channel, auto width) {
    constexpr int W = decltype(width)::value;
    const Pack<W> z = norm.z(width, fetch(width, input, element), channel), factors = dropFactors<W>(dropout, element);
    // A dropped value is 0 even where z is infinite.
    const auto f = [](float z, float factor, float slope) { return factor == 0.0f ? 0.0f : factor * (z > 0.0f ? z : slope * z); };
    keep(output, pixel * stride + channel, mapPacks(f, z, factors, fetch(width, norm.slope, channel)));
  });
}

/** k·G, and F = k·G·(z > 0 ? 1 : slope). */
template <int W>
struct Gradients {
  Pack<W> x, z, kept, grad;

  __device__ __forceinline__ Gradients(const Normalised& norm, const Dropout& dropout, const Global<const float>& input,
                                       const Global<const float>& gradOutput, int64_t element, int64_t strided, int64_t channel) {
    const Width<W> width;
    x = fetch(width, input, element);
    z = norm.z(width, x, channel);
    kept = mapPacks([](float grad, float factor) { return grad * factor; }, fetch(width, gradOutput, strided), dropFactors<W>(dropout, element));
    grad = mapPacks([](float kept, float z, float slope) { return z > 0.0f ? kept : slope * kept; }, kept, z, fetch(width, norm.slope, channel));
  }
};

/** Σ F, Σ F·(x − mean), Σ over z ≤ 0 of k·G·z. */
template <int W>
__global__ void __launch_bounds__(kChannelThreads)
    batch_norm_prelu_gradient_sums_kernel(ChannelGrid grid, int64_t stride, Normalised norm, Dropout dropout, Global<const float> input,
                                          Global<const float> gradOutput, Global<double> partials) {
  channelSums<W, 3>(grid, partials, [&](int64_t pixel, int channel, auto width, float(&sums)[3][W]) {
    const Gradients<W> g(norm, dropout, input, gradOutput, pixel * grid.channels + channel, pixel * stride + channel, channel);
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
    batch_norm_prelu_backward_kernel(ChannelMap map, int64_t stride, float inversePixels, Normalised norm, Dropout dropout,
                                     Global<const float> gradScale, Global<const float> gradShift, Global<const float> input,
                                     Global<const float> gradOutput, Global<float> gradInput) {
  forEachChannelPack(map, [&](int64_t element, int64_t pixel, int64_t channel, auto width) {
    constexpr int W = decltype(width)::value;
    const Gradients<W> g(norm, dropout, input, gradOutput, element, pixel * stride + channel, channel);
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

/** Scratch memory: the blocks' sums, then decisions. */
struct Layout {
  std::size_t sums, total;
  Layout(const BatchNormPreluParams& p, int count)
      : sums(channelSumBytes(p.pixels, p.channels, count)),
        total(sums + (p.probability == 0 ? 0 : static_cast<std::size_t>(decisionWords(p)) * sizeof(uint32_t))) {}
  uint32_t* decisions(const Context& context) const { return reinterpret_cast<uint32_t*>(static_cast<unsigned char*>(context.scratch) + sums); }
};

}  // namespace

std::size_t batchNormPreluForwardScratch(const BatchNormPreluForward<float>& call) { return Layout(call.params, 2).total; }

void batchNormPreluForward(const BatchNormPreluForward<float>& call, const Context& context) {
  const BatchNormPreluParams& p = call.params;
  const int64_t n = p.pixels * p.channels;
  const Moments moments{call.savedMean, call.savedInvStd, call.runningMean, call.runningVariance};
  batchMoments(context, p.pixels, p.channels, p.epsilon, p.momentum, call.input, moments);
  const Dropout dropout = decide(p, call.step, Layout(p, 2).decisions(context), context);
  const ChannelMap map(p.pixels, p.channels, aligned(call) && aligned16(call.output));
  launch(context, batch_norm_prelu_forward_kernel, map.blocks(), kElementThreads, 0, map, p.outputStride, normalised(call), dropout,
         Global<const float>(call.input, n), Global<float>(call.output, strided(p)));
}

std::size_t batchNormPreluBackwardScratch(const BatchNormPreluBackward<float>& call) { return Layout(call.params, 3).total; }

void batchNormPreluBackward(const BatchNormPreluBackward<float>& call, const Context& context) {
  const BatchNormPreluParams& p = call.params;
  const int64_t n = p.pixels * p.channels, C = p.channels;
  const ChannelGrid grid(p.pixels, C, aligned(call) && aligned16(call.gradOutput));
  double* partials = static_cast<double*>(context.scratch);
  const int64_t sums = int64_t{grid.blocks} * 3 * C;
  const Global<const float> input(call.input, n), gradOutput(call.gradOutput, strided(p));
  const Dropout dropout = decide(p, call.step, Layout(p, 3).decisions(context), context);
  launch(context, grid.width == 4 ? batch_norm_prelu_gradient_sums_kernel<4> : batch_norm_prelu_gradient_sums_kernel<1>, grid.grid(), kChannelThreads,
         grid.sharedBytes(3), grid, p.outputStride, normalised(call), dropout, input, gradOutput, Global<double>(partials, sums));
  launch(context, batch_norm_prelu_gradient_totals_kernel, totalBlocks(grid), kChannelThreads, 0, grid, Global<const double>(partials, sums),
         Global<const float>(call.savedInvStd, C), Global<float>(call.gradScale, C), Global<float>(call.gradShift, C),
         Global<float>(call.gradSlope, C));
  const ChannelMap map(p.pixels, C, aligned(call) && aligned16(call.gradOutput, call.gradInput, call.gradScale, call.gradShift));
  launch(context, batch_norm_prelu_backward_kernel, map.blocks(), kElementThreads, 0, map, p.outputStride, 1.0f / static_cast<float>(p.pixels),
         normalised(call), dropout, Global<const float>(call.gradScale, C), Global<const float>(call.gradShift, C), input, gradOutput,
         Global<float>(call.gradInput, n));
}

}  // namespace retroplume::cuda
