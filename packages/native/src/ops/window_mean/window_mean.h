#pragma once
#include <cstdint>

/**
 * The surrogate's window in time over hourly fields [T, H, W, C]: each step is the mean over some hours before `hour` and including it.
 * Not an instruction of programs: it reads fields that are far larger than an arena, in JavaScript's memory.
 */
namespace retroplume {

struct WindowMeanParams {
  int64_t rows, cols, channels;
  int64_t hour;
  /** pairs (first, last), hours back from `hour`, both included */
  const int32_t* steps;
  int64_t stepCount;
  int64_t cropRow, cropCol, cropRows, cropCols;
  /** elements between two hours of `factors`: 0 where all hours share [H, W, C], H·W·C where they are [T, H, W, C] */
  int64_t factorStride;
};

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

/** The transpose with respect to the factors: gradFactors += 1/n Σ fields · gradOut[step], over the crop; `fields` may be null (all 1). */
struct WindowMeanAdjoint {
  WindowMeanParams params;
  const float* fields;
  const float* gradOut;
  float* gradFactors;
};

}  // namespace retroplume
