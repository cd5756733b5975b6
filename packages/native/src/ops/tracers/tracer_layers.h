#pragma once
#include "ops/tracers/tracers.h"

/** What the equations of tracers.h say of one cell or one face, for processors and for GPUs. */
namespace retroplume {

constexpr float kTracerTop = 1500.0f;  // m
constexpr float kTracerUpperHeight = 1000.0f, kTracerWindHeight = 10.0f, kTracerWindPower = 1.0f / 7.0f;
constexpr float kTracerHour = 3600.0f;  // s

/** h of a PBL in m, or of 1 / PBL. */
RETROPLUME_HOST_DEVICE inline float mixedHeight(float value, bool inverse) {
  constexpr float kLowest = 100.0f;
  const float height = inverse ? 1.0f / value : value;
  return height < kLowest ? kLowest : height > kTracerTop ? kTracerTop : height;
}

/** Parts of the upper mass that come down, and of the lower that stay above. */
struct TracerExchange {
  float down, up;
};

RETROPLUME_HOST_DEVICE inline TracerExchange tracerExchange(float before, float now) {
  const float room = kTracerTop - before;
  return {now > before ? (now - before) / (room > 1.0f ? room : 1.0f) : 0.0f, now < before ? (before - now) / before : 0.0f};
}

/** Whether it is emitted into the lower layer. */
RETROPLUME_HOST_DEVICE inline bool staysBelow(const TracerKind& kind, float height) {
  constexpr float kStackTop = 300.0f;
  return !kind.aloft || height >= kStackTop;
}

/** Steps of an hour in which the largest Courant number of one step would be `largest`. */
[[gnu::always_inline]] inline int tracerSteps(float largest) {
  constexpr float kLargestCourant = 0.8f;
  /** Winds that would need more are no winds. */
  constexpr int kMost = 1000;
  const float steps = __builtin_ceilf(largest / kLargestCourant);
  return steps < 1 ? 1 : steps > kMost ? kMost : static_cast<int>(steps);
}

/**
 * Of a face between cells i − 1 and i, with ν⁺, ν⁻ the positive and negative part of its Courant number:
 *   F_i = ν⁺·(q_{i−1} + ¼(1 − ν⁺)(q_i − q_{i−2})) + ν⁻·(q_i − ¼(1 + ν⁻)(q_{i+1} − q_{i−1}))        q_i ← q_i − (F_{i+1} − F_i)
 */
struct TracerFace {
  float plus, minus, a, b;

  RETROPLUME_HOST_DEVICE explicit TracerFace(float courant) : plus(courant > 0.0f ? courant : 0.0f), minus(courant < 0.0f ? courant : 0.0f) {
    a = 0.25f * plus * (1.0f - plus), b = 0.25f * minus * (1.0f + minus);
  }
  RETROPLUME_HOST_DEVICE float flux(float twoBefore, float before, float after, float twoAfter) const {
    return plus * before + minus * after + a * (after - twoBefore) - b * (twoAfter - before);
  }
};

}  // namespace retroplume
