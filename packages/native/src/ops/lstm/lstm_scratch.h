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

/** Packed weights [(C + D), 4D] and bias [4D], gate-interleaved. */
struct LstmWeightLayout {
  int64_t units, bias, total;
  [[gnu::always_inline]] explicit LstmWeightLayout(const LstmParams& p) {
    units = roundUp(p.hidden);
    bias = (p.inChannels + p.hidden) * 4 * units;
    total = bias + 4 * units;
  }
};

/** Forward: the weights; per thread the hidden states (two of them, by turns) and the cell states of a tile. */
struct LstmForwardLayout {
  int64_t units, threadsBegin, states, total;
  [[gnu::always_inline]] LstmForwardLayout(const LstmParams& p, int threads) {
    units = roundUp(p.hidden);
    threadsBegin = LstmWeightLayout(p).total;
    states = 3 * kLstmTileCells * units;
    total = threadsBegin + states * threads;
  }
};

/**
 * Backward: the weights as the forward pass has them, and transposed [4D, D] and [4D, C]; per thread its partial sums (weights, bias, initial
 * states), then the work space of a tile: dz [cells, 4D] and, each [cells, D], the gradients of hidden and cell state, tanh(c) of two steps, and the
 * hidden state before; where gates are computed again, the forward pass's states, and the gates and cell states of all steps.
 */
struct LstmBackwardLayout {
  int64_t units, hiddenPanel, inputPanel, threadsBegin;
  int64_t partialHidden, partialBias, partialInitialHidden, partialInitialCell, partials;
  int64_t gradHidden, gradCell, tanhCell, hiddenBefore, states, gates, cellStates, perThread, total;
  [[gnu::always_inline]] LstmBackwardLayout(const LstmParams& p, int threads) {
    const bool recompute = p.keptCells < p.cells;
    units = roundUp(p.hidden);
    hiddenPanel = LstmWeightLayout(p).total;
    inputPanel = hiddenPanel + 4 * units * units;
    threadsBegin = inputPanel + 4 * units * roundUp(p.inChannels);
    partialHidden = p.inChannels * 4 * units;
    partialBias = partialHidden + p.hidden * 4 * units;
    partialInitialHidden = partialBias + 4 * units;
    partialInitialCell = partialInitialHidden + units;
    partials = partialInitialCell + units;  // dz begins here
    const int64_t plane = kLstmTileCells * units, trace = recompute ? p.steps * plane : 0;
    gradHidden = partials + 4 * plane;
    gradCell = gradHidden + plane;
    tanhCell = gradCell + plane;
    hiddenBefore = tanhCell + 2 * plane;
    states = hiddenBefore + plane;
    gates = states + (recompute ? 3 * plane : 0);
    cellStates = gates + 4 * trace;
    perThread = cellStates + trace;
    total = threadsBegin + perThread * threads;
  }
};

}  // namespace retroplume
