#include "ops/multiply_steps/multiply_steps.h"
#include "ops/simd/elementwise.h"

/**
 * In the order of the factors, pixel by pixel: they, the output and their gradients are passed once from end to end, the images of the steps side by
 * side, as so many streams.
 */
namespace retroplume::RETROPLUME_ISA {

namespace {

/** Calls body(place in [N, T, P], place in [N, P, T, C]) for the channels of each pixel and step, on all threads. */
template <class Body>
[[gnu::always_inline]] inline void forEachRow(const MultiplyStepsParams& p, const Context& context, Body body) {
  const int64_t width = p.steps * p.channels, all = p.batch * p.pixels;
  inParallel(context, threadsFor(all * width, context), [&](const Worker& worker) {
    const Range share = shareOf(all, worker.threads, worker.thread);
    for (int64_t i = share.begin; i < share.end; ++i) {
      const int64_t sample = i / p.pixels, pixel = i - sample * p.pixels;
      for (int64_t t = 0; t < p.steps; ++t) body((sample * p.steps + t) * p.pixels + pixel, i * width + t * p.channels);
    }
  });
}

}  // namespace

void multiplyStepsForward(const MultiplyStepsForward<float>& call, const Context& context) {
  const int64_t C = call.params.channels, stride = call.params.inputStride;
  forEachRow(call.params, context, [&](int64_t row, int64_t at) {
    const float *input = call.input + row * stride, *factors = call.factors + at;
    float* output = call.output + at;
    forEachVector({0, C}, [&](int64_t c, int valid) { keep(output + c, fetch(input + c, valid) * fetch(factors + c, valid), valid); });
  });
}

void multiplyStepsBackward(const MultiplyStepsBackward<float>& call, const Context& context) {
  const int64_t C = call.params.channels, stride = call.params.inputStride;
  forEachRow(call.params, context, [&](int64_t row, int64_t at) {
    forEachVector({0, C}, [&](int64_t c, int valid) {
      const Vector gradient = fetch(call.gradOutput + at + c, valid);
      if (call.gradInput) keep(call.gradInput + row * C + c, gradient * fetch(call.factors + at + c, valid), valid);
      if (call.gradFactors) keep(call.gradFactors + at + c, gradient * fetch(call.input + row * stride + c, valid), valid);
    });
  });
}

}  // namespace retroplume::RETROPLUME_ISA
