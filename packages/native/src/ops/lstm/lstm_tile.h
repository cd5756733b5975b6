#pragma once
#include "ops/lstm/lstm_scratch.h"
#include "ops/simd/elementwise.h"
#include "ops/simd/gemm_tile.h"
#include "ops/simd/math.h"

/**
 * The forward pass of a tile of cells through all steps, with weights and states in cache. The gate products of a few cells and one vector of hidden
 * units are a register tile of four vectors, one a gate: activation and state update follow in the same registers, and gates go to memory only where
 * a backward pass will want them. Weights are packed with the factors that turn z into the powers of two which the activations are made of.
 */
namespace retroplume::RETROPLUME_ISA {

#if defined(__AVX512F__)
constexpr int kGateRows = 4;  // 16 accumulators leave the activations registers: 6 rows multiply with fewer loads, but took 5 % longer
#elif defined(__AVX2__)
constexpr int kGateRows = 3;  // 12 accumulators, 3 broadcasts, a vector of weights
#else
constexpr int kGateRows = 2;
#endif

/** Rows of weights [rows, 4D], scaled, into the panel [unit vector][packed rows][gate][lane], from row `firstRow` on. */
inline void packGates(const float* weight, int64_t rows, int64_t hidden, int64_t firstRow, int64_t packedRows, float* panel) {
  constexpr float kScale[4] = {kSigmoidScale, kSigmoidScale, kTanhScale, kSigmoidScale};
  for (int64_t unit = 0; unit < hidden; unit += kLanes) {
    for (int64_t r = 0; r < rows; ++r) {
      float* to = panel + unit * 4 * packedRows + (firstRow + r) * 4 * kLanes;
      for (int64_t gate = 0; gate < 4; ++gate) {
        for (int64_t lane = 0; lane < kLanes; ++lane) {
          to[gate * kLanes + lane] = unit + lane < hidden ? kScale[gate] * weight[r * 4 * hidden + gate * hidden + unit + lane] : 0.0f;
        }
      }
    }
  }
}

/** The packed weights of a call, shared by all threads. */
struct GateWeights {
  const float* panel;  // [unit vector][C + D][gate][lane]
  const float* bias;   // [unit vector][gate][lane]
};

/** Packs a call's weights into `scratch`, laid out as LstmWeightLayout says. */
template <class Call>
GateWeights packGateWeights(const Call& call, float* scratch) {
  const LstmParams& p = call.params;
  float* bias = scratch + LstmWeightLayout(p).bias;
  packGates(call.weightInput, p.inChannels, p.hidden, 0, p.inChannels + p.hidden, scratch);
  packGates(call.weightHidden, p.hidden, p.hidden, p.inChannels, p.inChannels + p.hidden, scratch);
  packGates(call.bias, 1, p.hidden, 0, 1, bias);
  return {scratch, bias};
}

/**
 * How gates and cell states are kept: [T][unit vector][cells][gate][lane] and [T][unit vector][cells][lane], so that what a register tile makes is
 * written, and read again, in one long run. `cells` of each sample are kept.
 */
struct TraceLayout {
  int64_t unitVectors, cells;
  TraceLayout(int64_t hidden, int64_t traceCells) : unitVectors(ceilDivide(hidden, kLanes)), cells(traceCells) {}
  /** Floats before a cell state; four times as many before its gates. */
  int64_t at(int64_t step, int64_t unit, int64_t cell) const { return ((step * unitVectors + unit / kLanes) * cells + cell) * kLanes; }
};

/** Cells of one sample. Pointers are to the first of them, at step 0. */
struct ForwardTile {
  const LstmParams& params;
  GateWeights weights;
  int64_t cells;
  const float* input;          // [T][P][C]
  const float* initialHidden;  // [D] or null: 0
  const float* initialCell;
  float* output;      // [cells][T·D] or [cells][D], or null
  float* gates;       // or null
  float* cellStates;  // or null
  TraceLayout trace;
  bool streamed, streamedOutput;  // past the caches
  float* states;                  // hidden, hidden by turns, cell: each [kLstmTileCells][units]
  int64_t units;                  // D, padded to whole vectors of the widest kind
};

/** One step of MR cells from `m0` on, for the units [unit, unit + lanes). */
template <int MR>
[[gnu::noinline]] void advance(const ForwardTile& tile, int64_t step, int64_t m0, int64_t unit) {
  const LstmParams& p = tile.params;
  const int64_t C = p.inChannels, D = p.hidden, plane = kLstmTileCells * tile.units;
  const float* panel = tile.weights.panel + unit * 4 * (C + D);
  Vector z[MR][4];
  for (int gate = 0; gate < 4; ++gate) {
    const Vector bias = load(tile.weights.bias + unit * 4 + gate * kLanes);
    for (int m = 0; m < MR; ++m) z[m][gate] = bias;
  }
  rowTile<MR, 4>(z, tile.input + (step * p.cells + m0) * C, C, panel, C);
  rowTile<MR, 4>(z, tile.states + step % 2 * plane + m0 * tile.units, tile.units, panel + C * 4 * kLanes, D);
  Vector c[MR], tanhC[MR];
#pragma GCC unroll 8
  for (int m = 0; m < MR; ++m) reciprocalOnePlusPower(z[m]);
  for (int m = 0; m < MR; ++m) {
    z[m][2] = 1.0f - 2.0f * z[m][2];
    c[m] = tanhC[m] = z[m][1] * load(tile.states + 2 * plane + (m0 + m) * tile.units + unit) + z[m][0] * z[m][2];
  }
  gateTanh(tanhC);
  for (int m = 0; m < MR; ++m) {
    const Vector h = z[m][3] * tanhC[m];
    store(tile.states + 2 * plane + (m0 + m) * tile.units + unit, c[m]);
    store(tile.states + (step + 1) % 2 * plane + (m0 + m) * tile.units + unit, h);
    const int64_t traced = tile.trace.at(step, unit, m0 + m);
    if (tile.gates != nullptr) {
      for (int gate = 0; gate < 4; ++gate) {
        float* to = tile.gates + 4 * traced + gate * kLanes;
        tile.streamed ? stream(to, z[m][gate]) : store(to, z[m][gate]);
      }
    }
    if (tile.cellStates != nullptr) tile.streamed ? stream(tile.cellStates + traced, c[m]) : store(tile.cellStates + traced, c[m]);
  }
}

template <int MR = kGateRows>
void advanceRows(int rows, const ForwardTile& tile, int64_t step, int64_t m0, int64_t unit) {
  if constexpr (MR > 1) {
    if (rows < MR) return advanceRows<MR - 1>(rows, tile, step, m0, unit);
  }
  advance<MR>(tile, step, m0, unit);
}

inline void startStates(const ForwardTile& tile) {
  float *hidden = tile.states, *cell = tile.states + 2 * kLstmTileCells * tile.units;
  for (int64_t m = 0; m < tile.cells; ++m) {
    for (int64_t d = 0; d < tile.units; ++d) {
      const bool valid = d < tile.params.hidden;
      hidden[m * tile.units + d] = valid && tile.initialHidden != nullptr ? tile.initialHidden[d] : 0.0f;
      cell[m * tile.units + d] = valid && tile.initialCell != nullptr ? tile.initialCell[d] : 0.0f;
    }
  }
}

/** The hidden states that a step has made, in whole rows: the outputs of a cell's steps lie side by side, and a row may be a cache line. */
inline void writeOutput(const ForwardTile& tile, int64_t step) {
  const LstmParams& p = tile.params;
  if (tile.output == nullptr || (!p.allStates && step < p.steps - 1)) return;
  const float* hidden = tile.states + (step + 1) % 2 * kLstmTileCells * tile.units;
  float* output = tile.output + (p.allStates ? step * p.hidden : 0);
  for (int64_t m = 0; m < tile.cells; ++m) {
    for (int64_t unit = 0; unit < p.hidden; unit += kLanes) {
      float* to = output + m * p.outputChannels() + unit;
      const Vector h = load(hidden + m * tile.units + unit);
      tile.streamedOutput ? stream(to, h) : keep(to, h, static_cast<int>(smaller(kLanes, p.hidden - unit)));
    }
  }
}

/** The rows of cells [begin, end) that the next step reads: each step's begin where no prefetcher of the processor expects them. */
inline void prefetchInput(const ForwardTile& tile, int64_t step, int64_t begin, int64_t end) {
  const LstmParams& p = tile.params;
  const int64_t next = step + 1 < p.steps ? (step + 1) * p.cells : tile.cells;
  const float* last = tile.input + (next + end) * p.inChannels;
  for (const float* line = tile.input + (next + begin) * p.inChannels; line < last; line += 16) __builtin_prefetch(line);
}

/** All steps. Units are the outer loop: a unit vector's weights are read from the first-level cache for all cells. */
inline void runForwardTile(const ForwardTile& tile) {
  startStates(tile);
  const int64_t tiles = tileCount(tile.cells, kGateRows);
  for (int64_t step = 0; step < tile.params.steps; ++step) {
    for (int64_t unit = 0; unit < tile.params.hidden; unit += kLanes) {
      for (int64_t t = 0; t < tiles; ++t) {
        const int64_t m0 = t * tile.cells / tiles;
        if (unit == 0) prefetchInput(tile, step, m0, (t + 1) * tile.cells / tiles);
        advanceRows(static_cast<int>((t + 1) * tile.cells / tiles - m0), tile, step, m0, unit);
      }
    }
    writeOutput(tile, step);
  }
}

}  // namespace retroplume::RETROPLUME_ISA
