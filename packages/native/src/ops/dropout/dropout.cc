#include "ops/dropout/dropout.h"

#include "runtime/registry.h"

namespace retroplume {

namespace {

template <class T>
DropoutParams readParams(InstructionReader<T>& reader) {
  DropoutParams p{};
  p.elements = reader.integer("elements");
  p.probability = reader.real("probability");
  p.seed = static_cast<uint64_t>(reader.integer("seed", 0, 0));
  if (p.probability < 0 || p.probability >= 1)
    reader.fail("PARAM_INVALID", "expected a probability in [0, 1) but received " + std::to_string(p.probability));
  p.place = readDropoutPlace(reader, p.elements);
  return p;
}

template <class T>
BoundKernel bindForward(InstructionReader<T>& reader) {
  DropoutForward<T> call{};
  const DropoutParams& p = call.params = readParams(reader);
  call.input = reader.input("input", {p.elements});
  call.mask = reader.optionalInput("mask", {p.elements});
  call.step = reader.optionalInput("step", {1});
  call.output = reader.output("output", {p.elements});
  return bindCall(reader, dropoutForwardReference<T>, &CpuKernels::dropoutForward, call, 1.0 * p.elements);
}

template <class T>
BoundKernel bindBackward(InstructionReader<T>& reader) {
  DropoutBackward<T> call{};
  const DropoutParams& p = call.params = readParams(reader);
  call.mask = reader.optionalInput("mask", {p.elements});
  call.step = reader.optionalInput("step", {1});
  call.gradOutput = reader.input("gradOutput", {p.elements});
  call.gradInput = reader.output("gradInput", {p.elements});
  return bindCall(reader, dropoutBackwardReference<T>, &CpuKernels::dropoutBackward, call, 1.0 * p.elements);
}

}  // namespace

void registerDropout(Registry& registry) {
  registry.add("dropoutForward", bindForward<float>, bindForward<double>);
  registry.add("dropoutBackward", bindBackward<float>, bindBackward<double>);
}

}  // namespace retroplume
