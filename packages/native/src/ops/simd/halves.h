#pragma once
#include "ops/simd/simd.h"

/** Numbers in half precision (IEEE 754 binary16) as vectors of floats; written with integers, so that every instruction set gives the same bits. */
namespace retroplume::RETROPLUME_ISA {

typedef uint16_t HalfVector __attribute__((vector_size(kLanes * 2)));

[[gnu::always_inline]] inline IntVector select(IntVector mask, IntVector yes, IntVector no) { return (mask & yes) | (~mask & no); }

/** The first `valid` numbers, 0 in the lanes after them. */
[[gnu::always_inline]] inline Vector fetchHalves(const uint16_t* from, int valid) {
  HalfVector halves = {};
  if (valid == kLanes)
    __builtin_memcpy(&halves, from, sizeof halves);
  else
    __builtin_memcpy(&halves, from, static_cast<size_t>(valid) * 2);
  const IntVector bits = __builtin_convertvector(halves, IntVector), size = bits & 0x7fff;
  constexpr int32_t kBias = (127 - 15) << 23;
  const IntVector normal = (size << 13) + kBias;
  const Vector small = __builtin_convertvector(size, Vector) * 0x1p-24f;
  const IntVector finite = select(size < 0x400, reinterpret_cast<IntVector>(small), normal);
  return reinterpret_cast<Vector>(select(size < 0x7c00, finite, normal + kBias) | ((bits & 0x8000) << 16));
}

/** Rounded to nearest, ties to even; what is larger than 65504 becomes that, and a NaN stays one. */
[[gnu::always_inline]] inline void keepHalves(uint16_t* to, Vector v, int valid) {
  const IntVector bits = reinterpret_cast<IntVector>(v), size = bits & 0x7fffffff;
  constexpr int32_t kLargest = 0x477fe000, kSmallestNormal = 0x38800000, kInfinite = 0x7f800000;
  const IntVector normal = (size + 0xfff + ((size >> 13) & 1) - 0x38000000) >> 13;
  // Adding 2^23 rounds to whole numbers: to multiples of the smallest half, in the last bits.
  const Vector shifted = reinterpret_cast<Vector>(size) * 0x1p24f + 0x1p23f;
  const IntVector small = reinterpret_cast<IntVector>(shifted) - 0x4b000000;
  const IntVector large = select(size > kInfinite, IntVector{} + 0x7e00, IntVector{} + 0x7bff);
  const IntVector half = select(size < kSmallestNormal, small, select(size > kLargest, large, normal)) | ((bits >> 16) & 0x8000);
  const HalfVector out = __builtin_convertvector(half, HalfVector);
  if (valid == kLanes)
    __builtin_memcpy(to, &out, sizeof out);
  else
    __builtin_memcpy(to, &out, static_cast<size_t>(valid) * 2);
}

}  // namespace retroplume::RETROPLUME_ISA
