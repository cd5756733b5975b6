#pragma once
#include <cstdint>

#include "ops/simd/scratch.h"

/** How the Winograd convolutions divide their scratch memory, in floats. */
namespace retroplume {

/**
 * Tiles that are transformed together: as many as keep their transformed windows of all channels in the second-level cache, by dozens, which all
 * register tiles divide (simd/gemm_tile.h).
 */
[[gnu::always_inline]] inline int64_t winogradBlockTiles(int64_t in, int64_t out) {
  constexpr int64_t kDozen = 12, kMost = 4, kCacheFloats = 96 * 1024;
  const int64_t dozens = kCacheFloats / (kDozen * 36 * (in + out));
  return kDozen * (dozens < 1 ? 1 : dozens > kMost ? kMost : dozens);
}

/** Transformed windows of a block, [36][tiles, channels]; the last 16 keep the 36 writes of a transform from falling into the same cache sets. */
[[gnu::always_inline]] inline int64_t winogradBlockFloats(int64_t tiles, int64_t channels) { return 36 * (tiles * roundUp(channels) + kWidestLanes); }

/** Forward and data gradient: transformed and packed weights [36][in, out], bias, slope; for each thread a patch, and a block's inputs and outputs. */
struct WinogradScratch {
  int64_t tiles, bias, slope, threadsBegin, inputs, outputs, perThread, total;
  [[gnu::always_inline]] WinogradScratch(int64_t in, int64_t out, int threads) {
    tiles = winogradBlockTiles(in, out);
    bias = 36 * in * roundUp(out);
    slope = bias + roundUp(out);
    threadsBegin = slope + roundUp(out);
    inputs = 36 * roundUp(in);
    outputs = inputs + winogradBlockFloats(tiles, in);
    perThread = outputs + winogradBlockFloats(tiles, out);
    total = threadsBegin + perThread * threads;
  }
};

/** Weight gradient: for each thread a partial sum [36][in, out] (or with in and out exchanged) and [out] of the bias, a patch, a block's windows of both. */
struct WinogradWeightScratch {
  int64_t tiles, bias, patch, inputs, gradients, perThread, total;
  [[gnu::always_inline]] WinogradWeightScratch(int64_t in, int64_t out, int threads) {
    const int64_t plain = in * roundUp(out), exchanged = out * roundUp(in);
    tiles = winogradBlockTiles(in, out);
    bias = 36 * (plain > exchanged ? plain : exchanged);
    patch = bias + roundUp(out);
    inputs = patch + 36 * roundUp(in > out ? in : out);
    gradients = inputs + winogradBlockFloats(tiles, in);
    perThread = gradients + winogradBlockFloats(tiles, out);
    total = perThread * threads;
  }
};

}  // namespace retroplume
