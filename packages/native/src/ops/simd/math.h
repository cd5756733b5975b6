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
 * For the gates of the LSTM, where 1/(1 + eᵃ) is five sixths of the element-wise work: whoever makes the argument gives it in base 2, t = a·log₂e, at
 * no cost where it is a product with weights that can hold the factor. t is cut into an integer and a fraction f, exactly; 2ᶠ by its minimax
 * polynomial of degree 5 (relative error 7.5e-8, Remez).
 */
constexpr float kLog2E = 1.44269504088896341f;

/**
 * x becomes 1/(1 + 2ᵗ) for each of N arguments t, limited to 125 (and −125), where sum and reciprocal still are normal numbers. Each is a chain
 * of fourteen (AVX-512) or eighteen instructions of which nearly all wait for the one before; few side by side (four) leave enough registers for all,
 * twelve spill and take longer.
 */
template <int N>
[[gnu::always_inline]] inline void reciprocalOnePlusPower(Vector (&x)[N]) {
  constexpr float kLargest = 125.0f;
  Vector f[N], power[N];
#if defined(__AVX512F__)
  // 0 ≤ f < 1 and 2ᵗ = 2ᶠ·2ⁿ are one instruction each.
  constexpr float kHighest = 0.001877576683201123f;
  constexpr float kCoefficients[] = {0.008989340141540387f, 0.05582631793488929f, 0.24015361712230837f, 0.6931530731824008f, 0.9999999250645503f};
#pragma GCC unroll 16
  for (int n = 0; n < N; ++n) {
    power[n] = limitAbove(x[n], kLargest);
    f[n] = (Vector)_mm512_reduce_ps((__m512)power[n], _MM_FROUND_TO_NEG_INF);
  }
#else
  constexpr float kRound = 12582912.0f;
  constexpr float kHighest = 0.0013276471979478776f;
  constexpr float kCoefficients[] = {0.00967554133421605f, 0.05550713273542586f, 0.24022119723848476f, 0.6931469670647331f, 1.0000000716546822f};
#pragma GCC unroll 16
  for (int n = 0; n < N; ++n) {
    const Vector t = limit(x[n], -kLargest, kLargest);
    const Vector shifted = t + kRound;
    f[n] = t - (shifted - kRound);
    power[n] = (Vector)(((IntVector)shifted << 23) + 0x3f800000);
  }
#endif
#pragma GCC unroll 16
  for (int n = 0; n < N; ++n) x[n] = splat(kHighest);
#pragma GCC unroll 5
  for (float coefficient : kCoefficients) {
#pragma GCC unroll 16
    for (int n = 0; n < N; ++n) x[n] = x[n] * f[n] + coefficient;
  }
#pragma GCC unroll 16
  for (int n = 0; n < N; ++n) {
#if defined(__AVX512F__)
    x[n] = (Vector)_mm512_scalef_ps((__m512)x[n], (__m512)power[n]) + 1.0f;
#else
    x[n] = x[n] * power[n] + 1.0f;
#endif
  }
#pragma GCC unroll 16
  for (int n = 0; n < N; ++n) x[n] = reciprocal(x[n]);
}

/** sigmoid(z) = 1/(1 + 2ᵗ) for t = kSigmoidScale·z; tanh(z) = 1 − 2/(1 + 2ᵗ) for t = kTanhScale·z. Absolute errors below 3e-7, measured by
 * ops/lstm/lstm.slow.test.ts; the tanh of small z does not keep its relative precision. */
constexpr float kSigmoidScale = -kLog2E;
constexpr float kTanhScale = 2.0f * kLog2E;

/** x becomes tanh(x). */
template <int N>
[[gnu::always_inline]] inline void gateTanh(Vector (&x)[N]) {
#pragma GCC unroll 16
  for (int n = 0; n < N; ++n) x[n] *= kTanhScale;
  reciprocalOnePlusPower(x);
#pragma GCC unroll 16
  for (int n = 0; n < N; ++n) x[n] = 1.0f - 2.0f * x[n];
}

}  // namespace retroplume::RETROPLUME_ISA
