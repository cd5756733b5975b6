#include "runtime/cuda/gemm_kernel.h"

namespace retroplume {

void multiplyPatches(const Gemm& gemm, float* partials, const Context& context) { multiply<true>(gemm, partials, context); }

}  // namespace retroplume
