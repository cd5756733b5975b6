#pragma once
#include "ops/simd/simd.h"

/**
 * Vector exponential, sigmoid and tanh. Arguments are cut down to n·ln 2 + r, |r| ≤ ln 2 / 2, with ln 2 in two parts (Cody & Waite), and
 * eʳ − 1 = r + r²·P(r) with the coefficients of Cephes' expf (S. Moshier). Errors measured by ops/unary/unary.test.ts over [−20, 20]:
 * each result within 4e-7 of the true value, relative to it (about 3 units in the last place). NaN gives NaN.
 */
namespace retroplume::RETROPLUME_ISA {

/** eˣ = power·(fraction + 1), so that both eˣ and eˣ − 1 can be had without cancellation. x must lie in [−87, 88]. */
struct Exponential {
  Vector power;     // 2ⁿ
  Vector fraction;  // eʳ − 1
};

[[gnu::always_inline]] inline Exponential splitExponential(Vector x) {
  // Adding 1.5·2²³ leaves the nearest integer in the low bits of the mantissa.
  constexpr float kRound = 12582912.0f;
  const Vector shifted = x * 1.44269504088896341f + kRound;
  const Vector n = shifted - kRound;
  const Vector r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  Vector p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const IntVector exponent = ((IntVector)shifted << 23) + 0x3f800000;  // of the integer's low bits only: the rest is shifted out
  return {(Vector)exponent, p * (r * r) + r};
}

[[gnu::always_inline]] inline Vector limit(Vector x, float low, float high) { return limitAbove(limitBelow(x, low), high); }

/** 0 below −87.33, where floats become subnormal; infinity above 88.72. */
[[gnu::always_inline]] inline Vector exponential(Vector x) {
  // 2ⁿ reaches n = 127 only: what lies above 88 is a second factor, which overflows to infinity where it should.
  const Exponential e = splitExponential(limit(x, -87.33654f, 88.0f));
  const Vector y = e.power * e.fraction + e.power;
  const Exponential rest = splitExponential(limit(x - 88.0f, 0.0f, 1.0f));
  const Vector large = y * (rest.power * rest.fraction + rest.power);
  return x > 88.0f ? large : x < -87.33654f ? Vector{} : y;
}

/** 1/(1 + e⁻ˣ); 1.6e-38 instead of less below −87. */
[[gnu::always_inline]] inline Vector sigmoid(Vector x) {
  const Exponential e = splitExponential(limit(-x, -87.0f, 87.0f));
  return reciprocal(e.power * e.fraction + (e.power + 1.0f));
}

/** (e²ˣ − 1)/(e²ˣ + 1), through e²ˣ − 1 so that small x keep their digits; ±1 beyond ±10. */
[[gnu::always_inline]] inline Vector hyperbolicTangent(Vector x) {
  const Exponential e = splitExponential(limit(x + x, -20.0f, 20.0f));
  const Vector t = e.power * e.fraction + (e.power - 1.0f);
  return t * reciprocal(t + 2.0f);
}

/**
 * For the gates of the LSTM, where 1/(1 + e⁻ᶻ) is five sixths of the element-wise work: eʳ by its minimax polynomial of degree 5 (relative
 * error 7.7e-8, Remez) and 2ⁿ by the processor where it can. Absolute error of gateSigmoid and gateTanh below 3e-7, measured by
 * ops/lstm/lstm.test.ts; small arguments of gateTanh do not keep their relative precision.
 */
[[gnu::always_inline]] inline Vector gateExponential(Vector x) {
  constexpr float kRound = 12582912.0f;
#if defined(__AVX512F__)
  x = limitAbove(x, 87.0f);  // below, the scaling ends in 0 by itself
#else
  x = limit(x, -87.0f, 87.0f);
#endif
  const Vector shifted = x * 1.44269504088896341f + kRound;
  const Vector n = shifted - kRound;
  const Vector r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  Vector p = splat(0.008298565133468836f);
  p = p * r + 0.04191636887283608f;
  p = p * r + 0.16667564048163314f;
  p = p * r + 0.499988831964353f;
  p = p * r + 0.9999996934893602f;
  p = p * r + 1.0000000733612437f;
#if defined(__AVX512F__)
  return reinterpret_cast<Vector>(_mm512_scalef_ps(reinterpret_cast<__m512>(p), reinterpret_cast<__m512>(n)));
#else
  return p * (Vector)(((IntVector)shifted << 23) + 0x3f800000);
#endif
}

[[gnu::always_inline]] inline Vector gateSigmoid(Vector z) { return reciprocal(1.0f + gateExponential(-z)); }
[[gnu::always_inline]] inline Vector gateTanh(Vector z) { return 1.0f - 2.0f * reciprocal(1.0f + gateExponential(z + z)); }

}  // namespace retroplume::RETROPLUME_ISA
