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

/** Calls body(strip, thread) for all strips of images of so many pixels each, each thread taking one run of them. No strip has pixels of two images.
 */
template <class Body>
[[gnu::always_inline]] inline void forEachImageStrip(int64_t images, int64_t pixels, int64_t channels, const Context& context, Body body) {
  const int64_t strips = ceilDivide(pixels, kStripPixels);
  inParallel(context, threadsFor(images * pixels * channels, context), [&](const Worker& worker) {
    const Range share = shareOf(images * strips, worker.threads, worker.thread);
    for (int64_t s = share.begin; s < share.end; ++s) {
      const int64_t first = s % strips * kStripPixels;
      body(Strip{s / strips * pixels + first, smaller(kStripPixels, pixels - first)}, worker.thread);
    }
  });
}

template <class Body>
[[gnu::always_inline]] inline void forEachStrip(int64_t pixels, int64_t channels, const Context& context, Body body) {
  forEachImageStrip(1, pixels, channels, context, body);
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
