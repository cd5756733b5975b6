#include "ops/prelu/prelu.h"

#include "ops/prelu/prelu_scratch.h"
#include "runtime/registry.h"

namespace retroplume {

namespace {

template <class T>
PreluParams readParams(InstructionReader<T>& reader) {
  PreluParams p{};
  p.pixels = reader.integer("pixels");
  p.channels = reader.integer("channels");
  p.images = reader.integer("images", 1, 1);
  if (p.pixels % p.images != 0) reader.fail("PARAM_INVALID", "expected as many pixels in each image");
  p.output.cells = p.pixels / p.images;
  p.output.stride = reader.integer("outputStride", p.channels, p.channels);
  p.output.imageStride = reader.integer("outputImageStride", 1, elementsOf({p.output.cells, p.output.stride}));
  return p;
}

Rows outputRows(const PreluParams& p) { return {p.output.cells, p.channels, p.output.stride, p.images, p.output.imageStride}; }

template <class T>
BoundKernel bindForward(InstructionReader<T>& reader) {
  PreluForward<T> call{};
  const PreluParams& p = call.params = readParams(reader);
  call.input = reader.input("input", {p.pixels, p.channels});
  call.slope = reader.input("slope", {p.channels});
  call.output = reader.outputRows("output", outputRows(p));
  return bindCall(reader, preluForwardReference<T>, &CpuKernels::preluForward, call, 1.0 * p.pixels * p.channels, preluScratch(p, reader.threads()));
}

template <class T>
BoundKernel bindBackward(InstructionReader<T>& reader) {
  PreluBackward<T> call{};
  PreluParams& p = call.params = readParams(reader);
  p.marked = reader.flag("marked");
  p.inputStride = p.marked ? reader.integer("inputStride", p.channels, p.channels) : p.channels;
  call.input = reader.inputRows("input", {p.pixels, p.channels, p.inputStride});
  call.slope = reader.input("slope", {p.channels});
  call.gradOutput = reader.inputRows("gradOutput", outputRows(p));
  call.gradInput = reader.output("gradInput", {p.pixels, p.channels});
  call.gradSlope = p.marked ? nullptr : reader.optionalOutput("gradSlope", {p.channels});
  return bindCall(reader, preluBackwardReference<T>, &CpuKernels::preluBackward, call, 3.0 * p.pixels * p.channels,
                  preluScratch(p, reader.threads()));
}

}  // namespace

std::size_t preluScratch(const PreluParams& p, int threads) { return sizeof(float) * PreluScratch(p.channels, threads).total; }

void registerPrelu(Registry& registry) {
  registry.add("preluForward", bindForward<float>, bindForward<double>);
  registry.add("preluBackward", bindBackward<float>, bindBackward<double>);
}

}  // namespace retroplume
