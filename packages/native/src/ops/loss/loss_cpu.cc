#include "ops/loss/loss.h"
#include "ops/simd/elementwise.h"

// Weight 0 is tested, not multiplied: 0·NaN would be NaN.
namespace retroplume::RETROPLUME_ISA {

namespace {

[[gnu::always_inline]] inline Vector magnitude(Vector x) { return (Vector)((IntVector)x & 0x7fffffff); }

template <class Phi>
double total(const LossForward<float>& call, const Context& context, Phi phi) {
  return sumArray(call.params.elements, context, static_cast<double*>(context.scratch), [&](int64_t e, int valid) {
    const Vector weight = fetch(call.weight + e, valid);
    const Vector term = weight * phi(fetch(call.prediction + e, valid) - fetch(call.target + e, valid));
    return weight == 0.0f ? Vector{} : term;
  });
}

template <class Slope>
void gradient(const LossBackward<float>& call, const Context& context, Slope slope) {
  const double seed = call.gradOutput != nullptr ? *call.gradOutput : 1.0;
  const Vector factor = splat(static_cast<float>(seed / call.params.divisor));
  forEachShare(call.params.elements, kShareUnit, context, [&](Range range, int, int) {
    forEachVector(range, [&](int64_t e, int valid) {
      const Vector weight = fetch(call.weight + e, valid);
      const Vector grad = factor * weight * slope(fetch(call.prediction + e, valid) - fetch(call.target + e, valid));
      keep(call.gradPrediction + e, weight == 0.0f ? Vector{} : grad, valid);
    });
  });
}

}  // namespace

void lossForward(const LossForward<float>& call, const Context& context) {
  const float delta = static_cast<float>(call.params.delta);
  const auto huber = [=](Vector d) {
    const Vector size = magnitude(d);
    return size <= delta ? 0.5f * d * d : delta * (size - 0.5f * delta);
  };
  const double sum = call.params.kind == LossKind::l1   ? total(call, context, [](Vector d) { return magnitude(d); })
                     : call.params.kind == LossKind::l2 ? total(call, context, [](Vector d) { return 0.5f * d * d; })
                                                        : total(call, context, huber);
  *call.output = static_cast<float>(sum / call.params.divisor);
}

void lossBackward(const LossBackward<float>& call, const Context& context) {
  const float delta = static_cast<float>(call.params.delta);
  const Vector one = splat(1.0f);
  switch (call.params.kind) {
    case LossKind::l1:
      return gradient(call, context, [=](Vector d) { return d > 0.0f ? one : d < 0.0f ? -one : d; });
    case LossKind::l2:
      return gradient(call, context, [](Vector d) { return d; });
    case LossKind::huber:
      return gradient(call, context, [=](Vector d) { return d > delta ? splat(delta) : d < -delta ? splat(-delta) : d; });
  }
}

}  // namespace retroplume::RETROPLUME_ISA
