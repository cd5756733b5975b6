#pragma once
#include "ops/lstm/lstm_cuda.h"

/** The products of the gates: z of eight pairs of cell and unit a thread, all four gates of each in its registers. */
namespace retroplume::cuda {

constexpr int kLstmPairs = 8;

/** Which pairs a thread has: pair (half, e) is cell `cell(half, e)` and unit `unit(e)`, e < 4. */
template <Products P, int M>
struct LstmPairs {
  int firstCell, firstUnit;

  /** Sixteen units of a warp lie side by side in memory. */
  __device__ __forceinline__ explicit LstmPairs(int item) {
    if constexpr (P == Products::float32) {
      firstCell = item / 16 % (M / kLstmPairs) * kLstmPairs;
      firstUnit = item / (2 * M) * 16 + item % 16;
    } else {
      const int lane = item % 32, warp = item / 32;
      firstCell = warp % (M / 32) * 32 + lane / 4;
      firstUnit = warp / (M / 32) * 8 + lane % 4 * 2;
    }
  }
  __device__ __forceinline__ int cell(int half, int e) const {
    return P == Products::float32 ? firstCell + 4 * half + e : firstCell + 16 * half + e / 2 * 8;
  }
  __device__ __forceinline__ int unit(int e) const { return P == Products::float32 ? firstUnit : firstUnit + e % 2; }

  /** The four states of a half; those of units past D are not touched. */
  __device__ __forceinline__ void load(const Shared<float>& states, int half, int units, float (&x)[4]) const {
    if constexpr (P == Products::float32) {
      const float4 four = load4(states, firstUnit * kLstmRow<M> + cell(half, 0));
      x[0] = four.x, x[1] = four.y, x[2] = four.z, x[3] = four.w;
    } else {
      for (int e = 0; e < 4; ++e) x[e] = unit(e) < units ? states[unit(e) * kLstmRow<M> + cell(half, e)] : 0.0f;
    }
  }
  __device__ __forceinline__ void store(const Shared<float>& states, int half, int units, const float (&x)[4]) const {
    if constexpr (P == Products::float32) {
      store4(states, firstUnit * kLstmRow<M> + cell(half, 0), make_float4(x[0], x[1], x[2], x[3]));
    } else {
      for (int e = 0; e < 4; ++e) {
        if (unit(e) < units) states[unit(e) * kLstmRow<M> + cell(half, e)] = x[e];
      }
    }
  }
};

using LstmGates = float[2][4][4];  // [half][gate][e]

/** z += rows · weights for `count` channels, the weights' from channel `first` on. Weights: [channel][unit][gate]. `Rounded`: the rows are. */
template <bool Rounded, int M, class Weights>
__device__ __forceinline__ void lstmMultiplyAdd(LstmGates& z, const LstmPairs<Products::float32, M>& pairs, const Shared<float>& rows, int count,
                                                const Weights& weights, int first, int units) {
#pragma unroll 4
  for (int k = 0; k < count; ++k) {
    const float4 w = load4(weights, ((first + k) * units + pairs.firstUnit) * 4);
    for (int half = 0; half < 2; ++half) {
      const float4 x = load4(rows, k * kLstmRow<M> + pairs.cell(half, 0));
      lstmAddScaled(z[half][0], w.x, x);
      lstmAddScaled(z[half][1], w.y, x);
      lstmAddScaled(z[half][2], w.z, x);
      lstmAddScaled(z[half][3], w.w, x);
    }
  }
}

/** The same by the tensor cores. Weights: [eight units][depth channels][pair of gates][lane][gate][register]. */
template <bool Rounded, Products P, int M, class Weights>
__device__ __forceinline__ void lstmMultiplyAdd(LstmGates& z, const LstmPairs<P, M>& pairs, const Shared<float>& rows, int count,
                                                const Weights& weights, int first, int channels) {
  constexpr int kDepth = kLstmDepth<P>;
  const int lane = threadIdx.x % 32, firstCell = pairs.firstCell - lane / 4, eight = pairs.firstUnit / 8;
#pragma unroll 1
  for (int k = 0; k < count; k += kDepth) {
    const int at = (eight * (channels / kDepth) + (first + k) / kDepth) * 256 + lane * 4;
    const float4 w[2] = {load4(weights, at), load4(weights, at + 128)};
    for (int half = 0; half < 2; ++half) {
      uint32_t a[4];
      lstmLoadCells<P, M, Rounded>(rows, k, firstCell + 16 * half, a);
      for (int pair = 0; pair < 2; ++pair) {
        lstmMultiply<P>(z[half][2 * pair], a, {lstmBits(w[pair].x), lstmBits(w[pair].y)});
        lstmMultiply<P>(z[half][2 * pair + 1], a, {lstmBits(w[pair].z), lstmBits(w[pair].w)});
      }
    }
  }
}

}  // namespace retroplume::cuda
