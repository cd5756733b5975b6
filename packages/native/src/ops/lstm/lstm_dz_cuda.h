#pragma once
#include "ops/lstm/lstm_backward_cuda.h"

/** dz of a tile's step, element by element, and what of it is read ahead. */
namespace retroplume::cuda {

/** Where a tile's step lies in global memory, so that a unit has 32-bit sums to do. */
struct LstmSources {
  int64_t traceAt, traceBefore, outputAt;
  int outputRow, outputs;  // elements of gradOutput from cell to cell; how many of the tile's cells have one at this step
  bool first, last;

  __device__ __forceinline__ LstmSources(const LstmBackwardArguments& a, const LstmTile& tile, int64_t step) {
    const LstmParams& p = a.params;
    first = step == 0;
    last = step == p.steps - 1;
    traceAt = a.trace.row(tile.sample, p.steps, step, tile.cell) * a.trace.units;
    traceBefore = traceAt - a.trace.region.cells * a.trace.units;
    outputRow = static_cast<int>(p.output.stride);
    outputs = p.allStates || last ? tile.count : 0;
    outputAt = tile.sample * p.output.imageStride + tile.cell * outputRow + (p.allStates ? step * p.hidden : 0);
  }
};

/** Whether the trace is packed: always, if tensor cores make the products (productsOf), which leaves nothing to ask while the kernel runs. */
template <Products P>
__device__ __forceinline__ bool packedFor(const LstmTrace<const float>& trace) {
  return P != Products::float32 || trace.packed;
}
template <Products P>
__device__ __forceinline__ float4 gatesAt(const LstmTrace<const float>& trace, int64_t unit) {
  return packedFor<P>(trace) ? lstmUnpacked(load2(trace.gates, 2 * unit)) : load4(trace.gates, 4 * unit);
}
template <Products P>
__device__ __forceinline__ float outputGateAt(const LstmTrace<const float>& trace, int64_t unit) {
  return packedFor<P>(trace) ? lstmUnpackedOutput(trace.gates[2 * unit + 1]) : trace.gates[4 * unit + 3];
}
template <Products P>
__device__ __forceinline__ float cellStateAt(const LstmTrace<const float>& trace, int64_t unit) {
  return packedFor<P>(trace) ? loadHalf(trace.cellStates, unit) : trace.cellStates[unit];
}

/** dz of four cells at a unit, and h of the step before. */
template <Products P, int M>
__device__ __forceinline__ void lstmMakeUnit(const LstmBackwardArguments& a, const LstmBackwardShape<P>& shape, const LstmBackwardTile<P, M>& tile,
                                             const LstmSources& from, int count, int unit, int m0) {
  constexpr int S = kLstmRow<M>;
  const int D = shape.hidden, at = unit * S + m0;
  const float4 none = make_float4(0.0f, 0.0f, 0.0f, 0.0f), fromHidden = from.last ? none : load4(tile.gradHidden, at);
  const float4 fromCell = from.last ? none : load4(tile.gradCell, at);
  const float gradHidden[4] = {fromHidden.x, fromHidden.y, fromHidden.z, fromHidden.w};
  float gradCell[4] = {fromCell.x, fromCell.y, fromCell.z, fromCell.w};
  float dz[4][4] = {}, hBefore[4] = {};  // [gate][cell]
#pragma unroll
  for (int e = 0; e < 4; ++e) {
    const int m = m0 + e, pair = m * a.trace.units + unit;
    if (m >= count) continue;
    const float4 gates = gatesAt<P>(a.trace, from.traceAt + pair);
    const float tanhC = lstmTanh(cellStateAt<P>(a.trace, from.traceAt + pair));
    float cBefore = 0.0f, dh = gradHidden[e];
    if (!from.first) {
      cBefore = cellStateAt<P>(a.trace, from.traceBefore + pair);
      if (shape.weightHidden) hBefore[e] = outputGateAt<P>(a.trace, from.traceBefore + pair) * lstmTanh(cBefore);
    } else {
      if (a.initialCell) cBefore = a.initialCell[unit];
      if (a.initialHidden) hBefore[e] = a.initialHidden[unit];
    }
    if (m < from.outputs) dh += a.gradOutput[from.outputAt + (m * from.outputRow + unit)];
    const float dc = gradCell[e] + dh * gates.w * (1.0f - tanhC * tanhC);
    dz[0][e] = lstmRounded<P>(dc * gates.z * gates.x * (1.0f - gates.x));
    dz[1][e] = lstmRounded<P>(dc * cBefore * gates.y * (1.0f - gates.y));
    dz[2][e] = lstmRounded<P>(dc * gates.x * (1.0f - gates.z * gates.z));
    dz[3][e] = lstmRounded<P>(dh * tanhC * gates.w * (1.0f - gates.w));
    gradCell[e] = dc * gates.y;
  }
#pragma unroll
  for (int gate = 0; gate < 4; ++gate) store4(tile.dz, gate * D * S + at, make_float4(dz[gate][0], dz[gate][1], dz[gate][2], dz[gate][3]));
  store4(tile.gradCell, at, make_float4(gradCell[0], gradCell[1], gradCell[2], gradCell[3]));
  if (!shape.weightHidden) return;
  store4(tile.factors, shape.firstHidden() * S + at, make_float4(hBefore[0], hBefore[1], hBefore[2], hBefore[3]));
}

constexpr int kLstmLine = 32;  // floats

__device__ __forceinline__ void lstmPrefetchRun(const Global<const float>& from, int64_t at, int length) {
  for (int i = kLstmLine * threadIdx.x; i < length; i += kLstmLine * blockDim.x) prefetch(from, at + i);
}

/**
 * What the next step reads of the tile for the first time, so that it comes while this step's products are computed: a block's threads all wait for
 * it otherwise, and where the states are many no other block has work then. Cell states, and gates for h, are read one step ahead.
 */
__device__ __forceinline__ void lstmPrefetchStep(const LstmBackwardArguments& a, const LstmTile& tile, int step, bool inputs, bool hiddenBefore) {
  const LstmParams& p = a.params;
  const int D = static_cast<int>(p.hidden), C = static_cast<int>(p.inChannels), gatesStep = step - (hiddenBefore ? 2 : 1);
  const int64_t row = a.trace.row(tile.sample, p.steps, step, tile.cell) * a.trace.units, back = a.trace.region.cells * a.trace.units;
  const int perUnit = a.trace.perUnit(), units = tile.count * a.trace.units;
  if (gatesStep >= 0) lstmPrefetchRun(a.trace.gates, perUnit * (row - (step - gatesStep) * back), perUnit * units);
  if (step >= 2) lstmPrefetchRun(a.trace.cellStates, (row - 2 * back) >> int{a.trace.packed}, units >> int{a.trace.packed});
  if (step < 1) return;
  if (inputs) lstmPrefetchRun(a.input, ((tile.sample * p.steps + step - 1) * p.cells + tile.cell) * C, tile.count * C);
  if (!p.allStates) return;
  for (int i = threadIdx.x; i < tile.count * ((D + kLstmLine - 1) / kLstmLine); i += blockDim.x) {
    const int64_t cell = tile.cell + i % tile.count;
    prefetch(a.gradOutput, tile.sample * p.output.imageStride + cell * p.output.stride + (step - 1) * D + i / tile.count * kLstmLine);
  }
}

}  // namespace retroplume::cuda
