#pragma once
#include <cstdint>

#include "ops/random/philox.h"
#include "runtime/context.h"

/**
 * Inverted dropout (Srivastava et al. 2014): output = keep·input/(1 − p); backward the same map: gradInput = keep·gradOutput/(1 − p).
 *
 * `keep` is the mask where one is given (1 or 0), else a pure function of (seed, step, element index), so the backward pass makes it again
 * and nothing is stored. Each half of a random word decides about one element, which is kept if the half is at least p·2¹⁶: element 64·b + 8·h + l
 * by half h (0 … 7, of four words, the lower half first) of Philox 4x32-7 with counter (8·b + l, step) and key seed. In this order vectors of
 * counters make vectors of elements without a shuffle.
 */
namespace retroplume {

/**
 * Where the elements of an array stand in that of a batch of which it is a part: blocks of `block` elements, `stride` apart, the first at `first`.
 * So ranks that share a batch drop what one would drop.
 */
struct DropoutPlace {
  int64_t first = 0, block = 0, stride = 0;  // block 0: the array is all
  [[gnu::always_inline]] bool whole() const { return block == 0; }
  [[gnu::always_inline]] int64_t of(int64_t element) const { return block == 0 ? element : first + element / block * stride + element % block; }
};

struct DropoutParams {
  int64_t elements;
  double probability;
  uint64_t seed;
  DropoutPlace place = {};
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

/** Elements 64·b … 64·b + 63 are decided about by counters 8·b … 8·b + 7. */
constexpr int64_t kDropoutBlock = 64;

/** Halves of words below this are dropped. */
[[gnu::always_inline]] inline int32_t dropoutThreshold(double probability) { return static_cast<int32_t>(probability * 65536 + 0.5); }

/** Whether an element is kept. */
[[gnu::always_inline]] inline bool dropoutKeeps(int64_t element, uint64_t step, uint64_t seed, double probability) {
  const int64_t place = element % kDropoutBlock, half = place / 8;
  uint32_t words[4];
  philox4x32(static_cast<uint64_t>(element / kDropoutBlock * 8 + place % 8), step, seed, words);
  return static_cast<int32_t>(words[half / 2] >> (half % 2 * 16) & 0xffff) >= dropoutThreshold(probability);
}

/** `first`, `block` and `stride` of an instruction of `elements` elements, which are whole blocks. */
template <class Reader>
DropoutPlace readDropoutPlace(Reader& reader, int64_t elements) {
  DropoutPlace place;
  place.first = reader.integer("first", 0, 0);
  place.block = reader.integer("block", 0, 0);
  place.stride = reader.integer("stride", 0, 0);
  if (place.whole()) return place;
  if (elements % place.block != 0) reader.fail("PARAM_INVALID", "expected whole blocks");
  reader.requireHost("dropout of a part of a batch");
  return place;
}

template <class T>
void dropoutForwardReference(const DropoutForward<T>& call, const Context& context);
template <class T>
void dropoutBackwardReference(const DropoutBackward<T>& call, const Context& context);

}  // namespace retroplume
