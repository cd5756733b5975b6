#include <cmath>

#include "ops/optimiser/optimiser.h"
#include "runtime/cuda/packs.h"
#include "runtime/cuda/reduce.h"

/**
 * Memory is the limit: for each element 28 bytes of adam, 12 to 20 of sgdProject, 4 of clipNorm and 8 more where it clips.
 *
 * adam: 1 − βᵗ is −expm1(t·log β) with log β from the host: every thread computes it, and a double's power would cost more than the update.
 *
 * clipNorm: each block of the second kernel adds the first's partial sums itself, so that no third kernel has to stand between them.
 */
namespace retroplume::cuda {

namespace {

struct AdamConstants {
  float beta1, beta2, rest1, rest2, logBeta1, logBeta2, epsilon, l2;
};

struct Moments {
  float parameter, first, second;
};

__device__ __forceinline__ Moments adamStep(const AdamConstants& p, float rate, float root, Moments old, float gradient) {
  const float g = gradient + p.l2 * old.parameter;
  const float m = p.beta1 * old.first + p.rest1 * g;
  const float v = p.beta2 * old.second + p.rest2 * g * g;
  return {old.parameter - rate * m / (sqrtf(v) * root + p.epsilon), m, v};
}

__global__ void __launch_bounds__(kElementThreads)
    adam_kernel(int64_t elements, bool fours, AdamConstants p, Global<float> parameter, Global<const float> gradient, Global<float> firstMoment,
                Global<float> secondMoment, Global<const float> learningRate, Global<const float> step) {
  const float t = step[0], rate = learningRate[0] / -expm1f(t * p.logBeta1), root = 1.0f / sqrtf(-expm1f(t * p.logBeta2));
  forEachPack(elements, fours, [&](int64_t i, auto width) {
    auto value = fetch(width, parameter, i), first = fetch(width, firstMoment, i), second = fetch(width, secondMoment, i);
    const auto g = fetch(width, gradient, i);
    for (int k = 0; k < width.value; ++k) {
      const Moments next = adamStep(p, rate, root, {value.at[k], first.at[k], second.at[k]}, g.at[k]);
      value.at[k] = next.parameter, first.at[k] = next.first, second.at[k] = next.second;
    }
    keep(firstMoment, i, first);
    keep(secondMoment, i, second);
    keep(parameter, i, value);
  });
}

__global__ void __launch_bounds__(kElementThreads)
    sgd_project_kernel(int64_t elements, bool fours, Global<float> value, Global<const float> gradient, Global<const float> lower,
                       Global<const float> upper, Global<const float> learningRate) {
  const float rate = learningRate[0];
  const auto update = [=](float x, float g) { return x - rate * g; };
  const auto atLeast = [](float x, float bound) { return x < bound ? bound : x; };  // a NaN stays one
  const auto atMost = [](float x, float bound) { return x > bound ? bound : x; };
  forEachPack(elements, fours, [&](int64_t i, auto width) {
    auto x = mapPacks(update, fetch(width, value, i), fetch(width, gradient, i));
    if (lower) x = mapPacks(atLeast, x, fetch(width, lower, i));
    if (upper) x = mapPacks(atMost, x, fetch(width, upper, i));
    keep(value, i, x);
  });
}

__global__ void __launch_bounds__(kElementThreads)
    clip_norm_partials_kernel(int64_t elements, bool fours, Global<const float> gradient, Global<double> partials) {
  SharedMemory memory;
  const Shared<double> warps = memory.take<double>(kMostWarps);
  double sum = 0;
  forEachPack(elements, fours, [&](int64_t i, auto width) {
    const auto g = fetch(width, gradient, i);
    for (int k = 0; k < width.value; ++k) sum += static_cast<double>(g.at[k]) * g.at[k];
  });
  sum = blockSum(sum, warps);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(kElementThreads)
    clip_norm_scale_kernel(int64_t elements, bool fours, double maxNorm, int partialSums, Global<const double> partials, Global<float> gradient,
                           Global<float> output) {
  SharedMemory memory;
  const double norm = sqrt(sumPartials(partials, partialSums, memory.take<double>(kMostWarps)));
  if (output && blockIdx.x == 0 && threadIdx.x == 0) output[0] = static_cast<float>(norm);
  if (!(norm > maxNorm)) return;
  const auto scale = [factor = static_cast<float>(maxNorm / norm)](float g) { return g * factor; };
  forEachPack(elements, fours, [&](int64_t i, auto width) { keep(gradient, i, mapPacks(scale, fetch(width, gradient, i))); });
}

}  // namespace

void adam(const Adam<float>& call, const Context& context) {
  const int64_t n = call.elements;
  const bool fours = aligned16(call.parameter, call.gradient, call.firstMoment, call.secondMoment);
  const AdamConstants constants{static_cast<float>(call.beta1),           static_cast<float>(call.beta2),
                                static_cast<float>(1 - call.beta1),       static_cast<float>(1 - call.beta2),
                                static_cast<float>(std::log(call.beta1)), static_cast<float>(std::log(call.beta2)),
                                static_cast<float>(call.epsilon),         static_cast<float>(call.l2)};
  launch(context, adam_kernel, packBlocks(n, fours), kElementThreads, 0, n, fours, constants, Global<float>(call.parameter, n),
         Global<const float>(call.gradient, n), Global<float>(call.firstMoment, n), Global<float>(call.secondMoment, n),
         Global<const float>(call.learningRate, 1), Global<const float>(call.step, 1));
}

void sgdProject(const SgdProject<float>& call, const Context& context) {
  const int64_t n = call.elements;
  const bool fours = aligned16(call.value, call.gradient, call.lower, call.upper);
  launch(context, sgd_project_kernel, packBlocks(n, fours), kElementThreads, 0, n, fours, Global<float>(call.value, n),
         Global<const float>(call.gradient, n), Global<const float>(call.lower, n), Global<const float>(call.upper, n),
         Global<const float>(call.learningRate, 1));
}

std::size_t clipNormScratch(const ClipNorm<float>& call) { return partialBytes(call.elements); }

void clipNorm(const ClipNorm<float>& call, const Context& context) {
  const int64_t n = call.elements, blocks = partialCount(n);
  const bool fours = aligned16(call.gradient);
  auto* partials = static_cast<double*>(context.scratch);
  launch(context, clip_norm_partials_kernel, dim3(static_cast<unsigned>(blocks)), kElementThreads, kBlockSumBytes<double>, n, fours,
         Global<const float>(call.gradient, n), Global<double>(partials, blocks));
  launch(context, clip_norm_scale_kernel, dim3(static_cast<unsigned>(blocks)), kElementThreads, kBlockSumBytes<double>, n, fours, call.maxNorm,
         static_cast<int>(blocks), Global<const double>(partials, blocks), Global<float>(call.gradient, n), Global<float>(call.output, 1));
}

}  // namespace retroplume::cuda
