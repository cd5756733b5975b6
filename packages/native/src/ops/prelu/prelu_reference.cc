#include "ops/prelu/prelu.h"

namespace retroplume {

template <class T>
void preluForwardReference(const PreluForward<T>& call, const Context&) {
  const auto& [pixels, C] = call.params;
  for (int64_t i = 0; i < pixels * C; ++i) {
    const T x = call.input[i];
    call.output[i] = x > 0 ? x : call.slope[i % C] * x;
  }
}

template <class T>
void preluBackwardReference(const PreluBackward<T>& call, const Context&) {
  const auto& [pixels, C] = call.params;
  for (int64_t c = 0; c < C; ++c) {
    double sum = 0;
    for (int64_t i = c; i < pixels * C; i += C) {
      const T x = call.input[i], grad = call.gradOutput[i];
      if (!(x > 0)) sum += static_cast<double>(grad) * x;
      call.gradInput[i] = x > 0 ? grad : call.slope[c] * grad;
    }
    if (call.gradSlope) call.gradSlope[c] = static_cast<T>(sum);
  }
}

template void preluForwardReference(const PreluForward<float>&, const Context&);
template void preluForwardReference(const PreluForward<double>&, const Context&);
template void preluBackwardReference(const PreluBackward<float>&, const Context&);
template void preluBackwardReference(const PreluBackward<double>&, const Context&);

}  // namespace retroplume
