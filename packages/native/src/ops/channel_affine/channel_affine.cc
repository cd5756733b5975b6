#include "ops/channel_affine/channel_affine.h"

#include "ops/simd/scratch.h"
#include "runtime/registry.h"

namespace retroplume {

namespace {

template <class T>
ChannelAffineParams readParams(InstructionReader<T>& reader) {
  ChannelAffineParams p{};
  p.pixels = reader.integer("pixels");
  p.channels = reader.integer("channels");
  p.outputStride = reader.integer("outputStride", p.channels, p.channels);
  return p;
}

template <class T>
BoundKernel bindForward(InstructionReader<T>& reader) {
  ChannelAffineForward<T> call{};
  const ChannelAffineParams& p = call.params = readParams(reader);
  call.input = reader.input("input", {p.pixels, p.channels});
  call.scale = reader.input("scale", {p.channels});
  call.shift = reader.input("shift", {p.channels});
  call.output = reader.outputRows("output", {p.pixels, p.channels, p.outputStride});
  return bindCall(reader, channelAffineForwardReference<T>, &CpuKernels::channelAffineForward, call, 2.0 * p.pixels * p.channels,
                  channelAffineScratch(p));
}

template <class T>
BoundKernel bindBackward(InstructionReader<T>& reader) {
  ChannelAffineBackward<T> call{};
  const ChannelAffineParams& p = call.params = readParams(reader);
  call.scale = reader.input("scale", {p.channels});
  call.gradOutput = reader.inputRows("gradOutput", {p.pixels, p.channels, p.outputStride});
  call.gradInput = reader.output("gradInput", {p.pixels, p.channels});
  return bindCall(reader, channelAffineBackwardReference<T>, &CpuKernels::channelAffineBackward, call, 1.0 * p.pixels * p.channels,
                  channelAffineScratch(p));
}

}  // namespace

std::size_t channelAffineScratch(const ChannelAffineParams& p) { return 2 * sizeof(float) * roundUp(p.channels); }

void registerChannelAffine(Registry& registry) {
  registry.add("channelAffineForward", bindForward<float>, bindForward<double>);
  registry.add("channelAffineBackward", bindBackward<float>, bindBackward<double>);
}

}  // namespace retroplume
