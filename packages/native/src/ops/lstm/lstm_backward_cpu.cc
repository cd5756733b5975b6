#include "ops/cpu_declarations.h"
#include "ops/lstm/lstm_tile.h"
#include "ops/simd/parallel.h"
#include "ops/simd/partial_sums.h"

/**
 * LSTM backward. A thread takes a tile of cells backward through all steps; where the forward pass has not kept its gates, it first takes the tile
 * forward once more, with gates that stay in its caches. At each step it makes dz of the whole tile (element by element), then
 *
 *   gradInput = dz · weightInputᵀ, dh = dz · weightHiddenᵀ            rowTile, weights transposed and packed once a call
 *   gradWeightInput += xᵀ · dz, gradWeightHidden += hᵀ · dz           outerTile, into the thread's own partial sums
 *
 * dz never leaves the cache; it lies by unit vectors, [unit vector][cell][gate][lane], so that both products read it in long runs. Partial sums,
 * [unit vector][pair of gates][row][2 lanes], are added in the order of the threads. What nobody asks for is not computed: an inversion pays for
 * neither weight gradients nor h.
 */
namespace retroplume::RETROPLUME_ISA {

namespace {

/** One thread's memory. */
struct Work {
  float* partials;  // see the layout
  float* dz;
  float* gradHidden;  // [cells, units], as are the following
  float* gradCell;
  float* tanhCell;  // two, by turns
  float* hiddenBefore;
};

/** Cells of one sample; pointers are to the first of them, at step 0. */
struct BackwardTile {
  const LstmBackward<float>& call;
  const LstmBackwardLayout& layout;
  const float* hiddenPanel;
  const float* inputPanel;
  Work work;
  int64_t cells;
  const float* input;       // [T][P][C]
  const float* gradOutput;  // [cells][T·D] or [cells][D]
  float* gradInput;         // [T][P][gradChannels] or null
  const float* gates;
  const float* cellStates;
  TraceLayout trace;

