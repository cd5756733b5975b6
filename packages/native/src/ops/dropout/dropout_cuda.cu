#include "ops/dropout/dropout.h"
#include "runtime/cuda/packs.h"

/**
 * A thread makes one counter's four words and decides about its eight elements, which lie eight apart: at each half of a word, eight neighbouring
 * threads are at 32 neighbouring bytes, what memory moves at the least. Memory is the limit, 8 bytes an element; the generator takes some ten
 * instructions an element.
 */
namespace retroplume::cuda {

namespace {

constexpr int kHalves = 8;

struct Decisions {
  int64_t elements;
  int threshold;
  float factor;
  uint64_t seed;
};

__global__ void __launch_bounds__(kElementThreads)
    dropout_generated_kernel(Decisions p, int64_t counters, Global<const float> step, Global<const float> x, Global<float> y) {
  const uint64_t stepIndex = step ? static_cast<uint64_t>(static_cast<float>(step[0])) : 0;
  forEachElement(counters, [&](int64_t counter) {
    const int64_t first = counter / 8 * kDropoutBlock + counter % 8;
    // All reads before the first write: y may be x, so the compiler would wait for each.
    float values[kHalves];
    for (int half = 0; half < kHalves; ++half) values[half] = first + 8 * half < p.elements ? static_cast<float>(x[first + 8 * half]) : 0.0f;
    uint32_t words[4];
    philox4x32(static_cast<uint64_t>(counter), stepIndex, p.seed, words);
    for (int half = 0; half < kHalves; ++half) {
      const bool kept = static_cast<int>(words[half / 2] >> (half % 2 * 16) & 0xffff) >= p.threshold;
      // A dropped value is 0 even where x is infinite.
      if (first + 8 * half < p.elements) y[first + 8 * half] = kept ? values[half] * p.factor : 0.0f;
    }
  });
}

__global__ void __launch_bounds__(kElementThreads)
    dropout_masked_kernel(int64_t elements, bool fours, float factor, Global<const float> mask, Global<const float> x, Global<float> y) {
  const auto f = [=](float x, float mask) { return mask != 0.0f ? x * factor : 0.0f; };
  forEachPack(elements, fours, [&](int64_t i, auto width) { keep(y, i, mapPacks(f, fetch(width, x, i), fetch(width, mask, i))); });
}

void apply(const DropoutParams& p, const float* mask, const float* step, const float* x, float* y, const Context& context) {
  const int64_t n = p.elements;
  const auto factor = static_cast<float>(1 / (1 - p.probability));
  if (mask != nullptr) {
    const bool fours = aligned16(mask, x, y);
    return launch(context, dropout_masked_kernel, packBlocks(n, fours), kElementThreads, 0, n, fours, factor, Global<const float>(mask, n),
                  Global<const float>(x, n), Global<float>(y, n));
  }
  const int64_t counters = (n + kDropoutBlock - 1) / kDropoutBlock * 8;
  launch(context, dropout_generated_kernel, elementBlocks(counters), kElementThreads, 0,
         Decisions{n, dropoutThreshold(p.probability), factor, p.seed}, counters, Global<const float>(step, 1), Global<const float>(x, n),
         Global<float>(y, n));
}

}  // namespace

void dropoutForward(const DropoutForward<float>& call, const Context& context) {
  apply(call.params, call.mask, call.step, call.input, call.output, context);
}

void dropoutBackward(const DropoutBackward<float>& call, const Context& context) {
  apply(call.params, call.mask, call.step, call.gradOutput, call.gradInput, context);
}

}  // namespace retroplume::cuda
