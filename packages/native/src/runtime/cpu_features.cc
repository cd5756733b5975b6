#include "runtime/cpu_features.h"

#include <omp.h>
#if defined(RETROPLUME_TILES) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "runtime/error.h"

namespace retroplume {

namespace {

/** True if this process may use the tile unit: the kernel saves 8 KiB a thread for it, and only for who asks. */
[[maybe_unused]] bool mayUseTiles() {
#if defined(RETROPLUME_TILES) && defined(__linux__)
  unsigned a, b, c, d;
  constexpr unsigned kTiles = 1u << 24, kBfloat16 = 1u << 22;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & kTiles) == 0 || (d & kBfloat16) == 0) return false;
  constexpr int kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA: Linux 5.16
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

}  // namespace

Isa detectIsa() {
#if defined(__x86_64__)
  static const bool tiles = mayUseTiles();
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw");
  if (avx2 && avx512) return tiles ? Isa::amx : Isa::avx512;
  if (avx2) return Isa::avx2;
#endif
  return Isa::baseline;
}

std::string isaName(Isa isa) {
  static const char* const names[] = {"baseline", "avx2", "avx512", "amx"};
  return names[static_cast<int>(isa)];
}

Isa parseIsa(const std::string& name) {
  const Isa best = detectIsa();
  if (name == "auto") return best;
  for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512, Isa::amx}) {
    if (name != isaName(isa)) continue;
    if (isa > best)
      throw NativeError("ISA_UNSUPPORTED",
                        "isa: expected at most " + isaName(best) + ", which this processor has, but received " + name + ": use auto");
    return isa;
  }
  throw NativeError("ISA_UNKNOWN", "isa: expected auto, baseline, avx2, avx512 or amx but received \"" + name + "\"");
}

int defaultThreads() { return omp_get_max_threads(); }

}  // namespace retroplume
