#pragma once
#include <cstddef>
#include <type_traits>

#include "ops/lstm/lstm.h"
#include "runtime/cuda/device.h"

/**
 * What both passes of the LSTM share. A block takes a tile of M cells of one sample through all steps. In shared memory every array lies as
 * [channel][cell], rows of M + 4 floats: with a row four banks after the one before, no product and no store of a unit's cells meets a bank twice.
 */
namespace retroplume::cuda {

/** Shared memory of a block at most: what the device has for one, and up to what leaves an A100's multiprocessor (164 KB) room for it. */
inline int lstmMostShared(const Context& context) {
  constexpr int kMost = 160 * 1024;
  return context.sharedBytes < kMost ? context.sharedBytes : kMost;
}

/** What every device of sm_80 and later has for a block: 99 KB, on those of sm_86, sm_89 and sm_120. */
constexpr int kLstmLeastShared = 99 * 1024;

template <int M>
constexpr int kLstmRow = M + 4;

/** Channels that one matrix product of a warp takes at once; 1 for fused multiply-adds. */
template <Products P>
constexpr int kLstmDepth = P == Products::float32 ? 1
                           : P == Products::tf32  ? 8
                                                  : 16;

__host__ __device__ __forceinline__ constexpr int roundedUp(int count, int unit) { return (count + unit - 1) / unit * unit; }

/** Some samples' cells [cellBegin, cellBegin + cells). */
struct LstmRegion {
  int64_t sampleBegin, samples, cellBegin, cells;
  int64_t tiles(int tileCells) const { return samples * ((cells + tileCells - 1) / tileCells); }
};

/**
 * The gates and cell states of a region: [sample][step][cell][unit][gate] and [sample][step][cell][unit]. Where factors of products are rounded,
 * both are `packed`: sixteen bits each (in LstmParams::packed memory, or the first half of another), since the LSTM waits for their way to memory and
 * back. Gates lie between −1 and 1, so that a fixed point keeps them within 1.6e-5, which the rounding to tf32 exceeds thirty times. Cell states,
 * which grow by 1 a step at most, are in half precision, rounded as tf32 rounds; the forward pass goes on with what was not. Units come by two, a
 * word of cell states: where D is odd, rows have room for one more.
 */
template <class T>
struct LstmTrace {
  LstmRegion region;
  Global<T> gates, cellStates;
  bool packed;
  int units;  // that a row has room for

