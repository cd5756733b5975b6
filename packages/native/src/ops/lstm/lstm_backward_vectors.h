#pragma once
#include "ops/lstm/lstm_backward_tile.h"
#include "ops/simd/gemm_tile.h"
#include "ops/simd/partial_sums.h"

/**
 * The products of the reverse pass on the vector units. dz of a tile and step lies by unit vectors, [unit vector][cell][gate][lane], so that all
 * products read it in long runs. Partial sums are [unit vector][pair of gates][row][2 lanes].
 */
namespace retroplume::RETROPLUME_ISA {

inline float* stepGradients(const BackwardTile& tile, int64_t step) { return tile.work.dz + step % 2 * 4 * kLstmTileCells * tile.layout.units; }

/** dz of the tile at a step, for the units [unit, unit + lanes), and the bias gradient. */
inline void elementwise(const BackwardTile& tile, int64_t step, int64_t unit) {
  float *bias = tile.work.partials + tile.layout.partialBias + unit * 4, *to = stepGradients(tile, step) + unit * 4 * tile.cells;
  Vector sums[4];
  for (int gate = 0; gate < 4; ++gate) sums[gate] = load(bias + gate * kLanes);
  for (int64_t m = 0; m < tile.cells; ++m) {
    Vector dz[4];
    cellGradients(tile, step, unit, m, dz);
    for (int gate = 0; gate < 4; ++gate) {
      store(to + (m * 4 + gate) * kLanes, dz[gate]);
      sums[gate] += dz[gate];
    }
  }
  for (int gate = 0; gate < 4; ++gate) store(bias + gate * kLanes, sums[gate]);
}

/** out[m] (+)= dz[m] · panel for all cells of the tile */
inline void multiplyTransposed(const BackwardTile& tile, const float* dz, const float* panel, int64_t columns, float* out, int64_t outStride,
                               int64_t outColumns, bool accumulate) {
  const int64_t padded = tile.paddedUnits();
  const ColumnBlocks blocks(columns);
  RowTileCall call{};
  call.stride = 4 * kLanes;
  call.segments = padded / kLanes;
  call.segmentStride = tile.cells * 4 * kLanes;
  call.length = 4 * kLanes;
  call.accumulate = accumulate;
  call.outStride = outStride;
  for (int64_t b = 0; b < blocks.count; ++b) {
    const int64_t column = blocks.begin(b) * kLanes, tiles = tileCount(tile.cells, kMaxRows[blocks.size(b)]);
    call.panel = panel + column * 4 * padded;
    call.lastLanes = lastLanes(blocks, b, outColumns);
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t m0 = t * tile.cells / tiles;
      call.x = dz + m0 * call.stride;
      call.out = out + m0 * outStride + column;
      runRowTile(static_cast<int>((t + 1) * tile.cells / tiles - m0), blocks.size(b), call);
    }
  }
}

/** partial[r] += Σ_m x[m, r] · dz[m] */
inline void addOuter(const BackwardTile& tile, const float* dz, const float* x, int64_t xStride, int64_t rows, float* partial) {
  const int64_t tiles = tileCount(rows, kMaxRows[2]);
  OuterTileCall call{};
  call.xStride = xStride;
  call.gStride = 4 * kLanes;
  call.count = tile.cells;
  call.segments = 1;
  call.toStride = 2 * kLanes;
  for (int64_t unit = 0; unit < tile.paddedUnits(); unit += kLanes) {
    for (int64_t pair = 0; pair < 2; ++pair) {
      call.g = dz + unit * 4 * tile.cells + pair * 2 * kLanes;
      for (int64_t t = 0; t < tiles; ++t) {
        const int64_t first = t * rows / tiles;
        call.x = x + first;
        call.to = partial + unit * 4 * rows + (pair * rows + first) * call.toStride;
        runOuterTile(static_cast<int>((t + 1) * rows / tiles - first), 2, call);
      }
    }
  }
}

