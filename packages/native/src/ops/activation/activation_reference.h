#pragma once
#include <cstring>
#include <type_traits>

#include "ops/activation/activation.h"

/** The plain form of activations and derivatives, for the reference kernels. */
namespace retroplume {

template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <class T>
bool isMarked(T y) {
  BitsOf<T> bits;
  std::memcpy(&bits, &y, sizeof y);
  return bits & 1;
}

template <class T>
T marked(T y, bool positive) {
  BitsOf<T> bits;
  std::memcpy(&bits, &y, sizeof y);
  bits = (bits & ~BitsOf<T>{1}) | (positive ? 1 : 0);
  std::memcpy(&y, &bits, sizeof y);
  return y;
}

/** @param slope - of z's channel */
template <class T>
T activated(T z, int activation, const T* slope) {
  if (activation == 0) return z;
  const T y = z < 0 ? (activation == 1 ? T(0) : *slope * z) : z;
  return activation == 2 ? marked(y, z > 0) : y;
}

/** The derivative for channel `c` of a cell. */
template <class T>
T derivativeAt(const Derivative<T>& d, int64_t cell, int64_t c) {
  if (d.kind == 0) return 1;
  const T y = d.activated[cell * d.stride + c];
  if (d.kind == 1) return y > 0 ? 1 : 0;
  return isMarked(y) ? 1 : d.slope[c];
}

/** gradient [cells, channels], cells `stride` apart, times the derivative. */
template <class T>
void differentiate(const Derivative<T>& d, int64_t cells, int64_t channels, int64_t stride, T* gradient) {
  for (int64_t cell = 0; cell < cells; ++cell) {
    for (int64_t c = 0; c < channels; ++c) gradient[cell * stride + c] *= derivativeAt(d, cell, c);
  }
}

}  // namespace retroplume
