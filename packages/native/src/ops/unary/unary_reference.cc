#include <cmath>

#include "ops/unary/unary.h"

namespace retroplume {

namespace {

template <class T>
T value(UnaryKind kind, T x) {
  switch (kind) {
    case UnaryKind::relu:
      return x < 0 ? T(0) : x;  // NaN stays NaN: the search for it must not end here
    case UnaryKind::softplus:
      return (x > 0 ? x : T(0)) + std::log1p(std::exp(-std::fabs(x)));
    case UnaryKind::sigmoid:
      return T(1) / (T(1) + std::exp(-x));
    case UnaryKind::tanh:
      return std::tanh(x);
    case UnaryKind::exp:
      return std::exp(x);
    case UnaryKind::abs:
      return std::fabs(x);
    case UnaryKind::square:
      return x * x;
  }
  return x;
}

template <class T>
T derivative(UnaryKind kind, T x, T y) {
  switch (kind) {
    case UnaryKind::relu:
      return x > 0 ? T(1) : T(0);
    case UnaryKind::softplus:
      return -std::expm1(-y);
    case UnaryKind::sigmoid:
      return y * (T(1) - y);
    case UnaryKind::tanh:
      return T(1) - y * y;
    case UnaryKind::exp:
      return y;
    case UnaryKind::abs:
      return x > 0 ? T(1) : x < 0 ? T(-1) : T(0);
    case UnaryKind::square:
      return T(2) * x;
  }
  return T(0);
}

}  // namespace

template <class T>
void unaryForwardReference(const UnaryForward<T>& call, const Context&) {
  for (int64_t i = 0; i < call.params.elements; ++i) call.output[i] = value(call.params.kind, call.input[i]);
}

template <class T>
void unaryBackwardReference(const UnaryBackward<T>& call, const Context&) {
  for (int64_t i = 0; i < call.params.elements; ++i) {
    const T grad = call.gradOutput[i] * derivative(call.params.kind, call.input[i], call.output[i]);
    call.gradInput[i] = call.params.accumulate ? call.gradInput[i] + grad : grad;
  }
}

template void unaryForwardReference(const UnaryForward<float>&, const Context&);
template void unaryForwardReference(const UnaryForward<double>&, const Context&);
template void unaryBackwardReference(const UnaryBackward<float>&, const Context&);
template void unaryBackwardReference(const UnaryBackward<double>&, const Context&);

}  // namespace retroplume
