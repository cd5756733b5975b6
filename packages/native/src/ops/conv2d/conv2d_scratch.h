#pragma once
#include "ops/conv2d/conv2d.h"
#include "ops/simd/scratch.h"

/** How the fast convolutions divide their scratch memory, in floats. */
namespace retroplume {

constexpr int64_t kConv2dPatchCells = 14;  // widest tile, see simd/gemm_tile.h

/** Forward and data gradient: packed weights [K·K·in, out], bias and slope, one patch a thread. */
struct Conv2dRowScratch {
  int64_t bias, slope, patches, patch, total;
  [[gnu::always_inline]] Conv2dRowScratch(int64_t kernel, int64_t in, int64_t out, int threads) {
    bias = kernel * kernel * in * roundUp(out);
    slope = bias + roundUp(out);
    patches = slope + roundUp(out);
    patch = roundUp(kernel * (kConv2dPatchCells + kernel - 1) * in);
    total = patches + patch * threads;
  }
};

/** Weight gradient: one partial sum a thread, of the weights [K·K·in, out] (or with in and out exchanged) and then the bias [out]. */
struct Conv2dWeightScratch {
  int64_t bias, partial, total;
  [[gnu::always_inline]] Conv2dWeightScratch(int64_t kernel, int64_t in, int64_t out, int threads) {
    const int64_t plain = in * roundUp(out), exchanged = out * roundUp(in);
    bias = kernel * kernel * (plain > exchanged ? plain : exchanged);
    partial = bias + roundUp(out);
    total = partial * threads;
  }
};

}  // namespace retroplume
