#pragma once
#include <cstdint>

namespace retroplume {

/**
 * What programs ask of the processes ("ranks") that compute one batch together. mpi.node provides one, so that this library links no MPI. Every call
 * is collective: all ranks make the same calls in the same order. A call returns null, or what failed in words that live until the next one.
 */
struct Collective {
  int rank, size;
  void* state;
  /** In place the sum over ranks: in their order, in double, rounded once, so that every rank and every repeat has the same bits. */
  const char* (*sumFloat)(void* state, float* data, int64_t count);
  const char* (*sumDouble)(void* state, double* data, int64_t count);
  /** `*all` becomes what each rank gave, [size, count], until the next call. */
  const char* (*gatherDouble)(void* state, const double* mine, int64_t count, const double** all);
};

/** The same for kernels. @throws NativeError MPI_FAILED */
void sumOverRanks(const Collective& ranks, float* data, int64_t count);
void sumOverRanks(const Collective& ranks, double* data, int64_t count);
const double* gatherFromRanks(const Collective& ranks, const double* mine, int64_t count);

}  // namespace retroplume
