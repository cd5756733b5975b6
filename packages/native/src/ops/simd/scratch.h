#pragma once
#include <cstddef>
#include <cstdint>

/** Sizes of scratch memory, as the binding computes them for whichever instruction set: rounded up to the widest vector. */
namespace retroplume {

constexpr int64_t kWidestLanes = 16;

constexpr int64_t roundUp(int64_t count, int64_t unit = kWidestLanes) { return (count + unit - 1) / unit * unit; }

/** The tile unit's operands (simd/amx.h): rows of a tile, depth of the sum that it holds, and floats of a tile and of one with its parts. */
constexpr int64_t kOperandRows = 16, kOperandDepth = 32, kOperandParts = 3;
constexpr int64_t kTileFloats = kOperandRows * 16, kOperandFloats = kOperandParts * kTileFloats;

/** Floats of an operand of `rows` rows (columns of a right one) and a sum of `depth` products. */
[[gnu::always_inline]] inline constexpr int64_t operandFloats(int64_t rows, int64_t depth) {
  return roundUp(rows, kOperandRows) / kOperandRows * (roundUp(depth, kOperandDepth) / kOperandDepth) * kOperandFloats;
}

/** Floats of a channel pattern (simd/channels.h) at most, for any number of lanes. */
[[gnu::always_inline]] inline int64_t channelPatternFloats(int64_t channels) { return (channels + 8) * kWidestLanes; }

/**
 * Memory of a per-channel op, in floats: `patterns` patterns shared by all threads, then for each thread two sums a channel in double and two
 * patterns for their float parts.
 */
struct ChannelScratch {
  int64_t pattern, threadsBegin, sums, perThread, total;
  [[gnu::always_inline]] ChannelScratch(int64_t channels, int patterns, int threads) {
    pattern = channelPatternFloats(channels);
    threadsBegin = patterns * pattern;
    sums = roundUp(2 * 2 * channels);  // doubles, as floats
    perThread = sums + 2 * pattern;
    total = threadsBegin + perThread * threads;
  }
};

}  // namespace retroplume
