#pragma once
#include "ops/simd/scratch.h"
#include "ops/upconv2x2/upconv2x2.h"

namespace retroplume {

/** Cells of a grid row that a thread takes to the tile unit at once. */
constexpr int64_t kUpconvBlockCells = 2 * kOperandRows;

/**
 * How the fast kernels divide their scratch memory, in floats: packed weights and bias or slopes, or one partial sum of weights and bias a thread; on
 * the tile unit packed weights, then for each thread two left operands.
 */
struct Upconv2x2Scratch {
  int64_t bias, partial, left, leftFloats, total;
  [[gnu::always_inline]] Upconv2x2Scratch(const Upconv2x2Params& p, int threads) {
    const int64_t in = roundUp(p.inChannels), out = roundUp(p.outChannels);
    const int64_t forward = 4 * p.inChannels * out, backward = 4 * p.outChannels * in;
    bias = forward > backward ? forward : backward;
    partial = bias + (in > out ? in : out);
    left = operandFloats(4 * out, in) > operandFloats(in, 4 * out) ? operandFloats(4 * out, in) : operandFloats(in, 4 * out);
    leftFloats = operandFloats(kUpconvBlockCells, in > 4 * out ? in : 4 * out);
    const int64_t vectors = partial * threads, tiles = left + 2 * leftFloats * threads;
    total = vectors > tiles ? vectors : tiles;
  }
};

}  // namespace retroplume
