#pragma once
#include "ops/random/philox.h"
#include "ops/simd/simd.h"

/** Philox for as many counters at a time as a vector has lanes; the words are those of philox4x32, bit for bit. */
namespace retroplume::RETROPLUME_ISA {

/** Words for the counters whose lower half is `first`, `first` + 1, …, one a lane, then `second`, and whose upper half is `high`. */
[[gnu::always_inline]] inline void philoxLanes(uint32_t first, uint32_t second, uint64_t high, uint64_t key, UintVector (&words)[4]) {
  UintVector lane;
  for (int i = 0; i < kLanes; ++i) lane[i] = static_cast<uint32_t>(i);
  words[0] = lane + first;
  words[1] = UintVector{} + second;
  words[2] = UintVector{} + static_cast<uint32_t>(high);
  words[3] = UintVector{} + static_cast<uint32_t>(high >> 32);
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

}  // namespace retroplume::RETROPLUME_ISA
