#pragma once
#include "ops/dropout/dropout.h"
#include "ops/random/philox_lanes.h"
#include "ops/simd/simd.h"

/** Dropout's random numbers, as many counters at a time as a vector has lanes. They are those of the reference, bit for bit. */
namespace retroplume::RETROPLUME_ISA {

/** Elements that are decided about together: one block, or as many as a vector of counters has. */
constexpr int64_t kDropGroup = kLanes > 8 ? kLanes * 8 : kDropoutBlock;

/** The decisions of a vector of counters, one vector for each half of their words: `factor`, or 0 where dropped. */
[[gnu::always_inline]] inline void dropHalves(uint32_t firstCounter, uint64_t step, const DropoutParams& p, Vector (&halves)[8]) {
  const Vector factor = splat(static_cast<float>(1 / (1 - p.probability)));
  const IntVector threshold = IntVector{} + dropoutThreshold(p.probability);
  UintVector words[4];
  philoxLanes(firstCounter, 0, step, p.seed, words);
  for (int w = 0; w < 4; ++w) {
    halves[2 * w] = (IntVector)(words[w] & 0xffff) >= threshold ? factor : Vector{};
    halves[2 * w + 1] = (IntVector)(words[w] >> 16) >= threshold ? factor : Vector{};
  }
}

/** Factors of the elements first … first + kDropGroup − 1; `first` is a multiple of a block. */
[[gnu::always_inline]] inline void dropFactors(int64_t first, uint64_t step, const DropoutParams& p, float* factors) {
  Vector halves[8];
#if defined(__AVX512F__)
  // Two blocks: the lower lanes belong to the first, the upper to the second.
  constexpr int kHalf = kLanes / 2, kLower = 0x44, kUpper = 0xee;
  dropHalves(static_cast<uint32_t>(first / 8), step, p, halves);
  for (int h = 0; h < 8; h += 2) {
    store(factors + h * kHalf, (Vector)_mm512_shuffle_f32x4((__m512)halves[h], (__m512)halves[h + 1], kLower));
    store(factors + kDropoutBlock + h * kHalf, (Vector)_mm512_shuffle_f32x4((__m512)halves[h], (__m512)halves[h + 1], kUpper));
  }
#else
  for (int counter = 0; counter < 8; counter += kLanes) {
    dropHalves(static_cast<uint32_t>(first / 8 + counter), step, p, halves);
    for (int h = 0; h < 8; ++h) store(factors + 8 * h + counter, halves[h]);
  }
#endif
}

/** The same for any `count` elements from `first` on, of an array that is a part of a batch's: each from the group that it stands in there. */
[[gnu::always_inline]] inline void placedDropFactors(int64_t first, int64_t count, uint64_t step, const DropoutParams& p, float* factors) {
  float group[kDropGroup];
  for (int64_t e = 0; e < count;) {
    const int64_t place = p.place.of(first + e), skip = place % kDropGroup, left = p.place.block - (first + e) % p.place.block;
    int64_t run = kDropGroup - skip < left ? kDropGroup - skip : left;
    if (run > count - e) run = count - e;
    dropFactors(place - skip, step, p, group);
    for (int64_t i = 0; i < run; ++i) factors[e + i] = group[skip + i];
    e += run;
  }
}

}  // namespace retroplume::RETROPLUME_ISA
