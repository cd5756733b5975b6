#include <algorithm>

#include "ops/lstm/lstm_gates_cuda.h"
#include "runtime/error.h"

/**
 * LSTM forward: one block takes its tile of cells through all steps, with weights and states in shared memory. A thread has eight pairs of cell and
 * hidden unit with all four gates of each, so that activation and state update follow in the registers of the gate products. While a step is computed
 * the inputs of the next are copied. Where the weights do not fit beside the states they are read through the caches.
 *
 *   float32      a thread's pairs are one unit and eight cells: 32 multiply-adds for 12 numbers from shared memory
 *   tf32, bf16   a warp has 32 cells and 8 units, four matrix products of 16x8, one a gate: rows are cells, columns the same units in each
 */
namespace retroplume::cuda {

namespace {

constexpr int kForwardThreads = 512;

struct ForwardArguments {
  LstmParams params;
  LstmRegion region;
  Global<const float> input, weights, bias, initialHidden, initialCell;
  Global<float> output;
  LstmTrace<float> trace;
  bool outputByTwo;
};

/** Where a tile's step goes in global memory, so that a pair has 32-bit sums to do. */
struct StepTargets {
  int64_t outputAt, traceAt;
  int outputRow, outputs, traced;  // elements of the output from cell to cell; how many of the tile's cells go there

  __device__ __forceinline__ StepTargets(const ForwardArguments& a, const LstmTile& tile, int step) {
    const LstmParams& p = a.params;
    const int64_t left = a.trace.region.cellBegin + a.trace.region.cells - tile.cell;
    outputRow = static_cast<int>(p.output.stride);
    outputs = a.output && (p.allStates || step == p.steps - 1) ? tile.count : 0;
    traced = static_cast<int>(left < 0 ? 0 : left < tile.count ? left : tile.count);
    outputAt = tile.sample * p.output.imageStride + tile.cell * outputRow + (p.allStates ? step * p.hidden : 0);
    traceAt = a.trace.row(tile.sample, p.steps, step, tile.cell) * a.trace.units;
  }
};

/**
 * Writes h[e]. Tensor cores leave a thread two units side by side: `byTwo` both in one store, or each takes a sector of memory of which it fills
 * half.
 */
template <Products P>
__device__ __forceinline__ void put(const Global<float>& to, int64_t at, const float (&h)[4], int e, bool byTwo) {
  if (P == Products::float32 || !byTwo) {
    to[at] = h[e];
  } else if (e % 2 == 0) {
    store2(to, at, make_float2(h[e], h[e + 1]));
  }
}

/** Activation and state update of a thread's pairs, in the registers of the products. */
template <Products P, int M>
__device__ __forceinline__ void advance(const ForwardArguments& a, const StepTargets& to, const LstmPairs<P, M>& pairs, const LstmGates& z,
                                        const Shared<float>& cellStates, const Shared<float>& next) {
  const int D = static_cast<int>(a.params.hidden);
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float c[4], h[4];
    float2 packed[4];
    const bool kept = static_cast<bool>(a.trace.gates);
    pairs.load(cellStates, half, D, c);
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      const int m = pairs.cell(half, e), unit = pairs.unit(e);
      const float4 gates = make_float4(lstmSigmoid(z[half][0][e]), lstmSigmoid(z[half][1][e]), lstmTanh(z[half][2][e]), lstmSigmoid(z[half][3][e]));
      c[e] = gates.y * c[e] + gates.x * gates.z;
      h[e] = gates.w * lstmTanh(c[e]);
      if constexpr (P != Products::float32) {
        if (kept) packed[e] = lstmPacked(gates);
      } else if (kept && unit < D && m < to.traced) {
        store4(a.trace.gates, to.traceAt * 4 + (m * D + unit) * 4, gates);
      }
    }
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      const int m = pairs.cell(half, e), unit = pairs.unit(e);
      if (unit >= D) continue;
      if (m < to.outputs) put<P>(a.output, to.outputAt + (m * to.outputRow + unit), h, e, a.outputByTwo);
      if (m >= to.traced || !kept) continue;
      const int64_t at = to.traceAt + (m * a.trace.units + unit);
      if constexpr (P == Products::float32) {
        a.trace.cellStates[at] = c[e];
      } else if (e % 2 == 0) {
        a.trace.cellStates[at >> 1] = lstmPackedStates(c[e], c[e + 1]);
        store4(a.trace.gates, at * 2, make_float4(packed[e].x, packed[e].y, packed[e + 1].x, packed[e + 1].y));
      }
    }
    pairs.store(cellStates, half, D, c);
    for (int e = 0; e < 4; ++e) h[e] = lstmRounded<P>(h[e]);
    pairs.store(next, half, D, h);
  }
}

