#include <algorithm>

#include "ops/lstm/lstm_backward_cuda.h"

/** The LSTM's weights, packed in the order in which the products read them, and the sums that become their gradients. */
namespace retroplume::cuda {

namespace {

template <Products P>
__global__ void __launch_bounds__(256)
    lstm_pack_gates_kernel(LstmParams p, Global<const float> weightInput, Global<const float> weightHidden, Global<float> packed) {
  const LstmForwardShape<P> shape(p);
  const int C = static_cast<int>(p.inChannels), D = static_cast<int>(p.hidden), depth = kLstmDepth<P>, channels = shape.inputRows + shape.hiddenRows;
  for (int i = blockIdx.x * 256 + threadIdx.x; i < shape.packed(); i += 256 * gridDim.x) {
    int channel, gate, unit;
    if (P == Products::float32) {
      gate = i % 4, unit = i / 4 % shape.units, channel = i / 4 / shape.units;
    } else {
      const int lane = i / 4 % 32, group = i / 256;
      gate = i / 128 % 2 * 2 + i / 2 % 2;
      unit = group / (channels / depth) * 8 + lane / 4;
      channel = group % (channels / depth) * depth + lstmChannelOf<P>(lane % 4, i % 2);
    }
    packed[i] = lstmPack<P>(channel, [&](int k) -> float {
      if (unit >= D) return 0.0f;
      if (k < shape.inputRows) return k < C ? static_cast<float>(weightInput[(k * 4 + gate) * D + unit]) : 0.0f;
      k -= shape.inputRows;
      return k < D ? static_cast<float>(weightHidden[(k * 4 + gate) * D + unit]) : 0.0f;
    });
  }
}

__global__ void __launch_bounds__(256) lstm_clear_kernel(Global<float> partials, int length) {
  for (int i = blockIdx.x * 256 + threadIdx.x; i < length; i += 256 * gridDim.x) partials[i] = 0.0f;
}

/** Packs the weights as lstmGradients reads them. */
template <Products P>
__global__ void __launch_bounds__(256)
    lstm_pack_transposed_kernel(LstmBackwardShape<P> shape, Global<const float> weightInput, Global<const float> weightHidden, Global<float> packed) {
  const int gates = 4 * shape.hidden;
  for (int i = blockIdx.x * 256 + threadIdx.x; i < shape.packed(); i += 256 * gridDim.x) {
    int gate, column;
    if (P == Products::float32) {
      column = i % shape.columns, gate = i / shape.columns;
    } else {
      const int steps = shape.depth() / kLstmDepth<P>, lane = i / 4 % 32, group = i / 128;
      column = group / steps * 16 + i / 2 % 2 * 8 + lane / 4;
      gate = group % steps * kLstmDepth<P> + lstmChannelOf<P>(lane % 4, i % 2);
    }
    packed[i] = lstmPack<P>(gate, [&](int k) -> float {
      const int channel = column - shape.hiddenColumns;
      if (k >= gates || (channel < 0 && column >= shape.hidden) || channel >= shape.gradChannels) return 0.0f;
      return channel < 0 ? weightHidden[column * gates + k] : weightInput[channel * gates + k];
    });
  }
}

/** Adds up the blocks' partial sums: 32 sums a block of threads, each in eight shares of the blocks. */
template <Products P>
__global__ void __launch_bounds__(256) lstm_reduce_kernel(LstmBackwardShape<P> shape, Global<const float> partials, int blocks, LstmGradients to) {
  SharedMemory memory;
  const Shared<float> shares = memory.take<float>(256);
  const int gates = 4 * shape.hidden, count = shape.sums() + 2 * shape.hidden, thread = threadIdx.x, i = blockIdx.x * 32 + thread % 32;
  float sum = 0.0f;
  for (int b = thread / 32; i < count && b < blocks; b += 8) sum += partials[int64_t{b} * shape.partials() + i];
  shares[thread] = sum;
  __syncthreads();
  if (thread >= 32 || i >= count) return;
  for (int share = 1; share < 8; ++share) sum += shares[share * 32 + thread];
  const auto put = [&](const Global<float>& gradient, int at) {
    if (gradient) gradient[at] = to.accumulate ? gradient[at] + sum : sum;
  };
  if (i >= shape.sums()) {
    const int unit = i - shape.sums();
    unit < shape.hidden ? put(to.initialHidden, unit) : put(to.initialCell, unit - shape.hidden);
    return;
  }
  int row, column;
  shape.place(i, row, column);
  if (row >= shape.rows || column >= gates) return;
  const int firstHidden = shape.firstHidden(), firstBias = firstHidden + (shape.weightHidden ? shape.hidden : 0);
  if (row < firstHidden) {
    put(to.weightInput, row * gates + column);
  } else if (row < firstBias) {
    put(to.weightHidden, (row - firstHidden) * gates + column);
  } else {
    put(to.bias, column);
  }
}

}  // namespace

template <Products P>
void lstmPackGates(const LstmParams& p, const float* weightInput, const float* weightHidden, float* packed, const Context& context) {
  const int length = LstmForwardShape<P>(p).packed();
  launch(context, lstm_pack_gates_kernel<P>, dim3(std::min(256, (length + 255) / 256)), 256, 0, p,
         Global<const float>(weightInput, p.inChannels * 4 * p.hidden), Global<const float>(weightHidden, p.hidden * 4 * p.hidden),
         Global<float>(packed, length));
}

template <Products P>
void lstmPackTransposed(const LstmBackwardShape<P>& shape, const Global<const float>& weightInput, const float* weightHidden, float* packed,
                        const Context& context) {
  const int length = shape.packed();
  launch(context, lstm_pack_transposed_kernel<P>, dim3(std::min(256, (length + 255) / 256)), 256, 0, shape, weightInput,
         Global<const float>(weightHidden, int64_t{4} * shape.hidden * shape.hidden), Global<float>(packed, length));
}

void lstmClear(const Global<float>& partials, int length, const Context& context) {
  launch(context, lstm_clear_kernel, dim3(std::min(256, (length + 255) / 256)), 256, 0, partials, length);
}

template <Products P>
void lstmReduce(const LstmBackwardShape<P>& shape, const float* partials, int blocks, const LstmGradients& to, const Context& context) {
  const int sums = shape.sums() + 2 * shape.hidden;
  launch(context, lstm_reduce_kernel<P>, dim3((sums + 31) / 32), 256, 1024, shape, Global<const float>(partials, int64_t{blocks} * shape.partials()),
         blocks, to);
}

template void lstmPackGates<Products::float32>(const LstmParams&, const float*, const float*, float*, const Context&);
template void lstmPackTransposed(const LstmBackwardShape<Products::float32>&, const Global<const float>&, const float*, float*, const Context&);
template void lstmReduce(const LstmBackwardShape<Products::float32>&, const float*, int, const LstmGradients&, const Context&);
template void lstmPackGates<Products::tf32>(const LstmParams&, const float*, const float*, float*, const Context&);
template void lstmPackTransposed(const LstmBackwardShape<Products::tf32>&, const Global<const float>&, const float*, float*, const Context&);
template void lstmReduce(const LstmBackwardShape<Products::tf32>&, const float*, int, const LstmGradients&, const Context&);
template void lstmPackGates<Products::bf16>(const LstmParams&, const float*, const float*, float*, const Context&);
template void lstmPackTransposed(const LstmBackwardShape<Products::bf16>&, const Global<const float>&, const float*, float*, const Context&);
template void lstmReduce(const LstmBackwardShape<Products::bf16>&, const float*, int, const LstmGradients&, const Context&);

}  // namespace retroplume::cuda