/** Weights [rows, 4D] transposed, rows of the panel in the order of dz's columns, those past D zero. */
inline void packTransposed(const float* weight, int64_t rows, int64_t hidden, float* panel) {
  const int64_t padded = ceilDivide(hidden, kLanes) * kLanes, panelRows = 4 * padded;
  __builtin_memset(panel, 0, panelRows * ceilDivide(rows, kLanes) * kLanes * sizeof(float));
  for (int64_t unit = 0; unit < hidden; unit += kLanes) {
    for (int64_t gate = 0; gate < 4; ++gate) {
      packPanel(weight + gate * hidden + unit, smaller(kLanes, hidden - unit), rows, 1, 4 * hidden, unit * 4 + gate * kLanes, panelRows, panel);
    }
  }
}

/** What a call packs once, for all threads. */
inline void packPanels(const LstmBackward<float>& call, const LstmBackwardLayout& layout, float* panels) {
  const LstmParams& p = call.params;
  packTransposed(call.weightHidden, p.hidden, p.hidden, panels);
  packTransposed(call.weightInput + call.gradBegin * 4 * p.hidden, call.gradChannels, p.hidden, panels + layout.inputPanel);
}

/** Nothing besides what each step writes. */
inline void startOperands(const LstmBackwardLayout&, float*) {}

/** What the loss knows of z at a step, further back: to x of that step and h of the one before. */
inline void stepBack(const BackwardTile& tile, int64_t step) {
  const LstmBackward<float>& call = tile.call;
  const LstmParams& p = call.params;
  const float* dz = stepGradients(tile, step);
  for (int64_t unit = 0; unit < p.hidden; unit += kLanes) elementwise(tile, step, unit);
  if (tile.gradInput != nullptr) {
    multiplyTransposed(tile, dz, tile.panels + tile.layout.inputPanel, call.gradChannels, tile.gradInput + step * p.cells * call.gradChannels,
                       call.gradChannels, call.gradChannels, p.accumulate);
  }
  multiplyTransposed(tile, dz, tile.panels, p.hidden, tile.work.gradHidden, tile.layout.units, tile.layout.units, false);
}

/** The weights' gradients of a step; work.hidden holds h of the one before. */
inline void addWeights(const BackwardTile& tile, int64_t step) {
  const LstmBackward<float>& call = tile.call;
  const LstmParams& p = call.params;
  const float* dz = stepGradients(tile, step);
  if (call.gradWeightInput != nullptr) {
    addOuter(tile, dz, tile.input + step * p.cells * p.inChannels, p.inChannels, p.inChannels, tile.work.partials);
  }
  if (call.gradWeightHidden != nullptr) {
    addOuter(tile, dz, tile.work.hidden, tile.layout.units, p.hidden, tile.work.partials + tile.layout.partialHidden);
  }
}

/** to[r, gate, unit] (+)= Σ_thread partial[thread][r, gate, unit], for the rows of one share. */
inline void reduceGates(const float* partials, int64_t partialStride, int threads, Range share, const LstmParams& p, int64_t rows, float* to) {
  for (int64_t r = share.begin; r < share.end; ++r) {
    for (int64_t column = 0; column < 4 * p.hidden; ++column) {
      const int64_t gate = column / p.hidden, unit = column % p.hidden, lane = unit % kLanes;
      const float* partial = partials + (unit - lane) * 4 * rows + (gate / 2 * rows + r) * 2 * kLanes + gate % 2 * kLanes + lane;
      float sum = p.accumulate ? to[r * 4 * p.hidden + column] : 0.0f;
      for (int t = 0; t < threads; ++t) sum += partial[t * partialStride];
      to[r * 4 * p.hidden + column] = sum;
    }
  }
}

/** Adds up what the threads have of the weight gradients. */
inline void reduceWeights(const LstmBackward<float>& call, const LstmBackwardLayout& layout, const float* own, int thread, int threads) {
  const LstmParams& p = call.params;
  const auto add = [&](float* to, int64_t offset, int64_t rows) {
    if (to != nullptr) reduceGates(own + offset, layout.perThread, threads, shareOf(rows, threads, thread), p, rows, to);
  };
  add(call.gradWeightInput, 0, p.inChannels);
  add(call.gradWeightHidden, layout.partialHidden, p.hidden);
}

}  // namespace retroplume::RETROPLUME_ISA