/** A block's shared memory but for the weights. Inputs and hidden states, which are rounded, are two each, used by turns. */
template <Products P, int M>
struct Tile {
  LstmForwardShape<P> shape;
  Shared<float> bias, inputs, hidden, cellStates;
  __device__ __forceinline__ Tile(const LstmParams& p, SharedMemory& memory) : shape(p) {
    constexpr int S = kLstmRow<M>;
    bias = memory.take<float>(4 * shape.units);
    inputs = memory.take<float>(2 * shape.inputRows * S);
    hidden = memory.take<float>(2 * shape.hiddenRows * S);
    cellStates = memory.take<float>(static_cast<int>(p.hidden) * S);
  }
  static int bytes(const LstmParams& p) {
    const LstmForwardShape<P> shape(p);
    const int states = 2 * (shape.inputRows + shape.hiddenRows) + static_cast<int>(p.hidden);
    return static_cast<int>(sizeof(float)) * (4 * shape.units + states * kLstmRow<M>);
  }
};

/** States before the first step, the bias as [unit][gate], and zeros where rows are padded. */
template <Products P, int M>
__device__ __forceinline__ void prepare(const ForwardArguments& a, const Tile<P, M>& tile) {
  constexpr int S = kLstmRow<M>;
  const LstmForwardShape<P>& shape = tile.shape;
  const int D = static_cast<int>(a.params.hidden), C = static_cast<int>(a.params.inChannels), threads = blockDim.x, thread = threadIdx.x;
  for (int i = thread; i < 4 * shape.units; i += threads) tile.bias[i] = i / 4 < D ? static_cast<float>(a.bias[i % 4 * D + i / 4]) : 0.0f;
  for (int i = thread; i < 2 * shape.hiddenRows * S; i += threads) {
    tile.hidden[i] = a.initialHidden && i / S < D ? lstmRounded<P>(a.initialHidden[i / S]) : 0.0f;
  }
  for (int i = thread; i < D * S; i += threads) tile.cellStates[i] = a.initialCell ? static_cast<float>(a.initialCell[i / S]) : 0.0f;
  for (int i = C * S + thread; i < shape.inputRows * S; i += threads) tile.inputs[i] = tile.inputs[shape.inputRows * S + i] = 0.0f;
}

template <Products P, int M, class Weights>
__device__ __forceinline__ void runSteps(const ForwardArguments& a, const Tile<P, M>& tile, const Weights& weights) {
  constexpr int S = kLstmRow<M>;
  const LstmParams& p = a.params;
  const LstmForwardShape<P>& shape = tile.shape;
  const LstmTile cells = lstmTile<M>(a.region, blockIdx.x);
  const int C = static_cast<int>(p.inChannels), D = static_cast<int>(p.hidden), steps = static_cast<int>(p.steps);
  const int inputs = shape.inputRows * S, states = shape.hiddenRows * S;
  const int items = shape.units * (M / kLstmPairs), weightStride = P == Products::float32 ? shape.units : shape.inputRows + shape.hiddenRows;
  const auto copyInput = [&](int step) {
    const int64_t row = (cells.sample * p.steps + step) * p.cells + cells.cell;
    lstmCopyInput<M>(a.input, row * C, C, cells.count, tile.inputs.from(step % 2 * inputs));
    commitCopies();
  };
  copyInput(0);
  for (int step = 0; step < steps; ++step) {
    const int turn = step % 2;
    waitCopies<0>();
    __syncthreads();
    if (step + 1 < steps) copyInput(step + 1);
    const StepTargets targets(a, cells, step);
    for (int item = threadIdx.x; item < items; item += blockDim.x) {
      const LstmPairs<P, M> pairs(item);
      if (P == Products::float32 && pairs.firstUnit >= D) continue;
      LstmGates z;
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const float4 bias = load4(tile.bias, 4 * pairs.unit(e));
        z[0][0][e] = z[1][0][e] = bias.x, z[0][1][e] = z[1][1][e] = bias.y;
        z[0][2][e] = z[1][2][e] = bias.z, z[0][3][e] = z[1][3][e] = bias.w;
      }
      lstmMultiplyAdd<false>(z, pairs, tile.inputs.from(turn * inputs), shape.inputRows, weights, 0, weightStride);
      lstmMultiplyAdd<true>(z, pairs, tile.hidden.from(turn * states), shape.hiddenRows, weights, shape.inputRows, weightStride);
      advance(a, targets, pairs, z, tile.cellStates, tile.hidden.from((1 - turn) * states));
    }
  }
}

template <Products P, int M, bool Resident>
__global__ void __launch_bounds__(kForwardThreads, 1) lstm_forward_kernel(ForwardArguments a) {
  SharedMemory memory;
  const Tile<P, M> tile(a.params, memory);
  prepare(a, tile);
  if constexpr (Resident) {
    const int packed = tile.shape.packed();
    const Shared<float> weights = memory.take<float>(packed);
    for (int i = 4 * threadIdx.x; i < packed; i += 4 * blockDim.x) copyAsync16(weights, i, a.weights, i, true);
    runSteps(a, tile, weights);
  } else {
    runSteps(a, tile, a.weights);
  }
}

