#pragma once
#include "ops/lstm/lstm_state.h"

/** What the reverse pass of a tile of cells has besides its products. */
namespace retroplume::RETROPLUME_ISA {

/** One thread's memory. */
struct Work {
  float* partials;    // see the layout
  float* dz;          // of two steps, by turns
  float* gradHidden;  // [cells, units], as are the following
  float* gradCell;
  float* tanhCell;
  float* hidden;
  float* operands;  // of the tile unit
};

/** Cells of one sample; pointers are to the first of them, at step 0. */
struct BackwardTile {
  const LstmBackward<float>& call;
  const LstmBackwardLayout& layout;
  const float* panels;  // what packTransposed has made
  Work work;
  int64_t cells;
  const float* input;       // [T][P][C]
  const float* gradOutput;  // [cells][T·D] or [cells][D] in rows of the layout
  float* gradInput;         // [T][P][gradChannels] or null
  const float* gates;
  const float* cellStates;
  TraceLayout trace;

  int64_t paddedUnits() const { return ceilDivide(call.params.hidden, kLanes) * kLanes; }
};

/** Gradient of h at a step that comes from the output; null if this step's state is not part of it. */
inline const float* outputGradient(const BackwardTile& tile, int64_t step, int64_t m) {
  const LstmParams& p = tile.call.params;
  const float* states = tile.gradOutput + m * p.output.stride;
  if (p.allStates) return states + step * p.hidden;
  return step == p.steps - 1 ? states : nullptr;
}

/** tanh(c) of a step. Eight at a time: see reciprocalOnePlusPower. */
inline void makeTanh(const BackwardTile& tile, int64_t step) {
  constexpr int kChains = 8;
  const int64_t D = tile.call.params.hidden, units = tile.layout.units;
  for (int64_t unit = 0; unit < D; unit += kLanes) {
    const float* cellStates = tile.cellStates + tile.trace.at(step, unit, 0);
    float* to = tile.work.tanhCell + unit;
    for (int64_t m0 = 0; m0 < tile.cells; m0 += kChains) {
      // The last group begins so early that it is whole, unless the tile is smaller than a group.
      const int64_t first = larger(0, smaller(m0, tile.cells - kChains));
      Vector x[kChains];
      for (int64_t n = 0; n < kChains; ++n) x[n] = load(cellStates + smaller(first + n, tile.cells - 1) * kLanes);
      gateTanh(x);
      for (int64_t n = 0; n < kChains; ++n) store(to + smaller(first + n, tile.cells - 1) * units, x[n]);
    }
  }
}

inline void begin(const BackwardTile& tile) {
  const int64_t bytes = tile.cells * tile.layout.units * sizeof(float);
  __builtin_memset(tile.work.gradHidden, 0, bytes);
  __builtin_memset(tile.work.gradCell, 0, bytes);
}

/** The row of an initial state, 0 where it is not given. */
[[gnu::always_inline]] inline Vector initialState(const float* initial, int64_t unit, int64_t hidden) {
  return initial != nullptr ? fetch(initial + unit, static_cast<int>(smaller(kLanes, hidden - unit))) : Vector{};
}

/** dz of a cell at a step, for the units [unit, unit + lanes); also h of that step where weights ask for it, and dc of the step before. */
[[gnu::always_inline]] inline void cellGradients(const BackwardTile& tile, int64_t step, int64_t unit, int64_t m, Vector (&dz)[4]) {
  const LstmBackward<float>& call = tile.call;
  const int64_t state = m * tile.layout.units + unit, D = call.params.hidden;
  const float* gates = tile.gates + 4 * tile.trace.at(step, unit, m);
  const Vector i = load(gates), f = load(gates + kLanes), g = load(gates + 2 * kLanes), o = load(gates + 3 * kLanes);
  const Vector tanhC = load(tile.work.tanhCell + state);
  const Vector cBefore = step > 0 ? load(tile.cellStates + tile.trace.at(step - 1, unit, m)) : initialState(call.initialCell, unit, D);
  if (call.gradWeightHidden != nullptr) store(tile.work.hidden + state, o * tanhC);
  Vector dh = load(tile.work.gradHidden + state);
  if (const float* fromOutput = outputGradient(tile, step, m)) dh += fetch(fromOutput + unit, static_cast<int>(smaller(kLanes, D - unit)));
  const Vector dc = load(tile.work.gradCell + state) + dh * o * (1.0f - tanhC * tanhC);
  store(tile.work.gradCell + state, dc * f);
  dz[0] = dc * g * (i - i * i);
  dz[1] = dc * cBefore * (f - f * f);
  dz[2] = dc * i * (1.0f - g * g);
  dz[3] = dh * tanhC * (o - o * o);
}

/** The hidden states before the first step. */
inline void startHidden(const BackwardTile& tile) {
  for (int64_t unit = 0; unit < tile.call.params.hidden; unit += kLanes) {
    const Vector first = initialState(tile.call.initialHidden, unit, tile.call.params.hidden);
    for (int64_t m = 0; m < tile.cells; ++m) store(tile.work.hidden + m * tile.layout.units + unit, first);
  }
}

}  // namespace retroplume::RETROPLUME_ISA
