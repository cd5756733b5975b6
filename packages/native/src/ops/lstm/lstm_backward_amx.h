#pragma once
#include "ops/lstm/lstm_backward_tile.h"
#include "ops/simd/amx.h"

/**
 * The products of the reverse pass on the tile unit. dz of a tile is an operand twice: its cells are the rows of a left one, 16 units of gate i with
 * those of gate f, g with o; and, in pairs of cells, the sum of a right one, [32 cells][unit vector][gate]. Of the latter the left one is [x, h]
 * transposed, a channel or hidden unit a row. Partial sums of the weights are tiles, [16 rows of x, then of h][unit vector][gate].
 */
namespace retroplume::RETROPLUME_ISA {

constexpr int64_t kSumCells = kOperandDepth, kCellBlocks = kLstmTileCells / kSumCells;

/** The right operand of a step. */
[[gnu::always_inline]] inline float* stepRight(const BackwardTile& tile, int64_t step) {
  const LstmBackwardOperands& operands = tile.layout.operands;
  return tile.work.operands + operands.right + step % 2 * operands.rightFloats;
}

/** dz of the tile at a step, for the units [unit, unit + lanes), and the bias gradient. */
inline void elementwise(const BackwardTile& tile, int64_t step, int64_t unit) {
  const LstmBackwardOperands& operands = tile.layout.operands;
  const bool weights = tile.call.gradWeightInput != nullptr || tile.call.gradWeightHidden != nullptr;
  const int64_t vector = unit / kLanes, depth = operands.depth;
  float* bias = tile.work.partials + tile.layout.partialBias + unit * 4;
  Vector sums[4];
  for (int gate = 0; gate < 4; ++gate) sums[gate] = load(bias + gate * kLanes);
  const auto cell = [&](int64_t m, Vector(&dz)[4]) {
    if (m < tile.cells) {
      cellGradients(tile, step, unit, m, dz);
    } else {
      for (Vector& z : dz) z = Vector{};
    }
  };
  const auto rightRow = [&](int64_t m) {
    return stepRight(tile, step) + (m / kSumCells * operands.columnTiles + vector * 4) * kOperandFloats + m % kSumCells / 2 * kLanes;
  };
  for (int64_t m = 0; m < tile.cells; m += 2) {
    Vector a[4], b[4];
    cell(m, a);
    cell(m + 1, b);
    float *left = tile.work.operands + operands.left + leftRow(m, depth) + vector * 2 * kOperandFloats, *right = rightRow(m);
#pragma GCC unroll 2
    for (int gate = 0; gate < 4; gate += 2) {
      const Split a0(a[gate]), a1(a[gate + 1]), b0(b[gate]), b1(b[gate + 1]);
      storePairs(left + gate / 2 * kOperandFloats, a0, a1);
      storePairs(left + gate / 2 * kOperandFloats + kLanes, b0, b1);
      sums[gate] += a[gate] + b[gate];
      sums[gate + 1] += a[gate + 1] + b[gate + 1];
      if (!weights) continue;
      storePairs(right + gate * kOperandFloats, a0, b0);
      storePairs(right + (gate + 1) * kOperandFloats, a1, b1);
    }
  }
  // Of the last 32 cells those that are not there, instead of what an earlier tile has left.
  for (int64_t m = roundUp(tile.cells, 2); weights && m % kSumCells != 0; m += 2) {
    const Split none(Vector{});
    for (int gate = 0; gate < 4; ++gate) storePairs(rightRow(m) + gate * kOperandFloats, none, none);
  }
  for (int gate = 0; gate < 4; ++gate) store(bias + gate * kLanes, sums[gate]);
}

/** Rows of cells [cells, columns], `stride` apart, transposed into the rows of the weights' left operand from tile `rowTile` on. */
inline void transposeRows(const BackwardTile& tile, const float* x, int64_t stride, int64_t columns, int64_t rowTile) {
  const LstmBackwardOperands& operands = tile.layout.operands;
  for (int64_t c = 0; c < columns; c += kLanes, ++rowTile) {
    const int valid = static_cast<int>(smaller(kLanes, columns - c));
    for (int64_t m0 = 0; m0 < tile.cells; m0 += kSumCells) {
      float* to = tile.work.operands + operands.transposed + (rowTile * kCellBlocks + m0 / kSumCells) * kOperandFloats;
      Vector a[16], b[16];
#pragma GCC unroll 16
      for (int64_t m = 0; m < 16; ++m) {
        const auto row = [&](int64_t at) { return at < tile.cells ? loadPartial(x + at * stride + c, valid) : Vector{}; };
        a[m] = row(m0 + 2 * m);
        b[m] = row(m0 + 2 * m + 1);
      }
      transpose(a);
      transpose(b);
#pragma GCC unroll 16
      for (int r = 0; r < 16; ++r) storePairs(to + r * kLanes, Split(a[r]), Split(b[r]));
    }
  }
}

/**
 * Fetches gates and cell states of a step into the second-level cache, some lines at a time: between the products of the step that comes before it
 * here (and after it in time), when memory has nothing else to do. Where those are so few that more than six lines would be due at once,
 * none: they hold up the products.
 */
class TraceFetch {
 public:
  /** Nothing where `step` is below 0. @param calls - of `advance`, in which all is fetched */
  TraceFetch(const BackwardTile& tile, int64_t step, int64_t calls)
      : tile_(tile), step_(step), lines_(ceilDivide(5 * tile.cells * tile.layout.units / kLanes, calls)) {
    if (step < 0 || lines_ > 6) unit_ = tile.layout.units;
  }

