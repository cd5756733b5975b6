#include "ops/peak/peak.h"
#include "ops/simd/elementwise.h"

namespace retroplume::RETROPLUME_ISA {

namespace {

/** Multiply-adds that are under way at once: 2 units times a latency of 4 to 5 cycles, and few enough for 16 registers with the two constants. */
constexpr int kChains = 12;

/** x ← x·m + a from several starts; m and a keep all of them finite. */
float chains(int64_t iterations) {
  const Vector multiplier = splat(0.999f), addend = splat(0.001f);
  Vector x[kChains];
  for (int i = 0; i < kChains; ++i) x[i] = splat(static_cast<float>(i));
  for (int64_t n = 0; n < iterations; ++n) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) x[i] = x[i] * multiplier + addend;
  }
  Vector sum = {};
  for (int i = 0; i < kChains; ++i) sum += x[i];
  return static_cast<float>(laneSum(sum));
}

}  // namespace

void multiplyAdds(const MultiplyAdds& call, const Context& context) {
  *call.operationsPerThread = 2 * call.iterations * kChains * kLanes;
  inParallel(context, [&](const Worker& worker) { call.sums[worker.thread] = chains(call.iterations); });
}

void triad(const Triad& call, const Context& context) {
  const Vector s = splat(3.0f);
  forEachShare(call.elements, kShareUnit, context, [&](Range range, int, int) {
    forEachVector(range, [&](int64_t e, int valid) { keep(call.a + e, fetch(call.b + e, valid) + s * fetch(call.c + e, valid), valid); });
  });
}

}  // namespace retroplume::RETROPLUME_ISA
