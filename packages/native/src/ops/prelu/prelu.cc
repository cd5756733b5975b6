#include "ops/prelu/prelu.h"

#include "ops/ops.h"
#include "ops/simd/scratch.h"
#include "runtime/registry.h"

namespace retroplume {

namespace {

template <class T>
BoundKernel bindForward(InstructionReader<T>& reader) {
  PreluForward<T> call{};
  const PreluParams& p = call.params = {reader.integer("pixels"), reader.integer("channels")};
  call.input = reader.input("input", {p.pixels, p.channels});
  call.slope = reader.input("slope", {p.channels});
  call.output = reader.output("output", {p.pixels, p.channels});
  return bindCall(reader, preluForwardReference<T>, &CpuKernels::preluForward, call, 1.0 * p.pixels * p.channels, preluScratch(p, reader.threads()));
}

template <class T>
BoundKernel bindBackward(InstructionReader<T>& reader) {
  PreluBackward<T> call{};
  const PreluParams& p = call.params = {reader.integer("pixels"), reader.integer("channels")};
  call.input = reader.input("input", {p.pixels, p.channels});
  call.slope = reader.input("slope", {p.channels});
  call.gradOutput = reader.input("gradOutput", {p.pixels, p.channels});
  call.gradInput = reader.output("gradInput", {p.pixels, p.channels});
  call.gradSlope = reader.optionalOutput("gradSlope", {p.channels});
  return bindCall(reader, preluBackwardReference<T>, &CpuKernels::preluBackward, call, 3.0 * p.pixels * p.channels,
                  preluScratch(p, reader.threads()));
}

}  // namespace

std::size_t preluScratch(const PreluParams& p, int threads) { return sizeof(float) * ChannelScratch(p.channels, 1, threads).total; }

void registerPrelu(Registry& registry) {
  registry.add("preluForward", bindForward<float>, bindForward<double>);
  registry.add("preluBackward", bindBackward<float>, bindBackward<double>);
}

}  // namespace retroplume
