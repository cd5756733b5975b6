#pragma once
#include "ops/lstm/lstm_cuda.h"

/**
 * One block's step of the backward pass. With dz in shared memory it makes two products:
 *
 *   [dh | gradInput] = dz · [weightHiddenᵀ | weightInputᵀ]     rows are cells, depth the 4D columns of the gates
 *   [x | h | 1]ᵀ · dz, the gradients of weights and bias       depth is the cells
 *
 * The second is added to the block's own partial sums, each thread always to the same ones: where tensor cores make them and a thread has few, in
 * registers through all steps; else in scratch memory, step by step. They lie as registers do, sixteen a thread:
 * [32 threads' part][quarter][lane][4].
 */
namespace retroplume::cuda {

template <Products P>
struct LstmBackwardShape {
  int hidden, inputs, gradChannels;
  bool weightInput, weightHidden, bias;  // which gradients are wanted
  int gateRows;                          // 4D, padded
  int hiddenColumns, columns;            // of the first product: those of dh, padded, and all
  int rows, paddedRows;                  // of the second

  explicit LstmBackwardShape(const LstmBackward<float>& call)
      : hidden(static_cast<int>(call.params.hidden)),
        inputs(static_cast<int>(call.params.inChannels)),
        gradChannels(call.gradInput != nullptr ? static_cast<int>(call.gradChannels) : 0),
        weightInput(call.gradWeightInput != nullptr),
        weightHidden(call.gradWeightHidden != nullptr),
        bias(call.gradBias != nullptr) {
    constexpr bool kTensor = P != Products::float32;
    gateRows = roundedUp(4 * hidden, kTensor ? 32 : 4);
    hiddenColumns = roundedUp(hidden, kTensor ? 16 : 4);
    columns = hiddenColumns + roundedUp(gradChannels, kTensor ? 16 : 4);
    rows = (weightInput ? inputs : 0) + (weightHidden ? hidden : 0) + (bias ? 1 : 0);
    paddedRows = roundedUp(rows, kTensor ? 16 : 4);
  }
  __host__ __device__ int firstHidden() const { return weightInput ? inputs : 0; }
  __host__ __device__ int depth() const { return roundedUp(4 * hidden, kLstmDepth<P>); }
  /** What tensor cores make of the second product at once: 16 rows and 32 columns, so many of them across and in all. */
  __host__ __device__ int across() const { return gateRows / 32; }
  __host__ __device__ int items() const { return paddedRows / 16 * across(); }
  __host__ __device__ int packed() const { return depth() * columns / (P == Products::bf16 ? 2 : 1); }
  /** Partial sums: of the second product, then of the gradients of the initial states. */
  __host__ __device__ int sums() const { return P == Products::float32 ? roundedUp(paddedRows / 4 * hidden, 32) * 16 : paddedRows * gateRows; }
  __host__ __device__ int partials() const { return roundedUp(sums() + 2 * hidden, 64); }
  /** Row and column of partial sum i. Multiply-adds: rows side by side and the four gates of a unit, whose rows of dz are a lane apart. */
  __device__ __forceinline__ void place(int i, int& row, int& column) const {
    const int quarter = i / 128 % 4, lane = i / 4 % 32, part = i / 512;
    if constexpr (P == Products::float32) {
      const int item = part * 32 + lane;
      row = item / hidden * 4 + quarter;
      column = i % 4 * hidden + item % hidden;
    } else {
      row = part / (gateRows / 32) * 16 + lane / 4 + i / 2 % 2 * 8;
      column = part % (gateRows / 32) * 32 + quarter * 8 + lane % 4 * 2 + i % 2;
    }
  }
};

struct LstmBackwardArguments {
  LstmParams params;
  LstmRegion region;
  int tiles, heldWeights;  // the first so many packed weights go to shared memory
  Global<const float> input, weights, initialHidden, initialCell, gradOutput;
  LstmTrace<const float> trace;
  Global<float> gradInput, partials;
  bool initialHiddenWanted, initialCellWanted;
};

/** Where the sums go; what has no memory was not wanted. */
struct LstmGradients {
  Global<float> weightInput, weightHidden, bias, initialHidden, initialCell;
  bool accumulate;
};

/** Packed weights, the first of them in shared memory: what a step reads of the others comes through the caches. */
struct LstmHeldWeights {
  Shared<float> held;
  Global<const float> all;
  int count;
};
__device__ __forceinline__ float4 load4(const LstmHeldWeights& weights, int index) {
  return index < weights.count ? load4(weights.held, index) : load4(weights.all, index);
}

/** Packs the weights [gates][channels of the input that are wanted] and [gates][D] for the first product. */
template <Products P>
void lstmPackTransposed(const LstmBackwardShape<P>& shape, const Global<const float>& weightInput, const float* weightHidden, float* packed,
                        const Context& context);

/** Clears the partial sums of all blocks. */
void lstmClear(const Global<float>& partials, int length, const Context& context);

/** Adds up the blocks' partial sums in their order. */
template <Products P>
void lstmReduce(const LstmBackwardShape<P>& shape, const float* partials, int blocks, const LstmGradients& to, const Context& context);

/** What a block has in shared memory, but for the weights. */
template <Products P, int M>
struct LstmBackwardTile {
  static constexpr int S = kLstmRow<M>;
  Shared<float> dz, gradHidden, gradCell, factors;  // dz rounded; factors: the rows x, h and 1 that are wanted

