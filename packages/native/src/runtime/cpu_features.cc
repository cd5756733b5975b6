#include "runtime/cpu_features.h"

#include <omp.h>

#include "runtime/error.h"

namespace retroplume {

Isa detectIsa() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw");
  if (avx2 && avx512) return Isa::avx512;
  if (avx2) return Isa::avx2;
#endif
  return Isa::baseline;
}

std::string isaName(Isa isa) { return isa == Isa::avx512 ? "avx512" : isa == Isa::avx2 ? "avx2" : "baseline"; }

Isa parseIsa(const std::string& name) {
  const Isa best = detectIsa();
  if (name == "auto") return best;
  for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (name != isaName(isa)) continue;
    if (isa > best)
      throw NativeError("ISA_UNSUPPORTED",
                        "isa: expected at most " + isaName(best) + ", which this processor has, but received " + name + ": use auto");
    return isa;
  }
  throw NativeError("ISA_UNKNOWN", "isa: expected auto, baseline, avx2 or avx512 but received \"" + name + "\"");
}

int defaultThreads() { return omp_get_max_threads(); }

}  // namespace retroplume
