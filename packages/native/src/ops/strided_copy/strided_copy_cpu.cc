#include "ops/simd/elementwise.h"
#include "ops/strided_copy/strided_copy.h"
#include "ops/strided_copy/strided_copy_merged.h"

/**
 * Dimensions that follow one another in memory are merged first, so that concatenations and crops become copies of long rows. Threads share the rows;
 * where rows of the output coincide (a sum, an output stride of 0) one thread does them all, in the reference's order.
 */
namespace retroplume::RETROPLUME_ISA {

namespace {

void copyRow(const float* from, int64_t fromStride, float* to, int64_t toStride, int64_t count, bool accumulate) {
  if (fromStride == 1 && toStride == 1) {
    if (accumulate)
      return forEachVector({0, count}, [=](int64_t e, int valid) { keep(to + e, fetch(to + e, valid) + fetch(from + e, valid), valid); });
    return forEachVector({0, count}, [=](int64_t e, int valid) { keep(to + e, fetch(from + e, valid), valid); });
  }
  if (fromStride == 0 && toStride == 1 && !accumulate) {
    const Vector value = splat(*from);
    return forEachVector({0, count}, [=](int64_t e, int valid) { keep(to + e, value, valid); });
  }
  if (accumulate) {
    for (int64_t e = 0; e < count; ++e) to[e * toStride] += from[e * fromStride];
  } else {
    for (int64_t e = 0; e < count; ++e) to[e * toStride] = from[e * fromStride];
  }
}

/** Rows [begin, end) of the four outer dimensions, in row-major order. Counting them up is cheaper than dividing for each: rows may be short. */
void copyRows(const StridedCopyParams& p, const float* input, float* output, Range rows) {
  int64_t at[4];
  for (int64_t k = 3, rest = rows.begin; k >= 0; --k) {
    at[k] = rest % p.size[k];
    rest /= p.size[k];
    input += at[k] * p.inputStride[k];
    output += at[k] * p.outputStride[k];
  }
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    copyRow(input, p.inputStride[4], output, p.outputStride[4], p.size[4], p.accumulate);
    for (int k = 3; k >= 0; --k) {
      input += p.inputStride[k];
      output += p.outputStride[k];
      if (++at[k] < p.size[k]) break;
      at[k] = 0;
      input -= p.size[k] * p.inputStride[k];
      output -= p.size[k] * p.outputStride[k];
    }
  }
}

/** A copy that is one long row is cut in two dimensions, for the threads. */
StridedCopyParams divided(StridedCopyParams p) {
  constexpr int64_t kPiece = 4096;
  if (p.size[3] != 1 || p.size[4] % kPiece != 0 || p.outputStride[4] == 0) return p;
  p.size[3] = p.size[4] / kPiece;
  p.inputStride[3] = p.inputStride[4] * kPiece;
  p.outputStride[3] = p.outputStride[4] * kPiece;
  p.size[4] = kPiece;
  return p;
}

}  // namespace

void stridedCopy(const StridedCopy<float>& call, const Context& context) {
  const StridedCopyParams p = divided(mergedDimensions(call.params));
  const int64_t rows = p.size[0] * p.size[1] * p.size[2] * p.size[3];
  bool coincide = false;
  for (int k = 0; k < 5; ++k) coincide = coincide || (p.size[k] > 1 && p.outputStride[k] == 0);
  const int wanted = coincide ? 1 : threadsFor(rows * p.size[4], context);
  inParallel(context, wanted, [&](const Worker& worker) { copyRows(p, call.input, call.output, shareOf(rows, worker.threads, worker.thread)); });
}

}  // namespace retroplume::RETROPLUME_ISA
