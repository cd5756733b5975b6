#pragma once
#include <cstdint>

#include "runtime/cuda/elementwise.h"

/**
 * Element-wise kernels that move 16 bytes at once where the arrays allow it, written once for packs of four elements and for single ones:
 *
 *   forEachPack(elements, fours, [&](int64_t i, auto width) { keep(output, i, mapPacks(f, fetch(width, input, i))); });
 */
namespace retroplume {

template <int N>
struct Width {
  static constexpr int value = N;
};

template <int N>
struct Pack {
  float at[N];
};

template <int N, class T>
__device__ __forceinline__ Pack<N> fetch(Width<N>, const Global<T>& from, int64_t index) {
  static_assert(N == 1 || N == 4);
  if constexpr (N == 4) {
    const float4 x = load4(from, index);
    return {{x.x, x.y, x.z, x.w}};
  } else {
    return {{from[index]}};
  }
}

template <int N>
__device__ __forceinline__ void keep(const Global<float>& to, int64_t index, const Pack<N>& x) {
  static_assert(N == 1 || N == 4);
  if constexpr (N == 4) {
    store4(to, index, make_float4(x.at[0], x.at[1], x.at[2], x.at[3]));
  } else {
    to[index] = x.at[0];
  }
}

/** f of the elements at each place. */
template <class Function, int N, class... Rest>
__device__ __forceinline__ Pack<N> mapPacks(Function f, const Pack<N>& first, const Rest&... rest) {
  Pack<N> result;
  for (int k = 0; k < N; ++k) result.at[k] = f(first.at[k], rest.at[k]...);
  return result;
}

/** Calls body(i, width) for packs that cover every element once: packs of four, then what remains, if `fours`; else single elements. */
template <class Body>
__device__ __forceinline__ void forEachPack(int64_t elements, bool fours, Body body) {
  const int64_t packs = fours ? elements / 4 : 0;
  forEachElement(packs, [&](int64_t pack) { body(4 * pack, Width<4>()); });
  forEachElement(elements - 4 * packs, [&](int64_t i) { body(4 * packs + i, Width<1>()); });
}

inline dim3 packBlocks(int64_t elements, bool fours) { return elementBlocks(fours ? (elements + 3) / 4 : elements); }

/** Whether all arrays begin at multiples of 16 bytes; one that is not given does. */
template <class... T>
bool aligned16(const T*... arrays) {
  return ((reinterpret_cast<uintptr_t>(arrays) % 16 == 0) && ...);
}

}  // namespace retroplume
