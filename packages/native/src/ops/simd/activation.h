#pragma once
#include "ops/activation/activation.h"
#include "ops/simd/simd.h"

/** Activations and derivatives (ops/activation/activation.h) of vectors of channels. */
namespace retroplume::RETROPLUME_ISA {

/** `slope`: the slopes of these channels, a whole vector */
[[gnu::always_inline]] inline Vector activate(Vector z, int activation, const float* slope) {
  if (activation == 0) return z;
  const Vector y = z < 0.0f ? (activation == 1 ? Vector{} : z * load(slope)) : z;
  if (activation == 1) return y;
  return reinterpret_cast<Vector>((reinterpret_cast<IntVector>(y) & ~1) | ((z > 0.0f) & 1));
}

/** `kind` as in Derivative, not 0 */
[[gnu::always_inline]] inline Vector differentiate(Vector gradient, int kind, Vector activated, Vector slopes) {
  if (kind == 1) return activated > 0.0f ? gradient : Vector{};
  return (reinterpret_cast<IntVector>(activated) & 1) != 0 ? gradient : gradient * slopes;
}

/** The same with the slopes, a whole vector, at `slope`, which may be null where `kind` needs none. */
[[gnu::always_inline]] inline Vector differentiate(Vector gradient, int kind, Vector activated, const float* slope) {
  return differentiate(gradient, kind, activated, kind == 2 ? load(slope) : Vector{});
}

}  // namespace retroplume::RETROPLUME_ISA
