#pragma once
#include <cstdint>

#include "runtime/context.h"

/**
 * Inverted dropout (Srivastava et al. 2014): output = keep·input/(1 − p); backward the same map: gradInput = keep·gradOutput/(1 − p).
 *
 * `keep` is the mask where one is given (1 or 0), else a pure function of (seed, step, element index), so the backward pass makes it again
 * and nothing is stored: element e is kept if word e mod 4 of Philox 4x32-10 (counter (e/4, step), key seed) is at least p·2³².
 * Philox: Salmon et al. (2011), doi:10.1145/2063384.2063405.
 */
namespace retroplume {

struct DropoutParams {
  int64_t elements;
  double probability;
  uint64_t seed;
};

template <class T>
struct DropoutForward {
  DropoutParams params;
  const T* input;
  const T* mask;  // or null
  const T* step;  // scalar, or null: 0
  T* output;      // may be the input
};

template <class T>
struct DropoutBackward {
  DropoutParams params;
  const T* mask;
  const T* step;
  const T* gradOutput;
  T* gradInput;  // may be gradOutput
};

/** Four words of Philox 4x32-10 for a counter and a key; words[i] is 32 random bits. */
[[gnu::always_inline]] inline void philox4x32(uint64_t counterLow, uint64_t counterHigh, uint64_t key, uint32_t words[4]) {
  uint32_t c0 = static_cast<uint32_t>(counterLow), c1 = static_cast<uint32_t>(counterLow >> 32);
  uint32_t c2 = static_cast<uint32_t>(counterHigh), c3 = static_cast<uint32_t>(counterHigh >> 32);
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * c0, product1 = uint64_t{0xCD9E8D57} * c2;
    c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ k0;
    c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(product1);
    c3 = static_cast<uint32_t>(product0);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  words[0] = c0, words[1] = c1, words[2] = c2, words[3] = c3;
}

/** Words below this are dropped. */
[[gnu::always_inline]] inline uint32_t dropoutThreshold(double probability) { return static_cast<uint32_t>(probability * 4294967296.0); }

template <class T>
void dropoutForwardReference(const DropoutForward<T>& call, const Context& context);
template <class T>
void dropoutBackwardReference(const DropoutBackward<T>& call, const Context& context);

}  // namespace retroplume
