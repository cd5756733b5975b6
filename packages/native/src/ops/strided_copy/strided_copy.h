#pragma once
#include <cstdint>

#include "runtime/context.h"

/**
 * A copy between two strided views of up to five dimensions, which is concatenation, slice, pad, crop and permutation in one:
 *
 *   output[Σ_k e_k·outputStride_k] (+)= input[Σ_k e_k·inputStride_k]      for all 0 ≤ e_k < size_k
 *
 * Offsets are part of the operands. An input stride of 0 repeats, an output stride of 0 with `accumulate` sums (in row-major order of e);
 * output views that overlap in another way are not defined.
 */
namespace retroplume {

struct StridedCopyParams {
  int64_t size[5], inputStride[5], outputStride[5];
  bool accumulate;
};

template <class T>
struct StridedCopy {
  StridedCopyParams params;
  const T* input;
  T* output;
};

template <class T>
void stridedCopyReference(const StridedCopy<T>& call, const Context& context);

}  // namespace retroplume
