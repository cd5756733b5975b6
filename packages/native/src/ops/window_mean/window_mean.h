#pragma once
#include <cstdint>

#include "runtime/context.h"

/**
 * The surrogate's window in time over hourly fields [T, H, W, C]: each step is the mean over some hours before `hour` and including it.
 * Not an instruction of programs: it reads fields that are far larger than an arena, in JavaScript's memory or in a device's.
 */
namespace retroplume {

/** What becomes of a window of a sample for training; as it is, nothing. */
struct Augmentation {
  /** quarter turns of the crop, which is square then: the cell at (row r, column c), rows from south to north, moves to (c, n − 1 − r) */
  int32_t turns = 0;
  /** channels of a vector (u east, v north), which turns with the cells: (u, v) becomes (−v, u); −1: none */
  int32_t u = -1, v = -1;
  /** times max(0, 1 + noise · n), n standard normal (ops/random/normal.h): a number for each element of row (step, row) of the output, of this key */
  float noise = 0;
  uint64_t key = 0;
  /** of all elements */
  float factor = 1;

  bool none() const { return turns == 0 && noise == 0 && factor == 1; }
};

struct WindowMeanParams {
  int64_t rows, cols, channels;
  int64_t hour;
  /** pairs (first, last), hours back from `hour`, both included */
  const int32_t* steps;
  int64_t stepCount;
  int64_t cropRow, cropCol, cropRows, cropCols;
  /** elements between two hours of `factors`: 0 where all hours share [H, W, C], H·W·C where they are [T, H, W, C] */
  int64_t factorStride;
  Augmentation augmentation = {};
};

/** Where a cell of the output comes from in the crop. */
struct CropCell {
  int64_t row, col;
};

RETROPLUME_HOST_DEVICE inline CropCell cellBeforeTurns(int turns, int64_t rows, int64_t cols, int64_t row, int64_t col) {
  if (turns == 1) return {cols - 1 - col, row};
  if (turns == 2) return {rows - 1 - row, cols - 1 - col};
  if (turns == 3) return {col, rows - 1 - row};
  return {row, col};
}

/** Where a cell of a crop of `n` by `n` cells comes to lie. */
[[gnu::always_inline]] inline CropCell cellAfterTurns(int turns, int64_t n, int64_t row, int64_t col) {
  for (int turn = 0; turn < turns; ++turn) {
    const int64_t before = row;
    row = col, col = n - 1 - before;
  }
  return {row, col};
}

/** The channel that channel k of the output comes from, and its sign. */
struct TurnedChannel {
  int64_t channel;
  float sign;
};

RETROPLUME_HOST_DEVICE inline TurnedChannel channelBeforeTurns(const Augmentation& by, int64_t k) {
  if (by.turns == 0 || by.u < 0 || (k != by.u && k != by.v)) return {k, 1.0f};
  if (by.turns == 2) return {k, -1.0f};
  const bool east = k == by.u;
  return {east ? by.v : by.u, east == (by.turns == 1) ? -1.0f : 1.0f};
}

/** out[step, r, c, k] = 1/n Σ_hours factors · fields, over the crop; `factors` may be null (all 1). */
struct WindowMean {
  WindowMeanParams params;
  const float* fields;
  const float* factors;
  float* out;
};

/** The same without factors, of fields in half precision that lie in blocks of hours: `one` is the number that 1 stands for. */
struct WindowMeanOfHalves {
  WindowMeanParams params;
  const uint16_t* const* blocks;
  int64_t hoursOfBlock;
  float one;
  float* out;
};

/** The same of fields of `hours` hours in a device's memory, where `out` is, too. */
struct WindowMeanOnDevice {
  WindowMeanParams params;
  int64_t hours;
  /** in single precision; null: */
  const float* fields;
  /** in half precision */
  const uint16_t* halves;
  /** the number that 1 stands for in half precision; 1 in single precision */
  float one;
  /** `factorHours` hours of them, 1 where all hours share them; null: 1 */
  const float* factors;
  int64_t factorHours;
  float* out;
};

/** The transpose of that with respect to factors of `factorHours` hours, without augmentation; `fields` of `hours` hours may be null (all 1). */
struct WindowMeanAdjointOnDevice {
  WindowMeanParams params;
  int64_t hours;
  const float* fields;
  const float* gradOut;
  float* gradFactors;
  int64_t factorHours;
};

/** The transpose with respect to the factors, without augmentation: gradFactors += 1/n Σ fields · gradOut[step], over the crop; `fields` may be null
 * (all 1). */
struct WindowMeanAdjoint {
  WindowMeanParams params;
  const float* fields;
  const float* gradOut;
  float* gradFactors;
};

}  // namespace retroplume
