#pragma once
#include <cstdint>
#include <cstring>

#include "runtime/context.h"

/**
 * Standard normal numbers out of random words, two of two (Box & Muller 1958, doi:10.1214/aoms/1177706645), written once for one number (OneNumber)
 * and for vectors of them (normal_lanes.h): √(−2 ln u) times the cosine and the sine of an angle, with u = (⌊w₀/2⁸⌋ + 1)/2²⁴ and w₁/2³² turns. The
 * largest is 5.77. Within 2e-6 of that in double; two processors may differ by as much.
 */
namespace retroplume {

struct OneNumber {
  using Float = float;
  using Int = int32_t;
  using Word = uint32_t;

  RETROPLUME_HOST_DEVICE static inline int32_t bits(float x) {
#if defined(__CUDA_ARCH__)
    return __float_as_int(x);
#else
    int32_t of;
    __builtin_memcpy(&of, &x, sizeof of);
    return of;
#endif
  }
  RETROPLUME_HOST_DEVICE static inline float fromBits(int32_t of) {
#if defined(__CUDA_ARCH__)
    return __int_as_float(of);
#else
    float x;
    __builtin_memcpy(&x, &of, sizeof x);
    return x;
#endif
  }
  RETROPLUME_HOST_DEVICE static inline float number(int32_t x) { return static_cast<float>(x); }
  RETROPLUME_HOST_DEVICE static inline float root(float x) {
#if defined(__CUDA_ARCH__)
    return sqrtf(x);
#else
    return __builtin_sqrtf(x);
#endif
  }
};

/** ln u for 0 < u ≤ 1 that is no subnormal: of 2ᵉ·(1 + f) with −0.3 < f < 0.42, by the polynomial of Cephes' logf (Moshier 1992). */
template <class Of>
RETROPLUME_HOST_DEVICE inline typename Of::Float logarithm(typename Of::Float u) {
  using Float = typename Of::Float;
  constexpr int32_t kRootOfHalf = 0x3f3504f3;
  const typename Of::Int bits = Of::bits(u), exponent = (bits - kRootOfHalf) >> 23;
  const Float f = Of::fromBits(bits - exponent * (1 << 23)) - 1.0f, z = f * f;
  Float y = 7.0376836292e-2f * f - 1.1514610310e-1f;
  y = y * f + 1.1676998740e-1f;
  y = y * f - 1.2420140846e-1f;
  y = y * f + 1.4249322787e-1f;
  y = y * f - 1.6668057665e-1f;
  y = y * f + 2.0000714765e-1f;
  y = y * f - 2.4999993993e-1f;
  y = y * f + 3.3333331174e-1f;
  return Of::number(exponent) * 0.693147181f + (f + (y * f - 0.5f) * z);
}

/** The normal numbers that two words become. */
template <class Of>
RETROPLUME_HOST_DEVICE inline void normalPair(typename Of::Word first, typename Of::Word second, typename Of::Float& cosine,
                                              typename Of::Float& sine) {
  using Float = typename Of::Float;
  using Int = typename Of::Int;
  const Float u = Of::number((Int)(first >> 8) + 1) * 0x1p-24f;
  const Float radius = Of::root(-2.0f * logarithm<Of>(u));
  // The nearest quarter turn, and what remains of the angle: an eighth of a turn at most.
  const typename Of::Word quarter = (second + 0x20000000u) >> 30;
  const Float x = Of::number((Int)(second - (quarter << 30))) * 0x1p-32f, z = x * x;
  const Float s = x * (6.28318531f + z * (-41.3417022f + z * (81.6052493f + z * (-76.7058597f + z * 42.0586939f))));
  const Float c = 1.0f + z * (-19.7392088f + z * (64.9393940f + z * (-85.4568172f + z * 60.2446414f)));
  const auto odd = (Int)(quarter & 1u) != 0, left = (Int)((quarter + 1u) & 2u) != 0, below = (Int)(quarter & 2u) != 0;
  const Float along = odd ? s : c, across = odd ? c : s;
  cosine = radius * (left ? -along : along);
  sine = radius * (below ? -across : across);
}

/**
 * Which number multiplies an element of an array with noise, so that vectors make vectors: those of a row of elements come from counters whose second
 * word is the row, 64 elements from 16 counters, element 64·b + 16·j + l of the row from counter 16·b + l. Its words are four normal numbers, j = 0
 * … 3.
 */
constexpr int64_t kNormalBlock = 64, kNormalCounters = 16;

}  // namespace retroplume
