#pragma once
#include <cstdint>

#include "ops/simd/scratch.h"

/** How the Winograd convolutions divide their scratch memory, in floats. */
namespace retroplume {

/**
 * Tiles that are transformed together. A multiple of 12, which all register tiles divide (simd/gemm_tile.h). Forward, anything from 12 to 96 takes
 * the same time; the weight gradient passes over its sums once a block and is a quarter slower with 12.
 */
constexpr int64_t kWinogradBlockTiles = 48;

/** From one transformed matrix to the next: the last 16 floats keep the 36 writes of a transform from falling into the same cache sets. */
[[gnu::always_inline]] inline int64_t winogradStride(int64_t rows, int64_t columns) { return rows * columns + kWidestLanes; }

/** Forward and data gradient: transformed and packed weights [36][in, out], bias, slope; for each thread a patch and a block's inputs and outputs. */
struct WinogradScratch {
  int64_t bias, slope, threadsBegin, inputs, outputs, perThread, total;
  [[gnu::always_inline]] WinogradScratch(int64_t in, int64_t out, int threads) {
    bias = 36 * winogradStride(in, roundUp(out));
    slope = bias + roundUp(out);
    threadsBegin = slope + roundUp(out);
    inputs = 36 * roundUp(in);
    outputs = inputs + 36 * winogradStride(kWinogradBlockTiles, roundUp(in));
    perThread = outputs + 36 * winogradStride(kWinogradBlockTiles, roundUp(out));
    total = threadsBegin + perThread * threads;
  }
};

/** Weight gradient: for each thread a partial sum [36][in, out] (or with in and out exchanged), one of the bias and a block's share of it, a
 * patch, a block's inputs and gradients. */
struct WinogradWeightScratch {
  int64_t bias, blockBias, patch, inputs, gradients, perThread, total;
  [[gnu::always_inline]] WinogradWeightScratch(int64_t in, int64_t out, int threads) {
    const int64_t plain = in * roundUp(out), exchanged = out * roundUp(in);
    bias = 36 * winogradStride(1, plain > exchanged ? plain : exchanged);
    blockBias = bias + roundUp(out);
    patch = blockBias + roundUp(out);
    inputs = patch + 36 * roundUp(in > out ? in : out);
    gradients = inputs + 36 * winogradStride(kWinogradBlockTiles, roundUp(in));
    perThread = gradients + 36 * winogradStride(kWinogradBlockTiles, roundUp(out));
    total = perThread * threads;
  }
};

}  // namespace retroplume
