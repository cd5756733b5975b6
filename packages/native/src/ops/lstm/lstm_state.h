#pragma once
#include "ops/lstm/lstm_scratch.h"
#include "ops/simd/elementwise.h"
#include "ops/simd/math.h"

/** What the forward pass of a tile of cells has besides its products: weights and states, activations, and what is kept and given out. */
namespace retroplume::RETROPLUME_ISA {

/** z = scale · (x · W + …) is what the activations ask for: the factors that turn it into powers of two are packed with the weights. */
constexpr float kGateScale[4] = {kSigmoidScale, kSigmoidScale, kTanhScale, kSigmoidScale};

/** The packed weights of a call, shared by all threads. */
struct GateWeights {
  const float* panel;
  const float* bias;  // [unit vector][gate][lane]
};

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

/** Whether gates and cell states of a tile are kept for a reverse pass, and past the caches. */
enum class Trace { none, cached, streamed };

/** Cells of one sample. Pointers are to the first of them, at step 0. */
struct ForwardTile {
  const LstmParams& params;
  GateWeights weights;
  int64_t cells;
  const float* input;          // [T][P][C]
  const float* initialHidden;  // [D] or null: 0
  const float* initialCell;
  float* output;  // [cells][T·D] or [cells][D] in rows of the layout, or null
  Trace kept;
  float *gates, *cellStates;  // where they are kept
  TraceLayout trace;
  bool streamedOutput;  // past the caches
  float* states;        // the thread's memory: hidden, hidden by turns, cell, each [kLstmTileCells][units]; behind them the products' own
  int64_t units;        // D, padded to whole vectors of the widest kind

  /** The hidden states that a step begins with. */
  float* hidden(int64_t step) const { return states + step % 2 * kLstmTileCells * units; }
  float* cell() const { return states + 2 * kLstmTileCells * units; }
};

template <Trace kKept>
[[gnu::always_inline]] inline void keepTrace(float* to, Vector x) {
  if constexpr (kKept == Trace::cached) store(to, x);
  if constexpr (kKept == Trace::streamed) stream(to, x);
}

/**
 * See `activate`. Without a branch, which cells side by side would wait for; what is kept is stored as soon as it is there, since memory takes a run
 * of sixteen lines more slowly than they are made.
 */
template <Trace kKept, int MR>
[[gnu::always_inline]] inline void activateKept(const ForwardTile& tile, int64_t step, int64_t m0, int64_t unit, Vector (&z)[MR][4],
                                                Vector (&h)[MR]) {
  float* cell = tile.cell() + m0 * tile.units + unit;
  const int64_t traced = tile.trace.at(step, unit, m0);
  Vector tanhC[MR];
#pragma GCC unroll 8
  for (int m = 0; m < MR; ++m) {
    reciprocalOnePlusPower(z[m]);
    z[m][2] = 1.0f - 2.0f * z[m][2];
    const Vector c = tanhC[m] = z[m][1] * load(cell + m * tile.units) + z[m][0] * z[m][2];
    store(cell + m * tile.units, c);
#pragma GCC unroll 4
    for (int gate = 0; gate < 4; ++gate) keepTrace<kKept>(tile.gates + 4 * (traced + m * kLanes) + gate * kLanes, z[m][gate]);
    keepTrace<kKept>(tile.cellStates + traced + m * kLanes, c);
  }
  gateTanh(tanhC);
#pragma GCC unroll 8
  for (int m = 0; m < MR; ++m) {
    h[m] = z[m][3] * tanhC[m];
    store(tile.hidden(step + 1) + (m0 + m) * tile.units + unit, h[m]);
  }
}

/** From z of MR cells from `m0` on, for the units [unit, unit + lanes), their states after the step; `h` receives the hidden ones. */
template <int MR>
[[gnu::always_inline]] inline void activate(const ForwardTile& tile, int64_t step, int64_t m0, int64_t unit, Vector (&z)[MR][4], Vector (&h)[MR]) {
  if (tile.kept == Trace::streamed) return activateKept<Trace::streamed>(tile, step, m0, unit, z, h);
  if (tile.kept == Trace::cached) return activateKept<Trace::cached>(tile, step, m0, unit, z, h);
  activateKept<Trace::none>(tile, step, m0, unit, z, h);
}

/** Rows of a state before the first step: `initial` [D], or 0. */
inline void startState(const ForwardTile& tile, const float* initial, float* state) {
  for (int64_t unit = 0; unit < tile.units; unit += kLanes) {
    const int64_t valid = initial == nullptr ? 0 : larger(0, smaller(kLanes, tile.params.hidden - unit));
    const Vector first = valid > 0 ? fetch(initial + unit, static_cast<int>(valid)) : Vector{};
    for (int64_t m = 0; m < tile.cells; ++m) store(state + m * tile.units + unit, first);
  }
}

inline void startStates(const ForwardTile& tile) {
  startState(tile, tile.initialHidden, tile.hidden(0));
  startState(tile, tile.initialCell, tile.cell());
}

/**
 * The hidden states of cells [begin, end) that a step has made, in whole rows: the outputs of a cell's steps lie side by side, and a row may be a
 * cache line. A few cells at a time, for the same reason as in `activateKept`.
 */
inline void writeOutput(const ForwardTile& tile, int64_t step, int64_t begin, int64_t end) {
  const LstmParams& p = tile.params;
  if (tile.output == nullptr || (!p.allStates && step < p.steps - 1)) return;
  const float* hidden = tile.hidden(step + 1);
  float* output = tile.output + (p.allStates ? step * p.hidden : 0);
  for (int64_t m = begin; m < end; ++m) {
    for (int64_t unit = 0; unit < p.hidden; unit += kLanes) {
      float* to = output + m * p.output.stride + unit;
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

}  // namespace retroplume::RETROPLUME_ISA
