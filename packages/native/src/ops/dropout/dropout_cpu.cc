#include "ops/cpu_declarations.h"
#include "ops/simd/elementwise.h"

// As many counters at a time as a vector has lanes. The numbers are those of the reference, bit for bit.
namespace retroplume::RETROPLUME_ISA {

namespace {

/** Words of Philox 4x32-10 for the counters first, first + 1, …, one a lane. An array has less than 2³¹ elements, so that a counter is one word. */
[[gnu::always_inline]] inline void philoxLanes(uint32_t first, uint64_t step, uint64_t key, UintVector (&words)[4]) {
  UintVector lane;
  for (int i = 0; i < kLanes; ++i) lane[i] = static_cast<uint32_t>(i);
  words[0] = lane + first;
  words[1] = UintVector{};
  words[2] = UintVector{} + static_cast<uint32_t>(step);
  words[3] = UintVector{} + static_cast<uint32_t>(step >> 32);
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    UintVector low0, high0, low1, high1;
    multiplyWide(words[0], 0xD2511F53, low0, high0);
    multiplyWide(words[2], 0xCD9E8D57, low1, high1);
    words[0] = high1 ^ words[1] ^ k0;
    words[2] = high0 ^ words[3] ^ k1;
    words[1] = low1;
    words[3] = low0;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
}

/** Factors of the 4·kLanes elements of a group of counters: 0 where dropped. Element 4i + w is word w of counter i. */
[[gnu::always_inline]] inline void dropFactors(const UintVector (&words)[4], uint32_t threshold, float factor, Vector (&factors)[4]) {
  Vector byWord[4], even[2], odd[2];
  for (int w = 0; w < 4; ++w) byWord[w] = words[w] >= threshold ? splat(factor) : Vector{};
  interleave(byWord[0], byWord[2], even[0], even[1]);
  interleave(byWord[1], byWord[3], odd[0], odd[1]);
  interleave(even[0], odd[0], factors[0], factors[1]);
  interleave(even[1], odd[1], factors[2], factors[3]);
}

/** y = x·factor where kept, by generated numbers, for elements [begin, end); begin is a multiple of 64. */
void applyGenerated(const DropoutParams& p, Range range, uint64_t step, const float* x, float* y) {
  const float factor = static_cast<float>(1 / (1 - p.probability));
  const uint32_t threshold = dropoutThreshold(p.probability);
  for (int64_t group = range.begin; group < range.end; group += 4 * kLanes) {
    UintVector words[4];
    Vector factors[4];
    philoxLanes(static_cast<uint32_t>(group / 4), step, p.seed, words);
    dropFactors(words, threshold, factor, factors);
    for (int64_t k = 0; k < 4 && group + k * kLanes < range.end; ++k) {
      const int64_t e = group + k * kLanes;
      const int valid = static_cast<int>(smaller(kLanes, range.end - e));
      // A dropped value is 0 even where x is infinite.
      keep(y + e, factors[k] == 0.0f ? Vector{} : fetch(x + e, valid) * factors[k], valid);
    }
  }
}

void apply(const DropoutParams& p, const float* x, const float* mask, const float* step, float* y, const Context& context) {
  static_assert(kShareUnit % (4 * kLanes) == 0);
  const uint64_t stepIndex = step != nullptr ? static_cast<uint64_t>(*step) : 0;
  const Vector factor = splat(static_cast<float>(1 / (1 - p.probability)));
  forEachShare(p.elements, kShareUnit, context, [&](Range range, int, int) {
    if (mask == nullptr) return applyGenerated(p, range, stepIndex, x, y);
    forEachVector(range, [&](int64_t e, int valid) { keep(y + e, fetch(mask + e, valid) == 0.0f ? Vector{} : fetch(x + e, valid) * factor, valid); });
  });
}

}  // namespace

void dropoutForward(const DropoutForward<float>& call, const Context& context) {
  apply(call.params, call.input, call.mask, call.step, call.output, context);
}

void dropoutBackward(const DropoutBackward<float>& call, const Context& context) {
  apply(call.params, call.gradOutput, call.mask, call.step, call.gradInput, context);
}

}  // namespace retroplume::RETROPLUME_ISA
