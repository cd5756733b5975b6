#include "ops/cpu_declarations.h"
#include "ops/simd/channels.h"

// One pass each; the slope's gradient is summed on the way.
namespace retroplume::RETROPLUME_ISA {

void preluForward(const PreluForward<float>& call, const Context& context) {
  const ChannelPattern pattern(call.params.channels);
  float* slope = static_cast<float*>(context.scratch);
  pattern.fill(slope, [&](int64_t c) { return call.slope[c]; });
  forEachShare(call.params.pixels * call.params.channels, pattern.length(), context, [&](Range range, int, int) {
    forEachChannelVector(range, pattern, [&](int64_t e, int64_t slot, int valid) {
      const Vector x = fetch(call.input + e, valid);
      keep(call.output + e, x > 0.0f ? x : x * load(slope + slot), valid);
    });
  });
}

void preluBackward(const PreluBackward<float>& call, const Context& context) {
  const int64_t C = call.params.channels;
  const ChannelPattern pattern(C);
  const ChannelScratch layout(C, 1, context.threads);
  float* slope = static_cast<float*>(context.scratch);
  float* work = slope + layout.threadsBegin;
  pattern.fill(slope, [&](int64_t c) { return call.slope[c]; });
  int used = 1;
  forEachShare(call.params.pixels * C, pattern.length(), context, [&](Range range, int thread, int threads) {
    if (thread == 0) used = threads;
    float* own = work + thread * layout.perThread;
    sumChannels(range, pattern, own + layout.sums, reinterpret_cast<double*>(own), [&](int64_t e, int64_t slot, int valid, Vector& sum, Vector&) {
      const Vector x = fetch(call.input + e, valid), grad = fetch(call.gradOutput + e, valid);
      keep(call.gradInput + e, x > 0.0f ? grad : grad * load(slope + slot), valid);
      sum += x > 0.0f ? Vector{} : grad * x;
    });
  });
  if (call.gradSlope == nullptr) return;
  for (int64_t c = 0; c < C; ++c) {
    double sum = 0;
    for (int t = 0; t < used; ++t) sum += reinterpret_cast<double*>(work + t * layout.perThread)[c];
    call.gradSlope[c] = static_cast<float>(sum);
  }
}

}  // namespace retroplume::RETROPLUME_ISA
