#include "ops/lstm/lstm.h"

#include "ops/lstm/lstm_scratch.h"
#include "runtime/registry.h"

namespace retroplume {

namespace {

/** Where the output's states lie: `outputStride` from cell to cell, `outputImageStride` from sample to sample. */
template <class T>
CellLayout readOutput(InstructionReader<T>& reader, const LstmParams& p) {
  const int64_t row = elementsOf({p.allStates ? p.steps : 1, p.hidden});
  CellLayout layout{p.cells, reader.integer("outputStride", row, row), 0};
  layout.imageStride = reader.integer("outputImageStride", 1, elementsOf({layout.cells, layout.stride}));
  return layout;
}

Rows rowsOf(const LstmParams& p) { return {p.cells, p.outputChannels(), p.output.stride, p.batch, p.output.imageStride}; }

template <class T>
LstmParams readParams(InstructionReader<T>& reader) {
  LstmParams p{};
  p.batch = reader.integer("batch");
  p.steps = reader.integer("steps");
  p.cells = reader.integer("cells");
  p.inChannels = reader.integer("inChannels");
  p.hidden = reader.integer("hidden");
  p.allStates = reader.flag("allStates");
  p.output = readOutput(reader, p);
  p.keptCells = reader.integer("keptCells", 0, p.cells);
  if (p.keptCells > p.cells) reader.fail("PARAM_INVALID", "keptCells exceeds cells");
  p.packed = reader.flag("packed");
  p.accumulate = reader.flag("accumulate");
  return p;
}

/** Elements that the kept cell states of a cell and step have memory for, or a gate of them. */
int64_t traceUnits(const LstmParams& p) { return roundUp(p.hidden) / (p.packed ? 2 : 1); }

/** Whether the kernels that will run may pack what they keep. */
template <class T>
bool mayPack(const InstructionReader<T>& reader) {
  return reader.cuda() != nullptr && reader.products() != Products::float32;
}

/** Of one pass over all gate products; the element-wise part is small beside it. */
double gateFlops(const LstmParams& p, double inputRows, double hiddenRows) {
  return 8.0 * p.batch * p.steps * p.cells * p.hidden * (inputRows + hiddenRows);
}

template <class T>
BoundKernel bindForward(InstructionReader<T>& reader) {
  LstmForward<T> call{};
  const LstmParams& p = call.params = readParams(reader);
  call.input = reader.input("input", {p.batch, p.steps, p.cells, p.inChannels});
  call.weightInput = reader.input("weightInput", {p.inChannels, 4, p.hidden});
  call.weightHidden = reader.input("weightHidden", {p.hidden, 4, p.hidden});
  call.bias = reader.input("bias", {4, p.hidden});
  call.initialHidden = reader.optionalInput("initialHidden", {p.hidden});
  call.initialCell = reader.optionalInput("initialCell", {p.hidden});
  call.output = reader.outputRows("output", rowsOf(p));
  call.gates = reader.optionalMemory("gates", {p.batch, p.steps, p.keptCells, 4, traceUnits(p)});
  call.cellStates = reader.optionalMemory("cells", {p.batch, p.steps, p.keptCells, traceUnits(p)});
  if ((call.gates == nullptr) != (call.cellStates == nullptr)) reader.fail("PARAM_INVALID", "gates and cells are kept together");
  call = lstmWithRoom(call, mayPack(reader));
  return bindCall(reader, lstmForwardReference<T>, &CpuKernels::lstmForward, call, gateFlops(p, p.inChannels, p.hidden),
                  lstmForwardScratch(p, reader.threads()));
}

template <class T>
BoundKernel bindBackward(InstructionReader<T>& reader) {
  LstmBackward<T> call{};
  const LstmParams& p = call.params = readParams(reader);
  call.gradBegin = reader.integer("gradBegin", 0, 0);
  call.gradChannels = reader.integer("gradChannels", 1, p.inChannels - call.gradBegin);
  if (call.gradBegin + call.gradChannels > p.inChannels) reader.fail("PARAM_INVALID", "gradBegin + gradChannels exceeds inChannels");
  call.input = reader.input("input", {p.batch, p.steps, p.cells, p.inChannels});
  call.weightInput = reader.input("weightInput", {p.inChannels, 4, p.hidden});
  call.weightHidden = reader.input("weightHidden", {p.hidden, 4, p.hidden});
  call.initialHidden = reader.optionalInput("initialHidden", {p.hidden});
  call.initialCell = reader.optionalInput("initialCell", {p.hidden});
  if (p.keptCells > 0) {
    call.gates = reader.input("gates", {p.batch, p.steps, p.keptCells, 4, traceUnits(p)});
    call.cellStates = reader.input("cells", {p.batch, p.steps, p.keptCells, traceUnits(p)});
  }
  if (p.keptCells < p.cells || p.packed) call.bias = reader.input("bias", {4, p.hidden});
  call.gradOutput = reader.inputRows("gradOutput", rowsOf(p));
  call.gradInput = reader.optionalOutput("gradInput", {p.batch, p.steps, p.cells, call.gradChannels});
  call.gradWeightInput = reader.optionalOutput("gradWeightInput", {p.inChannels, 4, p.hidden});
  call.gradWeightHidden = reader.optionalOutput("gradWeightHidden", {p.hidden, 4, p.hidden});
  call.gradBias = reader.optionalOutput("gradBias", {4, p.hidden});
  call.gradInitialHidden = reader.optionalOutput("gradInitialHidden", {p.hidden});
  call.gradInitialCell = reader.optionalOutput("gradInitialCell", {p.hidden});
  const double inputRows = (call.gradInput ? call.gradChannels : 0) + (call.gradWeightInput ? p.inChannels : 0);
  const double hiddenRows = p.hidden * (1.0 + (call.gradWeightHidden ? 1.0 : 0.0));
  const double again = gateFlops(p, p.inChannels, p.hidden) * (p.cells - p.keptCells) / p.cells;
  call = lstmWithRoom(call, mayPack(reader));
  return bindCall(reader, lstmBackwardReference<T>, &CpuKernels::lstmBackward, call, gateFlops(p, inputRows, hiddenRows) + again,
                  lstmBackwardScratch(p, reader.threads()));
}

}  // namespace

// The reference needs the states of one cell, of all steps where they are computed again, in double if the program is; the fast kernels, which are
// float, need far more.
std::size_t lstmForwardScratch(const LstmParams& p, int threads) {
  return sizeof(float) * LstmForwardLayout(p, threads).total + 6 * p.hidden * sizeof(double);
}
std::size_t lstmBackwardScratch(const LstmParams& p, int threads) {
  const int64_t reference = (8 + 5 * p.steps) * p.hidden;
  return sizeof(float) * LstmBackwardLayout(p, threads, p.inChannels).total + reference * sizeof(double);
}

void registerLstm(Registry& registry) {
  registry.add("lstmForward", bindForward<float>, bindForward<double>);
  registry.add("lstmBackward", bindBackward<float>, bindBackward<double>);
}

}  // namespace retroplume
