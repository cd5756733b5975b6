#pragma once
#include "ops/simd/simd.h"
#include "runtime/context.h"

/** Adding up what the threads have summed each for itself, in the order of the threads: the same result for the same number of them. */
namespace retroplume::RETROPLUME_ISA {

/** to[r, o] (+)= Σ_thread partial[thread][r, o] for the rows of one share. Rows of a partial are padded to whole vectors. */
inline void reduceRows(const float* partials, int64_t partialStride, int threads, Range rows, int64_t columns, bool accumulate, float* to) {
  const int64_t padded = ceilDivide(columns, kLanes) * kLanes;
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      float sum = accumulate ? to[r * columns + c] : 0.0f;
      for (int t = 0; t < threads; ++t) sum += partials[t * partialStride + r * padded + c];
      to[r * columns + c] = sum;
    }
  }
}

}  // namespace retroplume::RETROPLUME_ISA
