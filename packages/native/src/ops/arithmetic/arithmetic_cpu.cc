#include "ops/arithmetic/arithmetic.h"
#include "ops/simd/elementwise.h"
#include "ops/simd/strips.h"

// Explicit vectors: an output that is also an input would send a loop of the compiler's to its scalar version.
namespace retroplume::RETROPLUME_ISA {

namespace {

template <class Function>
void combine(const Binary<float>& call, const Context& context, Function f) {
  if (call.inOnePiece()) {
    return forEachShare(call.pixels * call.channels, kShareUnit, context, [&](Range range, int, int) {
      forEachVector(range, [&](int64_t e, int valid) { keep(call.output + e, f(fetch(call.a + e, valid), fetch(call.b + e, valid)), valid); });
    });
  }
  forEachStrip(call.pixels, call.channels, context, [&](const Strip& strip, int) {
    const float *a = call.a + strip.first * call.aStride, *b = call.b + strip.first * call.bStride;
    float* output = call.output + strip.first * call.outputStride;
    forEachStripVector(strip, call.channels, [&](int64_t i, int64_t c, int valid) {
      keep(output + i * call.outputStride + c, f(fetch(a + i * call.aStride + c, valid), fetch(b + i * call.bStride + c, valid)), valid);
    });
  });
}

}  // namespace

void binary(const Binary<float>& call, const Context& context) {
  switch (call.kind) {
    case BinaryKind::add:
      return combine(call, context, [](Vector a, Vector b) { return a + b; });
    case BinaryKind::subtract:
      return combine(call, context, [](Vector a, Vector b) { return a - b; });
    case BinaryKind::multiply:
      return combine(call, context, [](Vector a, Vector b) { return a * b; });
  }
}

void axpy(const Axpy<float>& call, const Context& context) {
  const Vector alpha = splat(static_cast<float>(call.alpha));
  forEachShare(call.elements, kShareUnit, context, [&](Range range, int, int) {
    forEachVector(range,
                  [&](int64_t e, int valid) { keep(call.output + e, fetch(call.output + e, valid) + alpha * fetch(call.input + e, valid), valid); });
  });
}

void scale(const Scale<float>& call, const Context& context) {
  const Vector alpha = splat(static_cast<float>(call.alpha));
  mapArray(call.input, call.output, call.elements, context, [=](Vector x) { return alpha * x; });
}

void fill(const Fill<float>& call, const Context& context) {
  const Vector value = splat(static_cast<float>(call.value));
  forEachShare(call.elements, kShareUnit, context,
               [&](Range range, int, int) { forEachVector(range, [&](int64_t e, int valid) { keep(call.output + e, value, valid); }); });
}

}  // namespace retroplume::RETROPLUME_ISA
