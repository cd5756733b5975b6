#pragma once
#include "ops/simd/elementwise.h"
#include "ops/simd/scratch.h"

/**
 * Loops over [pixels, C] with one parameter a channel, for any C: the parameter is repeated to a pattern of whole vectors (24 channels and 16 lanes:
 * 3 vectors make 2 pixels), and the array is walked a pattern at a time. Sums per channel are kept in the same form and folded at the end.
 */
namespace retroplume::RETROPLUME_ISA {

struct ChannelPattern {
  int64_t channels;
  int64_t vectors;

  /** At least 8 vectors, so that a sum's additions do not wait for one another. */
  explicit ChannelPattern(int64_t channelCount) : channels(channelCount) {
    int64_t shared = kLanes;
    while (channels % shared != 0) shared /= 2;  // the lanes are a power of two
    const int64_t shortest = channels / shared;
    vectors = shortest * ceilDivide(8, shortest);
  }
  int64_t length() const { return vectors * kLanes; }

  /** The pattern of a channel parameter, f(c). */
  template <class Function>
  void fill(float* pattern, Function f) const {
    for (int64_t i = 0; i < length(); ++i) pattern[i] = f(i % channels);
  }
};

/** Calls body(offset, offset in the pattern, valid) for the vectors of a range that begins at a multiple of the pattern. */
template <class Body>
[[gnu::always_inline]] inline void forEachChannelVector(Range range, const ChannelPattern& pattern, Body body) {
  int64_t e = range.begin;
  for (; e + pattern.length() <= range.end; e += pattern.length()) {
    for (int64_t slot = 0; slot < pattern.length(); slot += kLanes) body(e + slot, slot, kLanes);
  }
  for (int64_t slot = 0; e < range.end; e += kLanes, slot += kLanes) body(e, slot, static_cast<int>(smaller(kLanes, range.end - e)));
}

/** sums[c] += Σ over the pattern's places of channel c; clears the pattern. */
inline void foldPattern(const ChannelPattern& pattern, float* partial, double* sums) {
  for (int64_t i = 0, c = 0; i < pattern.length(); ++i) {
    sums[c] += partial[i];
    partial[i] = 0;
    if (++c == pattern.channels) c = 0;
  }
}

/**
 * Two sums a channel over a range: add(offset, slot, valid, first, second) returns its terms in `first` and `second`. Float sums of short stretches
 * go into `sums` [2, C] in double. `partial` is [2, pattern].
 */
template <class Terms>
[[gnu::always_inline]] inline void sumChannels(Range range, const ChannelPattern& pattern, float* partial, double* sums, Terms terms) {
  constexpr int64_t kPatternsAStretch = 64;
  const int64_t stretch = kPatternsAStretch * pattern.length();
  float* second = partial + pattern.length();
  for (int64_t i = 0; i < 2 * pattern.length(); ++i) partial[i] = 0;
  for (int64_t c = 0; c < 2 * pattern.channels; ++c) sums[c] = 0;
  for (int64_t begin = range.begin; begin < range.end; begin += stretch) {
    forEachChannelVector({begin, smaller(begin + stretch, range.end)}, pattern, [&](int64_t e, int64_t slot, int valid) {
      Vector a = load(partial + slot), b = load(second + slot);
      terms(e, slot, valid, a, b);
      store(partial + slot, a);
      store(second + slot, b);
    });
    foldPattern(pattern, partial, sums);
    foldPattern(pattern, second, sums + pattern.channels);
  }
}

}  // namespace retroplume::RETROPLUME_ISA