  [[gnu::always_inline]] void advance() {
    if (unit_ >= tile_.layout.units) return;
    const int64_t at = tile_.trace.at(step_, unit_, 0), gateLines = 4 * tile_.cells;
    for (int64_t n = 0; n < lines_; ++n, ++line_) {
      __builtin_prefetch(line_ < gateLines ? tile_.gates + 4 * at + line_ * kLanes : tile_.cellStates + at + (line_ - gateLines) * kLanes, 0, 2);
    }
    if (line_ < gateLines + tile_.cells) return;
    line_ = 0;
    unit_ += kLanes;
  }

 private:
  const BackwardTile& tile_;
  const int64_t step_, lines_;
  int64_t unit_ = 0, line_ = 0;
};

/** dz · [weightInput, weightHidden]ᵀ: the columns of x as [cells][whole vectors], those of h into gradHidden. */
inline void multiplyTransposed(const BackwardTile& tile, int64_t step) {
  const LstmBackwardOperands& operands = tile.layout.operands;
  const int64_t depth = operands.depth, width = operands.inputTiles * kLanes;
  const auto columns = [&](int64_t t) {
    return t < operands.inputTiles ? tile.work.operands + operands.gradient + t * kLanes : tile.work.gradHidden + (t - operands.inputTiles) * kLanes;
  };
  const auto stride = [&](int64_t t) { return t < operands.inputTiles ? width : tile.layout.units; };
  TraceFetch fetch(tile, step - 1, ceilDivide(operands.gradientTiles, 2) * ceilDivide(tile.cells, 2 * kOperandRows) * kProductTurns * depth);
  for (int64_t t = 0; t < operands.gradientTiles; t += 2) {
    const bool both = t + 1 < operands.inputTiles + tile.layout.units / kLanes;
    const float* right = tile.panels + t * depth * kOperandFloats;
    for (int64_t m0 = 0; m0 < tile.cells; m0 += 2 * kOperandRows) {
      const float* left = tile.work.operands + operands.left + leftRow(m0, depth);
      clearTile<0>();
      clearTile<1>();
      clearTile<2>();
      clearTile<3>();
      multiplyBlock(left, left + depth * kOperandFloats, kOperandFloats, right, right + depth * kOperandFloats, kOperandFloats, depth,
                    [&] { fetch.advance(); });
      const int64_t s0 = stride(t), s1 = stride(t + 1);
      storeTile<0>(columns(t) + m0 * s0, s0 * sizeof(float));
      storeTile<2>(columns(t) + (m0 + kOperandRows) * s0, s0 * sizeof(float));
      if (!both) continue;
      storeTile<1>(columns(t + 1) + m0 * s1, s1 * sizeof(float));
      storeTile<3>(columns(t + 1) + (m0 + kOperandRows) * s1, s1 * sizeof(float));
    }
  }
}

/** partial += [x, h]ᵀ · dz */
inline void addOuter(const BackwardTile& tile, int64_t step) {
  const LstmBackwardOperands& operands = tile.layout.operands;
  const int64_t blocks = ceilDivide(tile.cells, kSumCells), columns = operands.columnTiles;
  for (int64_t column = 0; column < columns; column += 2) {
    const float* right = stepRight(tile, step) + column * kOperandFloats;
    for (int64_t row = 0; row < operands.rowTiles; row += 2) {
      const float* left = tile.work.operands + operands.transposed + row * kCellBlocks * kOperandFloats;
      float* sum = tile.work.operands + operands.partials + (row * columns + column) * kTileFloats;
      loadTile<0>(sum);
      loadTile<1>(sum + kTileFloats);
      loadTile<2>(sum + columns * kTileFloats);
      loadTile<3>(sum + (columns + 1) * kTileFloats);
      multiplyBlock(left, left + kCellBlocks * kOperandFloats, kOperandFloats, right, right + kOperandFloats, columns * kOperandFloats, blocks);
      storeTile<0>(sum);
      storeTile<1>(sum + kTileFloats);
      storeTile<2>(sum + columns * kTileFloats);
      storeTile<3>(sum + (columns + 1) * kTileFloats);
    }
  }
}

/** What multiplyTransposed has made of the inputs' gradients, where it belongs. */
inline void keepInputGradient(const BackwardTile& tile, int64_t step) {
  const int64_t width = tile.layout.operands.inputTiles * kLanes, channels = tile.call.gradChannels;
  for (int64_t m = 0; m < tile.cells; ++m) {
    for (int64_t c = 0; c < channels; c += kLanes) {
      float* to = tile.gradInput + (step * tile.call.params.cells + m) * channels + c;
      const int valid = static_cast<int>(smaller(kLanes, channels - c));
      const Vector x = load(tile.work.operands + tile.layout.operands.gradient + m * width + c);
      storePartial(to, tile.call.params.accumulate ? x + loadPartial(to, valid) : x, valid);
    }
  }
}

/** What a call packs once, for all threads: weights transposed, [16 columns of x, then of h][depth]. */
inline void packPanels(const LstmBackward<float>& call, const LstmBackwardLayout& layout, float* panels) {
  const LstmParams& p = call.params;
  const LstmBackwardOperands& operands = layout.operands;
  __builtin_memset(panels, 0, operands.panel * sizeof(float));
  const auto pack = [&](const float* weight, int64_t rows, int64_t firstTile) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t column = 0; column < 4 * p.hidden; ++column) {
        const int64_t gate = column / p.hidden, unit = column % p.hidden;
        float* tile = panels + ((firstTile + r / kLanes) * operands.depth + unit / kLanes * 2 + gate / 2) * kOperandFloats;
        putRight(tile, unit % kLanes * 2 + gate % 2, r % kLanes, weight[r * 4 * p.hidden + column]);
      }
    }
  };
  pack(call.weightInput + call.gradBegin * 4 * p.hidden, call.gradInput != nullptr ? call.gradChannels : 0, 0);
  pack(call.weightHidden, p.hidden, operands.inputTiles);
}

