#pragma once
#include "runtime/cuda/channels.h"

namespace retroplume {

/** Floats of scratch for columnSums of [rows, columns], a multiple of 64. */
int64_t columnSumPartials(int64_t rows, int64_t columns);

/** to[column] = Σ_row from[row·rowStride + column], added to what is there with `accumulate`: the gradient of a bias. `partials`: of
 * columnSumPartials. */
void columnSums(const float* from, int64_t rows, int64_t columns, int64_t rowStride, float* to, bool accumulate, float* partials,
                const Context& context);

}  // namespace retroplume
