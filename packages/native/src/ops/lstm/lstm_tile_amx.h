#pragma once
#include "ops/lstm/lstm_state.h"
#include "ops/simd/amx.h"
#include "ops/simd/gemm_tile.h"

/**
 * The forward pass of a tile of cells through all steps, gate products on the tile unit: at each step those of all cells and units, which pass
 * through memory in the caches, then activations; whoever has made h of a cell writes it, with x of the next step, into the next left operand.
 */
namespace retroplume::RETROPLUME_ISA {

using ProductRegisters = TileRegisters;

/** Packs a call's weights, scaled, into `scratch`, laid out as LstmWeightLayout says: right operands [unit vector][depth][gate]. */
template <class Call>
GateWeights packGateWeights(const Call& call, float* scratch) {
  const LstmParams& p = call.params;
  const LstmOperand operand(p);
  float* bias = scratch + LstmWeightLayout(p).bias;
  __builtin_memset(scratch, 0, LstmWeightLayout(p).total * sizeof(float));
  for (int64_t column = 0; column < 4 * p.hidden; ++column) {
    const int64_t gate = column / p.hidden, unit = column % p.hidden, lane = unit % kLanes;
    const auto put = [&](int64_t row, float weight) {
      float* tile = scratch + ((unit / kLanes * operand.depth + row / kOperandDepth) * 4 + gate) * kOperandFloats;
      putRight(tile, row % kOperandDepth, lane, kGateScale[gate] * weight);
    };
    for (int64_t c = 0; c < p.inChannels; ++c) put(operand.inputRow(c), call.weightInput[c * 4 * p.hidden + column]);
    for (int64_t d = 0; d < p.hidden; ++d) put(operand.hiddenRow(d), call.weightHidden[d * 4 * p.hidden + column]);
    bias[(unit / kLanes * 4 + gate) * kLanes + lane] = kGateScale[gate] * call.bias[column];
  }
  return {scratch, bias};
}

/** A ForwardTile with what the tile unit needs of the thread's memory. */
struct OperandTile {
  const ForwardTile& tile;
  LstmOperand operand;
  float* left;
  float* z;  // [unit vector][gate][kLstmTileCells][lane]
  explicit OperandTile(const ForwardTile& forward) : tile(forward), operand(forward.params) {
    left = tile.states + 3 * kLstmTileCells * tile.units;
    z = left + operand.floats;
  }
  const float* input(int64_t step, int64_t m) const { return tile.input + (step * tile.params.cells + m) * tile.params.inChannels; }
};

/** x of a step and cell, 16 channels; none past the last. */
[[gnu::always_inline]] inline Split inputParts(const OperandTile& at, const float* x, int64_t vector) {
  const int64_t valid = smaller(kLanes, at.tile.params.inChannels - vector * kLanes);
  return Split(valid > 0 ? loadPartial(x + vector * kLanes, static_cast<int>(valid)) : Vector{});
}

/** The vectors of x that are paired with x, of all cells. */
inline void splitInputs(const OperandTile& at, int64_t step) {
  for (int64_t d = at.operand.hiddenVectors; d < at.operand.depth; ++d) {
    const int64_t vector = at.operand.hiddenVectors + 2 * (d - at.operand.hiddenVectors);
    for (int64_t m = 0; m < at.tile.cells; ++m) {
      const float* x = at.input(step, m);
      storePairs(at.left + leftRow(m, at.operand.depth) + d * kOperandFloats, inputParts(at, x, vector), inputParts(at, x, vector + 1));
    }
  }
}

/**
 * z of all cells and units. The sum is made in pieces, so that the weights of one, and the rows of 32 cells, lie in the first-level cache together:
 * at depth 4 they would not, and took half as long again.
 */
inline void multiplyGates(const OperandTile& at) {
  constexpr int64_t kPiece = 2;  // of the depth
  const int64_t depth = at.operand.depth, sums = kLstmTileCells * kLanes;
  for (int64_t unit = 0; unit < at.operand.hiddenVectors; ++unit) {
    for (int64_t gate = 0; gate < 4; gate += 2) {
      const float* bias = at.tile.weights.bias + (unit * 4 + gate) * kLanes;
      for (int64_t d = 0; d < depth; d += kPiece) {
        const float* right = at.tile.weights.panel + ((unit * depth + d) * 4 + gate) * kOperandFloats;
        for (int64_t m0 = 0; m0 < at.tile.cells; m0 += 2 * kOperandRows) {
          float* z = at.z + (unit * 4 + gate) * sums + m0 * kLanes;
          // Sums begin with the bias; a stride of 0 gives it to all cells.
          if (d == 0) {
            loadTile<0>(bias, 0);
            loadTile<1>(bias + kLanes, 0);
            loadTile<2>(bias, 0);
            loadTile<3>(bias + kLanes, 0);
          } else {
            loadTile<0>(z);
            loadTile<1>(z + sums);
            loadTile<2>(z + kTileFloats);
            loadTile<3>(z + sums + kTileFloats);
          }
          const float* left = at.left + leftRow(m0, depth) + d * kOperandFloats;
          multiplyBlock(left, left + depth * kOperandFloats, kOperandFloats, right, right + kOperandFloats, 4 * kOperandFloats,
                        smaller(kPiece, depth - d));
          storeTile<0>(z);
          storeTile<1>(z + sums);
          storeTile<2>(z + kTileFloats);
          storeTile<3>(z + sums + kTileFloats);
        }
      }
    }
  }
}

/** From z, the step of MR cells from m0 on for the units [unit, unit + lanes). */
template <int MR>
[[gnu::always_inline]] inline void finishCells(const OperandTile& at, int64_t step, int64_t m0, int64_t unit) {
  const float* from = at.z + unit * 4 * kLstmTileCells + m0 * kLanes;
  Vector z[MR][4], h[MR];
  for (int m = 0; m < MR; ++m) {
    for (int gate = 0; gate < 4; ++gate) z[m][gate] = load(from + (gate * kLstmTileCells + m) * kLanes);
  }
  activate<MR>(at.tile, step, m0, unit, z, h);
  if (step + 1 == at.tile.params.steps) return;
  float* left = at.left + leftRow(m0, at.operand.depth) + unit / kLanes * kOperandFloats;
  for (int m = 0; m < MR; ++m) storePairs(left + m * kLanes, inputParts(at, at.input(step + 1, m0 + m), unit / kLanes), Split(h[m]));
}

/** [x, h] of the first step. */
inline void startOperand(const OperandTile& at) {
  for (int64_t unit = 0; unit < at.tile.units; unit += kLanes) {
    for (int64_t m = 0; m < at.tile.cells; ++m) {
      const Split h(load(at.tile.hidden(0) + m * at.tile.units + unit));
      storePairs(at.left + leftRow(m, at.operand.depth) + unit / kLanes * kOperandFloats, inputParts(at, at.input(0, m), unit / kLanes), h);
    }
  }
  splitInputs(at, 0);
}

/** All steps. */
inline void runForwardTile(const ForwardTile& tile) {
  constexpr int64_t kRows = 4;  // of a group, whose activations are side by side: see lstm_tile_vectors.h
  const OperandTile at(tile);
  startStates(tile);
  startOperand(at);
  for (int64_t step = 0; step < tile.params.steps; ++step) {
    multiplyGates(at);
    for (int64_t unit = 0; unit < tile.params.hidden; unit += kLanes) {
      int64_t m = 0;
      for (; m + kRows <= tile.cells; m += kRows) {
        if (unit == 0) prefetchInput(tile, step + 1, m, m + kRows);
        finishCells<kRows>(at, step, m, unit);
        if (unit + kLanes >= tile.params.hidden) writeOutput(tile, step, m, m + kRows);
      }
      const int64_t whole = m;
      for (; m < tile.cells; ++m) finishCells<1>(at, step, m, unit);
      if (unit + kLanes >= tile.params.hidden) writeOutput(tile, step, whole, m);
    }
    if (step + 1 < tile.params.steps) splitInputs(at, step + 1);
  }
}

}  // namespace retroplume::RETROPLUME_ISA
