#include "ops/arithmetic/arithmetic.h"

#include "ops/ops.h"
#include "runtime/registry.h"

namespace retroplume {

namespace {

template <class T>
BoundKernel bindBinary(InstructionReader<T>& reader) {
  Binary<T> call{};
  call.elements = reader.integer("elements");
  call.kind = static_cast<BinaryKind>(reader.choice("kind", 3));
  call.a = reader.input("a", {call.elements});
  call.b = reader.input("b", {call.elements});
  call.output = reader.output("output", {call.elements});
  return bindCall(reader, binaryReference<T>, &CpuKernels::binary, call, 1.0 * call.elements);
}

template <class T>
BoundKernel bindAxpy(InstructionReader<T>& reader) {
  Axpy<T> call{};
  call.elements = reader.integer("elements");
  call.alpha = reader.real("alpha");
  call.input = reader.input("input", {call.elements});
  call.output = reader.output("output", {call.elements});
  return bindCall(reader, axpyReference<T>, &CpuKernels::axpy, call, 2.0 * call.elements);
}

template <class T>
BoundKernel bindScale(InstructionReader<T>& reader) {
  Scale<T> call{};
  call.elements = reader.integer("elements");
  call.alpha = reader.real("alpha");
  call.input = reader.input("input", {call.elements});
  call.output = reader.output("output", {call.elements});
  return bindCall(reader, scaleReference<T>, &CpuKernels::scale, call, 1.0 * call.elements);
}

template <class T>
BoundKernel bindFill(InstructionReader<T>& reader) {
  Fill<T> call{};
  call.elements = reader.integer("elements");
  call.value = reader.real("value");
  call.output = reader.output("output", {call.elements});
  return bindCall(reader, fillReference<T>, &CpuKernels::fill, call, 0);
}

}  // namespace

void registerArithmetic(Registry& registry) {
  registry.add("binary", bindBinary<float>, bindBinary<double>);
  registry.add("axpy", bindAxpy<float>, bindAxpy<double>);
  registry.add("scale", bindScale<float>, bindScale<double>);
  registry.add("fill", bindFill<float>, bindFill<double>);
}

}  // namespace retroplume
