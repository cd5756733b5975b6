#include <algorithm>
#include <string>

#include "ops/lstm/lstm_dz_cuda.h"
#include "runtime/error.h"

/**
 * LSTM backward: blocks take tiles of cells backward through all steps; their partial sums of the weight gradients are added in the order of the
 * blocks by a second kernel. Cells whose gates were not kept go in chunks: the forward kernel makes a chunk's gates in scratch memory, and the same
 * backward kernel reads them there. What nobody asks for is not computed.
 */
namespace retroplume::cuda {

namespace {

/** Shared memory of a block up to which weights are in it: more would leave a multiprocessor with one block. */
constexpr int kMostWithWeights = 80 * 1024;
/** Where cells have few states a block has few threads. */
constexpr int kFewStates = 16, kFewThreads = 128;

/** sums[unit] += Σ_cell states[unit][cell] */
template <int M>
__device__ __forceinline__ void addStates(const Shared<float>& states, int hidden, const Global<float>& partials, int64_t first) {
  for (int unit = threadIdx.x; unit < hidden; unit += blockDim.x) {
    float sum = 0.0f;
    for (int m = 0; m < M; ++m) sum += states[unit * kLstmRow<M> + m];
    partials[first + unit] += sum;
  }
}

template <int Held, Products P, int M, class Weights>
__device__ __forceinline__ void runTiles(const LstmBackwardArguments& a, const LstmBackwardShape<P>& shape, const LstmBackwardTile<P, M>& tile,
                                         const Weights& weights) {
  const LstmParams& p = a.params;
  const int D = shape.hidden, items = roundedUp(D, 16) * (M / 4);
  const int64_t sums = int64_t{blockIdx.x} * shape.partials(), states = sums + shape.sums();
  LstmOuterSums<P, M, Held> outer;
  outer.load(a, shape, sums);
  for (int index = static_cast<int>(blockIdx.x); index < a.tiles; index += static_cast<int>(gridDim.x)) {
    const LstmTile cells = lstmTile<M>(a.region, index);
    for (int step = static_cast<int>(p.steps) - 1; step >= 0; --step) {
      const int64_t row = (cells.sample * p.steps + step) * p.cells + cells.cell;
      if (shape.weightInput) lstmCopyInput<M>(a.input, row * shape.inputs, shape.inputs, cells.count, tile.factors);
      commitCopies();
      const LstmSources sources(a, cells, step);
      for (int item = threadIdx.x; item < items; item += blockDim.x) {
        // Sixteen units of a warp lie side by side in memory.
        const int unit = item / (4 * M) * 16 + item % 16;
        if (unit < D) lstmMakeUnit(a, shape, tile, sources, cells.count, unit, item / 16 % (M / 4) * 4);
      }
      waitCopies<0>();
      __syncthreads();
      lstmPrefetchStep(a, cells, step, shape.weightInput, shape.weightHidden);
      lstmGradients(a, shape, tile, cells.count, row * shape.gradChannels, step > 0 || a.initialHiddenWanted ? 0 : shape.hiddenColumns, weights);
      outer.add(a, shape, tile, sums);
      __syncthreads();
    }
    if (a.initialHiddenWanted) addStates<M>(tile.gradHidden, D, a.partials, states);
    if (a.initialCellWanted) addStates<M>(tile.gradCell, D, a.partials, states + D);
    __syncthreads();
  }
  outer.store(a, shape, sums);
}

/** A block's threads at most, and how many blocks a multiprocessor shall hold. */
struct Bounds {
  int threads, blocks;
};
constexpr Bounds boundsOf(bool resident, int held) {
  if (!resident) return {512, 1};
  return held > 0 ? Bounds{kFewThreads, 5} : Bounds{256, 3};
}

template <Products P, int M, bool Resident, int Held>
__global__ void __launch_bounds__(boundsOf(Resident, Held).threads, boundsOf(Resident, Held).blocks)
    lstm_backward_kernel(LstmBackwardArguments a, LstmBackwardShape<P> shape) {
  SharedMemory memory;
  const LstmBackwardTile<P, M> tile(shape, memory);
  const Shared<float> weights = memory.take<float>(a.heldWeights);
  for (int i = 4 * threadIdx.x; i < a.heldWeights; i += 4 * blockDim.x) copyAsync16(weights, i, a.weights, i, true);
  if constexpr (Resident) {
    runTiles<Held>(a, shape, tile, weights);
  } else {
    runTiles<Held>(a, shape, tile, LstmHeldWeights{weights, a.weights, a.heldWeights});
  }
}

template <Products P, int M, bool Resident>
int sharedBytes(const LstmBackwardShape<P>& shape) {
  return LstmBackwardTile<P, M>::bytes(shape) + (Resident ? static_cast<int>(sizeof(float)) * shape.packed() : 0);
}

/** The products that a call uses. Tensor cores read a packed trace only. */
Products productsOf(const LstmBackward<float>& call, const Context& context) {
  if (!lstmPacks(call.params, context)) return Products::float32;
  const int most = lstmMostShared(context);
  const Products wanted = context.products;
  if (wanted == Products::bf16 && sharedBytes<Products::bf16, 32, false>(LstmBackwardShape<Products::bf16>(call)) > most) return Products::float32;
  if (wanted == Products::tf32 && sharedBytes<Products::tf32, 32, false>(LstmBackwardShape<Products::tf32>(call)) > most) return Products::float32;
  return wanted;
}

/** Blocks of a launch at most: as many as are resident at once on the largest cards of today, or two turns of them. */
int mostBlocks(const LstmParams& p) { return p.hidden > 32 ? 264 : 528; }

template <Products P>
int tileCells(const LstmBackwardShape<P>& shape, int most) {
  if (sharedBytes<P, 64, false>(shape) <= most) return 64;
  return P != Products::float32 || sharedBytes<P, 32, false>(shape) <= most ? 32 : 8;
}

/** How the cells whose gates were not kept are cut: whole samples, or parts of one. */
struct Chunks {
  int64_t samples = 0, cells = 0;
  explicit Chunks(const LstmParams& p) {
    const int64_t left = p.cells - p.keptCells, most = int64_t{mostBlocks(p)} * 64;
    if (left == 0) return;
    const int64_t parts = (left + most - 1) / most;
    cells = parts == 1 ? left : (left + parts * 64 - 1) / (parts * 64) * 64;
    samples = parts == 1 ? std::min(p.batch, most / left) : 1;
  }
  int64_t rows(const LstmParams& p) const { return samples * cells * p.steps; }
};

/** Whether the call adds up gradients of weights or of initial states, by partial sums. */
bool addsUp(const LstmBackward<float>& call) {
  return call.gradWeightInput != nullptr || call.gradWeightHidden != nullptr || call.gradBias != nullptr || call.gradInitialHidden != nullptr ||
         call.gradInitialCell != nullptr;
}

/** Packed weights and scratch memory of a call, in floats; the same for all products. */
struct Layout {
  int64_t gateWeights, packed;             // first the transposed ones; then, where cells are computed again, those of the forward pass
  int64_t gates, cellStates, scratch = 0;  // first the partial sums
  explicit Layout(const LstmBackward<float>& call) {
    const LstmParams& p = call.params;
    const LstmBackwardShape<Products::float32> exact(call);
    const LstmBackwardShape<Products::tf32> tensor(call);
    gateWeights = roundedUp(std::max(exact.packed(), tensor.packed()), 64);
    packed = gateWeights + (p.keptCells < p.cells ? lstmPackedWeights(p) : 0);
    const int64_t states = Chunks(p).rows(p) * p.hidden;
    gates = addsUp(call) ? int64_t{mostBlocks(p)} * std::max(exact.partials(), tensor.partials()) : 0;
    cellStates = gates + 4 * states;
    scratch = cellStates + states;
  }
};

/**
 * How many packed weights a block holds: all, or, of the large blocks, whose registers leave a multiprocessor with one anyway, those that still fit,
 * whole groups of columns.
 */
template <Products P, int M, bool Resident>
int heldWeights(const LstmBackwardShape<P>& shape, const Context& context) {
  if (Resident) return shape.packed();
  if (shape.hidden <= kFewStates) return 0;
  const int left = context.sharedBytes - sharedBytes<P, M, false>(shape), group = P == Products::float32 ? 4 : shape.packed() / (shape.columns / 16);
  return std::min(shape.packed(), left / static_cast<int>(sizeof(float)) / group * group);
}

template <Products P, int M, bool Resident, int Held>
void start(LstmBackwardArguments a, const LstmBackwardShape<P>& shape, const Context& context) {
  a.tiles = static_cast<int>(a.region.tiles(M));
  a.heldWeights = heldWeights<P, M, Resident>(shape, context);
  const int bytes = LstmBackwardTile<P, M>::bytes(shape) + static_cast<int>(sizeof(float)) * a.heldWeights;
  const dim3 grid(static_cast<unsigned>(std::min<int64_t>(a.tiles, mostBlocks(a.params))));
  const int threads = std::min(boundsOf(Resident, Held).threads, shape.hidden <= kFewStates ? kFewThreads : 512);
  launch(context, lstm_backward_kernel<P, M, Resident, Held>, grid, threads, bytes, a, shape);
}

/** With the sums of the weights' gradients in registers, where a block's warps have so many. */
template <Products P, int M, bool Resident>
void start(const LstmBackwardArguments& a, const LstmBackwardShape<P>& shape, const Context& context) {
  if constexpr (P != Products::float32 && M == 64) {
    constexpr int kHeld = Resident ? 1 : 4, kWarps = boundsOf(Resident, kHeld).threads / 32;
    if (shape.items() <= kWarps * kHeld && shape.across() % kHeld == 0) return start<P, M, Resident, kHeld>(a, shape, context);
  }
  start<P, M, Resident, 0>(a, shape, context);
}

/** The launches of one call. */
template <Products P>
struct Run {
  const LstmBackward<float>& call;
  const Context& context;
  const LstmParams& p = call.params;
  const LstmBackwardShape<P> shape{call};
  const Layout layout{call};
  const float* packed = static_cast<const float*>(context.packed);
  float* scratch = static_cast<float*>(context.scratch);
  const int cells = tileCells(shape, lstmMostShared(context)), blocks = usedBlocks();  // of a tile; with partial sums
  const Global<float> partials{addsUp(call) ? scratch : nullptr, partialsLength()};

