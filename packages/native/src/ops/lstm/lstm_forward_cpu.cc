#include "ops/lstm/lstm.h"
#include "ops/lstm/lstm_tile.h"
#include "ops/simd/parallel.h"

#if defined(RETROPLUME_AMX)
namespace retroplume::avx512 {
void lstmForward(const LstmForward<float>& call, const Context& context);
}
#endif

/** LSTM forward in one pass: each thread takes its tiles of cells through all steps, one after the other (lstm_tile.h). */
namespace retroplume::RETROPLUME_ISA {

void lstmForward(const LstmForward<float>& call, const Context& context) {
  const LstmParams& p = call.params;
#if defined(RETROPLUME_AMX)
  // Where the sum is one tile deep, its way into the tile unit and out of it costs as much as the products are faster.
  if (LstmOperand(p).depth < 2) return avx512::lstmForward(call, context);
#endif
  const LstmForwardLayout layout(p, context.threads);
  float* scratch = static_cast<float*>(context.scratch);
  const GateWeights weights = packGateWeights(call, scratch);
  const LstmTiles tiles(p);
  const TraceLayout trace(p.hidden, p.keptCells);
  const int64_t sampleTrace = trace.at(p.steps, 0, 0);
  const bool streamed = exceedsCaches(call.gates, p.batch * 4 * sampleTrace) && exceedsCaches(call.cellStates, p.batch * 4 * sampleTrace);
  const Trace kept = call.gates == nullptr ? Trace::none : streamed ? Trace::streamed : Trace::cached;
  // 21 MB are still in the third-level cache when the next convolution reads them: 14.1 ms, streamed 15.1 ms.
  constexpr int64_t kLeastOutput = int64_t{8} << 20;
  const bool wholeLines = p.hidden % kWidestLanes == 0 && p.output.stride % kWidestLanes == 0 && p.output.imageStride % kWidestLanes == 0;
  const bool streamedOutput = wholeLines && exceedsCaches(call.output, p.batch * p.cells * p.outputChannels(), kLeastOutput);
  inParallel(context, [&](const Worker& worker) {
    const int thread = worker.thread, threads = worker.threads;
    const ProductRegisters registers;
    const Range share = shareOf(p.batch * tiles.count, threads, thread);
    for (int64_t index = share.begin; index < share.end; ++index) {
      const int64_t sample = index / tiles.count, t = index % tiles.count, first = tiles.begin(t);
      const int64_t row = sample * p.steps * p.cells + first;
      const Trace keptHere = tiles.isKept(t) ? kept : Trace::none;
      const int64_t traced = keptHere == Trace::none ? 0 : trace.at(sample * p.steps, 0, first);
      runForwardTile({p, weights, tiles.begin(t + 1) - first, call.input + row * p.inChannels, call.initialHidden, call.initialCell,
                      call.output + p.output.at(sample * p.cells + first), keptHere, call.gates + 4 * traced, call.cellStates + traced, trace,
                      streamedOutput, scratch + layout.threadsBegin + thread * layout.states, layout.units});
    }
    finishStreams();
  });
}

}  // namespace retroplume::RETROPLUME_ISA
