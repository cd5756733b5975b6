#pragma once
#include <cstdint>

#include "runtime/context.h"

/**
 * Random words that follow from a counter and a key alone: Philox 4x32-7 (Salmon et al. 2011, doi:10.1145/2063384.2063405). Seven rounds are the
 * fewest that pass all tests of BigCrush.
 */
namespace retroplume {

constexpr int kPhiloxRounds = 7;

/** The halves of a product of 32 by 32 bits. */
RETROPLUME_HOST_DEVICE inline void multiplyWide(uint32_t a, uint32_t b, uint32_t& high, uint32_t& low) {
#if defined(__CUDA_ARCH__)
  // Told so, the compiler stays with words of 32 bits; of a product of 64 bits it makes a generator of 64 bits, half of which is zeros.
  uint64_t product;
  asm("mul.wide.u32 %0, %1, %2;" : "=l"(product) : "r"(a), "r"(b));
  asm("mov.b64 {%0,%1}, %2;" : "=r"(low), "=r"(high) : "l"(product));
#else
  const uint64_t product = uint64_t{a} * b;
  high = static_cast<uint32_t>(product >> 32);
  low = static_cast<uint32_t>(product);
#endif
}

/** Four words of Philox 4x32-7 for a counter and a key; words[i] is 32 random bits. */
RETROPLUME_HOST_DEVICE inline void philox4x32(uint64_t counterLow, uint64_t counterHigh, uint64_t key, uint32_t words[4]) {
  uint32_t c0 = static_cast<uint32_t>(counterLow), c1 = static_cast<uint32_t>(counterLow >> 32);
  uint32_t c2 = static_cast<uint32_t>(counterHigh), c3 = static_cast<uint32_t>(counterHigh >> 32);
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < kPhiloxRounds; ++round) {
    uint32_t high0, low0, high1, low1;
    multiplyWide(0xD2511F53, c0, high0, low0);
    multiplyWide(0xCD9E8D57, c2, high1, low1);
    c0 = high1 ^ c1 ^ k0;
    c2 = high0 ^ c3 ^ k1;
    c1 = low1;
    c3 = low0;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  words[0] = c0, words[1] = c1, words[2] = c2, words[3] = c3;
}

}  // namespace retroplume
