#include "ops/unary/unary.h"
#include "runtime/cuda/elementwise.h"

/** One thread an element, in a grid-stride loop: the bytes are the limit, and consecutive threads read consecutive elements. */
namespace retroplume::cuda {

namespace {

__device__ __forceinline__ float apply(UnaryKind kind, float x) {
  switch (kind) {
    case UnaryKind::relu:
      return x < 0.0f ? 0.0f : x;
    case UnaryKind::softplus:
      return (x < 0.0f ? 0.0f : x) + log1pf(expf(-fabsf(x)));
    case UnaryKind::sigmoid:
      return 1.0f / (1.0f + expf(-x));
    case UnaryKind::tanh:
      return tanhf(x);
    case UnaryKind::exp:
      return expf(x);
    case UnaryKind::abs:
      return fabsf(x);
    default:
      return x * x;
  }
}

__device__ __forceinline__ float slope(UnaryKind kind, float x, float y) {
  switch (kind) {
    case UnaryKind::relu:
      return x > 0.0f ? 1.0f : 0.0f;
    case UnaryKind::softplus:
      return -expm1f(-y);
    case UnaryKind::sigmoid:
      return y * (1.0f - y);
    case UnaryKind::tanh:
      return 1.0f - y * y;
    case UnaryKind::exp:
      return y;
    case UnaryKind::abs:
      return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : 0.0f;
    default:
      return 2.0f * x;
  }
}

__global__ void __launch_bounds__(kElementThreads) unary_forward_kernel(UnaryParams p, Global<const float> input, Global<float> output) {
  forEachElement(p.elements, [&](int64_t i) { output[i] = apply(p.kind, input[i]); });
}

__global__ void __launch_bounds__(kElementThreads) unary_backward_kernel(UnaryParams p, Global<const float> input, Global<const float> output,
                                                                         Global<const float> gradOutput, Global<float> gradInput) {
  forEachElement(p.elements, [&](int64_t i) {
    const float gradient = gradOutput[i] * slope(p.kind, input[i], output[i]);
    gradInput[i] = p.accumulate ? gradInput[i] + gradient : gradient;
  });
}

}  // namespace

void unaryForward(const UnaryForward<float>& call, const Context& context) {
  const int64_t n = call.params.elements;
  launch(context, unary_forward_kernel, elementBlocks(n), kElementThreads, 0, call.params, Global<const float>(call.input, n),
         Global<float>(call.output, n));
}

void unaryBackward(const UnaryBackward<float>& call, const Context& context) {
  const int64_t n = call.params.elements;
  launch(context, unary_backward_kernel, elementBlocks(n), kElementThreads, 0, call.params, Global<const float>(call.input, n),
         Global<const float>(call.output, n), Global<const float>(call.gradOutput, n), Global<float>(call.gradInput, n));
}

}  // namespace retroplume::cuda
