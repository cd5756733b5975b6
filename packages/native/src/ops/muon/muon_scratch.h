#pragma once
#include "ops/muon/muon.h"
#include "ops/simd/scratch.h"

namespace retroplume {

/** Where the fast kernel works on one matrix, in floats: two copies of X, [larger, stride], A, A² and the panels of the factor, [smaller, stride]
 * each. */
struct MuonScratch {
  int64_t stride, x, y, gram, square, panel, total;
  MuonScratch() = default;
  [[gnu::always_inline]] explicit MuonScratch(const MuonMatrix& matrix) {
    stride = roundUp(matrix.smaller());
    x = 0;
    y = matrix.larger() * stride;
    gram = 2 * y;
    square = gram + matrix.smaller() * stride;
    panel = square + matrix.smaller() * stride;
    total = panel + matrix.smaller() * stride;
  }
};

}  // namespace retroplume
