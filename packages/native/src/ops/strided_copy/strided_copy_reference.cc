#include "ops/strided_copy/strided_copy.h"

namespace retroplume {

template <class T>
void stridedCopyReference(const StridedCopy<T>& call, const Context&) {
  const auto& [size, in, out, accumulate] = call.params;
  for (int64_t a = 0; a < size[0]; ++a) {
    for (int64_t b = 0; b < size[1]; ++b) {
      for (int64_t c = 0; c < size[2]; ++c) {
        for (int64_t d = 0; d < size[3]; ++d) {
          for (int64_t e = 0; e < size[4]; ++e) {
            const T value = call.input[a * in[0] + b * in[1] + c * in[2] + d * in[3] + e * in[4]];
            T& target = call.output[a * out[0] + b * out[1] + c * out[2] + d * out[3] + e * out[4]];
            target = accumulate ? target + value : value;
          }
        }
      }
    }
  }
}

template void stridedCopyReference(const StridedCopy<float>&, const Context&);
template void stridedCopyReference(const StridedCopy<double>&, const Context&);

}  // namespace retroplume
