#include "ops/loss/loss.h"

#include "runtime/registry.h"

namespace retroplume {

namespace {

template <class T>
LossParams readParams(InstructionReader<T>& reader) {
  LossParams p{};
  p.elements = reader.integer("elements");
  p.kind = static_cast<LossKind>(reader.choice("kind", 3));
  p.delta = p.kind == LossKind::huber ? reader.real("delta") : reader.real("delta", 0);
  p.divisor = reader.real("divisor");
  if (p.divisor == 0) reader.fail("PARAM_INVALID", "expected a divisor other than 0");
  return p;
}

template <class T>
BoundKernel bindForward(InstructionReader<T>& reader) {
  LossForward<T> call{};
  const LossParams& p = call.params = readParams(reader);
  call.prediction = reader.input("prediction", {p.elements});
  call.target = reader.input("target", {p.elements});
  call.weight = reader.input("weight", {p.elements});
  call.output = reader.output("output", {1});
  return bindCall(reader, lossForwardReference<T>, &CpuKernels::lossForward, call, 4.0 * p.elements, lossForwardScratch(reader.threads()));
}

template <class T>
BoundKernel bindBackward(InstructionReader<T>& reader) {
  LossBackward<T> call{};
  const LossParams& p = call.params = readParams(reader);
  call.prediction = reader.input("prediction", {p.elements});
  call.target = reader.input("target", {p.elements});
  call.weight = reader.input("weight", {p.elements});
  call.gradOutput = reader.optionalInput("gradOutput", {1});
  call.gradPrediction = reader.output("gradPrediction", {p.elements});
  return bindCall(reader, lossBackwardReference<T>, &CpuKernels::lossBackward, call, 3.0 * p.elements);
}

}  // namespace

std::size_t lossForwardScratch(int threads) { return sizeof(double) * threads; }

void registerLoss(Registry& registry) {
  registry.add("lossForward", bindForward<float>, bindForward<double>);
  registry.add("lossBackward", bindBackward<float>, bindBackward<double>);
}

}  // namespace retroplume
