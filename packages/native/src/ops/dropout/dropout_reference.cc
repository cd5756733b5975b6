#include "ops/dropout/dropout.h"

namespace retroplume {

namespace {

template <class T>
void apply(const DropoutParams& p, const T* x, const T* mask, const T* step, T* y) {
  const T factor = static_cast<T>(1 / (1 - p.probability));
  const auto stepIndex = step ? static_cast<uint64_t>(*step) : uint64_t{0};
  for (int64_t e = 0; e < p.elements; ++e) {
    const bool keep = mask ? mask[e] != 0 : dropoutKeeps(p.place.of(e), stepIndex, p.seed, p.probability);
    y[e] = keep ? x[e] * factor : T(0);
  }
}

}  // namespace

template <class T>
void dropoutForwardReference(const DropoutForward<T>& call, const Context&) {
  apply(call.params, call.input, call.mask, call.step, call.output);
}

template <class T>
void dropoutBackwardReference(const DropoutBackward<T>& call, const Context&) {
  apply(call.params, call.gradOutput, call.mask, call.step, call.gradInput);
}

template void dropoutForwardReference(const DropoutForward<float>&, const Context&);
template void dropoutForwardReference(const DropoutForward<double>&, const Context&);
template void dropoutBackwardReference(const DropoutBackward<float>&, const Context&);
template void dropoutBackwardReference(const DropoutBackward<double>&, const Context&);

}  // namespace retroplume
