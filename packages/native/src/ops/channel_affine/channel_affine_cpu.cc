#include "ops/channel_affine/channel_affine.h"
#include "ops/simd/scratch.h"
#include "ops/simd/strips.h"

namespace retroplume::RETROPLUME_ISA {

void channelAffineForward(const ChannelAffineForward<float>& call, const Context& context) {
  const int64_t pixels = call.params.pixels, C = call.params.channels, stride = call.params.outputStride;
  const float* scale = packVector(call.scale, C, static_cast<float*>(context.scratch));
  const float* shift = packVector(call.shift, C, static_cast<float*>(context.scratch) + roundUp(C));
  forEachStrip(pixels, C, context, [&](const Strip& strip, int) {
    const float* input = call.input + strip.first * C;
    float* output = call.output + strip.first * stride;
    forEachStripVector(strip, C, [&](int64_t i, int64_t c, int valid) {
      keep(output + i * stride + c, fetch(input + i * C + c, valid) * load(scale + c) + load(shift + c), valid);
    });
  });
}

void channelAffineBackward(const ChannelAffineBackward<float>& call, const Context& context) {
  const int64_t pixels = call.params.pixels, C = call.params.channels, stride = call.params.outputStride;
  const float* scale = packVector(call.scale, C, static_cast<float*>(context.scratch));
  forEachStrip(pixels, C, context, [&](const Strip& strip, int) {
    const float* gradOutput = call.gradOutput + strip.first * stride;
    float* gradInput = call.gradInput + strip.first * C;
    forEachStripVector(strip, C, [&](int64_t i, int64_t c, int valid) {
      keep(gradInput + i * C + c, fetch(gradOutput + i * stride + c, valid) * load(scale + c), valid);
    });
  });
}

}  // namespace retroplume::RETROPLUME_ISA
