#pragma once
#include <string>

namespace retroplume {

enum class Isa { baseline, avx2, avx512 };

/** The widest instruction set that this processor and system can run. */
Isa detectIsa();

/** `auto`, `baseline`, `avx2` or `avx512` as an Isa. @throws NativeError ISA_UNKNOWN, ISA_UNSUPPORTED */
Isa parseIsa(const std::string& name);

std::string isaName(Isa isa);

/** Threads that OpenMP would use here (affinity and OMP_NUM_THREADS honoured). */
int defaultThreads();

}  // namespace retroplume
