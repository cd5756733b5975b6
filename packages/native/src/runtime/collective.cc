#include "runtime/collective.h"

#include <string>

#include "runtime/error.h"

namespace retroplume {

namespace {

void check(const char* failure) {
  if (failure != nullptr) throw NativeError("MPI_FAILED", std::string("mpi: ") + failure + ": look at what the launcher says of the other processes");
}

}  // namespace

void sumOverRanks(const Collective& ranks, float* data, int64_t count) { check(ranks.sumFloat(ranks.state, data, count)); }

void sumOverRanks(const Collective& ranks, double* data, int64_t count) { check(ranks.sumDouble(ranks.state, data, count)); }

const double* gatherFromRanks(const Collective& ranks, const double* mine, int64_t count) {
  const double* all = nullptr;
  check(ranks.gatherDouble(ranks.state, mine, count, &all));
  return all;
}

}  // namespace retroplume
