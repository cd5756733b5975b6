#pragma once
#include "ops/lstm/lstm.h"
#include "ops/simd/scratch.h"

/** How the fast LSTM divides its scratch memory, in floats. */
namespace retroplume {

/** Cells that one thread takes through all steps: their states stay in the first-level cache at hidden 16, and rows of inputs are long enough to
 * stream. */
constexpr int64_t kLstmTileCells = 96;

/** Forward: packed weights [(C + D), 4D] and bias [4D], gate-interleaved; per thread the hidden states (two of them, by turns) and the cell states of
 * a tile. */
struct LstmForwardLayout {
  int64_t units, bias, work, hidden, cell, perThread, total;
  [[gnu::always_inline]] LstmForwardLayout(const LstmParams& p, int threads) {
    units = roundUp(p.hidden);
    bias = (p.inChannels + p.hidden) * 4 * units;
    work = bias + 4 * units;
    hidden = kLstmTileCells * units;
    cell = 2 * hidden;
    perThread = cell + hidden;
    total = work + perThread * threads;
  }
};

/**
 * Backward: the transposed weights [4D, D] and [4D, C]; per thread its partial sums (weights, bias by gate, initial states), then the work space of a
 * tile: dz [cells, 4D] and, each [cells, D], the gradients of hidden and cell state, tanh(c) and the hidden state before.
 */
struct LstmBackwardLayout {
  int64_t units, gates, inputPanel, threadsBegin;
  int64_t partialHidden, partialBias, partialInitialHidden, partialInitialCell, partials;
  int64_t gradHidden, gradCell, tanhCell, hiddenBefore, perThread, total;
  [[gnu::always_inline]] LstmBackwardLayout(const LstmParams& p, int threads) {
    units = roundUp(p.hidden);
    gates = roundUp(4 * p.hidden);
    inputPanel = 4 * p.hidden * units;
    threadsBegin = inputPanel + 4 * p.hidden * roundUp(p.inChannels);
    partialHidden = p.inChannels * gates;
    partialBias = partialHidden + p.hidden * gates;
    partialInitialHidden = partialBias + 4 * units;
    partialInitialCell = partialInitialHidden + units;
    partials = partialInitialCell + units;  // dz begins here
    gradHidden = partials + roundUp(kLstmTileCells * 4 * p.hidden + kWidestLanes);
    gradCell = gradHidden + kLstmTileCells * units;
    tanhCell = gradCell + kLstmTileCells * units;
    hiddenBefore = tanhCell + kLstmTileCells * units;
    perThread = hiddenBefore + kLstmTileCells * units;
    total = threadsBegin + perThread * threads;
  }
};

}  // namespace retroplume
