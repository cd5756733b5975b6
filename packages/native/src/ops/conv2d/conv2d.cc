#include "ops/conv2d/conv2d.h"

#include "ops/activation/read_derivative.h"
#include "ops/conv2d/conv2d_choice.h"
#include "ops/conv2d/conv2d_scratch.h"
#include "ops/conv2d/conv2d_winograd_scratch.h"
#include "runtime/registry.h"

namespace retroplume {

namespace {

template <class T>
Conv2dParams readParams(InstructionReader<T>& reader) {
  Conv2dParams p{};
  p.batch = reader.integer("batch");
  p.height = reader.integer("height");
  p.width = reader.integer("width");
  p.inChannels = reader.integer("inChannels");
  p.outChannels = reader.integer("outChannels");
  p.kernel = reader.integer("kernel");
  p.output.cells = elementsOf({p.height, p.width});
  p.output.stride = reader.integer("outputStride", p.outChannels, p.outChannels);
  p.output.imageStride = reader.integer("outputImageStride", 1, elementsOf({p.output.cells, p.output.stride}));
  p.activation = reader.choice("activation", kActivations);
  p.accumulate = reader.flag("accumulate");
  p.algorithm = reader.choice("algorithm", 3);
  if (p.kernel != 3 && p.algorithm == 2) reader.fail("PARAM_INVALID", "expected kernel 3 for Winograd but received " + std::to_string(p.kernel));
  if (p.kernel % 2 == 0) reader.fail("PARAM_INVALID", "expected an odd kernel but received " + std::to_string(p.kernel));
  return p;
}

/** A multiply-add counts as two; taps outside the grid are counted, as everybody does. */
double flops(const Conv2dParams& p) { return 2.0 * p.batch * p.height * p.width * p.inChannels * p.outChannels * p.kernel * p.kernel; }

int64_t cellsOf(const Conv2dParams& p) { return elementsOf({p.batch, p.height, p.width}); }

/** The input, in one piece unless the kernel is 1: wider ones read the channels of neighbours as one row. */
template <class T>
const T* readInput(InstructionReader<T>& reader, Conv2dParams& p) {
  p.inputStride = reader.integer("inputStride", p.inChannels, p.inChannels);
  if (p.kernel != 1 && p.inputStride != p.inChannels)
    reader.fail("PARAM_INVALID", "expected cells of the input side by side but received inputStride " + std::to_string(p.inputStride));
  return reader.inputRows("input", {cellsOf(p), p.inChannels, p.inputStride});
}

template <class T>
BoundKernel bindForward(InstructionReader<T>& reader) {
  Conv2dForward<T> call{};
  const Conv2dParams& p = call.params = readParams(reader);
  call.input = readInput(reader, call.params);
  call.weight = reader.input("weight", {p.kernel, p.kernel, p.inChannels, p.outChannels});
  call.bias = reader.optionalInput("bias", {p.outChannels});
  call.slope = p.activation == 2 ? reader.input("slope", {p.outChannels}) : nullptr;
  call.output = reader.outputRows("output", {p.output.cells, p.outChannels, p.output.stride, p.batch, p.output.imageStride});
  const bool winograd = convolvesByWinograd(p, p.inChannels, p.outChannels);
  const auto slot = winograd ? &CpuKernels::conv2dForwardWinograd : &CpuKernels::conv2dForward;
  const int64_t scratch = winograd ? WinogradScratch(p.inChannels, p.outChannels, reader.threads()).total
                                   : Conv2dRowScratch(p.kernel, p.inChannels, p.outChannels, reader.threads()).total;
  return bindCall(reader, conv2dForwardReference<T>, slot, call, flops(p), sizeof(float) * scratch);
}

template <class T>
BoundKernel bindBackwardInput(InstructionReader<T>& reader) {
  Conv2dBackwardInput<T> call{};
  const Conv2dParams& p = call.params = readParams(reader);
  call.params.inputStride = reader.integer("gradInputStride", p.inChannels, p.inChannels);
  call.gradOutput = reader.input("gradOutput", {p.batch, p.height, p.width, p.outChannels});
  call.weight = reader.input("weight", {p.kernel, p.kernel, p.inChannels, p.outChannels});
  call.derivative = readDerivative(reader, cellsOf(p), p.inChannels);
  call.gradInput = reader.outputRows("gradInput", {cellsOf(p), p.inChannels, p.inputStride});
  const bool winograd = convolvesByWinograd(p, p.outChannels, p.inChannels);
  const auto slot = winograd ? &CpuKernels::conv2dBackwardInputWinograd : &CpuKernels::conv2dBackwardInput;
  const int64_t scratch = winograd ? WinogradScratch(p.outChannels, p.inChannels, reader.threads()).total
                                   : Conv2dRowScratch(p.kernel, p.outChannels, p.inChannels, reader.threads()).total;
  return bindCall(reader, conv2dBackwardInputReference<T>, slot, call, flops(p), sizeof(float) * scratch);
}

template <class T>
BoundKernel bindBackwardWeight(InstructionReader<T>& reader) {
  Conv2dBackwardWeight<T> call{};
  const Conv2dParams& p = call.params = readParams(reader);
  call.input = readInput(reader, call.params);
  call.gradOutput = reader.input("gradOutput", {p.batch, p.height, p.width, p.outChannels});
  call.gradWeight = reader.output("gradWeight", {p.kernel, p.kernel, p.inChannels, p.outChannels});
  call.gradBias = reader.optionalOutput("gradBias", {p.outChannels});
  const bool winograd = weightGradientByWinograd(p);
  const auto slot = winograd ? &CpuKernels::conv2dBackwardWeightWinograd : &CpuKernels::conv2dBackwardWeight;
  const int64_t scratch = winograd ? WinogradWeightScratch(p.inChannels, p.outChannels, reader.threads()).total
                                   : Conv2dWeightScratch(p.kernel, p.inChannels, p.outChannels, reader.threads()).total;
  return bindCall(reader, conv2dBackwardWeightReference<T>, slot, call, flops(p), sizeof(float) * scratch);
}

}  // namespace

void registerConv2d(Registry& registry) {
  registry.add("conv2dForward", bindForward<float>, bindForward<double>);
  registry.add("conv2dBackwardInput", bindBackwardInput<float>, bindBackwardInput<double>);
  registry.add("conv2dBackwardWeight", bindBackwardWeight<float>, bindBackwardWeight<double>);
}

}  // namespace retroplume