  __device__ __forceinline__ LstmBackwardTile(const LstmBackwardShape<P>& shape, SharedMemory& memory) {
    dz = memory.take<float>(shape.gateRows * S);
    gradHidden = memory.take<float>(shape.hidden * S);
    gradCell = memory.take<float>(shape.hidden * S);
    factors = memory.take<float>(shape.paddedRows * S);
    const int thread = threadIdx.x, threads = blockDim.x;
    for (int i = 4 * shape.hidden * S + thread; i < shape.gateRows * S; i += threads) dz[i] = 0.0f;
    for (int i = (shape.rows - shape.bias) * S + thread; i < shape.paddedRows * S; i += threads) factors[i] = i / S < shape.rows ? 1.0f : 0.0f;
  }
  static int bytes(const LstmBackwardShape<P>& shape) {
    return static_cast<int>(sizeof(float)) * S * (shape.gateRows + 2 * shape.hidden + shape.paddedRows);
  }
};

/** Column `column` of the first product, for cell m of `count`: dh stays in the block, gradients of inputs go out, from element `at` on. */
template <Products P>
__device__ __forceinline__ void lstmPutGradient(const LstmBackwardArguments& a, const LstmBackwardShape<P>& shape, int count, int64_t at, int m,
                                                int column, float value) {
  column -= shape.hiddenColumns;
  if (column < 0 || column >= shape.gradChannels || m >= count) return;
  at += m * shape.gradChannels + column;
  a.gradInput[at] = a.params.accumulate ? a.gradInput[at] + value : value;
}

/** The first product from column `firstColumn` on. A thread has four cells and four columns; weights: [column of dz][column]. */
template <int M, class Weights>
__device__ __forceinline__ void lstmGradients(const LstmBackwardArguments& a, const LstmBackwardShape<Products::float32>& shape,
                                              const LstmBackwardTile<Products::float32, M>& tile, int count, int64_t inputAt, int firstColumn,
                                              const Weights& weights) {
  constexpr int S = kLstmRow<M>;
  const int quads = (shape.columns - firstColumn) / 4;
  for (int item = threadIdx.x; item < quads * (M / 4); item += blockDim.x) {
    const int column = firstColumn + item % quads * 4, m = item / quads * 4;
    float sums[4][4] = {};  // [column][cell]
#pragma unroll 4
    for (int k = 0; k < 4 * shape.hidden; ++k) {
      const float4 w = load4(weights, k * shape.columns + column), x = load4(tile.dz, k * S + m);
      lstmAddScaled(sums[0], w.x, x);
      lstmAddScaled(sums[1], w.y, x);
      lstmAddScaled(sums[2], w.z, x);
      lstmAddScaled(sums[3], w.w, x);
    }
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      if (column + j < shape.hidden) store4(tile.gradHidden, (column + j) * S + m, make_float4(sums[j][0], sums[j][1], sums[j][2], sums[j][3]));
      for (int e = 0; e < 4; ++e) lstmPutGradient(a, shape, count, inputAt, m + e, column + j, sums[j][e]);
    }
  }
}

