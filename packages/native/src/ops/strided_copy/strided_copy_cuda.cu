#include "ops/strided_copy/strided_copy.h"
#include "ops/strided_copy/strided_copy_merged.h"
#include "runtime/cuda/divisor.h"
#include "runtime/cuda/packs.h"

/**
 * One thread an element of the view in row-major order, which is the output's order in concatenations, slices, pads and permutations: writes are
 * whole lines, and what a permutation reads stays in the caches until its neighbours come. Dimensions that follow one another in memory are merged
 * first; four elements at once where the last is long in both views. Elements that are summed (output stride 0) have one thread, which adds them
 * in order.
 */
namespace retroplume::cuda {

namespace {

constexpr int kDimensions = 5;

/** Nested loops, dimensions `first` … 4 with the last the innermost, as one index. */
struct Loops {
  int64_t count = 1;
  int first = kDimensions;
  Divisor size[kDimensions];
  int64_t inputStride[kDimensions] = {}, outputStride[kDimensions] = {};
};

struct Place {
  int64_t input, output;
};

__device__ __forceinline__ Place placeOf(const Loops& loops, int64_t index) {
  Place place{0, 0};
  for (int k = kDimensions - 1; k >= loops.first; --k) {
    // The outermost needs no division: nothing is left above it.
    const int64_t rest = k > loops.first ? loops.size[k].quotient(index) : 0;
    const int64_t at = index - rest * loops.size[k].divisor();
    place.input += at * loops.inputStride[k];
    place.output += at * loops.outputStride[k];
    index = rest;
  }
  return place;
}

template <int N>
__global__ void __launch_bounds__(kElementThreads)
    strided_copy_kernel(Loops loops, bool accumulate, Global<const float> input, Global<float> output) {
  const auto add = [](float x, float y) { return x + y; };
  forEachElement(loops.count, [&](int64_t index) {
    const Place place = placeOf(loops, index);
    auto value = fetch(Width<N>(), input, place.input);
    if (accumulate) value = mapPacks(add, fetch(Width<N>(), output, place.output), value);
    keep(output, place.output, value);
  });
}

__global__ void __launch_bounds__(kElementThreads)
    strided_sum_kernel(Loops kept, Loops summed, bool accumulate, Global<const float> input, Global<float> output) {
  forEachElement(kept.count, [&](int64_t index) {
    const Place place = placeOf(kept, index);
    float sum = accumulate ? static_cast<float>(output[place.output]) : 0.0f;
    for (int64_t i = 0; i < summed.count; ++i) {
      const float value = input[place.input + placeOf(summed, i).input];
      sum = accumulate ? sum + value : value;
    }
    output[place.output] = sum;
  });
}

/** The loops of the dimensions that are summed, or of those that are not. */
Loops loopsOf(const StridedCopyParams& p, bool summed) {
  Loops loops;
  for (int k = kDimensions - 1; k >= 0; --k) {
    if (p.size[k] == 1 || (p.outputStride[k] == 0) != summed) continue;
    --loops.first;
    loops.count *= p.size[k];
    loops.size[loops.first] = Divisor(p.size[k]);
    loops.inputStride[loops.first] = p.inputStride[k];
    loops.outputStride[loops.first] = p.outputStride[k];
  }
  return loops;
}

bool movesInFours(const StridedCopyParams& p, const float* input, const float* output) {
  const int last = kDimensions - 1;
  bool multiples = p.size[last] % 4 == 0 && p.inputStride[last] == 1 && p.outputStride[last] == 1 && aligned16(input, output);
  for (int k = 0; k < last; ++k) multiples = multiples && p.inputStride[k] % 4 == 0 && p.outputStride[k] % 4 == 0;
  return multiples;
}

/** Elements from a view's first to its last. */
int64_t reach(const int64_t (&size)[kDimensions], const int64_t (&stride)[kDimensions]) {
  int64_t last = 0;
  for (int k = 0; k < kDimensions; ++k) last += (size[k] - 1) * stride[k];
  return last + 1;
}

}  // namespace

void stridedCopy(const StridedCopy<float>& call, const Context& context) {
  const Global<const float> input(call.input, reach(call.params.size, call.params.inputStride));
  const Global<float> output(call.output, reach(call.params.size, call.params.outputStride));
  StridedCopyParams p = mergedDimensions(call.params);
  const Loops summed = loopsOf(p, true);
  if (summed.count > 1) {
    const Loops kept = loopsOf(p, false);
    return launch(context, strided_sum_kernel, elementBlocks(kept.count), kElementThreads, 0, kept, summed, p.accumulate, input, output);
  }
  const bool fours = movesInFours(p, call.input, call.output);
  if (fours) {
    p.size[kDimensions - 1] /= 4;
    p.inputStride[kDimensions - 1] = p.outputStride[kDimensions - 1] = 4;
  }
  const Loops loops = loopsOf(p, false);
  launch(context, fours ? strided_copy_kernel<4> : strided_copy_kernel<1>, elementBlocks(loops.count), kElementThreads, 0, loops, p.accumulate, input,
         output);
}

}  // namespace retroplume::cuda
