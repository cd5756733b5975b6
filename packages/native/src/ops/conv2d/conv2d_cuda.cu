#include "ops/conv2d/conv2d.h"
#include "ops/conv2d/conv3x3_cuda.h"
#include "ops/conv2d/conv3x3_weight_cuda.h"
#include "runtime/cuda/gemm.h"
#include "runtime/cuda/packs.h"

/**
 * Implicit matrix products (runtime/cuda/gemm.h) over patches of K x K cells. Forward: patches of the input times the weights as they lie,
 * [K·K·Cin, Cout]. Data gradient: patches of the output's gradient times the weights turned by 180° and transposed, [K·K·Cout, Cin], which a small
 * kernel packs before. Weight gradient: the transposed patches of the input times the output's gradient, whose columns are added up on the way:
 * the bias's gradient, exact whatever the products are. On tensor cores 3 x 3, which are most of both networks, go by tiles of cells instead.
 */
namespace retroplume::cuda {

namespace {

int64_t pixelsOf(const Conv2dParams& p) { return p.batch * p.height * p.width; }
int64_t tapsOf(const Conv2dParams& p) { return p.kernel * p.kernel; }

Patches patchesOf(const Conv2dParams& p, const float* image, int64_t channels, int64_t stride) {
  return Patches(image, p.batch, p.height, p.width, channels, stride, p.kernel, 1, static_cast<int>(p.kernel / 2));
}

Conv3x3 tiledForward(const Conv2dForward<float>& call) { return {call.input, call.weight, call.params.inChannels, call.params.outChannels, false}; }
Conv3x3 tiledGradient(const Conv2dBackwardInput<float>& call) {
  return {call.gradOutput, call.weight, call.params.outChannels, call.params.inChannels, true};
}

std::size_t scratchOf(const Conv2dParams& p, int64_t channels, int64_t columns) {
  const int64_t general = gemmPartials(pixelsOf(p), columns, tapsOf(p) * channels);
  const int64_t tiled = p.kernel == 3 ? conv3x3Scratch(p, channels, columns) : 0;
  return sizeof(float) * (general > tiled ? general : tiled);
}

}  // namespace

std::size_t conv2dForwardScratch(const Conv2dForward<float>& call) { return scratchOf(call.params, call.params.inChannels, call.params.outChannels); }

std::size_t conv2dForwardPacked(const Conv2dForward<float>& call, Products products) {
  const Conv3x3 conv = tiledForward(call);
  return takesConv3x3(call.params, conv, products) ? sizeof(float) * conv3x3Packed(call.params, conv.channels, conv.columns) : 0;
}

void conv2dForwardPack(const Conv2dForward<float>& call, void* to, const Context& context) {
  conv3x3Pack(call.params, tiledForward(call), static_cast<float*>(to), context);
}

void conv2dForward(const Conv2dForward<float>& call, const Context& context) {
  const Conv2dParams& p = call.params;
  float* scratch = static_cast<float*>(context.scratch);
  Destination to(call.output, p.batch, p.outChannels, p.output);
  to.finishWith(call.bias, call.slope, p.outChannels, p.activation);
  const Conv3x3 conv = tiledForward(call);
  if (takesConv3x3(p, conv, context.products)) return conv3x3(p, conv, to, static_cast<const float*>(context.packed), scratch, context);
  const Gemm gemm{patchesOf(p, call.input, p.inChannels, p.inputStride), Matrix(call.weight, tapsOf(p) * p.inChannels, p.outChannels, p.outChannels),
                  to, static_cast<int>(p.outChannels)};
  multiplyPatches(gemm, scratch, context);
}

std::size_t conv2dBackwardInputScratch(const Conv2dBackwardInput<float>& call) {
  return scratchOf(call.params, call.params.outChannels, call.params.inChannels);
}

std::size_t conv2dBackwardInputPacked(const Conv2dBackwardInput<float>& call, Products products) {
  const Conv2dParams& p = call.params;
  const Conv3x3 conv = tiledGradient(call);
  const bool tiled = takesConv3x3(p, conv, products);
  return sizeof(float) * (tiled ? conv3x3Packed(p, conv.channels, conv.columns) : tapsOf(p) * p.inChannels * p.outChannels);
}

void conv2dBackwardInputPack(const Conv2dBackwardInput<float>& call, void* to, const Context& context) {
  const Conv2dParams& p = call.params;
  float* packed = static_cast<float*>(to);
  const Conv3x3 conv = tiledGradient(call);
  if (takesConv3x3(p, conv, context.products)) return conv3x3Pack(p, conv, packed, context);
  transposeTaps(call.weight, packed, tapsOf(p), p.inChannels, p.outChannels, true, context);
}

void conv2dBackwardInput(const Conv2dBackwardInput<float>& call, const Context& context) {
  const Conv2dParams& p = call.params;
  const float* packed = static_cast<const float*>(context.packed);
  float* scratch = static_cast<float*>(context.scratch);
  Destination to(call.gradInput, pixelsOf(p), p.inChannels, p.inputStride);
  to.accumulate = p.accumulate;
  to.finishWith(call.derivative, pixelsOf(p), p.inChannels);
  const Conv3x3 conv = tiledGradient(call);
  if (takesConv3x3(p, conv, context.products)) return conv3x3(p, conv, to, packed, scratch, context);
  const Gemm gemm{patchesOf(p, call.gradOutput, p.outChannels, p.outChannels), Matrix(packed, tapsOf(p) * p.outChannels, p.inChannels, p.inChannels),
                  to, static_cast<int>(p.inChannels)};
  multiplyPatches(gemm, scratch, context);
}

std::size_t conv2dBackwardWeightScratch(const Conv2dBackwardWeight<float>& call) {
  const Conv2dParams& p = call.params;
  const int64_t general = gemmPartials(tapsOf(p) * p.inChannels, p.outChannels, pixelsOf(p), true), tiled = conv3x3WeightScratch(p);
  return sizeof(float) * (general > tiled ? general : tiled);
}

void conv2dBackwardWeight(const Conv2dBackwardWeight<float>& call, const Context& context) {
  const Conv2dParams& p = call.params;
  float* partials = static_cast<float*>(context.scratch);
  if (takesConv3x3Weight(call, context.products)) return conv3x3Weight(call, partials, context);
  Gemm gemm{patchesOf(p, call.input, p.inChannels, p.inputStride), Matrix(call.gradOutput, pixelsOf(p), p.outChannels, p.outChannels),
            Destination(call.gradWeight, tapsOf(p) * p.inChannels, p.outChannels, p.outChannels), static_cast<int>(p.outChannels),
            Global<float>(call.gradBias, p.outChannels)};
  gemm.to.accumulate = p.accumulate;
  gemm.to.vector = gemm.to.vector && aligned16(call.gradBias);
  multiplyPatchesTransposed(gemm, partials, context);
}

}  // namespace retroplume::cuda
