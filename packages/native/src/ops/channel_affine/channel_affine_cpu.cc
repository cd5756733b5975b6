#include "ops/cpu_declarations.h"
#include "ops/simd/channels.h"

namespace retroplume::RETROPLUME_ISA {

void channelAffineForward(const ChannelAffineForward<float>& call, const Context& context) {
  const ChannelPattern pattern(call.params.channels);
  float* scale = static_cast<float*>(context.scratch);
  float* shift = scale + channelPatternFloats(call.params.channels);
  pattern.fill(scale, [&](int64_t c) { return call.scale[c]; });
  pattern.fill(shift, [&](int64_t c) { return call.shift[c]; });
  forEachShare(call.params.pixels * call.params.channels, pattern.length(), context, [&](Range range, int, int) {
    forEachChannelVector(range, pattern, [&](int64_t e, int64_t slot, int valid) {
      keep(call.output + e, fetch(call.input + e, valid) * load(scale + slot) + load(shift + slot), valid);
    });
  });
}

void channelAffineBackward(const ChannelAffineBackward<float>& call, const Context& context) {
  const ChannelPattern pattern(call.params.channels);
  float* scale = static_cast<float*>(context.scratch);
  pattern.fill(scale, [&](int64_t c) { return call.scale[c]; });
  forEachShare(call.params.pixels * call.params.channels, pattern.length(), context, [&](Range range, int, int) {
    forEachChannelVector(range, pattern, [&](int64_t e, int64_t slot, int valid) {
      keep(call.gradInput + e, fetch(call.gradOutput + e, valid) * load(scale + slot), valid);
    });
  });
}

}  // namespace retroplume::RETROPLUME_ISA
