#include "ops/lstm/lstm.h"
#include "ops/lstm/lstm_tile.h"
#include "ops/simd/parallel.h"
#include "ops/simd/partial_sums.h"
#if defined(RETROPLUME_AMX)
#include "ops/lstm/lstm_backward_amx.h"
#else
#include "ops/lstm/lstm_backward_vectors.h"
#endif

/**
 * LSTM backward. A thread takes a tile of cells backward through all steps; where the forward pass has not kept its gates, it first takes the tile
 * forward once more, with gates that stay in its caches. At each step it makes dz of the whole tile (element by element), then
 *
 *   gradInput = dz · weightInputᵀ, dh = dz · weightHiddenᵀ
 *   gradWeightInput += xᵀ · dz, gradWeightHidden += hᵀ · dz           into the thread's own partial sums
 *
 * dz never leaves the cache. Partial sums are added in the order of the threads. What nobody asks for is not computed: an inversion pays for
 * neither weight gradients nor h.
 */
namespace retroplume::RETROPLUME_ISA {

namespace {

void addStates(const BackwardTile& tile, const float* states, float* partial) {
  for (int64_t unit = 0; unit < tile.call.params.hidden; unit += kLanes) {
    Vector sum = load(partial + unit);
    for (int64_t m = 0; m < tile.cells; ++m) sum += load(states + m * tile.layout.units + unit);
    store(partial + unit, sum);
  }
}

void runTile(const BackwardTile& tile) {
  const LstmBackward<float>& call = tile.call;
  const bool weights = call.gradWeightInput != nullptr || call.gradWeightHidden != nullptr;
  const int64_t last = call.params.steps - 1;
  begin(tile);
  for (int64_t step = last; step >= 0; --step) {
    makeTanh(tile, step);
    stepBack(tile, step);
    // Now that h of this step is there, made from gates that were at hand: reading it a step ahead would pass over memory twice.
    if (weights && step < last) addWeights(tile, step + 1);
  }
  startHidden(tile);
  if (weights) addWeights(tile, 0);
  if (call.gradInitialHidden != nullptr) addStates(tile, tile.work.gradHidden, tile.work.partials + tile.layout.partialInitialHidden);
  if (call.gradInitialCell != nullptr) addStates(tile, tile.work.gradCell, tile.work.partials + tile.layout.partialInitialCell);
}

/** Adds up the threads' partial sums, each thread a share of the rows. */
void reduce(const LstmBackward<float>& call, const LstmBackwardLayout& layout, const float* partials, int thread, int threads) {
  const LstmParams& p = call.params;
  const auto addRow = [&](float* to, int64_t offset, int64_t columns) {
    if (to != nullptr) reduceRows(partials + offset, layout.perThread, threads, shareOf(1, threads, thread), columns, p.accumulate, to);
  };
  reduceWeights(call, layout, partials, thread, threads);
  for (int64_t unit = 0; call.gradBias != nullptr && unit < p.hidden; unit += kLanes) {
    for (int64_t gate = 0; gate < 4; ++gate) {
      addRow(call.gradBias + gate * p.hidden + unit, layout.partialBias + unit * 4 + gate * kLanes, smaller(kLanes, p.hidden - unit));
    }
  }
  addRow(call.gradInitialHidden, layout.partialInitialHidden, p.hidden);
  addRow(call.gradInitialCell, layout.partialInitialCell, p.hidden);
}

/** What a call packs once, for all threads. */
struct Panels {
  GateWeights forward;  // only where gates are computed again
  const float* backward;
};

Panels packAll(const LstmBackward<float>& call, const LstmBackwardLayout& layout, float* scratch) {
  packPanels(call, layout, scratch + layout.panels);
  return {call.params.keptCells < call.params.cells ? packGateWeights(call, scratch) : GateWeights{}, scratch + layout.panels};
}

Work workOf(const LstmBackwardLayout& layout, float* own) {
  return {own,
          own + layout.partials,
          own + layout.gradHidden,
          own + layout.gradCell,
          own + layout.tanhCell,
          own + layout.hidden,
          own + layout.operandsBegin};
}

/** Tile t of a sample; `own` is the thread's memory. */
void runCells(const LstmBackward<float>& call, const LstmBackwardLayout& layout, const Panels& panels, float* own, int64_t sample,
              const LstmTiles& tiles, int64_t t) {
  const LstmParams& p = call.params;
  const int64_t first = tiles.begin(t), cells = tiles.begin(t + 1) - first, row = sample * p.steps * p.cells + first;
  const float *input = call.input + row * p.inChannels, *gates = own + layout.gates, *cellStates = own + layout.cellStates;
  const TraceLayout trace(p.hidden, tiles.isKept(t) ? p.keptCells : kLstmTileCells);
  if (tiles.isKept(t)) {
    const int64_t traced = trace.at(sample * p.steps, 0, first);
    gates = call.gates + 4 * traced;
    cellStates = call.cellStates + traced;
  } else {
    runForwardTile({p, panels.forward, cells, input, call.initialHidden, call.initialCell, nullptr, Trace::cached, own + layout.gates,
                    own + layout.cellStates, trace, false, own + layout.states, layout.units});
  }
  const float* gradOutput = call.gradOutput + p.output.at(sample * p.cells + first);
  float* gradInput = call.gradInput != nullptr ? call.gradInput + row * call.gradChannels : nullptr;
  runTile({call, layout, panels.backward, workOf(layout, own), cells, input, gradOutput, gradInput, gates, cellStates, trace});
}

}  // namespace

void lstmBackward(const LstmBackward<float>& call, const Context& context) {
  const LstmParams& p = call.params;
  const LstmBackwardLayout layout(p, context.threads, call.gradInput != nullptr ? call.gradChannels : 0);
  float* scratch = static_cast<float*>(context.scratch);
  const Panels panels = packAll(call, layout, scratch);
  const LstmTiles tiles(p);
  inParallel(context, [&](const Worker& worker) {
    const int thread = worker.thread, threads = worker.threads;
    const ProductRegisters registers;
    float* own = scratch + layout.threadsBegin + thread * layout.perThread;
    __builtin_memset(own, 0, layout.partials * sizeof(float));
    startOperands(layout, own + layout.operandsBegin);
    const Range share = shareOf(p.batch * tiles.count, threads, thread);
    for (int64_t index = share.begin; index < share.end; ++index) {
      runCells(call, layout, panels, own, index / tiles.count, tiles, index % tiles.count);
    }
    worker.barrier();
    reduce(call, layout, scratch + layout.threadsBegin, thread, threads);
  });
}

}  // namespace retroplume::RETROPLUME_ISA
