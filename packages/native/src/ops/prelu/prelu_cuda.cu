#include "ops/prelu/prelu.h"
#include "runtime/cuda/activation.h"
#include "runtime/cuda/channels.h"

/** Bytes are the limit: 8 an element forward, 12 backward, where the slope's gradient is summed in the same pass. */
namespace retroplume::cuda {

namespace {

/** Where a pixel of the output begins. */
class Places {
 public:
  explicit Places(const CellLayout& layout) : stride_(layout.stride), gap_(layout.imageStride - layout.cells * layout.stride), cells_(layout.cells) {}
  __device__ __forceinline__ int64_t at(int64_t pixel) const { return pixel * stride_ + (gap_ == 0 ? 0 : cells_.quotient(pixel) * gap_); }

 private:
  int64_t stride_, gap_;  // gap: beyond its pixels, to the next image
  Divisor cells_;
};

__global__ void __launch_bounds__(kElementThreads)
    prelu_forward_kernel(ChannelMap map, Places places, Global<const float> input, Global<const float> slope, Global<float> output) {
  forEachChannelPack(map, [&](int64_t element, int64_t pixel, int64_t channel, auto width) {
    const auto f = [](float x, float slope) { return x > 0.0f ? x : slope * x; };
    keep(output, places.at(pixel) + channel, mapPacks(f, fetch(width, input, element), fetch(width, slope, channel)));
  });
}

template <int W>
__global__ void __launch_bounds__(kChannelThreads)
    prelu_backward_kernel(ChannelGrid grid, Places places, Global<const float> input, Global<const float> slope, Global<const float> gradOutput,
                          Global<float> gradInput, Global<double> partials) {
  channelSums<W, 1>(grid, partials, [&](int64_t pixel, int channel, auto width, float(&sums)[1][W]) {
    const int64_t element = pixel * grid.channels + channel;
    const auto x = fetch(width, input, element), grad = fetch(width, gradOutput, places.at(pixel) + channel), slopes = fetch(width, slope, channel);
    for (int w = 0; w < W; ++w) sums[0][w] += x.at[w] > 0.0f ? 0.0f : grad.at[w] * x.at[w];
    keep(gradInput, element, mapPacks([](float x, float grad, float slope) { return x > 0.0f ? grad : slope * grad; }, x, grad, slopes));
  });
}

__global__ void __launch_bounds__(kElementThreads)
    prelu_backward_marked_kernel(ChannelMap map, Places places, int64_t inputStride, Global<const float> output, Global<const float> slope,
                                 Global<const float> gradOutput, Global<float> gradInput) {
  forEachChannelPack(map, [&](int64_t element, int64_t pixel, int64_t channel, auto width) {
    const auto f = [](float gradient, float y, float slope) { return differentiated(gradient, 2, y, slope); };
    keep(gradInput, element,
         mapPacks(f, fetch(width, gradOutput, places.at(pixel) + channel), fetch(width, output, pixel * inputStride + channel),
                  fetch(width, slope, channel)));
  });
}

__global__ void __launch_bounds__(kChannelThreads) prelu_slope_kernel(ChannelGrid grid, Global<const double> partials, Global<float> gradSlope) {
  forEachChannelTotal<1>(grid, partials, [&](int channel, const double(&totals)[1], bool first) {
    if (first) gradSlope[channel] = static_cast<float>(totals[0]);
  });
}

int64_t outputLength(const PreluParams& p) { return p.output.span(p.images, p.channels); }
bool outputByFours(const PreluParams& p) { return (p.output.stride | p.output.imageStride) % 4 == 0; }

}  // namespace

void preluForward(const PreluForward<float>& call, const Context& context) {
  const PreluParams& p = call.params;
  const int64_t n = p.pixels * p.channels;
  const ChannelMap map(p.pixels, p.channels, aligned16(call.input, call.slope, call.output) && outputByFours(p));
  launch(context, prelu_forward_kernel, map.blocks(), kElementThreads, 0, map, Places(p.output), Global<const float>(call.input, n),
         Global<const float>(call.slope, p.channels), Global<float>(call.output, outputLength(p)));
}

std::size_t preluBackwardScratch(const PreluBackward<float>& call) { return channelSumBytes(call.params.pixels, call.params.channels, 1); }

void preluBackward(const PreluBackward<float>& call, const Context& context) {
  const PreluParams& p = call.params;
  const int64_t n = p.pixels * p.channels;
  const bool fours = aligned16(call.input, call.slope, call.gradOutput, call.gradInput) && outputByFours(p) && p.inputStride % 4 == 0;
  if (p.marked) {
    const ChannelMap map(p.pixels, p.channels, fours);
    launch(context, prelu_backward_marked_kernel, map.blocks(), kElementThreads, 0, map, Places(p.output), p.inputStride,
           Global<const float>(call.input, (p.pixels - 1) * p.inputStride + p.channels), Global<const float>(call.slope, p.channels),
           Global<const float>(call.gradOutput, outputLength(p)), Global<float>(call.gradInput, n));
    return;
  }
  const ChannelGrid grid(p.pixels, p.channels, fours);
  double* partials = static_cast<double*>(context.scratch);
  const int64_t sums = int64_t{grid.blocks} * p.channels;
  launch(context, grid.width == 4 ? prelu_backward_kernel<4> : prelu_backward_kernel<1>, grid.grid(), kChannelThreads, grid.sharedBytes(1), grid,
         Places(p.output), Global<const float>(call.input, n), Global<const float>(call.slope, p.channels),
         Global<const float>(call.gradOutput, outputLength(p)), Global<float>(call.gradInput, n), Global<double>(partials, sums));
  if (call.gradSlope == nullptr) return;
  launch(context, prelu_slope_kernel, totalBlocks(grid), kChannelThreads, 0, grid, Global<const double>(partials, sums),
         Global<float>(call.gradSlope, p.channels));
}

}  // namespace retroplume::cuda
