#pragma once
#include "ops/conv2d/conv2d.h"

/**
 * Which convolutions are computed by Winograd's F(4x4, 3x3): where it measured faster than the direct kernel. Time of the direct kernel over that of
 * Winograd's, best of 40, one thread, AVX2 (Zen 3); `node tools/bench/winograd.mjs` makes the table again.
 *
 *   cells    channels   forward   data gradient   weight gradient        cells   channels   forward   data gradient   weight gradient
 *   32x48    4-16        0.9       1.4 (16 to 4)   0.9                     4x4     24-24      0.6        0.7             1.1
 *   32x48    8-8         1.1       1.1             1.2                     8x8     24-24      1.1        1.2             1.3
 *   8x12x12  8-8         0.9       1.0             0.8                     12x12   24-24      1.4        1.5             1.5
 *   8x12x12  8-16        1.2       1.2             1.1                     4x4     128-128    0.5        0.5             1.0
 *   32x48    24-24       2.0       2.0             2.2                     8x8     128-128    1.2        1.2             1.4
 *   32x48    64-64       2.6       2.7             2.9                     12x12   128-128    1.8        1.7             1.8
 *   32x48    128-128     3.0       3.0             3.0
 */
namespace retroplume {

/** Enough tiles of 4x4 cells to make up for transforming the weights. */
inline bool hasWinogradTiles(const Conv2dParams& p) { return p.kernel == 3 && p.batch * ((p.height + 3) / 4) * ((p.width + 3) / 4) >= 8; }

/** Forward from `in` to `out` channels; the data gradient goes from those of the output to those of the input. */
inline bool convolvesByWinograd(const Conv2dParams& p, int64_t in, int64_t out) {
  return p.algorithm == 2 || (p.algorithm == 0 && hasWinogradTiles(p) && in >= 8 && in * out >= 64);
}

inline bool weightGradientByWinograd(const Conv2dParams& p) {
  const int64_t in = p.inChannels, out = p.outChannels;
  return p.algorithm == 2 || (p.algorithm == 0 && hasWinogradTiles(p) && in >= 8 && out >= 8 && in * out >= 128);
}

}  // namespace retroplume
