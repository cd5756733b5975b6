#include "ops/prelu/prelu.h"
#include "ops/prelu/prelu_scratch.h"
#include "ops/simd/activation.h"
#include "ops/simd/strips.h"

// One pass each; the slope's gradient is summed on the way.
namespace retroplume::RETROPLUME_ISA {

void preluForward(const PreluForward<float>& call, const Context& context) {
  const PreluParams& p = call.params;
  const int64_t C = p.channels, stride = p.output.stride;
  const float* slopes = packVector(call.slope, C, static_cast<float*>(context.scratch));
  forEachImageStrip(p.images, p.output.cells, C, context, [&](const Strip& strip, int) {
    const float* input = call.input + strip.first * C;
    float* output = call.output + p.output.at(strip.first);
    forEachStripVector(strip, C, [&](int64_t i, int64_t c, int valid) {
      const Vector x = fetch(input + i * C + c, valid);
      keep(output + i * stride + c, x > 0.0f ? x : x * load(slopes + c), valid);
    });
  });
}

namespace {

void preluBackwardMarked(const PreluBackward<float>& call, const Context& context) {
  const PreluParams& p = call.params;
  const float* slopes = packVector(call.slope, p.channels, static_cast<float*>(context.scratch));
  forEachImageStrip(p.images, p.output.cells, p.channels, context, [&](const Strip& strip, int) {
    const float *output = call.input + strip.first * p.inputStride, *gradOutput = call.gradOutput + p.output.at(strip.first);
    float* gradInput = call.gradInput + strip.first * p.channels;
    forEachStripVector(strip, p.channels, [&](int64_t i, int64_t c, int valid) {
      const Vector gradient = fetch(gradOutput + i * p.output.stride + c, valid), y = fetch(output + i * p.inputStride + c, valid);
      keep(gradInput + i * p.channels + c, differentiate(gradient, 2, y, slopes + c), valid);
    });
  });
}

}  // namespace

void preluBackward(const PreluBackward<float>& call, const Context& context) {
  if (call.params.marked) return preluBackwardMarked(call, context);
  const PreluParams& p = call.params;
  const int64_t C = p.channels, stride = p.output.stride;
  const PreluScratch layout(C, context.threads);
  float* scratch = static_cast<float*>(context.scratch);
  const float* slopes = packVector(call.slope, C, scratch);
  float* work = scratch + layout.threadsBegin;
  __builtin_memset(work, 0, (layout.total - layout.threadsBegin) * sizeof(float));
  forEachImageStrip(p.images, p.output.cells, C, context, [&](const Strip& strip, int thread) {
    const float *input = call.input + strip.first * C, *gradOutput = call.gradOutput + p.output.at(strip.first);
    float* gradInput = call.gradInput + strip.first * C;
    float* own = work + thread * layout.perThread;
    float* sum = own + layout.sums;
    forEachStripVector(strip, C, [&](int64_t i, int64_t c, int valid) {
      const Vector x = fetch(input + i * C + c, valid), grad = fetch(gradOutput + i * stride + c, valid);
      keep(gradInput + i * C + c, x > 0.0f ? grad : grad * load(slopes + c), valid);
      addTo(sum + c, x > 0.0f ? Vector{} : grad * x);
    });
    foldSums(C, sum, reinterpret_cast<double*>(own));
  });
  if (call.gradSlope == nullptr) return;
  for (int64_t c = 0; c < C; ++c) {
    double sum = 0;
    for (int t = 0; t < context.threads; ++t) sum += reinterpret_cast<double*>(work + t * layout.perThread)[c];
    call.gradSlope[c] = static_cast<float>(sum);
  }
}

}  // namespace retroplume::RETROPLUME_ISA
