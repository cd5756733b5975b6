#pragma once
#include "ops/dropout/dropout.h"
#include "ops/simd/simd.h"

/** Dropout's random numbers, as many counters at a time as a vector has lanes. They are those of the reference, bit for bit. */
namespace retroplume::RETROPLUME_ISA {

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

/** Factors of the elements first … first + 4·kLanes − 1: 0 where dropped. `first` is a multiple of 4; element 4i + w is word w of counter i. */
[[gnu::always_inline]] inline void dropFactors(int64_t first, uint64_t step, uint64_t key, uint32_t threshold, float factor, Vector (&factors)[4]) {
  UintVector words[4];
  philoxLanes(static_cast<uint32_t>(first / 4), step, key, words);
  Vector byWord[4], even[2], odd[2];
  for (int w = 0; w < 4; ++w) byWord[w] = words[w] >= threshold ? splat(factor) : Vector{};
  interleave(byWord[0], byWord[2], even[0], even[1]);
  interleave(byWord[1], byWord[3], odd[0], odd[1]);
  interleave(even[0], odd[0], factors[0], factors[1]);
  interleave(even[1], odd[1], factors[2], factors[3]);
}

}  // namespace retroplume::RETROPLUME_ISA
