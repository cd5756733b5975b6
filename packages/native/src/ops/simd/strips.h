#pragma once
#include "ops/simd/elementwise.h"

/**
 * Loops over [pixels, C] a strip of pixels at a time, in the order of memory; pixels may lie apart, as the channels of a larger array do. Constants
 * and sums of the channels are read from the first-level cache: with one vector of channels after the other they would stay in registers, but a strip
 * would be walked with the stride of a pixel, which the prefetchers follow badly (64 channels: 2 times slower).
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
  inParallel(context, threadsFor(pixels * channels, context), [&](const Worker& worker) {
    const Range share = shareOf(strips, worker.threads, worker.thread);
    for (int64_t s = share.begin; s < share.end; ++s) body(Strip{s * kStripPixels, smaller(kStripPixels, pixels - s * kStripPixels)}, worker.thread);
  });
}

/** Calls body(pixel of the strip, first channel, valid) for all vectors of a strip. */
template <class Body>
[[gnu::always_inline]] inline void forEachStripVector(const Strip& strip, int64_t channels, Body body) {
  for (int64_t i = 0; i < strip.pixels; ++i) forEachVector({0, channels}, [&](int64_t c, int valid) { body(i, c, valid); });
}

[[gnu::always_inline]] inline void addTo(float* sum, Vector v) { store(sum, load(sum) + v); }

/** totals[c] += sums[c], which are cleared: float sums of a strip go into double ones. */
inline void foldSums(int64_t channels, float* sums, double* totals) {
  for (int64_t c = 0; c < channels; ++c) {
    totals[c] += sums[c];
    sums[c] = 0;
  }
}

}  // namespace retroplume::RETROPLUME_ISA
