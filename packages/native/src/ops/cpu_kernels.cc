#include "ops/cpu_kernels.h"

namespace retroplume {

const CpuKernels& cpuKernels(Isa) {
  static const CpuKernels none;
  return none;
}

}  // namespace retroplume
