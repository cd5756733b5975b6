#include "ops/multiply_steps/multiply_steps.h"

#include "runtime/registry.h"

namespace retroplume {

namespace {

template <class T>
MultiplyStepsParams readParams(InstructionReader<T>& reader) {
  MultiplyStepsParams p{};
  p.batch = reader.integer("batch");
  p.steps = reader.integer("steps");
  p.pixels = reader.integer("pixels");
  p.channels = reader.integer("channels");
  p.inputStride = reader.integer("inputStride", p.channels, p.channels);
  return p;
}

template <class T>
BoundKernel bindForward(InstructionReader<T>& reader) {
  MultiplyStepsForward<T> call{};
  const MultiplyStepsParams& p = call.params = readParams(reader);
  call.input = reader.inputRows("input", {elementsOf({p.batch, p.steps, p.pixels}), p.channels, p.inputStride});
  call.factors = reader.input("factors", {p.batch, p.pixels, p.steps, p.channels});
  call.output = reader.output("output", {p.batch, p.pixels, p.steps, p.channels});
  return bindCall(reader, multiplyStepsForwardReference<T>, &CpuKernels::multiplyStepsForward, call, 1.0 * p.batch * p.steps * p.pixels * p.channels);
}

template <class T>
BoundKernel bindBackward(InstructionReader<T>& reader) {
  MultiplyStepsBackward<T> call{};
  const MultiplyStepsParams& p = call.params = readParams(reader);
  call.gradOutput = reader.input("gradOutput", {p.batch, p.pixels, p.steps, p.channels});
  call.gradFactors = reader.optionalOutput("gradFactors", {p.batch, p.pixels, p.steps, p.channels});
  call.gradInput = reader.optionalOutput("gradInput", {p.batch, p.steps, p.pixels, p.channels});
  if (call.gradFactors) call.input = reader.inputRows("input", {elementsOf({p.batch, p.steps, p.pixels}), p.channels, p.inputStride});
  if (call.gradInput) call.factors = reader.input("factors", {p.batch, p.pixels, p.steps, p.channels});
  const int products = (call.gradFactors ? 1 : 0) + (call.gradInput ? 1 : 0);
  return bindCall(reader, multiplyStepsBackwardReference<T>, &CpuKernels::multiplyStepsBackward, call,
                  1.0 * products * p.batch * p.steps * p.pixels * p.channels);
}

}  // namespace

void registerMultiplySteps(Registry& registry) {
  registry.add("multiplyStepsForward", bindForward<float>, bindForward<double>);
  registry.add("multiplyStepsBackward", bindBackward<float>, bindBackward<double>);
}

}  // namespace retroplume
