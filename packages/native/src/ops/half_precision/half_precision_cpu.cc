#include "ops/half_precision/half_precision.h"
#include "ops/simd/elementwise.h"
#include "ops/simd/halves.h"

namespace retroplume::RETROPLUME_ISA {

void fromHalf(const FromHalf& call, const Context&) {
  forEachVector({0, call.count}, [&](int64_t i, int valid) { keep(call.out + i, call.one * fetchHalves(call.halves + i, valid), valid); });
}

void toHalf(const ToHalf& call, const Context&) {
  forEachVector({0, call.count}, [&](int64_t i, int valid) { keepHalves(call.halves + i, fetch(call.values + i, valid) / call.one, valid); });
}

}  // namespace retroplume::RETROPLUME_ISA
