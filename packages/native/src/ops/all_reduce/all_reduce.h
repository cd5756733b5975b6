#pragma once
#include <cstdint>

#include "runtime/context.h"

/**
 * Of an array that every rank has, in place the sum over ranks, or the mean: data = Σ_r data_r / (mean ? ranks : 1). The sum is made in the order of
 * ranks in double and rounded once: all ranks have the same bits, and repeats too (runtime/collective.h).
 */
namespace retroplume {

template <class T>
struct AllReduce {
  int64_t elements;
  bool mean;
  T* data;
};

template <class T>
void allReduceReference(const AllReduce<T>& call, const Context& context);

}  // namespace retroplume
