#pragma once
#include "ops/conv2d/conv2d.h"

/**
 * Weight gradients of 3 x 3 on tensor cores. A block has 32 channels of the input and 32 of the output for all nine taps, and goes through its share
 * of the image in tiles of 8 x 8 cells; gemm.h, which takes every weight gradient, reads the input nine times.
 *
 *   gradWeight[k,l,c,o] = Σ_cell input[cell + (k,l) − 1, c] · gradOutput[cell, o]
 */
namespace retroplume {

/** Whether tensor cores are asked for, the kernel is 3 x 3, and channels can be copied by fours. */
bool takesConv3x3Weight(const Conv2dBackwardWeight<float>& call, Products products);

/** Floats of scratch for partial sums; none where the image is not cut into shares. */
int64_t conv3x3WeightScratch(const Conv2dParams& params);

/** `scratch`: of conv3x3WeightScratch. */
void conv3x3Weight(const Conv2dBackwardWeight<float>& call, float* scratch, const Context& context);

}  // namespace retroplume
