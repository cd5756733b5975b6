#include <omp.h>

#include "ops/cpu_declarations.h"
#include "ops/lstm/lstm_tile.h"

/** LSTM forward in one pass: each thread takes its tiles of cells through all steps, one after the other (lstm_tile.h). */
namespace retroplume::RETROPLUME_ISA {

void lstmForward(const LstmForward<float>& call, const Context& context) {
  const LstmParams& p = call.params;
  const LstmForwardLayout layout(p, context.threads);
  float* scratch = static_cast<float*>(context.scratch);
  const GateWeights weights = packGateWeights(call, scratch);
  const int64_t tiles = tileCount(p.cells, kLstmTileCells);
#pragma omp parallel num_threads(context.threads)
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    const Range share = shareOf(p.batch * tiles, threads, thread);
    for (int64_t index = share.begin; index < share.end; ++index) {
      const int64_t sample = index / tiles, t = index % tiles, first = t * p.cells / tiles;
      const int64_t row = sample * p.steps * p.cells + first;
      runForwardTile({p, weights, (t + 1) * p.cells / tiles - first, call.input + row * p.inChannels, call.initialHidden, call.initialCell,
                      call.output + sample * p.outputStride + first * p.outputChannels(),
                      call.gates != nullptr ? call.gates + row * 4 * p.hidden : nullptr,
                      call.cellStates != nullptr ? call.cellStates + row * p.hidden : nullptr, p.cells,
                      scratch + layout.threadsBegin + thread * layout.states, layout.units});
    }
  }
}

}  // namespace retroplume::RETROPLUME_ISA
