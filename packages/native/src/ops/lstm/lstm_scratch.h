#pragma once
#include "ops/lstm/lstm.h"
#include "ops/simd/scratch.h"

/** How the fast LSTM divides its scratch memory, in floats. */
namespace retroplume {

/** Cells that one thread takes through all steps: their states stay in the first-level cache at hidden 16, and rows of inputs are long enough to
 * stream. */
constexpr int64_t kLstmTileCells = 96;

/** The tiles of one sample's cells. None holds both cells whose gates are kept and others. */
struct LstmTiles {
  int64_t cells, kept, keptTiles, count;
  [[gnu::always_inline]] explicit LstmTiles(const LstmParams& p) : cells(p.cells), kept(p.keptCells) {
    keptTiles = tilesOf(kept);
    count = keptTiles + tilesOf(cells - kept);
  }
  /** First cell of tile t; of tile `count`: the end. */
  [[gnu::always_inline]] int64_t begin(int64_t t) const {
    return t < keptTiles ? t * kept / keptTiles : t == count ? cells : kept + (t - keptTiles) * (cells - kept) / (count - keptTiles);
  }
  [[gnu::always_inline]] bool isKept(int64_t t) const { return t < keptTiles; }

 private:
  [[gnu::always_inline]] static int64_t tilesOf(int64_t cells) { return (cells + kLstmTileCells - 1) / kLstmTileCells; }
};

/**
 * [x, h] of a tile's cells as a left operand of the tile unit. Its columns go in pairs: 16 of x with 16 of h, as long as there are both, so that
 * whoever has made h writes whole rows; then x with x, or h alone.
 */
struct LstmOperand {
  int64_t inputVectors, hiddenVectors, depth, floats;
  [[gnu::always_inline]] explicit LstmOperand(const LstmParams& p) {
    inputVectors = roundUp(p.inChannels) / kWidestLanes;
    hiddenVectors = roundUp(p.hidden) / kWidestLanes;
    depth = hiddenVectors + (inputVectors > hiddenVectors ? (inputVectors - hiddenVectors + 1) / 2 : 0);
    floats = operandFloats(kLstmTileCells, depth * kOperandDepth);
  }
  /** The row of the sum that a channel of x, or a hidden unit, is. */
  [[gnu::always_inline]] int64_t inputRow(int64_t channel) const {
    const int64_t vector = channel / kWidestLanes, beyond = vector - hiddenVectors;
    const int64_t tile = beyond < 0 ? vector : hiddenVectors + beyond / 2;
    return tile * kOperandDepth + channel % kWidestLanes * 2 + (beyond > 0 ? beyond % 2 : 0);
  }
  [[gnu::always_inline]] int64_t hiddenRow(int64_t unit) const { return unit / kWidestLanes * kOperandDepth + unit % kWidestLanes * 2 + 1; }
};

/** Packed weights [(C + D), 4D], for whichever unit multiplies, and bias [4D], gate-interleaved. */
struct LstmWeightLayout {
  int64_t units, bias, total;
  [[gnu::always_inline]] explicit LstmWeightLayout(const LstmParams& p) {
    units = roundUp(p.hidden);
    const int64_t vectors = (p.inChannels + p.hidden) * 4 * units, tiles = operandFloats(4 * units, LstmOperand(p).depth * kOperandDepth);
    bias = vectors > tiles ? vectors : tiles;
    total = bias + 4 * units;
  }
};

/** Per thread the hidden states (two of them, by turns) and the cell states of a tile; for the tile unit [x, h] and z. */
[[gnu::always_inline]] inline int64_t lstmStateFloats(const LstmParams& p) { return 7 * kLstmTileCells * roundUp(p.hidden) + LstmOperand(p).floats; }

/** Forward: the weights; per thread its states. */
struct LstmForwardLayout {
  int64_t units, threadsBegin, states, total;
  [[gnu::always_inline]] LstmForwardLayout(const LstmParams& p, int threads) {
    units = roundUp(p.hidden);
    threadsBegin = LstmWeightLayout(p).total;
    states = lstmStateFloats(p);
    total = threadsBegin + states * threads;
  }
};

/** Operands and sums of the reverse pass on the tile unit (lstm_backward_amx.h), in floats from where a thread has them; `panel` is what all threads
 * share. */
struct LstmBackwardOperands {
  int64_t inputTiles, gradientTiles, columnTiles, hiddenRowTile, rowTiles, depth;
  int64_t left, right, rightFloats, transposed, partials, gradient, total, panel;
  /** `gradChannels`: those of x whose gradient is wanted. */
  [[gnu::always_inline]] LstmBackwardOperands(const LstmParams& p, int64_t gradChannels) {
    const int64_t units = roundUp(p.hidden), vectors = units / kWidestLanes;
    inputTiles = roundUp(gradChannels) / kWidestLanes;
    gradientTiles = roundUp(inputTiles + vectors, 2);
    columnTiles = 4 * vectors;
    hiddenRowTile = roundUp(p.inChannels) / kWidestLanes;
    rowTiles = roundUp(hiddenRowTile + vectors, 2);
    depth = 2 * vectors;
    left = 0;
    right = left + operandFloats(kLstmTileCells, 4 * units);
    rightFloats = operandFloats(4 * units, kLstmTileCells);
    transposed = right + 2 * rightFloats;
    partials = transposed + operandFloats(rowTiles * kOperandRows, kLstmTileCells);
    gradient = partials + rowTiles * columnTiles * kTileFloats;
    total = gradient + kLstmTileCells * roundUp(p.inChannels);
    panel = operandFloats(gradientTiles * kOperandRows, 4 * units);
  }
};

/**
 * Backward: the weights as the forward pass has them, and transposed [4D, D] and [4D, C], for whichever unit multiplies; per thread its partial sums
 * (weights, bias, initial states), then the work space of a tile: dz [cells, 4D] of two steps and, each [cells, D], the gradients of hidden and cell
 * state, tanh(c), and the hidden state; the tile unit's operands; where gates are computed again, the forward pass's states, and the gates and cell
 * states of all steps.
 */
struct LstmBackwardLayout {
  LstmBackwardOperands operands;
  int64_t units, panels, inputPanel, threadsBegin;
  int64_t partialHidden, partialBias, partialInitialHidden, partialInitialCell, partials;
  int64_t gradHidden, gradCell, tanhCell, hidden, operandsBegin, states, gates, cellStates, perThread, total;
  [[gnu::always_inline]] LstmBackwardLayout(const LstmParams& p, int threads, int64_t gradChannels) : operands(p, gradChannels) {
    const bool recompute = p.keptCells < p.cells;
    units = roundUp(p.hidden);
    panels = LstmWeightLayout(p).total;
    inputPanel = 4 * units * units;  // from `panels` on
    const int64_t vectorPanels = inputPanel + 4 * units * roundUp(p.inChannels);
    threadsBegin = panels + (vectorPanels > operands.panel ? vectorPanels : operands.panel);
    partialHidden = p.inChannels * 4 * units;
    partialBias = partialHidden + p.hidden * 4 * units;
    partialInitialHidden = partialBias + 4 * units;
    partialInitialCell = partialInitialHidden + units;
    partials = partialInitialCell + units;  // dz begins here
    const int64_t plane = kLstmTileCells * units, trace = recompute ? p.steps * plane : 0;
    gradHidden = partials + 2 * 4 * plane;
    gradCell = gradHidden + plane;
    tanhCell = gradCell + plane;
    hidden = tanhCell + plane;
    operandsBegin = hidden + plane;
    states = operandsBegin + operands.total;
    gates = states + (recompute ? lstmStateFloats(p) : 0);
    cellStates = gates + 4 * trace;
    perThread = cellStates + trace;
    total = threadsBegin + perThread * threads;
  }
};

}  // namespace retroplume