  int64_t paddedUnits() const { return ceilDivide(call.params.hidden, kLanes) * kLanes; }
};

/** Gradient of h at a step that comes from the output; null if this step's state is not part of it. */
const float* outputGradient(const BackwardTile& tile, int64_t step, int64_t m) {
  const LstmParams& p = tile.call.params;
  if (p.allStates) return tile.gradOutput + (m * p.steps + step) * p.hidden;
  return step == p.steps - 1 ? tile.gradOutput + m * p.hidden : nullptr;
}

float* tanhPlane(const BackwardTile& tile, int64_t step) { return tile.work.tanhCell + step % 2 * kLstmTileCells * tile.layout.units; }

/** tanh(c) of a step. Eight at a time: see reciprocalOnePlusPower. */
void makeTanh(const BackwardTile& tile, int64_t step) {
  constexpr int kChains = 8;
  const int64_t D = tile.call.params.hidden, units = tile.layout.units;
  for (int64_t unit = 0; unit < D; unit += kLanes) {
    const float* cellStates = tile.cellStates + tile.trace.at(step, unit, 0);
    float* to = tanhPlane(tile, step) + unit;
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

void begin(const BackwardTile& tile) {
  const int64_t bytes = tile.cells * tile.layout.units * sizeof(float);
  __builtin_memset(tile.work.gradHidden, 0, bytes);
  __builtin_memset(tile.work.gradCell, 0, bytes);
  makeTanh(tile, tile.call.params.steps - 1);
}

/** dz of the tile at a step, for the units [unit, unit + lanes); also h of the step before, and the bias gradient. */
void elementwise(const BackwardTile& tile, int64_t step, int64_t unit) {
  const LstmBackward<float>& call = tile.call;
  const int64_t D = call.params.hidden, units = tile.layout.units;
  const int valid = static_cast<int>(smaller(kLanes, D - unit));
  const Vector firstCell = call.initialCell != nullptr ? fetch(call.initialCell + unit, valid) : Vector{};
  const Vector firstHidden = call.initialHidden != nullptr ? fetch(call.initialHidden + unit, valid) : Vector{};
  float* bias = tile.work.partials + tile.layout.partialBias + unit * 4;
  Vector sums[4];
  for (int gate = 0; gate < 4; ++gate) sums[gate] = load(bias + gate * kLanes);
  for (int64_t m = 0; m < tile.cells; ++m) {
    const int64_t state = m * units + unit;
    const float* gates = tile.gates + 4 * tile.trace.at(step, unit, m);
    const Vector i = load(gates), f = load(gates + kLanes), g = load(gates + 2 * kLanes), o = load(gates + 3 * kLanes);
    const Vector tanhC = load(tanhPlane(tile, step) + state);
    Vector cBefore = firstCell, hBefore = firstHidden;
    if (step > 0) {
      const int64_t before = tile.trace.at(step - 1, unit, m);
      cBefore = load(tile.cellStates + before);
      if (call.gradWeightHidden != nullptr) hBefore = load(tile.gates + 4 * before + 3 * kLanes) * load(tanhPlane(tile, step - 1) + state);
    }
    if (call.gradWeightHidden != nullptr) store(tile.work.hiddenBefore + state, hBefore);
    Vector dh = load(tile.work.gradHidden + state);
    if (const float* fromOutput = outputGradient(tile, step, m)) dh += fetch(fromOutput + unit, valid);
    const Vector dc = load(tile.work.gradCell + state) + dh * o * (1.0f - tanhC * tanhC);
    store(tile.work.gradCell + state, dc * f);
    const Vector dz[4] = {dc * g * (i - i * i), dc * cBefore * (f - f * f), dc * i * (1.0f - g * g), dh * tanhC * (o - o * o)};
    for (int gate = 0; gate < 4; ++gate) {
      store(tile.work.dz + unit * 4 * tile.cells + (m * 4 + gate) * kLanes, dz[gate]);
      sums[gate] += dz[gate];
    }
  }
  for (int gate = 0; gate < 4; ++gate) store(bias + gate * kLanes, sums[gate]);
}

/** out[m] (+)= dz[m] · panel for all cells of the tile */
void multiplyTransposed(const BackwardTile& tile, const float* panel, int64_t columns, float* out, int64_t outStride, int64_t outColumns,
                        bool accumulate) {
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
      call.x = tile.work.dz + m0 * call.stride;
      call.out = out + m0 * outStride + column;
      runRowTile(static_cast<int>((t + 1) * tile.cells / tiles - m0), blocks.size(b), call);
    }
  }
}

/** partial[r] += Σ_m x[m, r] · dz[m] */
void addOuter(const BackwardTile& tile, const float* x, int64_t xStride, int64_t rows, float* partial) {
  const int64_t tiles = tileCount(rows, kMaxRows[2]);
  OuterTileCall call{};
  call.xStride = xStride;
  call.gStride = 4 * kLanes;
  call.count = tile.cells;
  call.segments = 1;
  call.toStride = 2 * kLanes;
  for (int64_t unit = 0; unit < tile.paddedUnits(); unit += kLanes) {
    for (int64_t pair = 0; pair < 2; ++pair) {
      call.g = tile.work.dz + unit * 4 * tile.cells + pair * 2 * kLanes;
      for (int64_t t = 0; t < tiles; ++t) {
        const int64_t first = t * rows / tiles;
        call.x = x + first;
        call.to = partial + unit * 4 * rows + (pair * rows + first) * call.toStride;
        runOuterTile(static_cast<int>((t + 1) * rows / tiles - first), 2, call);
      }
    }
  }
}

void addStates(const BackwardTile& tile, const float* states, float* partial) {
  for (int64_t unit = 0; unit < tile.call.params.hidden; unit += kLanes) {
    Vector sum = load(partial + unit);
    for (int64_t m = 0; m < tile.cells; ++m) sum += load(states + m * tile.layout.units + unit);
    store(partial + unit, sum);
  }
}

void runTile(const BackwardTile& tile) {
  const LstmBackward<float>& call = tile.call;
  const LstmParams& p = call.params;
  const LstmBackwardLayout& layout = tile.layout;
  begin(tile);
  for (int64_t step = p.steps - 1; step >= 0; --step) {
    if (step > 0) makeTanh(tile, step - 1);
    for (int64_t unit = 0; unit < p.hidden; unit += kLanes) elementwise(tile, step, unit);
    const int64_t row = step * p.cells;
    if (tile.gradInput != nullptr) {
      multiplyTransposed(tile, tile.inputPanel, call.gradChannels, tile.gradInput + row * call.gradChannels, call.gradChannels, call.gradChannels,
                         p.accumulate);
    }
    if (call.gradWeightInput != nullptr) addOuter(tile, tile.input + row * p.inChannels, p.inChannels, p.inChannels, tile.work.partials);
    if (call.gradWeightHidden != nullptr) addOuter(tile, tile.work.hiddenBefore, layout.units, p.hidden, tile.work.partials + layout.partialHidden);
    multiplyTransposed(tile, tile.hiddenPanel, p.hidden, tile.work.gradHidden, layout.units, layout.units, false);
  }
  if (call.gradInitialHidden != nullptr) addStates(tile, tile.work.gradHidden, tile.work.partials + layout.partialInitialHidden);
  if (call.gradInitialCell != nullptr) addStates(tile, tile.work.gradCell, tile.work.partials + layout.partialInitialCell);
}

/** Weights [rows, 4D] transposed, rows of the panel in the order of dz's columns, those past D zero. */
void packTransposed(const float* weight, int64_t rows, int64_t hidden, float* panel) {
  const int64_t padded = ceilDivide(hidden, kLanes) * kLanes, panelRows = 4 * padded;
  __builtin_memset(panel, 0, panelRows * ceilDivide(rows, kLanes) * kLanes * sizeof(float));
  for (int64_t unit = 0; unit < hidden; unit += kLanes) {
    for (int64_t gate = 0; gate < 4; ++gate) {
      packPanel(weight + gate * hidden + unit, smaller(kLanes, hidden - unit), rows, 1, 4 * hidden, unit * 4 + gate * kLanes, panelRows, panel);
    }
  }
}

/** to[r, gate, unit] (+)= Σ_thread partial[thread][r, gate, unit], for the rows of one share. */
void reduceGates(const float* partials, int64_t partialStride, int threads, Range share, const LstmParams& p, int64_t rows, float* to) {
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

/** Adds up the threads' partial sums, each thread a share of the rows. */
void reduce(const LstmBackward<float>& call, const LstmBackwardLayout& layout, const float* partials, int thread, int threads) {
  const LstmParams& p = call.params;
  const auto addGates = [&](float* to, int64_t offset, int64_t rows) {
    if (to != nullptr) reduceGates(partials + offset, layout.perThread, threads, shareOf(rows, threads, thread), p, rows, to);
  };
  const auto addStates = [&](float* to, int64_t offset) {
    if (to != nullptr) reduceRows(partials + offset, layout.perThread, threads, shareOf(1, threads, thread), p.hidden, p.accumulate, to);
  };
  addGates(call.gradWeightInput, 0, p.inChannels);
  addGates(call.gradWeightHidden, layout.partialHidden, p.hidden);
  addGates(call.gradBias, layout.partialBias, 1);
  addStates(call.gradInitialHidden, layout.partialInitialHidden);
  addStates(call.gradInitialCell, layout.partialInitialCell);
}

/** What a call packs once, for all threads. */
struct Panels {
  GateWeights forward;  // only where gates are computed again
  const float* hidden;
  const float* input;
};

Panels packAll(const LstmBackward<float>& call, const LstmBackwardLayout& layout, float* scratch) {
  const LstmParams& p = call.params;
  packTransposed(call.weightHidden, p.hidden, p.hidden, scratch + layout.hiddenPanel);
  packTransposed(call.weightInput + call.gradBegin * 4 * p.hidden, call.gradChannels, p.hidden, scratch + layout.inputPanel);
  const GateWeights forward = p.keptCells < p.cells ? packGateWeights(call, scratch) : GateWeights{};
  return {forward, scratch + layout.hiddenPanel, scratch + layout.inputPanel};
}

/** Tile t of a sample; `own` is the thread's memory. */
void runCells(const LstmBackward<float>& call, const LstmBackwardLayout& layout, const Panels& panels, float* own, int64_t sample,
              const LstmTiles& tiles, int64_t t) {
  const LstmParams& p = call.params;
  const int64_t first = tiles.begin(t), cells = tiles.begin(t + 1) - first, row = sample * p.steps * p.cells + first;
  const Work work{own, own + layout.partials, own + layout.gradHidden, own + layout.gradCell, own + layout.tanhCell, own + layout.hiddenBefore};
  const float *input = call.input + row * p.inChannels, *gates = own + layout.gates, *cellStates = own + layout.cellStates;
  const TraceLayout trace(p.hidden, tiles.isKept(t) ? p.keptCells : kLstmTileCells);
  if (tiles.isKept(t)) {
    const int64_t traced = trace.at(sample * p.steps, 0, first);
    gates = call.gates + 4 * traced;
    cellStates = call.cellStates + traced;
  } else {
    runForwardTile({p, panels.forward, cells, input, call.initialHidden, call.initialCell, nullptr, own + layout.gates, own + layout.cellStates,
                    trace, false, false, own + layout.states, layout.units});
  }
  const float* gradOutput = call.gradOutput + sample * p.outputStride + first * p.outputChannels();
  float* gradInput = call.gradInput != nullptr ? call.gradInput + row * call.gradChannels : nullptr;
  runTile({call, layout, panels.hidden, panels.input, work, cells, input, gradOutput, gradInput, gates, cellStates, trace});
}

}  // namespace

void lstmBackward(const LstmBackward<float>& call, const Context& context) {
  const LstmParams& p = call.params;
  const LstmBackwardLayout layout(p, context.threads);
  float* scratch = static_cast<float*>(context.scratch);
  const Panels panels = packAll(call, layout, scratch);
  const LstmTiles tiles(p);
  inParallel(context, [&](const Worker& worker) {
    const int thread = worker.thread, threads = worker.threads;
    float* own = scratch + layout.threadsBegin + thread * layout.perThread;
    __builtin_memset(own, 0, layout.partials * sizeof(float));
    const Range share = shareOf(p.batch * tiles.count, threads, thread);
    for (int64_t index = share.begin; index < share.end; ++index) {
      runCells(call, layout, panels, own, index / tiles.count, tiles, index % tiles.count);
    }
    worker.barrier();
    reduce(call, layout, scratch + layout.threadsBegin, thread, threads);
  });
}

}  // namespace retroplume::RETROPLUME_ISA
