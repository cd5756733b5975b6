#include "ops/upconv2x2/upconv2x2.h"

#include "ops/activation/read_derivative.h"
#include "ops/upconv2x2/upconv2x2_scratch.h"
#include "runtime/registry.h"

namespace retroplume {

namespace {

template <class T>
Upconv2x2Params readParams(InstructionReader<T>& reader) {
  Upconv2x2Params p{};
  p.batch = reader.integer("batch");
  p.height = reader.integer("height");
  p.width = reader.integer("width");
  p.inChannels = reader.integer("inChannels");
  p.outChannels = reader.integer("outChannels");
  p.outputStride = reader.integer("outputStride", p.outChannels, p.outChannels);
  p.accumulate = reader.flag("accumulate");
  return p;
}

double flops(const Upconv2x2Params& p) { return 8.0 * p.batch * p.height * p.width * p.inChannels * p.outChannels; }

template <class T>
BoundKernel bindForward(InstructionReader<T>& reader) {
  Upconv2x2Forward<T> call{};
  const Upconv2x2Params& p = call.params = readParams(reader);
  call.input = reader.input("input", {p.batch, p.height, p.width, p.inChannels});
  call.weight = reader.input("weight", {4, p.inChannels, p.outChannels});
  call.bias = reader.optionalInput("bias", {p.outChannels});
  call.output = reader.outputRows("output", {elementsOf({4, p.batch, p.height, p.width}), p.outChannels, p.outputStride});
  return bindCall(reader, upconv2x2ForwardReference<T>, &CpuKernels::upconv2x2Forward, call, flops(p), upconv2x2Scratch(p, reader.threads()));
}

template <class T>
BoundKernel bindBackwardInput(InstructionReader<T>& reader) {
  Upconv2x2BackwardInput<T> call{};
  const Upconv2x2Params& p = call.params = readParams(reader);
  call.gradOutput = reader.inputRows("gradOutput", {elementsOf({4, p.batch, p.height, p.width}), p.outChannels, p.outputStride});
  call.weight = reader.input("weight", {4, p.inChannels, p.outChannels});
  call.derivative = readDerivative(reader, elementsOf({p.batch, p.height, p.width}), p.inChannels);
  call.gradInput = reader.output("gradInput", {p.batch, p.height, p.width, p.inChannels});
  return bindCall(reader, upconv2x2BackwardInputReference<T>, &CpuKernels::upconv2x2BackwardInput, call, flops(p),
                  upconv2x2Scratch(p, reader.threads()));
}

template <class T>
BoundKernel bindBackwardWeight(InstructionReader<T>& reader) {
  Upconv2x2BackwardWeight<T> call{};
  const Upconv2x2Params& p = call.params = readParams(reader);
  call.input = reader.input("input", {p.batch, p.height, p.width, p.inChannels});
  call.gradOutput = reader.inputRows("gradOutput", {elementsOf({4, p.batch, p.height, p.width}), p.outChannels, p.outputStride});
  call.gradWeight = reader.output("gradWeight", {4, p.inChannels, p.outChannels});
  call.gradBias = reader.optionalOutput("gradBias", {p.outChannels});
  return bindCall(reader, upconv2x2BackwardWeightReference<T>, &CpuKernels::upconv2x2BackwardWeight, call, flops(p),
                  upconv2x2Scratch(p, reader.threads()));
}

}  // namespace

std::size_t upconv2x2Scratch(const Upconv2x2Params& p, int threads) { return sizeof(float) * Upconv2x2Scratch(p, threads).total; }

void registerUpconv2x2(Registry& registry) {
  registry.add("upconv2x2Forward", bindForward<float>, bindForward<double>);
  registry.add("upconv2x2BackwardInput", bindBackwardInput<float>, bindBackwardInput<double>);
  registry.add("upconv2x2BackwardWeight", bindBackwardWeight<float>, bindBackwardWeight<double>);
}

}  // namespace retroplume
