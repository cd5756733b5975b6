#include "ops/multiply_steps/multiply_steps.h"
#include "runtime/cuda/channels.h"

/**
 * Memory is the limit: 12 bytes an element forward, 20 backward. One thread an element of the factors, or a pack of four; what it reads or writes of
 * the images of steps is a run of C elements.
 */
namespace retroplume::cuda {

namespace {

/** How the elements of [N, P, T, C] lie in [N, T, P, C]. */
struct StepMap {
  ChannelMap rows;  // of pixels and steps
  Divisor steps, pixels;

  explicit StepMap(const MultiplyStepsParams& p, bool aligned)
      : rows(p.batch * p.pixels * p.steps, p.channels, aligned), steps(p.steps), pixels(p.pixels) {}
  /** Place in [N, T, P] of one in [N, P, T]. */
  __device__ __forceinline__ int64_t imageRow(int64_t row) const {
    const int64_t pixelOfAll = steps.quotient(row), step = row - pixelOfAll * steps.divisor(), sample = pixels.quotient(pixelOfAll);
    return (sample * steps.divisor() + step) * pixels.divisor() + pixelOfAll - sample * pixels.divisor();
  }
};

__global__ void __launch_bounds__(kElementThreads)
    multiply_steps_forward_kernel(StepMap map, int64_t stride, Global<const float> input, Global<const float> factors, Global<float> output) {
  forEachChannelPack(map.rows, [&](int64_t element, int64_t row, int64_t channel, auto width) {
    const auto multiply = [](float x, float y) { return x * y; };
    keep(output, element, mapPacks(multiply, fetch(width, input, map.imageRow(row) * stride + channel), fetch(width, factors, element)));
  });
}

__global__ void __launch_bounds__(kElementThreads)
    multiply_steps_backward_kernel(StepMap map, int64_t stride, Global<const float> input, Global<const float> factors,
                                   Global<const float> gradOutput, Global<float> gradFactors, Global<float> gradInput) {
  forEachChannelPack(map.rows, [&](int64_t element, int64_t row, int64_t channel, auto width) {
    const auto multiply = [](float x, float y) { return x * y; };
    const int64_t image = map.imageRow(row);
    const auto gradient = fetch(width, gradOutput, element);
    if (gradInput) keep(gradInput, image * map.rows.channels.divisor() + channel, mapPacks(multiply, gradient, fetch(width, factors, element)));
    if (gradFactors) keep(gradFactors, element, mapPacks(multiply, gradient, fetch(width, input, image * stride + channel)));
  });
}

int64_t elementsOf(const MultiplyStepsParams& p) { return p.batch * p.steps * p.pixels * p.channels; }

/** Elements from the input's first to its last. */
int64_t strided(const MultiplyStepsParams& p) { return (p.batch * p.steps * p.pixels - 1) * p.inputStride + p.channels; }

}  // namespace

void multiplyStepsForward(const MultiplyStepsForward<float>& call, const Context& context) {
  const MultiplyStepsParams& p = call.params;
  const int64_t n = elementsOf(p);
  const StepMap map(p, aligned16(call.input, call.factors, call.output) && p.inputStride % 4 == 0);
  launch(context, multiply_steps_forward_kernel, map.rows.blocks(), kElementThreads, 0, map, p.inputStride,
         Global<const float>(call.input, strided(p)), Global<const float>(call.factors, n), Global<float>(call.output, n));
}

void multiplyStepsBackward(const MultiplyStepsBackward<float>& call, const Context& context) {
  const MultiplyStepsParams& p = call.params;
  const int64_t n = elementsOf(p);
  const bool aligned = aligned16(call.input, call.factors, call.gradOutput, call.gradFactors, call.gradInput) && p.inputStride % 4 == 0;
  const StepMap map(p, aligned);
  launch(context, multiply_steps_backward_kernel, map.rows.blocks(), kElementThreads, 0, map, p.inputStride,
         Global<const float>(call.input, strided(p)), Global<const float>(call.factors, n), Global<const float>(call.gradOutput, n),
         Global<float>(call.gradFactors, n), Global<float>(call.gradInput, n));
}

}  // namespace retroplume::cuda
