#include "ops/cpu_kernels.h"

namespace retroplume {

// Each is cpu_table_cpu.cc in the namespace of that instruction set; the tables themselves are compiled for the plainest processor.
namespace baseline {
CpuKernels cpuTable();
}
#if defined(__x86_64__)
namespace avx2 {
CpuKernels cpuTable();
}
namespace avx512 {
CpuKernels cpuTable();
}
#if defined(RETROPLUME_TILES)
namespace amx {
#define TILES(name, Call) void name(const Call<float>& call, const Context& context);
#include "ops/kernel_list.h"

/** Of what is mostly matrix products without a way to fewer operations; all else is AVX-512's. */
CpuKernels cpuTable() {
  CpuKernels table = avx512::cpuTable();
#define TILES(name, Call) table.name = name;
#include "ops/kernel_list.h"
  return table;
}
}  // namespace amx
#else
namespace amx = avx512;  // never chosen
#endif
#endif

const CpuKernels& cpuKernels([[maybe_unused]] Isa isa) {
#if defined(__x86_64__)
  static const CpuKernels tables[] = {baseline::cpuTable(), avx2::cpuTable(), avx512::cpuTable(), amx::cpuTable()};
  return tables[static_cast<int>(isa)];
#else
  static const CpuKernels table = baseline::cpuTable();
  return table;
#endif
}

}  // namespace retroplume
