#include "ops/batch_norm_prelu/batch_norm_prelu.h"

#include "ops/batch_norm_prelu/batch_norm_prelu_scratch.h"
#include "runtime/registry.h"

namespace retroplume {

namespace {

template <class T>
BatchNormPreluParams readParams(InstructionReader<T>& reader) {
  BatchNormPreluParams p{};
  p.pixels = reader.integer("pixels", 2);  // the unbiased variance of one pixel does not exist
  p.channels = reader.integer("channels");
  p.outputStride = reader.integer("outputStride", p.channels, p.channels);
  p.epsilon = reader.real("epsilon");
  p.momentum = reader.real("momentum");
  p.probability = reader.real("probability", 0);
  p.seed = static_cast<uint64_t>(reader.integer("seed", 0, 0));
  if (!(p.probability >= 0 && p.probability < 1)) reader.fail("PARAM_INVALID", "expected probability in [0, 1)");
  p.place = readDropoutPlace(reader, p.pixels * p.channels);
  p.synchronised = reader.flag("synchronised");
  if (p.synchronised) {
    reader.requireRanks();
    reader.requireHost("batch norm over several ranks");
  }
  return p;
}

/** What both directions read: the convolution's result and the constants of the channels. */
template <class Call, class T>
void readOperands(InstructionReader<T>& reader, Call& call) {
  const BatchNormPreluParams& p = call.params = readParams(reader);
  call.input = reader.input("input", {p.pixels, p.channels});
  call.scale = reader.input("scale", {p.channels});
  call.shift = reader.input("shift", {p.channels});
  call.slope = reader.input("slope", {p.channels});
  call.step = reader.optionalInput("step", {1});
}

template <class T>
BoundKernel bindForward(InstructionReader<T>& reader) {
  BatchNormPreluForward<T> call{};
  readOperands(reader, call);
  const BatchNormPreluParams& p = call.params;
  call.runningMean = reader.output("runningMean", {p.channels});
  call.runningVariance = reader.output("runningVariance", {p.channels});
  call.output = reader.outputRows("output", {p.pixels, p.channels, p.outputStride});
  call.savedMean = reader.output("savedMean", {p.channels});
  call.savedInvStd = reader.output("savedInvStd", {p.channels});
  return bindCall(reader, batchNormPreluForwardReference<T>, &CpuKernels::batchNormPreluForward, call, 8.0 * p.pixels * p.channels,
                  sizeof(float) * BatchNormPreluScratch(p, reader.threads()).total);
}

template <class T>
BoundKernel bindBackward(InstructionReader<T>& reader) {
  BatchNormPreluBackward<T> call{};
  readOperands(reader, call);
  const BatchNormPreluParams& p = call.params;
  call.savedMean = reader.input("savedMean", {p.channels});
  call.savedInvStd = reader.input("savedInvStd", {p.channels});
  call.gradOutput = reader.inputRows("gradOutput", {p.pixels, p.channels, p.outputStride});
  call.gradInput = reader.output("gradInput", {p.pixels, p.channels});
  call.gradScale = reader.output("gradScale", {p.channels});
  call.gradShift = reader.output("gradShift", {p.channels});
  call.gradSlope = reader.output("gradSlope", {p.channels});
  return bindCall(reader, batchNormPreluBackwardReference<T>, &CpuKernels::batchNormPreluBackward, call, 15.0 * p.pixels * p.channels,
                  sizeof(float) * BatchNormPreluScratch(p, reader.threads()).total);
}

}  // namespace

void registerBatchNormPrelu(Registry& registry) {
  registry.add("batchNormPreluForward", bindForward<float>, bindForward<double>);
  registry.add("batchNormPreluBackward", bindBackward<float>, bindBackward<double>);
}

}  // namespace retroplume
