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
  set(table, cuda::lstmForward, cuda::lstmForwardScratch);
  set(table, cuda::lstmBackward, cuda::lstmBackwardScratch);
  set(table, cuda::unaryForward);
  set(table, cuda::unaryBackward);
  return table;
}

}  // namespace retroplume
