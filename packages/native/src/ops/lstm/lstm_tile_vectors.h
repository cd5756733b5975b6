#pragma once
#include "ops/lstm/lstm_state.h"
#include "ops/simd/gemm_tile.h"

/**
 * The forward pass of a tile of cells through all steps on the vector units. The gate products of a few cells and one vector of hidden units are a
 * register tile of four vectors, one a gate: activation and state update follow in the same registers, and gates go to memory only where a backward
 * pass will want them.
 */
namespace retroplume::RETROPLUME_ISA {

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kGateRows = 5;  // 20 accumulators leave the activations registers
#elif defined(__AVX2__)
constexpr int kGateRows = 3;  // 12 accumulators, 3 broadcasts, a vector of weights
#else
constexpr int kGateRows = 2;
#endif

/** Nothing to be set up for the vector units. */
struct ProductRegisters {
  ProductRegisters() {}
};

/** Rows of weights [rows, 4D], scaled, into the panel [unit vector][packed rows][gate][lane], from row `firstRow` on. */
inline void packGates(const float* weight, int64_t rows, int64_t hidden, int64_t firstRow, int64_t packedRows, float* panel) {
  for (int64_t unit = 0; unit < hidden; unit += kLanes) {
    for (int64_t r = 0; r < rows; ++r) {
      float* to = panel + unit * 4 * packedRows + (firstRow + r) * 4 * kLanes;
      for (int64_t gate = 0; gate < 4; ++gate) {
        for (int64_t lane = 0; lane < kLanes; ++lane) {
          to[gate * kLanes + lane] = unit + lane < hidden ? kGateScale[gate] * weight[r * 4 * hidden + gate * hidden + unit + lane] : 0.0f;
        }
      }
    }
  }
}

/** Packs a call's weights into `scratch`, laid out as LstmWeightLayout says: the panel is [unit vector][C + D][gate][lane]. */
template <class Call>
GateWeights packGateWeights(const Call& call, float* scratch) {
  const LstmParams& p = call.params;
  float* bias = scratch + LstmWeightLayout(p).bias;
  packGates(call.weightInput, p.inChannels, p.hidden, 0, p.inChannels + p.hidden, scratch);
  packGates(call.weightHidden, p.hidden, p.hidden, p.inChannels, p.inChannels + p.hidden, scratch);
  packGates(call.bias, 1, p.hidden, 0, 1, bias);
  return {scratch, bias};
}

/** One step of MR cells from `m0` on, for the units [unit, unit + lanes). */
template <int MR>
[[gnu::noinline]] void advance(const ForwardTile& tile, int64_t step, int64_t m0, int64_t unit) {
  const int64_t C = tile.params.inChannels, D = tile.params.hidden;
  const float* panel = tile.weights.panel + unit * 4 * (C + D);
  Vector z[MR][4], h[MR];
// Unrolled by word: what a loop counts through does not stay in registers.
#pragma GCC unroll 4
  for (int gate = 0; gate < 4; ++gate) {
    const Vector bias = load(tile.weights.bias + unit * 4 + gate * kLanes);
#pragma GCC unroll 8
    for (int m = 0; m < MR; ++m) z[m][gate] = bias;
  }
  rowTile<MR, 4>(z, tile.input + (step * tile.params.cells + m0) * C, C, panel, C);
  rowTile<MR, 4>(z, tile.hidden(step) + m0 * tile.units, tile.units, panel + C * 4 * kLanes, D);
  activate<MR>(tile, step, m0, unit, z, h);
}

template <int MR = kGateRows>
void advanceRows(int rows, const ForwardTile& tile, int64_t step, int64_t m0, int64_t unit) {
  if constexpr (MR > 1) {
    if (rows < MR) return advanceRows<MR - 1>(rows, tile, step, m0, unit);
  }
  advance<MR>(tile, step, m0, unit);
}

/** All steps. Units are the outer loop: a unit vector's weights are read from the first-level cache for all cells. */
inline void runForwardTile(const ForwardTile& tile) {
  startStates(tile);
  const int64_t tiles = tileCount(tile.cells, kGateRows);
  for (int64_t step = 0; step < tile.params.steps; ++step) {
    for (int64_t unit = 0; unit < tile.params.hidden; unit += kLanes) {
      for (int64_t t = 0; t < tiles; ++t) {
        const int64_t begin = t * tile.cells / tiles, end = (t + 1) * tile.cells / tiles;
        if (unit == 0) prefetchInput(tile, step, begin, end);
        advanceRows(static_cast<int>(end - begin), tile, step, begin, unit);
        if (unit + kLanes >= tile.params.hidden) writeOutput(tile, step, begin, end);
      }
    }
  }
}

}  // namespace retroplume::RETROPLUME_ISA
