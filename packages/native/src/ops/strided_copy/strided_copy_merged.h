#pragma once
#include "ops/strided_copy/strided_copy.h"

namespace retroplume {

/** Drops dimensions of size 1, merges neighbours that follow one another in memory, and puts what is left at the end; the front is filled with ones.
 */
[[gnu::always_inline]] inline StridedCopyParams mergedDimensions(const StridedCopyParams& p) {
  StridedCopyParams result{{1, 1, 1, 1, 1}, {}, {}, p.accumulate};
  int last = 5;  // result dimensions last … 4 are in use
  for (int k = 4; k >= 0; --k) {
    if (p.size[k] == 1) continue;
    const bool follows = last < 5 && p.inputStride[k] == result.inputStride[last] * result.size[last] &&
                         p.outputStride[k] == result.outputStride[last] * result.size[last];
    if (follows) {
      result.size[last] *= p.size[k];
      continue;
    }
    --last;
    result.size[last] = p.size[k];
    result.inputStride[last] = p.inputStride[k];
    result.outputStride[last] = p.outputStride[k];
  }
  return result;
}

}  // namespace retroplume