/** Sums at 0; rows that nobody fills must be finite. */
inline void startOperands(const LstmBackwardLayout& layout, float* operands) { __builtin_memset(operands, 0, layout.operands.total * sizeof(float)); }

/** What the loss knows of z at a step, further back: to x of that step and h of the one before. */
inline void stepBack(const BackwardTile& tile, int64_t step) {
  for (int64_t unit = 0; unit < tile.call.params.hidden; unit += kLanes) elementwise(tile, step, unit);
  multiplyTransposed(tile, step);
  if (tile.gradInput != nullptr) keepInputGradient(tile, step);
}

/** The weights' gradients of a step; work.hidden holds h of the one before. */
inline void addWeights(const BackwardTile& tile, int64_t step) {
  const LstmBackward<float>& call = tile.call;
  const LstmParams& p = call.params;
  if (call.gradWeightInput != nullptr) transposeRows(tile, tile.input + step * p.cells * p.inChannels, p.inChannels, p.inChannels, 0);
  if (call.gradWeightHidden != nullptr)
    transposeRows(tile, tile.work.hidden, tile.layout.units, tile.layout.units, tile.layout.operands.hiddenRowTile);
  addOuter(tile, step);
}

/** Adds up what the threads have of the weight gradients. */
inline void reduceWeights(const LstmBackward<float>& call, const LstmBackwardLayout& layout, const float* own, int thread, int threads) {
  const LstmParams& p = call.params;
  const LstmBackwardOperands& operands = layout.operands;
  const auto add = [&](float* to, int64_t firstTile, int64_t rows) {
    if (to == nullptr) return;
    const Range share = shareOf(rows, threads, thread);
    for (int64_t r = share.begin; r < share.end; ++r) {
      for (int64_t column = 0; column < 4 * p.hidden; ++column) {
        const int64_t gate = column / p.hidden, unit = column % p.hidden;
        const int64_t tile = (firstTile + r / kOperandRows) * operands.columnTiles + unit / kLanes * 4 + gate;
        const float* partial = own + layout.operandsBegin + operands.partials + tile * kTileFloats + r % kOperandRows * kLanes + unit % kLanes;
        float sum = p.accumulate ? to[r * 4 * p.hidden + column] : 0.0f;
        for (int t = 0; t < threads; ++t) sum += partial[t * layout.perThread];
        to[r * 4 * p.hidden + column] = sum;
      }
    }
  };
  add(call.gradWeightInput, 0, p.inChannels);
  add(call.gradWeightHidden, operands.hiddenRowTile, p.hidden);
}

}  // namespace retroplume::RETROPLUME_ISA
