#include "ops/channel_affine/channel_affine.h"
#include "runtime/cuda/channels.h"

/** Memory is the limit: 8 bytes an element; scale and shift stay in the first cache. Packs of four where a pack has the channels of one pixel. */
namespace retroplume::cuda {

namespace {

__global__ void __launch_bounds__(kElementThreads)
    channel_affine_forward_kernel(ChannelMap map, int64_t gap, Global<const float> input, Global<const float> scale, Global<const float> shift,
                                  Global<float> output) {
  forEachChannelPack(map, [&](int64_t element, int64_t pixel, int64_t channel, auto width) {
    const auto f = [](float x, float scale, float shift) { return scale * x + shift; };
    keep(output, element + pixel * gap, mapPacks(f, fetch(width, input, element), fetch(width, scale, channel), fetch(width, shift, channel)));
  });
}

__global__ void __launch_bounds__(kElementThreads)
    channel_affine_backward_kernel(ChannelMap map, int64_t gap, Global<const float> scale, Global<const float> gradOutput, Global<float> gradInput) {
  forEachChannelPack(map, [&](int64_t element, int64_t pixel, int64_t channel, auto width) {
    const auto f = [](float gradient, float scale) { return scale * gradient; };
    keep(gradInput, element, mapPacks(f, fetch(width, gradOutput, element + pixel * gap), fetch(width, scale, channel)));
  });
}

/** Elements between the channels of one pixel of output and gradOutput and those of the next. With the stride itself a kernel would spill a register.
 */
int64_t gapOf(const ChannelAffineParams& p) { return p.outputStride - p.channels; }

int64_t strided(const ChannelAffineParams& p) { return (p.pixels - 1) * p.outputStride + p.channels; }

}  // namespace

void channelAffineForward(const ChannelAffineForward<float>& call, const Context& context) {
  const ChannelAffineParams& p = call.params;
  const int64_t n = p.pixels * p.channels;
  const ChannelMap map(p.pixels, p.channels, aligned16(call.input, call.scale, call.shift, call.output) && p.outputStride % 4 == 0);
  launch(context, channel_affine_forward_kernel, map.blocks(), kElementThreads, 0, map, gapOf(p), Global<const float>(call.input, n),
         Global<const float>(call.scale, p.channels), Global<const float>(call.shift, p.channels), Global<float>(call.output, strided(p)));
}

void channelAffineBackward(const ChannelAffineBackward<float>& call, const Context& context) {
  const ChannelAffineParams& p = call.params;
  const int64_t n = p.pixels * p.channels;
  const ChannelMap map(p.pixels, p.channels, aligned16(call.scale, call.gradOutput, call.gradInput) && p.outputStride % 4 == 0);
  launch(context, channel_affine_backward_kernel, map.blocks(), kElementThreads, 0, map, gapOf(p), Global<const float>(call.scale, p.channels),
         Global<const float>(call.gradOutput, strided(p)), Global<float>(call.gradInput, n));
}

}  // namespace retroplume::cuda