template <Products P, int M, bool Resident>
int sharedBytes(const LstmParams& p) {
  return Tile<P, M>::bytes(p) + (Resident ? static_cast<int>(sizeof(float)) * LstmForwardShape<P>(p).packed() : 0);
}

template <Products P, int M, bool Resident>
bool start(const ForwardArguments& a, const Context& context) {
  const int bytes = sharedBytes<P, M, Resident>(a.params);
  if (bytes > lstmMostShared(context)) return false;
  const int items = LstmForwardShape<P>(a.params).units * (M / kLstmPairs);
  const dim3 grid(static_cast<unsigned>(a.region.tiles(M)));
  launch(context, lstm_forward_kernel<P, M, Resident>, grid, std::min(kForwardThreads, roundedUp(items, 32)), bytes, a);
  return true;
}

/** The products that a call uses: states too large for the warps' products go by multiply-adds, eight cells at a time. */
Products productsOf(const LstmParams& p, const Context& context) {
  const int most = lstmMostShared(context);
  const Products wanted = context.products;
  if (wanted == Products::bf16 && sharedBytes<Products::bf16, 64, false>(p) > most) return Products::float32;
  if (wanted == Products::tf32 && sharedBytes<Products::tf32, 64, false>(p) > most) return Products::float32;
  return wanted;
}

/** Whether two units of the output may be written at once: its rows begin at multiples of 8 bytes. */
bool outputByTwo(const LstmForwardRun& run) {
  return run.params.hidden % 2 == 0 && run.params.output.stride % 2 == 0 && run.params.output.imageStride % 2 == 0 &&
         reinterpret_cast<uintptr_t>(run.output) % 8 == 0;
}

}  // namespace

int64_t lstmPackedWeights(const LstmParams& p) {
  return roundedUp(std::max(LstmForwardShape<Products::float32>(p).packed(), LstmForwardShape<Products::tf32>(p).packed()), 64);
}

bool lstmPacks(const LstmParams& p, const Context& context) { return productsOf(p, context) != Products::float32; }

bool lstmPacksAnywhere(const LstmParams& p) {
  return std::max(sharedBytes<Products::bf16, 64, false>(p), sharedBytes<Products::tf32, 64, false>(p)) <= kLstmLeastShared;
}

void lstmPackGates(const LstmParams& p, const float* weightInput, const float* weightHidden, float* packed, const Context& context) {
  withProducts(productsOf(p, context), [&](auto kind) { lstmPackGates<kind.value>(p, weightInput, weightHidden, packed, context); });
}

void lstmRunForward(const LstmForwardRun& run, const LstmRegion& region, const LstmTrace<float>& trace, const Context& context) {
  const LstmParams& p = run.params;
  withProducts(productsOf(p, context), [&](auto kind) {
    constexpr Products P = kind.value;
    const ForwardArguments a{p,
                             region,
                             {run.input, p.batch * p.steps * p.cells * p.inChannels},
                             {run.packed, LstmForwardShape<P>(p).packed()},
                             {run.bias, 4 * p.hidden},
                             {run.initialHidden, p.hidden},
                             {run.initialCell, p.hidden},
                             {run.output, p.outputSpan()},
                             trace,
                             outputByTwo(run)};
    // Smaller tiles before weights through the caches: at 64 units and 41 channels the weights are two thirds of a block's memory.
    if (start<P, 64, true>(a, context) || start<P, 32, true>(a, context) || start<P, 64, false>(a, context)) return;
    if constexpr (P == Products::float32) start<P, 8, false>(a, context);
  });
}

std::size_t lstmForwardPacked(const LstmForward<float>& call, Products) {
  const LstmParams& p = call.params;
  if (sharedBytes<Products::float32, 8, false>(p) > kLstmLeastShared) {
    throw NativeError("DEVICE_LIMIT", "lstmForward: expected 2 inChannels + 3 hidden up to about 2100 on a device but received " +
                                          std::to_string(2 * p.inChannels + 3 * p.hidden));
  }
  return sizeof(float) * lstmPackedWeights(p);
}

void lstmForwardPack(const LstmForward<float>& call, void* to, const Context& context) {
  lstmPackGates(call.params, call.weightInput, call.weightHidden, static_cast<float*>(to), context);
}

void lstmForward(const LstmForward<float>& asked, const Context& context) {
  const LstmForward<float> call = lstmWithRoom(asked, lstmPacks(asked.params, context));
  const LstmParams& p = call.params;
  const LstmForwardRun run{p, call.input, call.bias, call.initialHidden, call.initialCell, call.output, static_cast<const float*>(context.packed)};
  const LstmTrace<float> trace(p, {0, p.batch, 0, p.keptCells}, call.gates, call.cellStates, lstmPacks(p, context));
  lstmRunForward(run, {0, p.batch, 0, p.cells}, trace, context);
}

}  // namespace retroplume::cuda
