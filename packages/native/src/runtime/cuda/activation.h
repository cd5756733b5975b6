#pragma once
#include "runtime/cuda/device.h"

/** Activations and derivatives (ops/activation/activation.h) in kernels. */
namespace retroplume {

/** `slope`: of z's channel, where the activation has one */
__device__ __forceinline__ float activated(float z, int activation, float slope) {
  if (activation == 0) return z;
  const float y = z < 0.0f ? (activation == 1 ? 0.0f : slope * z) : z;
  return activation == 1 ? y : __int_as_float((__float_as_int(y) & ~1) | (z > 0.0f ? 1 : 0));
}

/** `kind` as in Derivative, not 0 */
__device__ __forceinline__ float differentiated(float gradient, int kind, float activated, float slope) {
  if (kind == 1) return activated > 0.0f ? gradient : 0.0f;
  return (__float_as_int(activated) & 1) != 0 ? gradient : slope * gradient;
}

}  // namespace retroplume
