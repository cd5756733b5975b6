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
void lstmForward(const LstmForward<float>& call, const Context& context);
void lstmBackward(const LstmBackward<float>& call, const Context& context);
void upconv2x2Forward(const Upconv2x2Forward<float>& call, const Context& context);
void upconv2x2BackwardInput(const Upconv2x2BackwardInput<float>& call, const Context& context);

/** Of what is mostly matrix products without a way to fewer operations; all else is AVX-512's. */
CpuKernels cpuTable() {
  CpuKernels table = avx512::cpuTable();
  table.lstmForward = lstmForward;
  table.lstmBackward = lstmBackward;
  table.upconv2x2Forward = upconv2x2Forward;
  table.upconv2x2BackwardInput = upconv2x2BackwardInput;
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
