#pragma once
#include "ops/conv2d/conv2d.h"
#include "runtime/cuda/gemm.h"

/**
 * Convolutions of 3 x 3 on tensor cores, forward and data gradient. A block's tile is a rectangle of cells, of which it brings the channels, 16 at a
 * time, into shared memory once for all nine taps, with a border of one cell; gemm.h, which takes every convolution, brings them tap by tap.
 *
 *   to[cell, column] = Σ_{tap,c} image[cell + tap, c] · weight[tap, c, column]
 */
namespace retroplume {

struct Conv3x3 {
  const float* image;   // [batch, height, width, channels]
  const float* weight;  // forward [9][channels][columns]; data gradient [9][columns][channels], taps turned by 180°
  int64_t channels, columns;
  bool gradient;
};

/** Whether tensor cores are asked for, the kernel is 3 x 3, and channels can be copied by fours. */
bool takesConv3x3(const Conv2dParams& params, const Conv3x3& conv, Products products);

/** Floats of packed weights, and of scratch. */
int64_t conv3x3Packed(const Conv2dParams& params, int64_t channels, int64_t columns);
int64_t conv3x3Scratch(const Conv2dParams& params, int64_t channels, int64_t columns);

/** Fills `packed`, of conv3x3Packed, which conv3x3 reads. */
void conv3x3Pack(const Conv2dParams& params, const Conv3x3& conv, float* packed, const Context& context);
/** `scratch`: of conv3x3Scratch. */
void conv3x3(const Conv2dParams& params, const Conv3x3& conv, const Destination& to, const float* packed, float* scratch, const Context& context);

}  // namespace retroplume