/** The same by the tensor cores: a warp has 32 cells and 16 columns; weights: [16 columns][depth][lane][eight columns][register]. */
template <Products P, int M, class Weights>
__device__ __forceinline__ void lstmGradients(const LstmBackwardArguments& a, const LstmBackwardShape<P>& shape, const LstmBackwardTile<P, M>& tile,
                                              int count, int64_t inputAt, int firstColumn, const Weights& weights) {
  constexpr int S = kLstmRow<M>, kDepth = kLstmDepth<P>;
  const int lane = threadIdx.x % 32, groups = (shape.columns - firstColumn) / 16;
  for (int item = threadIdx.x / 32; item < groups * (M / 32); item += blockDim.x / 32) {
    const int column = firstColumn + item % groups * 16, m = item / groups * 32;
    float sums[2][2][4] = {};  // [16 cells][8 columns]
#pragma unroll 1
    for (int k = 0; k < shape.depth(); k += kDepth) {
      const float4 w = load4(weights, ((column / 16 * shape.depth() + k) / kDepth * 32 + lane) * 4);
      for (int half = 0; half < 2; ++half) {
        uint32_t x[4];
        lstmLoadCells<P, M, true>(tile.dz, k, m + 16 * half, x);
        lstmMultiply<P>(sums[half][0], x, {lstmBits(w.x), lstmBits(w.y)});
        lstmMultiply<P>(sums[half][1], x, {lstmBits(w.z), lstmBits(w.w)});
      }
    }
#pragma unroll
    for (int i = 0; i < 16; ++i) {
      const int to = column + i / 4 % 2 * 8 + lane % 4 * 2 + i % 2, cell = m + i / 8 * 16 + lane / 4 + i / 2 % 2 * 8;
      const float value = sums[i / 8][i / 4 % 2][i % 4];
      if (to < shape.hidden) tile.gradHidden[to * S + cell] = value;
      lstmPutGradient(a, shape, count, inputAt, cell, to, value);
    }
  }
}

__device__ __forceinline__ void lstmLoadSums(const Global<float>& partials, int64_t at, float (&sums)[4][4]) {
  for (int q = 0; q < 4; ++q) {
    const float4 four = load4(partials, at + 128 * q);
    sums[q][0] = four.x, sums[q][1] = four.y, sums[q][2] = four.z, sums[q][3] = four.w;
  }
}
__device__ __forceinline__ void lstmStoreSums(const Global<float>& partials, int64_t at, const float (&sums)[4][4]) {
  for (int q = 0; q < 4; ++q) store4(partials, at + 128 * q, make_float4(sums[q][0], sums[q][1], sums[q][2], sums[q][3]));
}

/** The second product, added to the partial sums from `first` on. A thread has four rows and the four gates of a unit. */
template <int M>
__device__ __forceinline__ void lstmAddOuter(const LstmBackwardArguments& a, const LstmBackwardShape<Products::float32>& shape,
                                             const LstmBackwardTile<Products::float32, M>& tile, int64_t first) {
  constexpr int S = kLstmRow<M>;
  const int D = shape.hidden;
  for (int item = threadIdx.x; item < shape.paddedRows / 4 * D; item += blockDim.x) {
    const int row = item / D * 4, unit = item % D;
    const int64_t at = first + item / 32 * 512 + item % 32 * 4;
    float sums[4][4];
    lstmLoadSums(a.partials, at, sums);
#pragma unroll 1
    for (int m = 0; m < M; m += 4) {
      float4 z[4];
#pragma unroll
      for (int gate = 0; gate < 4; ++gate) z[gate] = load4(tile.dz, (gate * D + unit) * S + m);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const float4 x = load4(tile.factors, (row + i) * S + m);
#pragma unroll
        for (int gate = 0; gate < 4; ++gate) {
          sums[i][gate] = fmaf(x.x, z[gate].x, fmaf(x.y, z[gate].y, fmaf(x.z, z[gate].z, fmaf(x.w, z[gate].w, sums[i][gate]))));
        }
      }
    }
    lstmStoreSums(a.partials, at, sums);
  }
}

