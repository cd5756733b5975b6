#include <omp.h>

#include "ops/cpu_declarations.h"
#include "ops/lstm/lstm_scratch.h"
#include "ops/simd/elementwise.h"
#include "ops/simd/gemm_tile.h"
#include "ops/simd/math.h"

/**
 * LSTM forward in one pass. A thread takes a tile of cells through all steps, with weights and states in its cache. The gate products of a few cells
 * and one vector of hidden units are a register tile of four vectors, one a gate: activation and state update follow in the same registers, and gates
 * go to memory only where a backward pass will want them.
 */
namespace retroplume::RETROPLUME_ISA {

namespace {

#if defined(__AVX512F__)
constexpr int kGateRows = 6;  // 24 accumulators and 4 vectors of weights
#else
constexpr int kGateRows = 2;
#endif

/** A tile of cells of one sample, at one step. */
struct ForwardTile {
  const LstmForward<float>& call;
  const float* panel;  // [unit vector][C + D][gate][lane]
  const float* bias;   // [unit vector][gate][lane]
  int64_t units;       // D, padded to whole vectors of the widest kind
  int64_t sample, firstCell, step;
  const float* hiddenBefore;  // [cells, units]
  float* hidden;
  float* cell;
};

/** The units [unit, unit + lanes) of MR cells from the tile's cell `m0` on. */
template <int MR>
[[gnu::noinline]] void advance(const ForwardTile& tile, int64_t m0, int64_t unit) {
  const LstmParams& p = tile.call.params;
  const int64_t C = p.inChannels, D = p.hidden;
  const float* panel = tile.panel + unit * 4 * (C + D);
  const int64_t at = (tile.sample * p.steps + tile.step) * p.cells + tile.firstCell + m0;
  Vector z[MR][4];
  for (int m = 0; m < MR; ++m) {
    for (int gate = 0; gate < 4; ++gate) z[m][gate] = load(tile.bias + unit * 4 + gate * kLanes);
  }
  rowTile<MR, 4>(z, tile.call.input + at * C, C, panel, C);
  rowTile<MR, 4>(z, tile.hiddenBefore + m0 * tile.units, tile.units, panel + C * 4 * kLanes, D);
  const int valid = static_cast<int>(smaller(kLanes, D - unit));
  for (int m = 0; m < MR; ++m) {
    float* state = tile.cell + (m0 + m) * tile.units + unit;
    const Vector i = gateSigmoid(z[m][0]), f = gateSigmoid(z[m][1]), g = gateTanh(z[m][2]), o = gateSigmoid(z[m][3]);
    const Vector c = f * load(state) + i * g;
    const Vector h = o * gateTanh(c);
    store(state, c);
    store(tile.hidden + (m0 + m) * tile.units + unit, h);
    if (tile.call.gates != nullptr) {
      float* gates = tile.call.gates + (at + m) * 4 * D + unit;
      keep(gates, i, valid);
      keep(gates + D, f, valid);
      keep(gates + 2 * D, g, valid);
      keep(gates + 3 * D, o, valid);
    }
    if (tile.call.cellStates != nullptr) keep(tile.call.cellStates + (at + m) * D + unit, c, valid);
    const int64_t column = tile.sample * p.cells + tile.firstCell + m0 + m;
    if (p.allStates)
      keep(tile.call.output + (column * p.steps + tile.step) * D + unit, h, valid);
    else if (tile.step == p.steps - 1)
      keep(tile.call.output + column * D + unit, h, valid);
  }
}

template <int MR = kGateRows>
void advanceRows(int rows, const ForwardTile& tile, int64_t m0, int64_t unit) {
  if constexpr (MR > 1) {
    if (rows < MR) return advanceRows<MR - 1>(rows, tile, m0, unit);
  }
  advance<MR>(tile, m0, unit);
}

/** All steps of the cells [firstCell, firstCell + cells) of a sample. */
void runTile(ForwardTile tile, int64_t cells, float* hidden, const float* initialHidden, const float* initialCell) {
  const LstmParams& p = tile.call.params;
  float* states[2] = {hidden, hidden + kLstmTileCells * tile.units};
  for (int64_t m = 0; m < cells; ++m) {
    for (int64_t d = 0; d < tile.units; ++d) {
      states[0][m * tile.units + d] = initialHidden != nullptr && d < p.hidden ? initialHidden[d] : 0.0f;
      tile.cell[m * tile.units + d] = initialCell != nullptr && d < p.hidden ? initialCell[d] : 0.0f;
    }
  }
  const int64_t tiles = tileCount(cells, kGateRows);
  for (tile.step = 0; tile.step < p.steps; ++tile.step) {
    tile.hiddenBefore = states[tile.step % 2];
    tile.hidden = states[(tile.step + 1) % 2];
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t m0 = t * cells / tiles;
      for (int64_t unit = 0; unit < p.hidden; unit += kLanes) advanceRows(static_cast<int>((t + 1) * cells / tiles - m0), tile, m0, unit);
    }
  }
}

/** Rows of weights [rows, 4D] into the panel [unit vector][packed rows][gate][lane], from row `firstRow` on. */
void packGates(const float* weight, int64_t rows, int64_t hidden, int64_t firstRow, int64_t packedRows, float* panel) {
  for (int64_t unit = 0; unit < hidden; unit += kLanes) {
    for (int64_t r = 0; r < rows; ++r) {
      float* to = panel + unit * 4 * packedRows + (firstRow + r) * 4 * kLanes;
      for (int64_t gate = 0; gate < 4; ++gate) {
        for (int64_t lane = 0; lane < kLanes; ++lane) {
          to[gate * kLanes + lane] = unit + lane < hidden ? weight[r * 4 * hidden + gate * hidden + unit + lane] : 0.0f;
        }
      }
    }
  }
}

}  // namespace

void lstmForward(const LstmForward<float>& call, const Context& context) {
  const LstmParams& p = call.params;
  const LstmForwardLayout layout(p, context.threads);
  float* scratch = static_cast<float*>(context.scratch);
  packGates(call.weightInput, p.inChannels, p.hidden, 0, p.inChannels + p.hidden, scratch);
  packGates(call.weightHidden, p.hidden, p.hidden, p.inChannels, p.inChannels + p.hidden, scratch);
  packGates(call.bias, 1, p.hidden, 0, 1, scratch + layout.bias);
  const int64_t tiles = tileCount(p.cells, kLstmTileCells);
#pragma omp parallel num_threads(context.threads)
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    float* work = scratch + layout.work + thread * layout.perThread;
    const Range share = shareOf(p.batch * tiles, threads, thread);
    for (int64_t index = share.begin; index < share.end; ++index) {
      const int64_t sample = index / tiles, t = index % tiles, first = t * p.cells / tiles;
      const ForwardTile tile{call, scratch, scratch + layout.bias, layout.units, sample, first, 0, nullptr, nullptr, work + layout.cell};
      runTile(tile, (t + 1) * p.cells / tiles - first, work, call.initialHidden, call.initialCell);
    }
  }
}

}  // namespace retroplume::RETROPLUME_ISA
