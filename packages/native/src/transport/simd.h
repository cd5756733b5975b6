// Vectorisation: row kernels are compiled for several instruction sets and the loader picks one. Not under the thread sanitizer, which is not at work
// yet when the loader does.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__linux__) && !defined(__SANITIZE_THREAD__)
#define RETROPLUME_ROW_KERNEL __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define RETROPLUME_ROW_KERNEL
#endif
// Helpers of row kernels: a call in a loop keeps it scalar, and GCC's own judgement leaves these as calls inside the clones.
#if defined(__GNUC__)
#define RETROPLUME_INLINE inline __attribute__((always_inline))
#else
#define RETROPLUME_INLINE inline
#endif

namespace retroplume {

// By value: std::min and std::max return references, which GCC turns into branches that keep a loop scalar.
RETROPLUME_INLINE double larger(double a, double b) { return a > b ? a : b; }
RETROPLUME_INLINE double smaller(double a, double b) { return a < b ? a : b; }

// e^x to 2 ulp for |x| < 700 (clamped beyond), free of branches and calls so that loops over it vectorise: range reduction by
// ln 2 in two parts (Cody & Waite 1980), Taylor polynomial of degree 12 on |r| <= ln2/2.
RETROPLUME_INLINE double expVector(double x) {
  constexpr double kMagic = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer, held in the low mantissa bits
  x = smaller(larger(x, -700.0), 700.0);
  const double t = x * 1.4426950408889634 + kMagic;
  const double n = t - kMagic;
  const double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  double p = 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  std::uint64_t bits;  // without a sign: that of a small exponent must not be shifted
  std::memcpy(&bits, &t, sizeof bits);
  bits = (bits + 1023) << 52;
  double scale;
  std::memcpy(&scale, &bits, sizeof scale);
  return p * scale;
}

}  // namespace retroplume
