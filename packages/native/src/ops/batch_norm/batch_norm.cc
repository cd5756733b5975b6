#include "ops/batch_norm/batch_norm.h"

#include "ops/simd/scratch.h"
#include "runtime/registry.h"

namespace retroplume {

namespace {

/** All four take the same four parameters; those that a kernel does not need may be left out. */
template <class T>
BatchNormParams readParams(InstructionReader<T>& reader, bool forward, bool train) {
  BatchNormParams p{};
  p.pixels = reader.integer("pixels", train ? 2 : 1);  // the unbiased variance of one pixel does not exist
  p.channels = reader.integer("channels");
  p.epsilon = forward || !train ? reader.real("epsilon") : reader.real("epsilon", 0);
  p.momentum = forward && train ? reader.real("momentum") : reader.real("momentum", 0);
  p.synchronised = train && reader.flag("synchronised");
  if (p.synchronised) {
    reader.requireRanks();
    reader.requireHost("batch norm over several ranks");
  }
  return p;
}

double flops(const BatchNormParams& p, double each) { return each * p.pixels * p.channels; }

template <class T>
BoundKernel bindTrainForward(InstructionReader<T>& reader) {
  BatchNormTrainForward<T> call{};
  const BatchNormParams& p = call.params = readParams(reader, true, true);
  call.input = reader.input("input", {p.pixels, p.channels});
  call.scale = reader.input("scale", {p.channels});
  call.shift = reader.input("shift", {p.channels});
  call.runningMean = reader.output("runningMean", {p.channels});
  call.runningVariance = reader.output("runningVariance", {p.channels});
  call.output = reader.output("output", {p.pixels, p.channels});
  call.savedMean = reader.output("savedMean", {p.channels});
  call.savedInvStd = reader.output("savedInvStd", {p.channels});
  return bindCall(reader, batchNormTrainForwardReference<T>, &CpuKernels::batchNormTrainForward, call, flops(p, 6),
                  batchNormScratch(p, reader.threads()));
}

template <class T>
BoundKernel bindTrainBackward(InstructionReader<T>& reader) {
  BatchNormTrainBackward<T> call{};
  const BatchNormParams& p = call.params = readParams(reader, false, true);
  call.input = reader.input("input", {p.pixels, p.channels});
  call.scale = reader.input("scale", {p.channels});
  call.savedMean = reader.input("savedMean", {p.channels});
  call.savedInvStd = reader.input("savedInvStd", {p.channels});
  call.gradOutput = reader.input("gradOutput", {p.pixels, p.channels});
  call.gradInput = reader.output("gradInput", {p.pixels, p.channels});
  call.gradScale = reader.output("gradScale", {p.channels});
  call.gradShift = reader.output("gradShift", {p.channels});
  return bindCall(reader, batchNormTrainBackwardReference<T>, &CpuKernels::batchNormTrainBackward, call, flops(p, 9),
                  batchNormScratch(p, reader.threads()));
}

template <class T>
BoundKernel bindEvalForward(InstructionReader<T>& reader) {
  BatchNormEvalForward<T> call{};
  const BatchNormParams& p = call.params = readParams(reader, true, false);
  call.input = reader.input("input", {p.pixels, p.channels});
  call.scale = reader.input("scale", {p.channels});
  call.shift = reader.input("shift", {p.channels});
  call.runningMean = reader.input("runningMean", {p.channels});
  call.runningVariance = reader.input("runningVariance", {p.channels});
  call.output = reader.output("output", {p.pixels, p.channels});
  return bindCall(reader, batchNormEvalForwardReference<T>, &CpuKernels::batchNormEvalForward, call, flops(p, 2),
                  batchNormScratch(p, reader.threads()));
}

template <class T>
BoundKernel bindEvalBackward(InstructionReader<T>& reader) {
  BatchNormEvalBackward<T> call{};
  const BatchNormParams& p = call.params = readParams(reader, false, false);
  call.input = reader.input("input", {p.pixels, p.channels});
  call.scale = reader.input("scale", {p.channels});
  call.runningMean = reader.input("runningMean", {p.channels});
  call.runningVariance = reader.input("runningVariance", {p.channels});
  call.gradOutput = reader.input("gradOutput", {p.pixels, p.channels});
  call.gradInput = reader.output("gradInput", {p.pixels, p.channels});
  call.gradScale = reader.optionalOutput("gradScale", {p.channels});
  call.gradShift = reader.optionalOutput("gradShift", {p.channels});
  return bindCall(reader, batchNormEvalBackwardReference<T>, &CpuKernels::batchNormEvalBackward, call, flops(p, 4),
                  batchNormScratch(p, reader.threads()));
}

}  // namespace

std::size_t batchNormScratch(const BatchNormParams& p, int threads) { return sizeof(float) * ChannelScratch(p.channels, 4, threads).total; }

void registerBatchNorm(Registry& registry) {
  registry.add("batchNormTrainForward", bindTrainForward<float>, bindTrainForward<double>);
  registry.add("batchNormTrainBackward", bindTrainBackward<float>, bindTrainBackward<double>);
  registry.add("batchNormEvalForward", bindEvalForward<float>, bindEvalForward<double>);
  registry.add("batchNormEvalBackward", bindEvalBackward<float>, bindEvalBackward<double>);
}

}  // namespace retroplume
