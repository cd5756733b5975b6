#include "ops/cpu_declarations.h"
#include "ops/lstm/lstm_tile.h"
#include "ops/simd/parallel.h"

/** LSTM forward in one pass: each thread takes its tiles of cells through all steps, one after the other (lstm_tile.h). */
namespace retroplume::RETROPLUME_ISA {

void lstmForward(const LstmForward<float>& call, const Context& context) {
  const LstmParams& p = call.params;
  const LstmForwardLayout layout(p, context.threads);
  float* scratch = static_cast<float*>(context.scratch);
  const GateWeights weights = packGateWeights(call, scratch);
  const LstmTiles tiles(p);
  inParallel(context, [&](const Worker& worker) {
    const int thread = worker.thread, threads = worker.threads;
    const Range share = shareOf(p.batch * tiles.count, threads, thread);
    for (int64_t index = share.begin; index < share.end; ++index) {
      const int64_t sample = index / tiles.count, t = index % tiles.count, first = tiles.begin(t);
      const int64_t row = sample * p.steps * p.cells + first, kept = sample * p.steps * p.keptCells + first;
      runForwardTile({p, weights, tiles.begin(t + 1) - first, call.input + row * p.inChannels, call.initialHidden, call.initialCell,
                      call.output + sample * p.outputStride + first * p.outputChannels(),
                      call.gates != nullptr && tiles.isKept(t) ? call.gates + kept * 4 * p.hidden : nullptr,
                      call.cellStates != nullptr && tiles.isKept(t) ? call.cellStates + kept * p.hidden : nullptr, p.keptCells,
                      scratch + layout.threadsBegin + thread * layout.states, layout.units});
    }
  });
}

}  // namespace retroplume::RETROPLUME_ISA
