#include <algorithm>

#include "ops/activation/activation_reference.h"
#include "ops/upconv2x2/upconv2x2.h"

namespace retroplume {

namespace {

/** Calls visit(inputCell, outputCell, tap) for every pair that the op connects. */
template <class Visit>
void forEachTap(const Upconv2x2Params& p, Visit visit) {
  for (int64_t row = 0; row < p.batch * p.height; ++row) {
    for (int64_t j = 0; j < p.width; ++j) {
      for (int64_t a = 0; a < 2; ++a) {
        for (int64_t b = 0; b < 2; ++b) visit(row * p.width + j, (2 * row + a) * 2 * p.width + 2 * j + b, 2 * a + b);
      }
    }
  }
}

}  // namespace

template <class T>
void upconv2x2ForwardReference(const Upconv2x2Forward<T>& call, const Context&) {
  const int64_t C = call.params.inChannels, O = call.params.outChannels;
  forEachTap(call.params, [&](int64_t in, int64_t out, int64_t tap) {
    T* output = call.output + out * call.params.outputStride;
    for (int64_t o = 0; o < O; ++o) output[o] = (call.params.accumulate ? output[o] : T(0)) + (call.bias ? call.bias[o] : T(0));
    for (int64_t c = 0; c < C; ++c) {
      const T x = call.input[in * C + c];
      for (int64_t o = 0; o < O; ++o) output[o] += call.weight[(tap * C + c) * O + o] * x;
    }
  });
}

template <class T>
void upconv2x2BackwardInputReference(const Upconv2x2BackwardInput<T>& call, const Context&) {
  const Upconv2x2Params& p = call.params;
  const int64_t C = p.inChannels, O = p.outChannels;
  if (!p.accumulate) std::fill_n(call.gradInput, p.batch * p.height * p.width * C, T(0));
  forEachTap(p, [&](int64_t in, int64_t out, int64_t tap) {
    for (int64_t c = 0; c < C; ++c) {
      T sum = 0;
      for (int64_t o = 0; o < O; ++o) sum += call.weight[(tap * C + c) * O + o] * call.gradOutput[out * p.outputStride + o];
      call.gradInput[in * C + c] += sum;
    }
  });
  differentiate(call.derivative, p.batch * p.height * p.width, C, C, call.gradInput);
}

template <class T>
void upconv2x2BackwardWeightReference(const Upconv2x2BackwardWeight<T>& call, const Context&) {
  const int64_t C = call.params.inChannels, O = call.params.outChannels;
  if (!call.params.accumulate) {
    std::fill_n(call.gradWeight, 4 * C * O, T(0));
    if (call.gradBias) std::fill_n(call.gradBias, O, T(0));
  }
  forEachTap(call.params, [&](int64_t in, int64_t out, int64_t tap) {
    const T* grad = call.gradOutput + out * call.params.outputStride;
    for (int64_t c = 0; c < C; ++c) {
      const T x = call.input[in * C + c];
      for (int64_t o = 0; o < O; ++o) call.gradWeight[(tap * C + c) * O + o] += x * grad[o];
    }
    if (!call.gradBias) return;
    for (int64_t o = 0; o < O; ++o) call.gradBias[o] += grad[o];
  });
}

template void upconv2x2ForwardReference(const Upconv2x2Forward<float>&, const Context&);
template void upconv2x2ForwardReference(const Upconv2x2Forward<double>&, const Context&);
template void upconv2x2BackwardInputReference(const Upconv2x2BackwardInput<float>&, const Context&);
template void upconv2x2BackwardInputReference(const Upconv2x2BackwardInput<double>&, const Context&);
template void upconv2x2BackwardWeightReference(const Upconv2x2BackwardWeight<float>&, const Context&);
template void upconv2x2BackwardWeightReference(const Upconv2x2BackwardWeight<double>&, const Context&);

}  // namespace retroplume
