#include <algorithm>

#include "ops/cpu_kernels.h"

namespace retroplume {
std::size_t lstmForwardScratch(const LstmParams& p, int) { return 6 * p.hidden * sizeof(double); }
std::size_t lstmBackwardScratch(const LstmParams& p, int) { return 8 * p.hidden * sizeof(double); }
std::size_t batchNormScratch(const BatchNormParams&, int) { return 0; }
std::size_t preluBackwardScratch(const PreluParams&, int) { return 0; }
std::size_t lossForwardScratch(int) { return 0; }
std::size_t clipNormScratch(int) { return 0; }
}  // namespace retroplume
