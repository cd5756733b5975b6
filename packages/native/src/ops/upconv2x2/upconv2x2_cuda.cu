#include "ops/upconv2x2/upconv2x2.h"
#include "runtime/cuda/gemm.h"

/**
 * Matrix products (runtime/cuda/gemm.h) with a row for every cell of the input. Forward: [cells, Cin]·[Cin, 4·Cout], whose columns (a,b,o) go to the
 * four output cells. Data gradient: the 2x2 patches of the output's gradient times the weights transposed, [4·Cout, Cin]. Weight gradient: those
 * patches, transposed, times the input, [4·Cout, Cin], stored with o and c exchanged; the patches are added up on the way, which gives the bias's
 * gradient.
 */
namespace retroplume::cuda {

namespace {

constexpr int64_t kTaps = 4;

int64_t cellsOf(const Upconv2x2Params& p) { return p.batch * p.height * p.width; }
int64_t weightsOf(const Upconv2x2Params& p) { return kTaps * p.inChannels * p.outChannels; }

Patches blocksOf(const Upconv2x2Params& p, const float* gradOutput) {
  return Patches(gradOutput, p.batch, p.height, p.width, p.outChannels, p.outputStride, 2, 2, 0);
}

/** Scratch of a weight gradient: sums of features, then partial sums of weights. */
int64_t featureSums(const Upconv2x2Params& p) {
  const int64_t features = kTaps * p.outChannels;
  return (gemmSplits(features, p.inChannels, cellsOf(p)) * features + 63) / 64 * 64;
}

}  // namespace

std::size_t upconv2x2ForwardScratch(const Upconv2x2Forward<float>& call) {
  const Upconv2x2Params& p = call.params;
  return sizeof(float) * gemmPartials(cellsOf(p), kTaps * p.outChannels, p.inChannels);
}

void upconv2x2Forward(const Upconv2x2Forward<float>& call, const Context& context) {
  const Upconv2x2Params& p = call.params;
  Gemm gemm{Patches(call.input, p.batch, p.height, p.width, p.inChannels, p.inChannels, 1, 1, 0),
            Matrix(call.weight, weightsOf(p), p.outChannels, p.outChannels, p.inChannels * p.outChannels),
            Destination(call.output, kTaps * cellsOf(p), p.outChannels, p.outputStride), static_cast<int>(kTaps * p.outChannels)};
  // Input cell (row, j) has its block at output cell (2·row)·2W + 2j = 2·(row·W + j) + 2W·row.
  gemm.to.rowStride = counted(2 * p.outputStride, "floats from cell to cell");
  gemm.to.rowGroup = IndexDivisor(p.width);
  gemm.to.rowGroupStep = gemm.to.tapRowStep = counted(2 * p.width * p.outputStride, "floats of a row");
  gemm.to.tapStep = static_cast<int>(p.outputStride);
  gemm.to.accumulate = p.accumulate;
  gemm.to.finishWith(call.bias, nullptr, p.outChannels, 0);
  multiplyPatches(gemm, static_cast<float*>(context.scratch), context);
}

std::size_t upconv2x2BackwardInputScratch(const Upconv2x2BackwardInput<float>& call) {
  const Upconv2x2Params& p = call.params;
  return sizeof(float) * gemmPartials(cellsOf(p), p.inChannels, kTaps * p.outChannels);
}

std::size_t upconv2x2BackwardInputPacked(const Upconv2x2BackwardInput<float>& call, Products) { return sizeof(float) * weightsOf(call.params); }

void upconv2x2BackwardInputPack(const Upconv2x2BackwardInput<float>& call, void* to, const Context& context) {
  transposeTaps(call.weight, static_cast<float*>(to), kTaps, call.params.inChannels, call.params.outChannels, false, context);
}

void upconv2x2BackwardInput(const Upconv2x2BackwardInput<float>& call, const Context& context) {
  const Upconv2x2Params& p = call.params;
  Gemm gemm{blocksOf(p, call.gradOutput), Matrix(static_cast<const float*>(context.packed), kTaps * p.outChannels, p.inChannels, p.inChannels),
            Destination(call.gradInput, cellsOf(p), p.inChannels, p.inChannels), static_cast<int>(p.inChannels)};
  gemm.to.accumulate = p.accumulate;
  gemm.to.finishWith(call.derivative, cellsOf(p), p.inChannels);
  multiplyPatches(gemm, static_cast<float*>(context.scratch), context);
}

std::size_t upconv2x2BackwardWeightScratch(const Upconv2x2BackwardWeight<float>& call) {
  const Upconv2x2Params& p = call.params;
  return sizeof(float) * (featureSums(p) + gemmPartials(kTaps * p.outChannels, p.inChannels, cellsOf(p)));
}

void upconv2x2BackwardWeight(const Upconv2x2BackwardWeight<float>& call, const Context& context) {
  const Upconv2x2Params& p = call.params;
  float* sums = static_cast<float*>(context.scratch);
  Gemm gemm{blocksOf(p, call.gradOutput), Matrix(call.input, cellsOf(p), p.inChannels, p.inChannels),
            Destination(call.gradWeight, 1, weightsOf(p), weightsOf(p)), static_cast<int>(p.inChannels)};
  // Row (tap, o), column c: (tap·Cin + c)·Cout + o.
  gemm.to.rowStride = 1;
  gemm.to.rowGroup = IndexDivisor(p.outChannels);
  gemm.to.rowGroupStep = counted((p.inChannels - 1) * p.outChannels, "weights");
  gemm.to.columnGroup = IndexDivisor(p.inChannels);
  gemm.to.columnStep = static_cast<int>(p.outChannels);
  gemm.to.vector = false;
  gemm.to.accumulate = p.accumulate;
  gemm.featureSums = Global<float>(call.gradBias == nullptr ? nullptr : sums, featureSums(p));
  multiplyPatchesTransposed(gemm, sums + featureSums(p), context);
  if (call.gradBias == nullptr) return;
  // Features are (tap, o): the four taps of a share are shares of the bias's gradient.
  Destination bias(call.gradBias, 1, p.outChannels, p.outChannels);
  bias.accumulate = p.accumulate;
  const int shares = static_cast<int>(kTaps * gemmSplits(kTaps * p.outChannels, p.inChannels, cellsOf(p)));
  addShares(Global<const float>(sums, shares * p.outChannels), shares, 1, static_cast<int>(p.outChannels), bias, {}, context);
}

}  // namespace retroplume::cuda
