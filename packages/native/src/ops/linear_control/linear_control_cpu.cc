#include <string.h>

#include "ops/linear_control/linear_control.h"
#include "ops/simd/elementwise.h"

/** What is written has the same bits for every instruction set: no product is followed by a sum that could take it in. */
namespace retroplume::RETROPLUME_ISA {

void linearFactors(const LinearFactors& call, const Context& context) {
  forEachShare(call.elements, kShareUnit, context, [&](Range range, int, int) {
    for (int64_t i = range.begin; i < range.end; ++i) {
      const double factor = call.control[i] / call.prior[i];
      call.factors[i] = call.prior[i] > 0 ? static_cast<float>(factor) : 1.0f;
    }
  });
}

void linearDescent(const LinearDescent& call, const Context& context) {
  forEachShare(call.elements, kShareUnit, context, [&](Range range, int, int) {
    for (int64_t i = range.begin; i < range.end; ++i) {
      const double moved = call.control[i] - call.rate * static_cast<double>(call.gradFactors[i]) / call.prior[i];
      call.control[i] = call.prior[i] > 0 ? moved : call.control[i];
    }
  });
}

void linearBounds(const LinearBounds& call, const Context& context) {
  forEachShare(call.elements, kShareUnit, context, [&](Range range, int, int) {
    for (int64_t i = range.begin; i < range.end; ++i) {
      const double e = call.control[i], most = call.bound * call.prior[i];
      const double least = e < 0 ? 0 : e;  // not a number stays so
      call.control[i] = least > most ? most : least;
    }
  });
}

void findNonFinite(const FindNonFinite& call, const Context& context) {
  forEachShare(call.elements, kShareUnit, context, [&](Range range, int thread, int) {
    uint32_t found = 0;
    for (int64_t i = range.begin; i < range.end; ++i) {
      uint32_t bits;
      memcpy(&bits, call.values + i, sizeof bits);
      found |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    call.found[thread] = found != 0;
  });
}

}  // namespace retroplume::RETROPLUME_ISA
