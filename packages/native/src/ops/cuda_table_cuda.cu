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
  set(table, cuda::conv2dForward, cuda::conv2dForwardScratch);
  set(table, cuda::conv2dBackwardInput, cuda::conv2dBackwardInputScratch);
  set(table, cuda::conv2dBackwardWeight, cuda::conv2dBackwardWeightScratch);
  set(table, cuda::upconv2x2Forward, cuda::upconv2x2ForwardScratch);
  set(table, cuda::upconv2x2BackwardInput, cuda::upconv2x2BackwardInputScratch);
  set(table, cuda::upconv2x2BackwardWeight, cuda::upconv2x2BackwardWeightScratch);
  set(table, cuda::unaryForward);
  set(table, cuda::unaryBackward);
  return table;
}

}  // namespace retroplume
