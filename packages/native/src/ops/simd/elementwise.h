#pragma once
#include "ops/simd/parallel.h"
#include "ops/simd/simd.h"
#include "runtime/context.h"

/** Loops over plain arrays: cut into shares of whole vectors, one a thread; small arrays stay on one thread. */
namespace retroplume::RETROPLUME_ISA {

/** Below this a second thread costs more than it saves: waking one takes a few microseconds, in which one thread passes over 32 KiB or so. */
constexpr int64_t kSmallArray = 8192;

/** Share boundaries are multiples of this, so that no cache line has two writers and dropout's groups stay whole. */
constexpr int64_t kShareUnit = 64;

[[gnu::always_inline]] inline int threadsFor(int64_t elements, const Context& context) { return elements < kSmallArray ? 1 : context.threads; }

/** Elements [begin, end) of share `index` of `parts`, where boundaries fall on multiples of `unit`. */
[[gnu::always_inline]] inline Range alignedShare(int64_t elements, int64_t unit, int parts, int index) {
  const Range units = shareOf(ceilDivide(elements, unit), parts, index);
  return {units.begin * unit, smaller(units.end * unit, elements)};
}

/** Calls body(share, thread, threads) on every thread. */
template <class Body>
[[gnu::always_inline]] inline void forEachShare(int64_t elements, int64_t unit, const Context& context, Body body) {
  inParallel(context, threadsFor(elements, context),
             [&](const Worker& worker) { body(alignedShare(elements, unit, worker.threads, worker.thread), worker.thread, worker.threads); });
}

/** Calls body(offset, valid lanes) for the vectors of a range; only the last may be partial. */
template <class Body>
[[gnu::always_inline]] inline void forEachVector(Range range, Body body) {
  int64_t e = range.begin;
  for (; e + kLanes <= range.end; e += kLanes) body(e, kLanes);
  if (e < range.end) body(e, static_cast<int>(range.end - e));
}

/** y[e] = f(x[e]) on all threads; y may be x. */
template <class Function>
[[gnu::always_inline]] inline void mapArray(const float* x, float* y, int64_t elements, const Context& context, Function f) {
  forEachShare(elements, kShareUnit, context,
               [=](Range range, int, int) { forEachVector(range, [=](int64_t e, int valid) { keep(y + e, f(fetch(x + e, valid)), valid); }); });
}

[[gnu::always_inline]] inline double laneSum(Vector v) {
  double sum = 0;
  for (int lane = 0; lane < kLanes; ++lane) sum += v[lane];
  return sum;
}

/** Σ term(offset, valid) over a range, by float sums of short stretches that are added in double. Lanes past `valid` must be 0. */
template <class Term>
[[gnu::always_inline]] inline double sumRange(Range range, Term term) {
  constexpr int64_t kStretch = 512;
  double sum = 0;
  for (int64_t begin = range.begin; begin < range.end; begin += kStretch) {
    Vector partial = {};
    forEachVector({begin, smaller(begin + kStretch, range.end)}, [&](int64_t e, int valid) { partial += term(e, valid); });
    sum += laneSum(partial);
  }
  return sum;
}

/** Σ over all shares, added in the order of the threads; `partials` has room for one double a thread. */
template <class Term>
[[gnu::always_inline]] inline double sumArray(int64_t elements, const Context& context, double* partials, Term term) {
  int used = 1;
  forEachShare(elements, kShareUnit, context, [&](Range range, int thread, int threads) {
    partials[thread] = sumRange(range, term);
    if (thread == 0) used = threads;
  });
  double sum = 0;
  for (int t = 0; t < used; ++t) sum += partials[t];
  return sum;
}

}  // namespace retroplume::RETROPLUME_ISA
