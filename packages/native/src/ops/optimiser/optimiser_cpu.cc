#include "ops/optimiser/optimiser.h"
#include "ops/simd/elementwise.h"

namespace retroplume::RETROPLUME_ISA {

void adam(const Adam<float>& call, const Context& context) {
  const double step = *call.step;
  const float rate = static_cast<float>(*call.learningRate / (1 - __builtin_pow(call.beta1, step)));
  const float root = static_cast<float>(1 / __builtin_sqrt(1 - __builtin_pow(call.beta2, step)));
  const float beta1 = static_cast<float>(call.beta1), beta2 = static_cast<float>(call.beta2);
  const float rest1 = static_cast<float>(1 - call.beta1), rest2 = static_cast<float>(1 - call.beta2);
  const float epsilon = static_cast<float>(call.epsilon), l2 = static_cast<float>(call.l2);
  forEachShare(call.elements, kShareUnit, context, [&](Range range, int, int) {
    forEachVector(range, [&](int64_t e, int valid) {
      const Vector p = fetch(call.parameter + e, valid);
      const Vector g = fetch(call.gradient + e, valid) + l2 * p;
      const Vector m = beta1 * fetch(call.firstMoment + e, valid) + rest1 * g;
      const Vector v = beta2 * fetch(call.secondMoment + e, valid) + rest2 * g * g;
      keep(call.firstMoment + e, m, valid);
      keep(call.secondMoment + e, v, valid);
      keep(call.parameter + e, p - rate * m / (squareRoot(v) * root + epsilon), valid);
    });
  });
}

void sgdProject(const SgdProject<float>& call, const Context& context) {
  const float rate = *call.learningRate;
  forEachShare(call.elements, kShareUnit, context, [&](Range range, int, int) {
    forEachVector(range, [&](int64_t e, int valid) {
      Vector value = fetch(call.value + e, valid) - rate * fetch(call.gradient + e, valid);
      if (call.lower != nullptr) {
        const Vector lower = fetch(call.lower + e, valid);
        value = value < lower ? lower : value;  // a NaN stays one
      }
      if (call.upper != nullptr) {
        const Vector upper = fetch(call.upper + e, valid);
        value = value > upper ? upper : value;
      }
      keep(call.value + e, value, valid);
    });
  });
}

void clipNorm(const ClipNorm<float>& call, const Context& context) {
  const double squares = sumArray(call.elements, context, static_cast<double*>(context.scratch), [&](int64_t e, int valid) {
    const Vector g = fetch(call.gradient + e, valid);
    return g * g;
  });
  const double norm = __builtin_sqrt(squares);
  if (call.output != nullptr) *call.output = static_cast<float>(norm);
  if (!(norm > call.maxNorm)) return;
  const Vector factor = splat(static_cast<float>(call.maxNorm / norm));
  mapArray(call.gradient, call.gradient, call.elements, context, [=](Vector g) { return g * factor; });
}

}  // namespace retroplume::RETROPLUME_ISA
