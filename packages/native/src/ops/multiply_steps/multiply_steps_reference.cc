#include "ops/multiply_steps/multiply_steps.h"

namespace retroplume {

namespace {

/** Calls body(place in [N, T, P], place in [N, P, T, C], channel) for every element. */
template <class Body>
void forEachElement(const MultiplyStepsParams& p, Body body) {
  for (int64_t n = 0; n < p.batch; ++n) {
    for (int64_t pixel = 0; pixel < p.pixels; ++pixel) {
      for (int64_t t = 0; t < p.steps; ++t) {
        for (int64_t c = 0; c < p.channels; ++c) {
          body((n * p.steps + t) * p.pixels + pixel, ((n * p.pixels + pixel) * p.steps + t) * p.channels + c, c);
        }
      }
    }
  }
}

}  // namespace

template <class T>
void multiplyStepsForwardReference(const MultiplyStepsForward<T>& call, const Context&) {
  forEachElement(call.params,
                 [&](int64_t row, int64_t i, int64_t c) { call.output[i] = call.input[row * call.params.inputStride + c] * call.factors[i]; });
}

template <class T>
void multiplyStepsBackwardReference(const MultiplyStepsBackward<T>& call, const Context&) {
  forEachElement(call.params, [&](int64_t row, int64_t i, int64_t c) {
    const T gradient = call.gradOutput[i];
    if (call.gradInput) call.gradInput[row * call.params.channels + c] = gradient * call.factors[i];
    if (call.gradFactors) call.gradFactors[i] = gradient * call.input[row * call.params.inputStride + c];
  });
}

template void multiplyStepsForwardReference(const MultiplyStepsForward<float>&, const Context&);
template void multiplyStepsForwardReference(const MultiplyStepsForward<double>&, const Context&);
template void multiplyStepsBackwardReference(const MultiplyStepsBackward<float>&, const Context&);
template void multiplyStepsBackwardReference(const MultiplyStepsBackward<double>&, const Context&);

}  // namespace retroplume
