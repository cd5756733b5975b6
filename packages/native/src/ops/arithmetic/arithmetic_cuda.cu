#include "ops/arithmetic/arithmetic.h"
#include "runtime/cuda/channels.h"

/** Memory is the limit: 12 bytes an element for binary and axpy, 8 for scale, 4 for fill. An output may be an input: each thread reads first. */
namespace retroplume::cuda {

namespace {

__device__ __forceinline__ float combine(BinaryKind kind, float a, float b) {
  return kind == BinaryKind::add ? a + b : kind == BinaryKind::subtract ? a - b : a * b;
}

__global__ void __launch_bounds__(kElementThreads)
    binary_kernel(int64_t elements, bool fours, BinaryKind kind, Global<const float> a, Global<const float> b, Global<float> output) {
  const auto f = [=](float x, float y) { return combine(kind, x, y); };
  forEachPack(elements, fours, [&](int64_t i, auto width) { keep(output, i, mapPacks(f, fetch(width, a, i), fetch(width, b, i))); });
}

/** Elements between the channels of one pixel and those of the next. */
struct Gaps {
  int64_t a, b, output;
};

__global__ void __launch_bounds__(kElementThreads)
    binary_channels_kernel(ChannelMap map, Gaps gaps, BinaryKind kind, Global<const float> a, Global<const float> b, Global<float> output) {
  const auto f = [=](float x, float y) { return combine(kind, x, y); };
  forEachChannelPack(map, [&](int64_t element, int64_t pixel, int64_t, auto width) {
    keep(output, element + pixel * gaps.output, mapPacks(f, fetch(width, a, element + pixel * gaps.a), fetch(width, b, element + pixel * gaps.b)));
  });
}

__global__ void __launch_bounds__(kElementThreads)
    axpy_kernel(int64_t elements, bool fours, float alpha, Global<const float> input, Global<float> output) {
  const auto f = [=](float x, float y) { return y + alpha * x; };
  forEachPack(elements, fours, [&](int64_t i, auto width) { keep(output, i, mapPacks(f, fetch(width, input, i), fetch(width, output, i))); });
}

__global__ void __launch_bounds__(kElementThreads)
    scale_kernel(int64_t elements, bool fours, float alpha, Global<const float> input, Global<float> output) {
  const auto f = [=](float x) { return alpha * x; };
  forEachPack(elements, fours, [&](int64_t i, auto width) { keep(output, i, mapPacks(f, fetch(width, input, i))); });
}

template <int N>
__device__ __forceinline__ Pack<N> splat(Width<N>, float value) {
  Pack<N> pack;
  for (int k = 0; k < N; ++k) pack.at[k] = value;
  return pack;
}

__global__ void __launch_bounds__(kElementThreads) fill_kernel(int64_t elements, bool fours, float value, Global<float> output) {
  forEachPack(elements, fours, [&](int64_t i, auto width) { keep(output, i, splat(width, value)); });
}

}  // namespace

void binary(const Binary<float>& call, const Context& context) {
  const bool fours = aligned16(call.a, call.b, call.output);
  const auto span = [&](int64_t stride) { return (call.pixels - 1) * stride + call.channels; };
  const Global<const float> a(call.a, span(call.aStride)), b(call.b, span(call.bStride));
  const Global<float> output(call.output, span(call.outputStride));
  if (call.inOnePiece()) {
    const int64_t n = call.pixels * call.channels;
    return launch(context, binary_kernel, packBlocks(n, fours), kElementThreads, 0, n, fours, call.kind, a, b, output);
  }
  const bool strides = call.aStride % 4 == 0 && call.bStride % 4 == 0 && call.outputStride % 4 == 0;
  const ChannelMap map(call.pixels, call.channels, fours && strides);
  const Gaps gaps{call.aStride - call.channels, call.bStride - call.channels, call.outputStride - call.channels};
  launch(context, binary_channels_kernel, map.blocks(), kElementThreads, 0, map, gaps, call.kind, a, b, output);
}

void axpy(const Axpy<float>& call, const Context& context) {
  const int64_t n = call.elements;
  const bool fours = aligned16(call.input, call.output);
  launch(context, axpy_kernel, packBlocks(n, fours), kElementThreads, 0, n, fours, static_cast<float>(call.alpha), Global<const float>(call.input, n),
         Global<float>(call.output, n));
}

void scale(const Scale<float>& call, const Context& context) {
  const int64_t n = call.elements;
  const bool fours = aligned16(call.input, call.output);
  launch(context, scale_kernel, packBlocks(n, fours), kElementThreads, 0, n, fours, static_cast<float>(call.alpha),
         Global<const float>(call.input, n), Global<float>(call.output, n));
}

void fill(const Fill<float>& call, const Context& context) {
  const int64_t n = call.elements;
  const bool fours = aligned16(call.output);
  launch(context, fill_kernel, packBlocks(n, fours), kElementThreads, 0, n, fours, static_cast<float>(call.value), Global<float>(call.output, n));
}

}  // namespace retroplume::cuda
