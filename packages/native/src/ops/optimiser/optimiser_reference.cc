#include <cmath>

#include "ops/optimiser/optimiser.h"

namespace retroplume {

template <class T>
void adamReference(const Adam<T>& call, const Context&) {
  const double correction1 = 1 - std::pow(call.beta1, static_cast<double>(*call.step));
  const double correction2 = 1 - std::pow(call.beta2, static_cast<double>(*call.step));
  const T rate = static_cast<T>(*call.learningRate / correction1), root = static_cast<T>(1 / std::sqrt(correction2));
  const T beta1 = static_cast<T>(call.beta1), beta2 = static_cast<T>(call.beta2);
  const T rest1 = static_cast<T>(1 - call.beta1), rest2 = static_cast<T>(1 - call.beta2);
  const T epsilon = static_cast<T>(call.epsilon), l2 = static_cast<T>(call.l2);
  for (int64_t i = 0; i < call.elements; ++i) {
    const T g = call.gradient[i] + l2 * call.parameter[i];
    const T m = call.firstMoment[i] = beta1 * call.firstMoment[i] + rest1 * g;
    const T v = call.secondMoment[i] = beta2 * call.secondMoment[i] + rest2 * g * g;
    call.parameter[i] -= rate * m / (std::sqrt(v) * root + epsilon);
  }
}

template <class T>
void sgdProjectReference(const SgdProject<T>& call, const Context&) {
  for (int64_t i = 0; i < call.elements; ++i) {
    T value = call.value[i] - *call.learningRate * call.gradient[i];
    if (call.lower && value < call.lower[i]) value = call.lower[i];
    if (call.upper && value > call.upper[i]) value = call.upper[i];
    call.value[i] = value;
  }
}

template <class T>
void clipNormReference(const ClipNorm<T>& call, const Context&) {
  double sum = 0;
  for (int64_t i = 0; i < call.elements; ++i) sum += static_cast<double>(call.gradient[i]) * call.gradient[i];
  const double norm = std::sqrt(sum);
  if (call.output) *call.output = static_cast<T>(norm);
  if (!(norm > call.maxNorm)) return;
  for (int64_t i = 0; i < call.elements; ++i) call.gradient[i] *= static_cast<T>(call.maxNorm / norm);
}

template void adamReference(const Adam<float>&, const Context&);
template void adamReference(const Adam<double>&, const Context&);
template void sgdProjectReference(const SgdProject<float>&, const Context&);
template void sgdProjectReference(const SgdProject<double>&, const Context&);
template void clipNormReference(const ClipNorm<float>&, const Context&);
template void clipNormReference(const ClipNorm<double>&, const Context&);

}  // namespace retroplume
