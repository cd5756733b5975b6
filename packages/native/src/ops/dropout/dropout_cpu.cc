#include "ops/cpu_declarations.h"
#include "ops/simd/elementwise.h"

// Sixteen counters at a time, each word of theirs an array: the rounds vectorise. The numbers are those of the reference, bit for bit.
namespace retroplume::RETROPLUME_ISA {

namespace {

constexpr int kCounters = 16;

/** Philox 4x32-10 for the counters first … first + 15; words[w][i] is word w of counter first + i. */
void philoxBlock(uint64_t first, uint64_t step, uint64_t key, uint32_t (&words)[4][kCounters]) {
  for (int i = 0; i < kCounters; ++i) {
    words[0][i] = static_cast<uint32_t>(first + i);
    words[1][i] = static_cast<uint32_t>((first + i) >> 32);
    words[2][i] = static_cast<uint32_t>(step);
    words[3][i] = static_cast<uint32_t>(step >> 32);
  }
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < kCounters; ++i) {
      const uint64_t product0 = uint64_t{0xD2511F53} * words[0][i], product1 = uint64_t{0xCD9E8D57} * words[2][i];
      words[0][i] = static_cast<uint32_t>(product1 >> 32) ^ words[1][i] ^ k0;
      words[2][i] = static_cast<uint32_t>(product0 >> 32) ^ words[3][i] ^ k1;
      words[1][i] = static_cast<uint32_t>(product1);
      words[3][i] = static_cast<uint32_t>(product0);
    }
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
}

/** y = x·factor where kept, by generated numbers, for elements [begin, end); begin is a multiple of 64. */
void applyGenerated(const DropoutParams& p, Range range, uint64_t step, const float* x, float* y) {
  const float factor = static_cast<float>(1 / (1 - p.probability));
  const uint32_t threshold = dropoutThreshold(p.probability);
  for (int64_t e = range.begin; e < range.end; e += 4 * kCounters) {
    uint32_t words[4][kCounters];
    float factors[4 * kCounters];
    philoxBlock(static_cast<uint64_t>(e / 4), step, p.seed, words);
    for (int i = 0; i < kCounters; ++i) {
      for (int w = 0; w < 4; ++w) factors[4 * i + w] = words[w][i] >= threshold ? factor : 0.0f;
    }
    forEachVector({0, smaller(4 * kCounters, range.end - e)}, [&](int64_t i, int valid) {
      const Vector scale = load(factors + i);
      // A dropped value is 0 even where x is infinite.
      keep(y + e + i, scale == 0.0f ? Vector{} : fetch(x + e + i, valid) * scale, valid);
    });
  }
}

void apply(const DropoutParams& p, const float* x, const float* mask, const float* step, float* y, const Context& context) {
  static_assert(kShareUnit % (4 * kCounters) == 0);
  const uint64_t stepIndex = step != nullptr ? static_cast<uint64_t>(*step) : 0;
  const Vector factor = splat(static_cast<float>(1 / (1 - p.probability)));
  forEachShare(p.elements, kShareUnit, context, [&](Range range, int, int) {
    if (mask == nullptr) return applyGenerated(p, range, stepIndex, x, y);
    forEachVector(range, [&](int64_t e, int valid) { keep(y + e, fetch(mask + e, valid) == 0.0f ? Vector{} : fetch(x + e, valid) * factor, valid); });
  });
}

}  // namespace

void dropoutForward(const DropoutForward<float>& call, const Context& context) { apply(call.params, call.input, call.mask, call.step, call.output, context); }

void dropoutBackward(const DropoutBackward<float>& call, const Context& context) { apply(call.params, call.gradOutput, call.mask, call.step, call.gradInput, context); }

}  // namespace retroplume::RETROPLUME_ISA
