#include <omp.h>

#include "ops/cpu_declarations.h"
#include "ops/lstm/lstm_scratch.h"
#include "ops/simd/elementwise.h"
#include "ops/simd/gemm_tile.h"
#include "ops/simd/math.h"
#include "ops/simd/partial_sums.h"

/**
 * LSTM backward. A thread takes a tile of cells backward through all steps; at each step it makes dz of the whole tile (element by element), then
 *
 *   gradInput = dz · weightInputᵀ, dh = dz · weightHiddenᵀ            rowTile, weights transposed and packed once a call
 *   gradWeightInput += xᵀ · dz, gradWeightHidden += hᵀ · dz           outerTile, into the thread's own partial sums
 *
 * dz never leaves the cache. Partial sums are added in the order of the threads. What nobody asks for is not computed: an inversion pays for
 * neither weight gradients nor h.
 */
namespace retroplume::RETROPLUME_ISA {

namespace {

/** One thread's memory. */
struct Work {
  float* partials;  // weights [C + D, gates padded], then see the layout
  float* dz;        // [cells, 4D]
  float* gradHidden;
  float* gradCell;
  float* tanhCell;
  float* hiddenBefore;
};

struct BackwardTile {
  const LstmBackward<float>& call;
  const LstmBackwardLayout& layout;
  const float* hiddenPanel;
  const float* inputPanel;
  Work work;
  int64_t sample, firstCell, cells;
};

/** Index of the tile's first cell at a step, among the N·T·P rows of input, gates and cells. */
int64_t rowAt(const BackwardTile& tile, int64_t step) {
  const LstmParams& p = tile.call.params;
  return (tile.sample * p.steps + step) * p.cells + tile.firstCell;
}

/** Gradient of h at a step that comes from the output; null if this step's state is not part of it. */
const float* outputGradient(const BackwardTile& tile, int64_t step, int64_t m) {
  const LstmParams& p = tile.call.params;
  const int64_t column = tile.sample * p.cells + tile.firstCell + m;
  if (p.allStates) return tile.call.gradOutput + (column * p.steps + step) * p.hidden;
  return step == p.steps - 1 ? tile.call.gradOutput + column * p.hidden : nullptr;
}

/** tanh(c) of the last step, and no gradient from beyond it. */
void begin(const BackwardTile& tile) {
  const LstmParams& p = tile.call.params;
  const int64_t units = tile.layout.units, row = rowAt(tile, p.steps - 1);
  __builtin_memset(tile.work.gradHidden, 0, tile.cells * units * sizeof(float));
  __builtin_memset(tile.work.gradCell, 0, tile.cells * units * sizeof(float));
  for (int64_t m = 0; m < tile.cells; ++m) {
    for (int64_t unit = 0; unit < p.hidden; unit += kLanes) {
      const int valid = static_cast<int>(smaller(kLanes, p.hidden - unit));
      store(tile.work.tanhCell + m * units + unit, gateTanh(fetch(tile.call.cellStates + (row + m) * p.hidden + unit, valid)));
    }
  }
}

/** dz of the tile at a step, for the units [unit, unit + lanes); also h and tanh(c) of the step before, and the bias gradient. */
void elementwise(const BackwardTile& tile, int64_t step, int64_t unit) {
  const LstmBackward<float>& call = tile.call;
  const int64_t D = call.params.hidden, units = tile.layout.units, row = rowAt(tile, step), before = rowAt(tile, step - 1);
  const int valid = static_cast<int>(smaller(kLanes, D - unit));
  const Vector firstCell = call.initialCell != nullptr ? fetch(call.initialCell + unit, valid) : Vector{};
  const Vector firstHidden = call.initialHidden != nullptr ? fetch(call.initialHidden + unit, valid) : Vector{};
  float* bias = tile.work.partials + tile.layout.partialBias + unit;
  Vector sums[4];
  for (int gate = 0; gate < 4; ++gate) sums[gate] = load(bias + gate * units);
  for (int64_t m = 0; m < tile.cells; ++m) {
    const int64_t state = m * units + unit;
    const float* gates = call.gates + (row + m) * 4 * D + unit;
    const Vector i = fetch(gates, valid), f = fetch(gates + D, valid), g = fetch(gates + 2 * D, valid), o = fetch(gates + 3 * D, valid);
    const Vector tanhC = load(tile.work.tanhCell + state);
    Vector cBefore = firstCell, hBefore = firstHidden;
    if (step > 0) {
      cBefore = fetch(call.cellStates + (before + m) * D + unit, valid);
      const Vector tanhBefore = gateTanh(cBefore);
      store(tile.work.tanhCell + state, tanhBefore);
      if (call.gradWeightHidden != nullptr) hBefore = fetch(call.gates + (before + m) * 4 * D + 3 * D + unit, valid) * tanhBefore;
    }
    if (call.gradWeightHidden != nullptr) store(tile.work.hiddenBefore + state, hBefore);
    Vector dh = load(tile.work.gradHidden + state);
    if (const float* fromOutput = outputGradient(tile, step, m)) dh += fetch(fromOutput + unit, valid);
    const Vector dc = load(tile.work.gradCell + state) + dh * o * (1.0f - tanhC * tanhC);
    store(tile.work.gradCell + state, dc * f);
    const Vector dz[4] = {dc * g * (i - i * i), dc * cBefore * (f - f * f), dc * i * (1.0f - g * g), dh * tanhC * (o - o * o)};
    for (int gate = 0; gate < 4; ++gate) {
      keep(tile.work.dz + m * 4 * D + gate * D + unit, dz[gate], valid);
      sums[gate] += dz[gate];
    }
  }
  for (int gate = 0; gate < 4; ++gate) store(bias + gate * units, sums[gate]);
}

/** out[m] (+)= dz[m] · panel for all cells of the tile */
void multiplyTransposed(const BackwardTile& tile, const float* panel, int64_t columns, float* out, int64_t outStride, int64_t outColumns,
                        bool accumulate) {
  const int64_t gates = 4 * tile.call.params.hidden;
  const ColumnBlocks blocks(columns);
  const int64_t tiles = tileCount(tile.cells, blocks.rowLimit());
  RowTileCall call{};
  call.stride = gates;
  call.segments = 1;
  call.length = gates;
  call.accumulate = accumulate;
  call.outStride = outStride;
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t m0 = t * tile.cells / tiles;
    call.x = tile.work.dz + m0 * gates;
    for (int64_t b = 0; b < blocks.count; ++b) {
      const int64_t column = blocks.begin(b) * kLanes;
      call.panel = panel + column * gates;
      call.out = out + m0 * outStride + column;
      call.lastLanes = lastLanes(blocks, b, outColumns);
      runRowTile(static_cast<int>((t + 1) * tile.cells / tiles - m0), blocks.size(b), call);
    }
  }
}

/** partial[r] += Σ_m x[m, r] · dz[m] */
void addOuter(const BackwardTile& tile, const float* x, int64_t xStride, int64_t rows, float* partial) {
  const int64_t gates = 4 * tile.call.params.hidden;
  const ColumnBlocks blocks(gates);
  const int64_t tiles = tileCount(rows, blocks.rowLimit());
  OuterTileCall call{};
  call.xStride = xStride;
  call.gStride = gates;
  call.count = tile.cells;
  call.segments = 1;
  call.toStride = blocks.vectors * kLanes;
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t first = t * rows / tiles;
    call.x = x + first;
    for (int64_t b = 0; b < blocks.count; ++b) {
      call.g = tile.work.dz + blocks.begin(b) * kLanes;
      call.to = partial + first * call.toStride + blocks.begin(b) * kLanes;
      runOuterTile(static_cast<int>((t + 1) * rows / tiles - first), blocks.size(b), call);
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
    for (int64_t unit = 0; unit < p.hidden; unit += kLanes) elementwise(tile, step, unit);
    const int64_t row = rowAt(tile, step);
    if (call.gradInput != nullptr) {
      multiplyTransposed(tile, tile.inputPanel, p.inChannels, call.gradInput + row * p.inChannels, p.inChannels, p.inChannels, p.accumulate);
    }
    if (call.gradWeightInput != nullptr) addOuter(tile, call.input + row * p.inChannels, p.inChannels, p.inChannels, tile.work.partials);
    if (call.gradWeightHidden != nullptr) addOuter(tile, tile.work.hiddenBefore, layout.units, p.hidden, tile.work.partials + layout.partialHidden);
    multiplyTransposed(tile, tile.hiddenPanel, p.hidden, tile.work.gradHidden, layout.units, layout.units, false);
  }
  if (call.gradInitialHidden != nullptr) addStates(tile, tile.work.gradHidden, tile.work.partials + layout.partialInitialHidden);
  if (call.gradInitialCell != nullptr) addStates(tile, tile.work.gradCell, tile.work.partials + layout.partialInitialCell);
}

/** Adds up the threads' partial sums, each thread a share of the rows. */
void reduce(const LstmBackward<float>& call, const LstmBackwardLayout& layout, const float* partials, int thread, int threads) {
  const LstmParams& p = call.params;
  const auto add = [&](float* to, int64_t offset, int64_t rows, int64_t columns) {
    if (to != nullptr) reduceRows(partials + offset, layout.perThread, threads, shareOf(rows, threads, thread), columns, p.accumulate, to);
  };
  add(call.gradWeightInput, 0, p.inChannels, 4 * p.hidden);
  add(call.gradWeightHidden, layout.partialHidden, p.hidden, 4 * p.hidden);
  add(call.gradInitialHidden, layout.partialInitialHidden, 1, p.hidden);
  add(call.gradInitialCell, layout.partialInitialCell, 1, p.hidden);
  if (call.gradBias == nullptr || thread != 0) return;
  for (int64_t gate = 0; gate < 4; ++gate) {
    reduceRows(partials + layout.partialBias + gate * layout.units, layout.perThread, threads, {0, 1}, p.hidden, p.accumulate,
               call.gradBias + gate * p.hidden);
  }
}

}  // namespace

