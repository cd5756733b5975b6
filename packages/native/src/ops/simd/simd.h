#pragma once
#include <cstdint>
#include <cstring>

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

/**
 * Vectors of floats for the fast kernels. Every *_cpu.cc is compiled once for each instruction set, with its own flags and with
 * RETROPLUME_ISA as the name of a namespace, so that the same source gives several kernels in one library (binding/CMakeLists.txt).
 *
 * Such a file must not use templates or inline functions of the standard library: the linker keeps one copy of those for all instruction sets,
 * and it might keep the AVX-512 one.
 *
 * GCC's vector extensions do the arithmetic (+ − * / < ?: element by element); only what they cannot say is an intrinsic here.
 */
namespace retroplume::RETROPLUME_ISA {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float Vector __attribute__((vector_size(kLanes * 4)));
typedef int32_t IntVector __attribute__((vector_size(kLanes * 4)));

[[gnu::always_inline]] inline Vector load(const float* from) {
  Vector v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}

[[gnu::always_inline]] inline void store(float* to, Vector v) { __builtin_memcpy(to, &v, sizeof v); }

[[gnu::always_inline]] inline Vector splat(float x) { return x - Vector{}; }  // x − 0 is x, −0 included, so only a broadcast is left

/**
 * As `store`, past the caches: for results that no cache will hold until they are read, whose lines then need not be read before they are written.
 * `to` must be aligned to a whole vector, and finishStreams come before another thread reads.
 */
[[gnu::always_inline]] inline void stream(float* to, Vector v) {
#if defined(__AVX512F__)
  _mm512_stream_ps(to, reinterpret_cast<__m512>(v));
#elif defined(__AVX2__)
  _mm256_stream_ps(to, reinterpret_cast<__m256>(v));
#else
  store(to, v);
#endif
}

[[gnu::always_inline]] inline void finishStreams() {
#if defined(__AVX2__) || defined(__AVX512F__)
  _mm_sfence();
#endif
}

/** The first `count` (0 … kLanes) elements of v; reads and writes nothing past them. */
[[gnu::always_inline]] inline void storePartial(float* to, Vector v, int count) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1), reinterpret_cast<__m512>(v));
#elif defined(__AVX2__)
  // In pieces of 8, 4, 2, 1: AVX2's masked store takes AMD's processors a dozen cycles.
  if (count >= 8) return _mm256_storeu_ps(to, reinterpret_cast<__m256>(v));
  __m128 part = _mm256_castps256_ps128(reinterpret_cast<__m256>(v));
  if (count & 4) {
    _mm_storeu_ps(to, part);
    part = _mm256_extractf128_ps(reinterpret_cast<__m256>(v), 1);
    to += 4;
  }
  if (count & 2) {
    _mm_storel_pi(reinterpret_cast<__m64*>(to), part);
    part = _mm_movehl_ps(part, part);
    to += 2;
  }
  if (count & 1) _mm_store_ss(to, part);
#else
  for (int i = 0; i < count; ++i) to[i] = v[i];
#endif
}

/** The first `count` elements, 0 in the lanes after them. */
[[gnu::always_inline]] inline Vector loadPartial(const float* from, int count) {
#if defined(__AVX512F__)
  return reinterpret_cast<Vector>(_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), from));
#elif defined(__AVX2__)
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return reinterpret_cast<Vector>(_mm256_maskload_ps(from, _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lane)));
#else
  Vector v = {};
  for (int i = 0; i < count; ++i) v[i] = from[i];
  return v;
#endif
}

/** The first `valid` elements, mostly all of them. */
[[gnu::always_inline]] inline Vector fetch(const float* from, int valid) { return valid == kLanes ? load(from) : loadPartial(from, valid); }

[[gnu::always_inline]] inline void keep(float* to, Vector v, int valid) {
  if (valid == kLanes)
    store(to, v);
  else
    storePartial(to, v, valid);
}

