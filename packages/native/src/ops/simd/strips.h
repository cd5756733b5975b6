#pragma once
#include "ops/simd/elementwise.h"

/**
 * Loops over [pixels, C] a strip of pixels at a time, and in a strip one vector of channels after the other: what belongs to those channels,
 * constants and sums, stays in registers for all pixels of the strip, and the strip stays in the first-level cache. Pixels may lie apart, as the
 * channels of a larger array do.
 */
namespace retroplume::RETROPLUME_ISA {

/** Whatever their channels, 64 pixels are whole blocks of dropout (ops/dropout/dropout.h). */
constexpr int64_t kStripPixels = 64;

struct Strip {
  int64_t first, pixels;
};

/** Calls body(strip, thread) for all strips, each thread taking one run of them. */
template <class Body>
[[gnu::always_inline]] inline void forEachStrip(int64_t pixels, int64_t channels, const Context& context, Body body) {
  const int64_t strips = ceilDivide(pixels, kStripPixels);
#pragma omp parallel num_threads(threadsFor(pixels* channels, context))
  {
    const int thread = omp_get_thread_num();
    const Range share = shareOf(strips, omp_get_num_threads(), thread);
    for (int64_t s = share.begin; s < share.end; ++s) body(Strip{s * kStripPixels, smaller(kStripPixels, pixels - s * kStripPixels)}, thread);
  }
}

}  // namespace retroplume::RETROPLUME_ISA
