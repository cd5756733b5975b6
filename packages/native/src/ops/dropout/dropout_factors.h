#pragma once
#include "ops/dropout/dropout.h"
#include "ops/simd/simd.h"

/** Dropout's random numbers, as many counters at a time as a vector has lanes. They are those of the reference, bit for bit. */
namespace retroplume::RETROPLUME_ISA {

/** Elements that are decided about together: one block, or as many as a vector of counters has. */
constexpr int64_t kDropGroup = kLanes > 8 ? kLanes * 8 : kDropoutBlock;

/** Words of Philox 4x32-7 for the counters first, first + 1, …, one a lane. An array has less than 2³¹ elements, so that a counter is one word. */
[[gnu::always_inline]] inline void philoxLanes(uint32_t first, uint64_t step, uint64_t key, UintVector (&words)[4]) {
  UintVector lane;
  for (int i = 0; i < kLanes; ++i) lane[i] = static_cast<uint32_t>(i);
  words[0] = lane + first;
  words[1] = UintVector{};
  words[2] = UintVector{} + static_cast<uint32_t>(step);
  words[3] = UintVector{} + static_cast<uint32_t>(step >> 32);
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < kPhiloxRounds; ++round) {
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

/** The decisions of a vector of counters, one vector for each half of their words: `factor`, or 0 where dropped. */
[[gnu::always_inline]] inline void dropHalves(uint32_t firstCounter, uint64_t step, const DropoutParams& p, Vector (&halves)[8]) {
  const Vector factor = splat(static_cast<float>(1 / (1 - p.probability)));
  const IntVector threshold = IntVector{} + dropoutThreshold(p.probability);
  UintVector words[4];
  philoxLanes(firstCounter, step, p.seed, words);
  for (int w = 0; w < 4; ++w) {
    halves[2 * w] = (IntVector)(words[w] & 0xffff) >= threshold ? factor : Vector{};
    halves[2 * w + 1] = (IntVector)(words[w] >> 16) >= threshold ? factor : Vector{};
  }
}

/** Factors of the elements first … first + kDropGroup − 1; `first` is a multiple of a block. */
[[gnu::always_inline]] inline void dropFactors(int64_t first, uint64_t step, const DropoutParams& p, float* factors) {
  Vector halves[8];
  if constexpr (kLanes > 8) {
    // Two blocks: the lower lanes belong to the first, the upper to the second.
    constexpr int kHalf = kLanes / 2;
    IntVector lower, upper;
    for (int i = 0; i < kLanes; ++i) {
      lower[i] = i < kHalf ? i : kLanes + i - kHalf;
      upper[i] = lower[i] + kHalf;
    }
    dropHalves(static_cast<uint32_t>(first / 8), step, p, halves);
    for (int h = 0; h < 8; h += 2) {
      store(factors + h * kHalf, __builtin_shuffle(halves[h], halves[h + 1], lower));
      store(factors + kDropoutBlock + h * kHalf, __builtin_shuffle(halves[h], halves[h + 1], upper));
    }
  } else {
    for (int counter = 0; counter < 8; counter += kLanes) {
      dropHalves(static_cast<uint32_t>(first / 8 + counter), step, p, halves);
      for (int h = 0; h < 8; ++h) store(factors + 8 * h + counter, halves[h]);
    }
  }
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
