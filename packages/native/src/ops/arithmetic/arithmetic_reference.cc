#include <algorithm>

#include "ops/arithmetic/arithmetic.h"

namespace retroplume {

template <class T>
void binaryReference(const Binary<T>& call, const Context&) {
  for (int64_t pixel = 0; pixel < call.pixels; ++pixel) {
    for (int64_t c = 0; c < call.channels; ++c) {
      const T a = call.a[pixel * call.aStride + c], b = call.b[pixel * call.bStride + c];
      call.output[pixel * call.outputStride + c] = call.kind == BinaryKind::add ? a + b : call.kind == BinaryKind::subtract ? a - b : a * b;
    }
  }
}

template <class T>
void axpyReference(const Axpy<T>& call, const Context&) {
  for (int64_t i = 0; i < call.elements; ++i) call.output[i] += static_cast<T>(call.alpha) * call.input[i];
}

template <class T>
void scaleReference(const Scale<T>& call, const Context&) {
  for (int64_t i = 0; i < call.elements; ++i) call.output[i] = static_cast<T>(call.alpha) * call.input[i];
}

template <class T>
void fillReference(const Fill<T>& call, const Context&) {
  std::fill_n(call.output, call.elements, static_cast<T>(call.value));
}

template void binaryReference(const Binary<float>&, const Context&);
template void binaryReference(const Binary<double>&, const Context&);
template void axpyReference(const Axpy<float>&, const Context&);
template void axpyReference(const Axpy<double>&, const Context&);
template void scaleReference(const Scale<float>&, const Context&);
template void scaleReference(const Scale<double>&, const Context&);
template void fillReference(const Fill<float>&, const Context&);
template void fillReference(const Fill<double>&, const Context&);

}  // namespace retroplume
