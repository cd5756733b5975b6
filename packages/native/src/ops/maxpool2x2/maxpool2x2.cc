#include "ops/maxpool2x2/maxpool2x2.h"

#include "runtime/registry.h"

namespace retroplume {

namespace {

template <class T>
Maxpool2x2Params readParams(InstructionReader<T>& reader) {
  Maxpool2x2Params p{};
  p.batch = reader.integer("batch");
  p.height = reader.integer("height");
  p.width = reader.integer("width");
  p.channels = reader.integer("channels");
  p.inputStride = reader.integer("inputStride", p.channels, p.channels);
  p.gradInputStride = reader.integer("gradInputStride", p.channels, p.channels);
  p.addedStride = reader.integer("addedStride", p.channels, p.channels);
  p.ceil = reader.flag("ceil");
  if (p.outHeight() == 0 || p.outWidth() == 0) reader.fail("PARAM_INVALID", "expected at least 2 rows and columns without ceil");
  return p;
}

template <class T>
BoundKernel bindForward(InstructionReader<T>& reader) {
  Maxpool2x2Forward<T> call{};
  const Maxpool2x2Params& p = call.params = readParams(reader);
  call.input = reader.inputRows("input", {elementsOf({p.batch, p.height, p.width}), p.channels, p.inputStride});
  call.output = reader.output("output", {p.batch, p.outHeight(), p.outWidth(), p.channels});
  return bindCall(reader, maxpool2x2ForwardReference<T>, &CpuKernels::maxpool2x2Forward, call, 1.0 * p.batch * p.height * p.width * p.channels);
}

template <class T>
BoundKernel bindBackward(InstructionReader<T>& reader) {
  Maxpool2x2Backward<T> call{};
  const Maxpool2x2Params& p = call.params = readParams(reader);
  call.input = reader.inputRows("input", {elementsOf({p.batch, p.height, p.width}), p.channels, p.inputStride});
  call.gradOutput = reader.input("gradOutput", {p.batch, p.outHeight(), p.outWidth(), p.channels});
  const Rows cells{elementsOf({p.batch, p.height, p.width}), p.channels, p.gradInputStride};
  call.added = reader.optionalInputRows("added", {cells.count, cells.length, p.addedStride});
  call.derivative = {reader.choice("derivative", kActivations), call.input, p.inputStride, nullptr};
  if (call.derivative.kind == 2) call.derivative.slope = reader.input("slope", {p.channels});
  call.gradInput = reader.outputRows("gradInput", cells);
  return bindCall(reader, maxpool2x2BackwardReference<T>, &CpuKernels::maxpool2x2Backward, call, 1.0 * p.batch * p.height * p.width * p.channels);
}

}  // namespace

void registerMaxpool2x2(Registry& registry) {
  registry.add("maxpool2x2Forward", bindForward<float>, bindForward<double>);
  registry.add("maxpool2x2Backward", bindBackward<float>, bindBackward<double>);
}

}  // namespace retroplume
