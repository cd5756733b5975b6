#include "runtime/cuda/gemm_kernel.h"

namespace retroplume {

void multiplyPatchesTransposed(const Gemm& gemm, float* partials, const Context& context) { multiply<false>(gemm, partials, context); }

}  // namespace retroplume