/** x, but not below `low`. A NaN stays one: the instruction returns its second operand where either is NaN. */
[[gnu::always_inline]] inline Vector limitBelow(Vector x, float low) {
#if defined(__AVX512F__)
  return reinterpret_cast<Vector>(_mm512_max_ps(_mm512_set1_ps(low), reinterpret_cast<__m512>(x)));
#elif defined(__AVX2__)
  return reinterpret_cast<Vector>(_mm256_max_ps(_mm256_set1_ps(low), reinterpret_cast<__m256>(x)));
#else
  return x < low ? splat(low) : x;
#endif
}

/** x, but not above `high`. A NaN stays one. */
[[gnu::always_inline]] inline Vector limitAbove(Vector x, float high) {
#if defined(__AVX512F__)
  return reinterpret_cast<Vector>(_mm512_min_ps(_mm512_set1_ps(high), reinterpret_cast<__m512>(x)));
#elif defined(__AVX2__)
  return reinterpret_cast<Vector>(_mm256_min_ps(_mm256_set1_ps(high), reinterpret_cast<__m256>(x)));
#else
  return x > high ? splat(high) : x;
#endif
}

[[gnu::always_inline]] inline Vector squareRoot(Vector v) {
#if defined(__AVX512F__)
  return reinterpret_cast<Vector>(_mm512_sqrt_ps(reinterpret_cast<__m512>(v)));
#elif defined(__AVX2__)
  return reinterpret_cast<Vector>(_mm256_sqrt_ps(reinterpret_cast<__m256>(v)));
#else
  for (int i = 0; i < kLanes; ++i) v[i] = __builtin_sqrtf(v[i]);
  return v;
#endif
}

/** 1/v to 2 units in the last place for 2⁻¹²⁵ < |v| < 2¹²⁵: the processor's estimate and one Newton step, several times faster than a division. */
[[gnu::always_inline]] inline Vector reciprocal(Vector v) {
#if defined(__AVX512F__)
  const Vector estimate = reinterpret_cast<Vector>(_mm512_rcp14_ps(reinterpret_cast<__m512>(v)));
  return estimate * (2.0f - v * estimate);
#elif defined(__AVX2__)
  const Vector estimate = reinterpret_cast<Vector>(_mm256_rcp_ps(reinterpret_cast<__m256>(v)));
  return estimate * (2.0f - v * estimate);
#else
  return 1.0f / v;
#endif
}

typedef uint32_t UintVector __attribute__((vector_size(kLanes * 4)));

/** The 64-bit products of 32-bit lanes with `factor`, as their low and high halves. */
[[gnu::always_inline]] inline void multiplyWide(UintVector a, uint32_t factor, UintVector& low, UintVector& high) {
#if defined(__AVX512F__)
  const __m512i x = reinterpret_cast<__m512i>(a), f = _mm512_set1_epi32(static_cast<int>(factor));
  const __m512i even = _mm512_mul_epu32(x, f), odd = _mm512_mul_epu32(_mm512_srli_epi64(x, 32), f);
  low = reinterpret_cast<UintVector>(_mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32)));
  high = reinterpret_cast<UintVector>(_mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd));
#elif defined(__AVX2__)
  const __m256i x = reinterpret_cast<__m256i>(a), f = _mm256_set1_epi32(static_cast<int>(factor));
  const __m256i even = _mm256_mul_epu32(x, f), odd = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), f);
  low = reinterpret_cast<UintVector>(_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA));
  high = reinterpret_cast<UintVector>(_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA));
#else
  for (int i = 0; i < kLanes; ++i) {
    const uint64_t product = uint64_t{factor} * a[i];
    low[i] = static_cast<uint32_t>(product);
    high[i] = static_cast<uint32_t>(product >> 32);
  }
#endif
}

/** Sum of all lanes, by halves. */
[[gnu::always_inline]] inline float sumLanes(Vector v) {
  float lanes[kLanes];
  store(lanes, v);
#pragma GCC unroll 4
  for (int half = kLanes / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
inline int64_t ceilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }

/** Copies a vector of `count` values into memory of whole vectors, zeros behind; null stays null. */
inline const float* packVector(const float* source, int64_t count, float* packed) {
  if (source == nullptr) return nullptr;
  for (int64_t c = 0; c < ceilDivide(count, kLanes) * kLanes; ++c) packed[c] = c < count ? source[c] : 0.0f;
  return packed;
}

}  // namespace retroplume::RETROPLUME_ISA
