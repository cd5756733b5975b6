#include "ops/cuda_declarations.h"
#include "runtime/cuda/divisor.h"
#include "runtime/cuda/packs.h"

/** Memory is the limit: 8 bytes an element; scale and shift stay in the first cache. Packs of four where a pack has the channels of one pixel. */
namespace retroplume::cuda {

namespace {

__global__ void __launch_bounds__(kElementThreads)
    channel_affine_forward_kernel(int64_t elements, bool fours, Divisor channels, Global<const float> input, Global<const float> scale,
                                  Global<const float> shift, Global<float> output) {
  const auto f = [](float x, float scale, float shift) { return scale * x + shift; };
  forEachPack(elements, fours, [&](int64_t i, auto width) {
    const int64_t c = channels.remainder(i);
    keep(output, i, mapPacks(f, fetch(width, input, i), fetch(width, scale, c), fetch(width, shift, c)));
  });
}

__global__ void __launch_bounds__(kElementThreads)
    channel_affine_backward_kernel(int64_t elements, bool fours, Divisor channels, Global<const float> scale, Global<const float> gradOutput,
                                   Global<float> gradInput) {
  const auto f = [](float gradient, float scale) { return scale * gradient; };
  forEachPack(elements, fours, [&](int64_t i, auto width) {
    keep(gradInput, i, mapPacks(f, fetch(width, gradOutput, i), fetch(width, scale, channels.remainder(i))));
  });
}

}  // namespace

void channelAffineForward(const ChannelAffineForward<float>& call, const Context& context) {
  const int64_t C = call.params.channels, n = call.params.pixels * C;
  const bool fours = C % 4 == 0 && aligned16(call.input, call.scale, call.shift, call.output);
  launch(context, channel_affine_forward_kernel, packBlocks(n, fours), kElementThreads, 0, n, fours, Divisor(C), Global<const float>(call.input, n),
         Global<const float>(call.scale, C), Global<const float>(call.shift, C), Global<float>(call.output, n));
}

void channelAffineBackward(const ChannelAffineBackward<float>& call, const Context& context) {
  const int64_t C = call.params.channels, n = call.params.pixels * C;
  const bool fours = C % 4 == 0 && aligned16(call.scale, call.gradOutput, call.gradInput);
  launch(context, channel_affine_backward_kernel, packBlocks(n, fours), kElementThreads, 0, n, fours, Divisor(C), Global<const float>(call.scale, C),
         Global<const float>(call.gradOutput, n), Global<float>(call.gradInput, n));
}

}  // namespace retroplume::cuda
