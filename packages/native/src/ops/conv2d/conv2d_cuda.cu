#include "ops/cuda_declarations.h"
#include "runtime/cuda/column_sums.h"
#include "runtime/cuda/gemm.h"

/**
 * Implicit matrix products (runtime/cuda/gemm.h) over patches of K x K cells. Forward: patches of the input times the weights as they lie,
 * [K·K·Cin, Cout]. Data gradient: patches of the output's gradient times the weights turned by 180° and transposed, [K·K·Cout, Cin], which a small
 * kernel lays out before. Weight gradient: the transposed patches of the input times the output's gradient. The bias's gradient is a sum of its own
 * over the output's gradient: exact whatever the products are.
 */
namespace retroplume::cuda {

namespace {

int64_t pixelsOf(const Conv2dParams& p) { return p.batch * p.height * p.width; }
int64_t tapsOf(const Conv2dParams& p) { return p.kernel * p.kernel; }

Patches patchesOf(const Conv2dParams& p, const float* image, int64_t channels) {
  return Patches(image, p.batch, p.height, p.width, channels, channels, p.kernel, 1, static_cast<int>(p.kernel / 2));
}

/** Scratch of a data gradient: weights, then partial sums. */
int64_t turnedWeights(const Conv2dParams& p) { return (tapsOf(p) * p.inChannels * p.outChannels + 63) / 64 * 64; }

}  // namespace

std::size_t conv2dForwardScratch(const Conv2dForward<float>& call) {
  const Conv2dParams& p = call.params;
  return sizeof(float) * gemmPartials(pixelsOf(p), p.outChannels, tapsOf(p) * p.inChannels);
}

void conv2dForward(const Conv2dForward<float>& call, const Context& context) {
  const Conv2dParams& p = call.params;
  Gemm gemm{patchesOf(p, call.input, p.inChannels), Matrix(call.weight, tapsOf(p) * p.inChannels, p.outChannels, p.outChannels),
            Destination(call.output, pixelsOf(p), p.outChannels, p.outputStride), static_cast<int>(p.outChannels)};
  gemm.to.finishWith(call.bias, call.slope, p.outChannels, p.activation);
  multiplyPatches(gemm, static_cast<float*>(context.scratch), context);
}

std::size_t conv2dBackwardInputScratch(const Conv2dBackwardInput<float>& call) {
  const Conv2dParams& p = call.params;
  return sizeof(float) * (turnedWeights(p) + gemmPartials(pixelsOf(p), p.inChannels, tapsOf(p) * p.outChannels));
}

void conv2dBackwardInput(const Conv2dBackwardInput<float>& call, const Context& context) {
  const Conv2dParams& p = call.params;
  float* turned = static_cast<float*>(context.scratch);
  transposeTaps(call.weight, turned, tapsOf(p), p.inChannels, p.outChannels, true, context);
  Gemm gemm{patchesOf(p, call.gradOutput, p.outChannels), Matrix(turned, tapsOf(p) * p.outChannels, p.inChannels, p.inChannels),
            Destination(call.gradInput, pixelsOf(p), p.inChannels, p.inChannels), static_cast<int>(p.inChannels)};
  gemm.to.accumulate = p.accumulate;
  multiplyPatches(gemm, turned + turnedWeights(p), context);
}

std::size_t conv2dBackwardWeightScratch(const Conv2dBackwardWeight<float>& call) {
  const Conv2dParams& p = call.params;
  return sizeof(float) * (columnSumPartials(pixelsOf(p), p.outChannels) + gemmPartials(tapsOf(p) * p.inChannels, p.outChannels, pixelsOf(p)));
}

void conv2dBackwardWeight(const Conv2dBackwardWeight<float>& call, const Context& context) {
  const Conv2dParams& p = call.params;
  float* partials = static_cast<float*>(context.scratch);
  if (call.gradBias != nullptr) {
    columnSums(call.gradOutput, pixelsOf(p), p.outChannels, p.outChannels, call.gradBias, p.accumulate, partials, context);
  }
  Gemm gemm{patchesOf(p, call.input, p.inChannels), Matrix(call.gradOutput, pixelsOf(p), p.outChannels, p.outChannels),
            Destination(call.gradWeight, tapsOf(p) * p.inChannels, p.outChannels, p.outChannels), static_cast<int>(p.outChannels)};
  gemm.to.accumulate = p.accumulate;
  multiplyPatchesTransposed(gemm, partials + columnSumPartials(pixelsOf(p), p.outChannels), context);
}

}  // namespace retroplume::cuda