/** Rows of a product's factors whose depth is the cells: register r of lane t holds cell t + 4r (tf32), or t + 8r and t + 8r + 4 (bf16). */
template <Products P, bool Rounded>
__device__ __forceinline__ uint32_t lstmLoadDeep(const Shared<float>& rows, int at, int r) {
  if constexpr (P == Products::tf32) return Rounded ? lstmBits(rows[at + 4 * r]) : toTf32(rows[at + 4 * r]);
  return packBf16(rows[at + 8 * r], rows[at + 8 * r + 4]);
}

/** The same by the tensor cores, for `Held` items side by side from `item` on. */
template <Products P, int M, int Held>
__device__ __forceinline__ void lstmAddOuter(const LstmBackwardShape<P>& shape, const LstmBackwardTile<P, M>& tile, int item,
                                             float (&sums)[Held][4][4]) {
  constexpr int S = kLstmRow<M>;
  const int lane = threadIdx.x % 32, across = shape.across();
  const int row = (item / across * 16 + lane / 4) * S + lane % 4, column = (item % across * 32 + lane / 4) * S + lane % 4;
#pragma unroll 1
  for (int m = 0; m < M; m += kLstmDepth<P>) {
    uint32_t x[4];
    for (int r = 0; r < 4; ++r) x[r] = lstmLoadDeep<P, false>(tile.factors, row + r % 2 * 8 * S + m, r / 2);
#pragma unroll
    for (int i = 0; i < Held; ++i) {
#pragma unroll
      for (int q = 0; q < 4; ++q) {
        const int z = column + (32 * i + 8 * q) * S + m;
        lstmMultiply<P>(sums[i][q], x, {lstmLoadDeep<P, true>(tile.dz, z, 0), lstmLoadDeep<P, true>(tile.dz, z, 1)});
      }
    }
  }
}

/** All of a block's items, with their sums in scratch memory. */
template <Products P, int M>
__device__ __forceinline__ void lstmAddOuter(const LstmBackwardArguments& a, const LstmBackwardShape<P>& shape, const LstmBackwardTile<P, M>& tile,
                                             int64_t first) {
  for (int item = threadIdx.x / 32; item < shape.items(); item += blockDim.x / 32) {
    const int64_t at = first + item * 512 + threadIdx.x % 32 * 4;
    float sums[1][4][4];
    lstmLoadSums(a.partials, at, sums[0]);
    lstmAddOuter(shape, tile, item, sums);
    lstmStoreSums(a.partials, at, sums[0]);
  }
}

/** A warp's items, `Held` of them side by side, whose sums stay in registers from `load` to `store`; without any, in scratch memory. */
template <Products P, int M, int Held>
struct LstmOuterSums {
  float sums[Held][4][4];

  __device__ static __forceinline__ int item() { return static_cast<int>(threadIdx.x) / 32 * Held; }

  __device__ __forceinline__ void load(const LstmBackwardArguments& a, const LstmBackwardShape<P>& shape, int64_t first) {
    for (int i = 0; i < Held; ++i) {
      if (item() < shape.items()) lstmLoadSums(a.partials, first + (item() + i) * 512 + threadIdx.x % 32 * 4, sums[i]);
    }
  }
  __device__ __forceinline__ void add(const LstmBackwardArguments&, const LstmBackwardShape<P>& shape, const LstmBackwardTile<P, M>& tile, int64_t) {
    if (item() < shape.items()) lstmAddOuter(shape, tile, item(), sums);
  }
  __device__ __forceinline__ void store(const LstmBackwardArguments& a, const LstmBackwardShape<P>& shape, int64_t first) {
    for (int i = 0; i < Held; ++i) {
      if (item() < shape.items()) lstmStoreSums(a.partials, first + (item() + i) * 512 + threadIdx.x % 32 * 4, sums[i]);
    }
  }
};
template <Products P, int M>
struct LstmOuterSums<P, M, 0> {
  __device__ __forceinline__ void load(const LstmBackwardArguments&, const LstmBackwardShape<P>&, int64_t) {}
  __device__ __forceinline__ void add(const LstmBackwardArguments& a, const LstmBackwardShape<P>& shape, const LstmBackwardTile<P, M>& tile,
                                      int64_t first) {
    lstmAddOuter(a, shape, tile, first);
  }
  __device__ __forceinline__ void store(const LstmBackwardArguments&, const LstmBackwardShape<P>&, int64_t) {}
};

}  // namespace retroplume::cuda
