#pragma once
#include <string>

namespace retroplume {

/** Each has what those before it have. `amx`: AVX-512 and the tile unit for numbers of 16 bits. */
enum class Isa { baseline, avx2, avx512, amx };

/** The widest instruction set that this processor and system can run. */
Isa detectIsa();

/** `auto` or a name (isaName) as an Isa. @throws NativeError ISA_UNKNOWN, ISA_UNSUPPORTED */
Isa parseIsa(const std::string& name);

std::string isaName(Isa isa);

/** Threads that OpenMP would use here (affinity and OMP_NUM_THREADS honoured). */
int defaultThreads();

}  // namespace retroplume
