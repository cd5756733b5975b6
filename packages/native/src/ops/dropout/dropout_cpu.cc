#include "ops/dropout/dropout.h"
#include "ops/dropout/dropout_factors.h"
#include "ops/simd/elementwise.h"

namespace retroplume::RETROPLUME_ISA {

namespace {

/** y = x·factor where kept, by generated numbers, for elements [begin, end); begin is a multiple of a block. */
void applyGenerated(const DropoutParams& p, Range range, uint64_t step, const float* x, float* y) {
  for (int64_t group = range.begin; group < range.end; group += kDropGroup) {
    float factors[kDropGroup];
    if (p.place.whole())
      dropFactors(group, step, p, factors);
    else
      placedDropFactors(group, smaller(kDropGroup, range.end - group), step, p, factors);
    forEachVector({group, smaller(group + kDropGroup, range.end)}, [&](int64_t e, int valid) {
      const Vector factor = load(factors + e - group);
      // A dropped value is 0 even where x is infinite.
      keep(y + e, factor == 0.0f ? Vector{} : fetch(x + e, valid) * factor, valid);
    });
  }
}

void apply(const DropoutParams& p, const float* x, const float* mask, const float* step, float* y, const Context& context) {
  static_assert(kShareUnit % kDropoutBlock == 0);
  const uint64_t stepIndex = step != nullptr ? static_cast<uint64_t>(*step) : 0;
  const Vector factor = splat(static_cast<float>(1 / (1 - p.probability)));
  forEachShare(p.elements, kShareUnit, context, [&](Range range, int, int) {
    if (mask == nullptr) return applyGenerated(p, range, stepIndex, x, y);
    forEachVector(range, [&](int64_t e, int valid) { keep(y + e, fetch(mask + e, valid) == 0.0f ? Vector{} : fetch(x + e, valid) * factor, valid); });
  });
}

}  // namespace

void dropoutForward(const DropoutForward<float>& call, const Context& context) {
  apply(call.params, call.input, call.mask, call.step, call.output, context);
}

void dropoutBackward(const DropoutBackward<float>& call, const Context& context) {
  apply(call.params, call.gradOutput, call.mask, call.step, call.gradInput, context);
}

}  // namespace retroplume::RETROPLUME_ISA
