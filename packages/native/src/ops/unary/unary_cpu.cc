#include "ops/simd/elementwise.h"
#include "ops/simd/math.h"
#include "ops/unary/unary.h"

namespace retroplume::RETROPLUME_ISA {

namespace {

[[gnu::always_inline]] inline Vector magnitude(Vector x) { return (Vector)((IntVector)x & 0x7fffffff); }

/** log(1 + e) for 0 ≤ e ≤ 1, as 2·artanh(s) with s = e/(2 + e) ≤ 1/3: the first term left out, s¹⁷/17, is below 1e-9 of the sum. */
[[gnu::always_inline]] inline Vector logOnePlus(Vector e) {
  const Vector s = e / (2.0f + e), square = s * s;
  Vector p = splat(1.0f / 15);
  p = p * square + 1.0f / 13;
  p = p * square + 1.0f / 11;
  p = p * square + 1.0f / 9;
  p = p * square + 1.0f / 7;
  p = p * square + 1.0f / 5;
  p = p * square + 1.0f / 3;
  return 2.0f * s + 2.0f * s * square * p;
}

[[gnu::always_inline]] inline Vector softplus(Vector x) {
  const Vector size = magnitude(x);
  return (x < 0.0f ? Vector{} : x) + logOnePlus(exponential(-size));
}

/** 1 − e^(−y), exact for small y too. */
[[gnu::always_inline]] inline Vector oneMinusExponential(Vector y) {
  const Exponential e = splitExponential(limit(-y, -87.0f, 0.0f));
  return -(e.power * e.fraction + (e.power - 1.0f));
}

template <class Derivative>
void pullBack(const UnaryBackward<float>& call, const Context& context, Derivative derivative) {
  forEachShare(call.params.elements, kShareUnit, context, [&](Range range, int, int) {
    forEachVector(range, [&](int64_t e, int valid) {
      Vector grad = fetch(call.gradOutput + e, valid) * derivative(fetch(call.input + e, valid), fetch(call.output + e, valid));
      if (call.params.accumulate) grad += fetch(call.gradInput + e, valid);
      keep(call.gradInput + e, grad, valid);
    });
  });
}

}  // namespace

void unaryForward(const UnaryForward<float>& call, const Context& context) {
  const auto map = [&](auto f) { mapArray(call.input, call.output, call.params.elements, context, f); };
  switch (call.params.kind) {
    case UnaryKind::relu:
      return map([](Vector x) { return x < 0.0f ? Vector{} : x; });
    case UnaryKind::softplus:
      return map([](Vector x) { return softplus(x); });
    case UnaryKind::sigmoid:
      return map([](Vector x) { return sigmoid(x); });
    case UnaryKind::tanh:
      return map([](Vector x) { return hyperbolicTangent(x); });
    case UnaryKind::exp:
      return map([](Vector x) { return exponential(x); });
    case UnaryKind::abs:
      return map([](Vector x) { return magnitude(x); });
    case UnaryKind::square:
      return map([](Vector x) { return x * x; });
  }
}

void unaryBackward(const UnaryBackward<float>& call, const Context& context) {
  const Vector one = splat(1.0f);
  const auto pull = [&](auto derivative) { pullBack(call, context, derivative); };
  switch (call.params.kind) {
    case UnaryKind::relu:
      return pull([=](Vector x, Vector) { return x > 0.0f ? one : Vector{}; });
    case UnaryKind::softplus:
      return pull([](Vector, Vector y) { return oneMinusExponential(y); });
    case UnaryKind::sigmoid:
      return pull([](Vector, Vector y) { return y - y * y; });
    case UnaryKind::tanh:
      return pull([](Vector, Vector y) { return 1.0f - y * y; });
    case UnaryKind::exp:
      return pull([](Vector, Vector y) { return y; });
    case UnaryKind::abs:
      return pull([=](Vector x, Vector) { return x > 0.0f ? one : x < 0.0f ? -one : Vector{}; });
    case UnaryKind::square:
      return pull([](Vector x, Vector) { return x + x; });
  }
}

}  // namespace retroplume::RETROPLUME_ISA
