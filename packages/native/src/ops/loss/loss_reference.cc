#include <algorithm>
#include <cmath>

#include "ops/loss/loss.h"

namespace retroplume {

template <class T>
void lossForwardReference(const LossForward<T>& call, const Context&) {
  const auto& [elements, kind, delta, divisor] = call.params;
  double sum = 0;
  for (int64_t i = 0; i < elements; ++i) {
    if (call.weight[i] == 0) continue;
    const double d = static_cast<double>(call.prediction[i]) - call.target[i], size = std::fabs(d);
    const bool quadratic = kind == LossKind::l2 || (kind == LossKind::huber && size <= delta);
    sum += call.weight[i] * (quadratic ? d * d / 2 : kind == LossKind::l1 ? size : delta * (size - delta / 2));
  }
  *call.output = static_cast<T>(sum / divisor);
}

template <class T>
void lossBackwardReference(const LossBackward<T>& call, const Context&) {
  const auto& [elements, kind, delta, divisor] = call.params;
  const double seed = (call.gradOutput ? static_cast<double>(*call.gradOutput) : 1.0) / divisor;
  for (int64_t i = 0; i < elements; ++i) {
    call.gradPrediction[i] = 0;
    if (call.weight[i] == 0) continue;
    const double d = static_cast<double>(call.prediction[i]) - call.target[i];
    const double sign = d > 0 ? 1.0 : d < 0 ? -1.0 : d;  // a NaN stays one
    const double slope = kind == LossKind::l1 ? sign : kind == LossKind::l2 || std::fabs(d) <= delta ? d : delta * sign;
    call.gradPrediction[i] = static_cast<T>(seed * call.weight[i] * slope);
  }
}

template void lossForwardReference(const LossForward<float>&, const Context&);
template void lossForwardReference(const LossForward<double>&, const Context&);
template void lossBackwardReference(const LossBackward<float>&, const Context&);
template void lossBackwardReference(const LossBackward<double>&, const Context&);

}  // namespace retroplume
