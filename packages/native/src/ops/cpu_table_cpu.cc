#include "ops/cpu_kernels.h"

/** The fast kernels, as each instruction set's namespace has them. */
namespace retroplume::RETROPLUME_ISA {

#define KERNEL(name, Call) void name(const Call<float>& call, const Context& context);
#define VARIANT KERNEL
#define CPU_KERNEL(name, Call) void name(const Call& call, const Context& context);
#include "ops/kernel_list.h"

CpuKernels cpuTable() {
  CpuKernels table;
#define KERNEL(name, Call) table.name = name;
#define VARIANT KERNEL
#define CPU_KERNEL KERNEL
#include "ops/kernel_list.h"
  return table;
}

}  // namespace retroplume::RETROPLUME_ISA
