#include "ops/loss/loss.h"
#include "runtime/cuda/packs.h"
#include "runtime/cuda/reduce.h"

/**
 * Memory is the limit: 12 bytes an element forward, 16 backward. Terms are computed in float and summed in double, as on the CPU; the order depends
 * on the number of elements alone. Weight 0 is tested, not multiplied: 0·NaN would be NaN.
 */
namespace retroplume::cuda {

namespace {

struct Misfit {
  LossKind kind;
  float delta;

  __device__ __forceinline__ float value(float d) const {
    const float size = fabsf(d);
    if (kind == LossKind::l1) return size;
    return kind == LossKind::l2 || size <= delta ? 0.5f * d * d : delta * (size - 0.5f * delta);
  }
  /** A NaN stays one. */
  __device__ __forceinline__ float slope(float d) const {
    if (kind == LossKind::l2) return d;
    const float limit = kind == LossKind::l1 ? 0.0f : delta, beyond = kind == LossKind::l1 ? 1.0f : delta;
    return d > limit ? beyond : d < -limit ? -beyond : d;
  }
};

__global__ void __launch_bounds__(kElementThreads)
    loss_partials_kernel(int64_t elements, bool fours, Misfit misfit, Global<const float> prediction, Global<const float> target,
                         Global<const float> weight, Global<double> partials) {
  SharedMemory memory;
  const Shared<double> warps = memory.take<double>(kMostWarps);
  const auto term = [=](float prediction, float target, float weight) { return weight == 0.0f ? 0.0f : weight * misfit.value(prediction - target); };
  double sum = 0;
  forEachPack(elements, fours, [&](int64_t i, auto width) {
    const auto terms = mapPacks(term, fetch(width, prediction, i), fetch(width, target, i), fetch(width, weight, i));
    for (int k = 0; k < width.value; ++k) sum += terms.at[k];
  });
  sum = blockSum(sum, warps);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(kElementThreads)
    loss_total_kernel(int partialSums, double divisor, Global<const double> partials, Global<float> output) {
  SharedMemory memory;
  const double sum = sumPartials(partials, partialSums, memory.take<double>(kMostWarps));
  if (threadIdx.x == 0) output[0] = static_cast<float>(sum / divisor);
}

__global__ void __launch_bounds__(kElementThreads)
    loss_backward_kernel(int64_t elements, bool fours, Misfit misfit, float divisor, Global<const float> prediction, Global<const float> target,
                         Global<const float> weight, Global<const float> gradOutput, Global<float> gradPrediction) {
  const float factor = (gradOutput ? static_cast<float>(gradOutput[0]) : 1.0f) / divisor;
  const auto gradient = [=](float prediction, float target, float weight) {
    return weight == 0.0f ? 0.0f : factor * weight * misfit.slope(prediction - target);
  };
  forEachPack(elements, fours, [&](int64_t i, auto width) {
    keep(gradPrediction, i, mapPacks(gradient, fetch(width, prediction, i), fetch(width, target, i), fetch(width, weight, i)));
  });
}

Misfit misfitOf(const LossParams& p) { return {p.kind, static_cast<float>(p.delta)}; }

}  // namespace

std::size_t lossForwardScratch(const LossForward<float>& call) { return partialBytes(call.params.elements); }

void lossForward(const LossForward<float>& call, const Context& context) {
  const LossParams& p = call.params;
  const int64_t n = p.elements, blocks = partialCount(n);
  const bool fours = aligned16(call.prediction, call.target, call.weight);
  auto* partials = static_cast<double*>(context.scratch);
  launch(context, loss_partials_kernel, dim3(static_cast<unsigned>(blocks)), kElementThreads, kBlockSumBytes<double>, n, fours, misfitOf(p),
         Global<const float>(call.prediction, n), Global<const float>(call.target, n), Global<const float>(call.weight, n),
         Global<double>(partials, blocks));
  launch(context, loss_total_kernel, dim3(1), kElementThreads, kBlockSumBytes<double>, static_cast<int>(blocks), p.divisor,
         Global<const double>(partials, blocks), Global<float>(call.output, 1));
}

void lossBackward(const LossBackward<float>& call, const Context& context) {
  const LossParams& p = call.params;
  const int64_t n = p.elements;
  const bool fours = aligned16(call.prediction, call.target, call.weight, call.gradPrediction);
  launch(context, loss_backward_kernel, packBlocks(n, fours), kElementThreads, 0, n, fours, misfitOf(p), static_cast<float>(p.divisor),
         Global<const float>(call.prediction, n), Global<const float>(call.target, n), Global<const float>(call.weight, n),
         Global<const float>(call.gradOutput, 1), Global<float>(call.gradPrediction, n));
}

}  // namespace retroplume::cuda
