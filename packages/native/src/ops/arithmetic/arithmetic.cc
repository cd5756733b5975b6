#include "ops/arithmetic/arithmetic.h"

#include "runtime/registry.h"

namespace retroplume {

namespace {

template <class T>
BoundKernel bindBinary(InstructionReader<T>& reader) {
  Binary<T> call{};
  const int64_t elements = reader.integer("elements"), channels = reader.integer("channels", 1, elements);
  if (elements % channels != 0) reader.fail("PARAM_INVALID", "expected channels that divide elements but received " + std::to_string(channels));
  call.pixels = elements / channels;
  call.channels = channels;
  call.kind = static_cast<BinaryKind>(reader.choice("kind", 3));
  call.aStride = reader.integer("aStride", channels, channels);
  call.bStride = reader.integer("bStride", channels, channels);
  call.outputStride = reader.integer("outputStride", channels, channels);
  call.a = reader.inputRows("a", {call.pixels, channels, call.aStride});
  call.b = reader.inputRows("b", {call.pixels, channels, call.bStride});
  call.output = reader.outputRows("output", {call.pixels, channels, call.outputStride});
  return bindCall(reader, binaryReference<T>, &CpuKernels::binary, call, 1.0 * elements);
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
