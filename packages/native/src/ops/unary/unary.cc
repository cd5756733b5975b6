#include "ops/unary/unary.h"

#include "runtime/registry.h"

namespace retroplume {

namespace {

template <class T>
UnaryParams readParams(InstructionReader<T>& reader) {
  return {reader.integer("elements"), static_cast<UnaryKind>(reader.choice("kind", kUnaryKinds)), reader.flag("accumulate")};
}

template <class T>
BoundKernel bindForward(InstructionReader<T>& reader) {
  UnaryForward<T> call{};
  const UnaryParams& p = call.params = readParams(reader);
  call.input = reader.input("input", {p.elements});
  call.output = reader.output("output", {p.elements});
  return bindCall(reader, unaryForwardReference<T>, &CpuKernels::unaryForward, call, 1.0 * p.elements);
}

template <class T>
BoundKernel bindBackward(InstructionReader<T>& reader) {
  UnaryBackward<T> call{};
  const UnaryParams& p = call.params = readParams(reader);
  call.input = reader.input("input", {p.elements});
  call.output = reader.input("output", {p.elements});
  call.gradOutput = reader.input("gradOutput", {p.elements});
  call.gradInput = reader.output("gradInput", {p.elements});
  return bindCall(reader, unaryBackwardReference<T>, &CpuKernels::unaryBackward, call, 2.0 * p.elements);
}

}  // namespace

void registerUnary(Registry& registry) {
  registry.add("unaryForward", bindForward<float>, bindForward<double>);
  registry.add("unaryBackward", bindBackward<float>, bindBackward<double>);
}

}  // namespace retroplume
