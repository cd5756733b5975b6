#include "ops/cpu_declarations.h"
#include "ops/prelu/prelu_scratch.h"
#include "ops/simd/strips.h"

// One pass each; the slope's gradient is summed on the way.
namespace retroplume::RETROPLUME_ISA {

namespace {

/** The slopes in whole vectors, zeros behind. */
const float* packSlopes(const PreluParams& p, const float* slope, float* packed) {
  for (int64_t c = 0; c < PreluScratch(p.channels, 0).sums; ++c) packed[c] = c < p.channels ? slope[c] : 0.0f;
  return packed;
}

}  // namespace

void preluForward(const PreluForward<float>& call, const Context& context) {
  const int64_t pixels = call.params.pixels, C = call.params.channels, stride = call.params.outputStride;
  const float* slopes = packSlopes(call.params, call.slope, static_cast<float*>(context.scratch));
  forEachStrip(pixels, C, context, [&](const Strip& strip, int) {
    forEachVector({0, C}, [&](int64_t c, int valid) {
      const float* input = call.input + strip.first * C + c;
      float* output = call.output + strip.first * stride + c;
      const Vector slope = load(slopes + c);
      for (int64_t i = 0; i < strip.pixels; ++i) {
        const Vector x = fetch(input + i * C, valid);
        keep(output + i * stride, x > 0.0f ? x : x * slope, valid);
      }
    });
  });
}

void preluBackward(const PreluBackward<float>& call, const Context& context) {
  const int64_t pixels = call.params.pixels, C = call.params.channels, stride = call.params.outputStride;
  const PreluScratch layout(C, context.threads);
  float* scratch = static_cast<float*>(context.scratch);
  const float* slopes = packSlopes(call.params, call.slope, scratch);
  const auto sumsOf = [&](int thread) { return reinterpret_cast<double*>(scratch + layout.sums + thread * layout.perThread); };
  __builtin_memset(scratch + layout.sums, 0, (layout.total - layout.sums) * sizeof(float));
  forEachStrip(pixels, C, context, [&](const Strip& strip, int thread) {
    forEachVector({0, C}, [&](int64_t c, int valid) {
      const float* input = call.input + strip.first * C + c;
      const float* gradOutput = call.gradOutput + strip.first * stride + c;
      float* gradInput = call.gradInput + strip.first * C + c;
      const Vector slope = load(slopes + c);
      Vector sum = {};
      for (int64_t i = 0; i < strip.pixels; ++i) {
        const Vector x = fetch(input + i * C, valid), grad = fetch(gradOutput + i * stride, valid);
        keep(gradInput + i * C, x > 0.0f ? grad : grad * slope, valid);
        sum += x > 0.0f ? Vector{} : grad * x;
      }
      for (int lane = 0; lane < valid; ++lane) sumsOf(thread)[c + lane] += sum[lane];
    });
  });
  if (call.gradSlope == nullptr) return;
  for (int64_t c = 0; c < C; ++c) {
    double sum = 0;
    for (int t = 0; t < context.threads; ++t) sum += sumsOf(t)[c];
    call.gradSlope[c] = static_cast<float>(sum);
  }
}

}  // namespace retroplume::RETROPLUME_ISA
