#include "ops/optimiser/optimiser.h"

#include "runtime/registry.h"

namespace retroplume {

namespace {

template <class T>
BoundKernel bindAdam(InstructionReader<T>& reader) {
  Adam<T> call{};
  call.elements = reader.integer("elements");
  call.beta1 = reader.real("beta1");
  call.beta2 = reader.real("beta2");
  call.epsilon = reader.real("epsilon");
  call.l2 = reader.real("l2", 0);
  call.parameter = reader.output("parameter", {call.elements});
  call.gradient = reader.input("gradient", {call.elements});
  call.firstMoment = reader.output("firstMoment", {call.elements});
  call.secondMoment = reader.output("secondMoment", {call.elements});
  call.learningRate = reader.input("learningRate", {1});
  call.step = reader.input("step", {1});
  return bindCall(reader, adamReference<T>, &CpuKernels::adam, call, 14.0 * call.elements);
}

template <class T>
BoundKernel bindSgdProject(InstructionReader<T>& reader) {
  SgdProject<T> call{};
  call.elements = reader.integer("elements");
  call.value = reader.output("value", {call.elements});
  call.gradient = reader.input("gradient", {call.elements});
  call.lower = reader.optionalInput("lower", {call.elements});
  call.upper = reader.optionalInput("upper", {call.elements});
  call.learningRate = reader.input("learningRate", {1});
  return bindCall(reader, sgdProjectReference<T>, &CpuKernels::sgdProject, call, 4.0 * call.elements);
}

template <class T>
BoundKernel bindClipNorm(InstructionReader<T>& reader) {
  ClipNorm<T> call{};
  call.elements = reader.integer("elements");
  call.maxNorm = reader.real("maxNorm");
  call.gradient = reader.output("gradient", {call.elements});
  call.output = reader.optionalOutput("output", {1});
  return bindCall(reader, clipNormReference<T>, &CpuKernels::clipNorm, call, 3.0 * call.elements, clipNormScratch(reader.threads()));
}

}  // namespace

std::size_t clipNormScratch(int threads) { return sizeof(double) * threads; }

void registerOptimiser(Registry& registry) {
  registry.add("adam", bindAdam<float>, bindAdam<double>);
  registry.add("sgdProject", bindSgdProject<float>, bindSgdProject<double>);
  registry.add("clipNorm", bindClipNorm<float>, bindClipNorm<double>);
}

}  // namespace retroplume
