#include "ops/activation/activation_reference.h"
#include "ops/prelu/prelu.h"

namespace retroplume {

template <class T>
void preluForwardReference(const PreluForward<T>& call, const Context&) {
  const int64_t pixels = call.params.pixels, C = call.params.channels;
  for (int64_t i = 0; i < pixels; ++i) {
    for (int64_t c = 0; c < C; ++c) {
      const T x = call.input[i * C + c];
      call.output[call.params.output.at(i) + c] = x > 0 ? x : call.slope[c] * x;
    }
  }
}

template <class T>
void preluBackwardReference(const PreluBackward<T>& call, const Context&) {
  const PreluParams& p = call.params;
  const int64_t C = p.channels;
  for (int64_t c = 0; c < C; ++c) {
    double sum = 0;
    for (int64_t i = 0; i < p.pixels; ++i) {
      const T x = call.input[i * p.inputStride + c], grad = call.gradOutput[p.output.at(i) + c];
      const bool positive = p.marked ? isMarked(x) : x > 0;
      if (!positive) sum += static_cast<double>(grad) * x;
      call.gradInput[i * C + c] = positive ? grad : call.slope[c] * grad;
    }
    if (call.gradSlope) call.gradSlope[c] = static_cast<T>(sum);
  }
}

template void preluForwardReference(const PreluForward<float>&, const Context&);
template void preluForwardReference(const PreluForward<double>&, const Context&);
template void preluBackwardReference(const PreluBackward<float>&, const Context&);
template void preluBackwardReference(const PreluBackward<double>&, const Context&);

}  // namespace retroplume