void lstmBackward(const LstmBackward<float>& call, const Context& context) {
  const LstmParams& p = call.params;
  const LstmBackwardLayout layout(p, context.threads);
  float* scratch = static_cast<float*>(context.scratch);
  packPanel(call.weightHidden, 4 * p.hidden, p.hidden, 1, 4 * p.hidden, 0, 4 * p.hidden, scratch);
  packPanel(call.weightInput, 4 * p.hidden, p.inChannels, 1, 4 * p.hidden, 0, 4 * p.hidden, scratch + layout.inputPanel);
  const int64_t tiles = tileCount(p.cells, kLstmTileCells);
#pragma omp parallel num_threads(context.threads)
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    float* own = scratch + layout.threadsBegin + thread * layout.perThread;
    const Work work{own, own + layout.partials, own + layout.gradHidden, own + layout.gradCell, own + layout.tanhCell, own + layout.hiddenBefore};
    __builtin_memset(own, 0, layout.partials * sizeof(float));
    const Range share = shareOf(p.batch * tiles, threads, thread);
    for (int64_t index = share.begin; index < share.end; ++index) {
      const int64_t sample = index / tiles, t = index % tiles, first = t * p.cells / tiles;
      runTile({call, layout, scratch, scratch + layout.inputPanel, work, sample, first, (t + 1) * p.cells / tiles - first});
    }
#pragma omp barrier
    reduce(call, layout, scratch + layout.threadsBegin, thread, threads);
  }
}

}  // namespace retroplume::RETROPLUME_ISA