  int64_t partialsLength() const { return int64_t{blocks} * shape.partials(); }
  int usedBlocks() const {
    const Chunks chunks(p);
    const int64_t kept = LstmRegion{0, p.batch, 0, p.keptCells}.tiles(cells), again = LstmRegion{0, chunks.samples, 0, chunks.cells}.tiles(cells);
    return static_cast<int>(std::min<int64_t>(mostBlocks(p), std::max(kept, again)));
  }

  void pack(float* to) const {
    const int64_t gates = 4 * p.hidden;
    const Global<const float> weightInput(call.weightInput + call.gradBegin * gates, (p.inChannels - call.gradBegin) * gates);
    lstmPackTransposed(shape, weightInput, call.weightHidden, to, context);
    if (p.keptCells < p.cells) lstmPackGates(p, call.weightInput, call.weightHidden, to + layout.gateWeights, context);
  }
  void clear() const {
    if (partials) lstmClear(partials, static_cast<int>(partialsLength()), context);
  }
  void backward(const LstmRegion& region, const LstmTrace<const float>& trace) const {
    const LstmBackwardArguments a{p,
                                  region,
                                  0,
                                  0,
                                  {call.input, p.batch * p.steps * p.cells * p.inChannels},
                                  {packed, shape.packed()},
                                  {call.initialHidden, p.hidden},
                                  {call.initialCell, p.hidden},
                                  {call.gradOutput, p.outputSpan()},
                                  trace,
                                  {call.gradInput, p.batch * p.steps * p.cells * call.gradChannels},
                                  partials,
                                  call.gradInitialHidden != nullptr,
                                  call.gradInitialCell != nullptr};
    if (cells == 64)
      return sharedBytes<P, 64, true>(shape) <= kMostWithWeights ? start<P, 64, true>(a, shape, context) : start<P, 64, false>(a, shape, context);
    if (cells == 32) return start<P, 32, false>(a, shape, context);
    if constexpr (P == Products::float32) start<P, 8, false>(a, shape, context);
  }
  void again() const {
    const LstmForwardRun run{p, call.input, call.bias, call.initialHidden, call.initialCell, nullptr, packed + layout.gateWeights};
    const Chunks chunks(p);
    const bool packs = lstmPacks(p, context);
    for (int64_t n = 0; n < p.batch; n += chunks.samples) {
      for (int64_t cell = p.keptCells; cell < p.cells; cell += chunks.cells) {
        const LstmRegion region{n, std::min(chunks.samples, p.batch - n), cell, std::min(chunks.cells, p.cells - cell)};
        float *gates = scratch + layout.gates, *cellStates = scratch + layout.cellStates;
        lstmRunForward(run, region, LstmTrace<float>(p, region, gates, cellStates, packs), context);
        backward(region, LstmTrace<const float>(p, region, gates, cellStates, packs));
      }
    }
  }
  void reduce() const {
    if (!partials) return;
    const int64_t gates = 4 * p.hidden;
    const LstmGradients to{{call.gradWeightInput, p.inChannels * gates}, {call.gradWeightHidden, p.hidden * gates}, {call.gradBias, gates},
                           {call.gradInitialHidden, p.hidden},           {call.gradInitialCell, p.hidden},          p.accumulate};
    lstmReduce(shape, scratch, blocks, to, context);
  }
};

}  // namespace

std::size_t lstmBackwardScratch(const LstmBackward<float>& call) {
  const LstmBackwardShape<Products::float32> shape(call);
  if (sharedBytes<Products::float32, 8, false>(shape) > kLstmLeastShared) {
    throw NativeError("DEVICE_LIMIT", "lstmBackward: expected inChannels + 7 hidden up to about 2100 on a device but received " +
                                          std::to_string(shape.inputs + 7 * shape.hidden));
  }
  return sizeof(float) * Layout(lstmWithRoom(call, lstmPacksAnywhere(call.params))).scratch;
}

std::size_t lstmBackwardPacked(const LstmBackward<float>& call, Products) {
  return sizeof(float) * Layout(lstmWithRoom(call, lstmPacksAnywhere(call.params))).packed;
}

void lstmBackwardPack(const LstmBackward<float>& asked, void* to, const Context& context) {
  const LstmBackward<float> call = lstmWithRoom(asked, lstmPacks(asked.params, context));
  withProducts(productsOf(call, context), [&](auto kind) { Run<kind.value>{call, context}.pack(static_cast<float*>(to)); });
}

void lstmBackward(const LstmBackward<float>& asked, const Context& context) {
  const LstmBackward<float> call = lstmWithRoom(asked, lstmPacks(asked.params, context));
  withProducts(productsOf(call, context), [&](auto kind) {
    const Run<kind.value> run{call, context};
    run.clear();
    const LstmRegion kept{0, call.params.batch, 0, call.params.keptCells};
    if (call.params.keptCells > 0)
      run.backward(kept, LstmTrace<const float>(call.params, kept, call.gates, call.cellStates, lstmPacks(call.params, context)));
    if (call.params.keptCells < call.params.cells) run.again();
    run.reduce();
  });
}

}  // namespace retroplume::cuda
