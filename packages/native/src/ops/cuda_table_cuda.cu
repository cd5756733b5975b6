#include "ops/cuda_declarations.h"

namespace retroplume {

namespace {

template <class Call>
void set(CudaKernels& table, void (*run)(const Call&, const Context&), std::size_t (*scratchBytes)(const Call&) = nullptr) {
  std::get<CudaKernel<Call>>(table) = {run, scratchBytes};
}

}  // namespace

CudaKernels cudaKernels() {
  CudaKernels table;
  set(table, cuda::unaryForward);
  set(table, cuda::unaryBackward);
  set(table, cuda::binary);
  set(table, cuda::axpy);
  set(table, cuda::scale);
  set(table, cuda::fill);
  return table;
}

}  // namespace retroplume