  LstmTrace(const LstmParams& p, const LstmRegion& region, T* gatesData, T* cellsData, bool packed)
      : region(region), packed(packed), units(roundedUp(static_cast<int>(p.hidden), packed ? 2 : 1)) {
    const int64_t states = region.samples * p.steps * region.cells * units;
    gates = Global<T>(gatesData, states * perUnit());
    cellStates = Global<T>(cellsData, packed ? states / 2 : states);
  }
  /** Floats that the gates of a unit take. */
  __host__ __device__ __forceinline__ int perUnit() const { return packed ? 2 : 4; }
  __device__ __forceinline__ int64_t row(int64_t sample, int64_t steps, int64_t step, int64_t cell) const {
    return ((sample - region.sampleBegin) * steps + step) * region.cells + cell - region.cellBegin;
  }
};

/** A block's cells: `count` of sample `sample` from `cell` on. */
struct LstmTile {
  int64_t sample, cell;
  int count;
};

template <int M>
__device__ __forceinline__ LstmTile lstmTile(const LstmRegion& region, int64_t tile) {
  const int64_t perSample = (region.cells + M - 1) / M, first = tile % perSample * M, left = region.cells - first;
  return {region.sampleBegin + tile / perSample, region.cellBegin + first, static_cast<int>(left < M ? left : M)};
}

// Special functions alone, 1 − 2/(1 + 2^x) for tanh: within 4e-7, and both limits and NaN come out right.
__device__ __forceinline__ float lstmSigmoid(float z) { return approximateReciprocal(1.0f + approximateExp2(-1.4426950408889634f * z)); }
__device__ __forceinline__ float lstmTanh(float z) { return 1.0f - 2.0f * approximateReciprocal(1.0f + approximateExp2(2.8853900817779268f * z)); }

__device__ __forceinline__ uint32_t lstmBits(float x) { return static_cast<uint32_t>(__float_as_int(x)); }

/** Two units' cell states, as LstmTrace packs them. */
__device__ __forceinline__ float lstmPackedStates(float first, float second) { return __int_as_float(static_cast<int>(packHalves(first, second))); }

/** Gates of a unit in sixteen bits each, i, f and o by 1/65535, g by 1/32767. A float of 2^23 and more has its integer part as its last bits. A NaN
 * is lost here; cell states keep it. */
__device__ __forceinline__ float2 lstmPacked(const float4& gates) {
  const auto bits = [](float gate, float scale, float zero) { return lstmBits(fmaf(gate, scale, 8388608.0f + zero)); };
  const auto pair = [](uint32_t low, uint32_t high) { return __int_as_float(static_cast<int>((low & 0xffffu) | high << 16)); };
  return make_float2(pair(bits(gates.x, 65535.0f, 0.0f), bits(gates.y, 65535.0f, 0.0f)),
                     pair(bits(gates.z, 32767.0f, 32768.0f), bits(gates.w, 65535.0f, 0.0f)));
}

__device__ __forceinline__ float lstmUnpacked(uint32_t bits, float scale, float zero) {
  return (__int_as_float(static_cast<int>(0x4b000000u | bits)) - (8388608.0f + zero)) * (1.0f / scale);
}
/** The output gate, of the second half of {@link lstmPacked}. */
__device__ __forceinline__ float lstmUnpackedOutput(float half) { return lstmUnpacked(lstmBits(half) >> 16, 65535.0f, 0.0f); }
__device__ __forceinline__ float4 lstmUnpacked(const float2& packed) {
  const uint32_t first = lstmBits(packed.x), second = lstmBits(packed.y);
  return make_float4(lstmUnpacked(first & 0xffffu, 65535.0f, 0.0f), lstmUnpacked(first >> 16, 65535.0f, 0.0f),
                     lstmUnpacked(second & 0xffffu, 32767.0f, 32768.0f), lstmUnpackedOutput(packed.y));
}

/** Starts to copy inputs [count cells][C] to rows [C] of a tile; zeros for its cells past `count`. */
template <int M>
__device__ __forceinline__ void lstmCopyInput(const Global<const float>& input, int64_t first, int channels, int count, const Shared<float>& rows) {
  // The quotients of the thread's next element, without dividing again.
  const int threads = blockDim.x, thread = threadIdx.x, cellStep = threads / channels, channelStep = threads % channels;
  int cell = thread / channels, channel = thread % channels;
  while (cell < M) {
    copyAsync4(rows, channel * kLstmRow<M> + cell, input, first + cell * channels + channel, cell < count);
    cell += cellStep;
    channel += channelStep;
    if (channel >= channels) channel -= channels, ++cell;
  }
}

__device__ __forceinline__ void lstmAddScaled(float (&z)[4], float factor, const float4& x) {
  z[0] = fmaf(factor, x.x, z[0]);
  z[1] = fmaf(factor, x.y, z[1]);
  z[2] = fmaf(factor, x.z, z[2]);
  z[3] = fmaf(factor, x.w, z[3]);
}

template <Products P>
__device__ __forceinline__ void lstmMultiply(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  if constexpr (P == Products::tf32) {
    mmaTf32(d, a, b);
  } else {
    mmaBf16(d, a, b);
  }
}

/** What a product reads more than once is stored as it reads it: rounded, where it is for tf32. */
template <Products P>
__device__ __forceinline__ float lstmRounded(float x) {
  return P == Products::tf32 ? roundedToTf32(x) : x;
}

/**
 * The order of the channels within one product of a warp is ours to choose, if both factors have the same: register r of lane t holds channel
 * 2t + r (tf32), or 8r + 2t and the next (bf16), so that lanes read rows two apart. `Rounded`: the rows are (lstmRounded).
 */
template <Products P, int M, bool Rounded>
__device__ __forceinline__ void lstmLoadCells(const Shared<float>& rows, int channel, int cell, uint32_t (&a)[4]) {
  constexpr int S = kLstmRow<M>;
  const int lane = threadIdx.x % 32, at = (channel + lane % 4 * 2) * S + cell + lane / 4;
  for (int half = 0; half < 2; ++half) {
    if constexpr (P == Products::tf32) {
      const float first = rows[at + 8 * half], second = rows[at + 8 * half + S];
      a[half] = Rounded ? lstmBits(first) : toTf32(first);
      a[half + 2] = Rounded ? lstmBits(second) : toTf32(second);
    } else {
      a[half] = packBf16(rows[at + 8 * half], rows[at + 8 * half + S]);
      a[half + 2] = packBf16(rows[at + 8 * half + 8 * S], rows[at + 8 * half + 9 * S]);
    }
  }
}

/** The channels that lane t's register r holds: the first, and for bf16 also the one after it. */
template <Products P>
__host__ __device__ __forceinline__ int lstmChannelOf(int t, int r) {
  return P == Products::tf32 ? 2 * t + r : 8 * r + 2 * t;
}

/** A register of weights for a warp's product: `weight(channel)` of the channels that it holds. */
template <Products P, class Weight>
__device__ __forceinline__ float lstmPack(int channel, Weight weight) {
  if constexpr (P == Products::float32) return weight(channel);
  const uint32_t bits = P == Products::tf32 ? toTf32(weight(channel)) : packBf16(weight(channel), weight(channel + 1));
  return __int_as_float(static_cast<int>(bits));
}

/** Sizes of the packed weights of the gates (lstm_gates_cuda.h), padded as the products need them. */
template <Products P>
struct LstmForwardShape {
  int inputRows, hiddenRows, units;
  __host__ __device__ explicit LstmForwardShape(const LstmParams& p)
      : inputRows(roundedUp(static_cast<int>(p.inChannels), kLstmDepth<P>)),
        hiddenRows(roundedUp(static_cast<int>(p.hidden), kLstmDepth<P>)),
        units(roundedUp(static_cast<int>(p.hidden), P == Products::float32 ? 16 : 8)) {}
  __host__ __device__ int packed() const { return (inputRows + hiddenRows) * units * (P == Products::bf16 ? 2 : 4); }
};

/** Calls run(std::integral_constant<Products, products>). */
template <class Run>
void withProducts(Products products, Run run) {
  if (products == Products::bf16) {
    run(std::integral_constant<Products, Products::bf16>());
  } else if (products == Products::tf32) {
    run(std::integral_constant<Products, Products::tf32>());
  } else {
    run(std::integral_constant<Products, Products::float32>());
  }
}

/** Floats of packed weights at most, whatever the products, as a multiple of 64. */
int64_t lstmPackedWeights(const LstmParams& p);

template <Products P>
void lstmPackGates(const LstmParams& p, const float* weightInput, const float* weightHidden, float* packed, const Context& context);

/** What the forward pass needs of a call. */
struct LstmForwardRun {
  const LstmParams& params;
  const float *input, *bias, *initialHidden, *initialCell;
  float* output;        // null: not written
  const float* packed;  // weights, of lstmPackGates
};

/** Whether the forward pass packs what it keeps: if tensor cores make its products, which leave a thread two units. */
bool lstmPacks(const LstmParams& p, const Context& context);
/** Whether it does so on every device, where it rounds factors of products. */
bool lstmPacksAnywhere(const LstmParams& p);

/** Packs the weights for the products that the context lets the call use. */
void lstmPackGates(const LstmParams& p, const float* weightInput, const float* weightHidden, float* packed, const Context& context);
/** The forward pass of any region. `trace` may have no memory, or be of the region's first cells. */
void lstmRunForward(const LstmForwardRun& run, const LstmRegion& region, const LstmTrace<float>& trace, const Context& context);

}  // namespace retroplume::cuda
