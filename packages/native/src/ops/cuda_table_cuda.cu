#include "ops/cuda_declarations.h"
#include "ops/cuda_kernels.h"

namespace retroplume {

namespace {

template <class Call>
void set(CudaKernels& table, void (*run)(const Call&, const Context&), std::size_t (*scratchBytes)(const Call&) = nullptr) {
  std::get<CudaKernel<Call>>(table) = {run, scratchBytes};
}

/** After `set`. `of`: the operands that are packed. */
template <class Call>
void setPacking(CudaKernels& table, const std::vector<const char*>& of, std::size_t (*bytes)(const Call&, Products),
                void (*pack)(const Call&, void*, const Context&)) {
  std::get<CudaKernel<Call>>(table).packing = {of, bytes, pack};
}

}  // namespace

CudaKernels cudaKernels() {
  CudaKernels table;
  set(table, cuda::conv2dForward, cuda::conv2dForwardScratch);
  setPacking(table, {"weight"}, cuda::conv2dForwardPacked, cuda::conv2dForwardPack);
  set(table, cuda::conv2dBackwardInput, cuda::conv2dBackwardInputScratch);
  setPacking(table, {"weight"}, cuda::conv2dBackwardInputPacked, cuda::conv2dBackwardInputPack);
  set(table, cuda::conv2dBackwardWeight, cuda::conv2dBackwardWeightScratch);
  set(table, cuda::upconv2x2Forward, cuda::upconv2x2ForwardScratch);
  set(table, cuda::upconv2x2BackwardInput, cuda::upconv2x2BackwardInputScratch);
  setPacking(table, {"weight"}, cuda::upconv2x2BackwardInputPacked, cuda::upconv2x2BackwardInputPack);
  set(table, cuda::upconv2x2BackwardWeight, cuda::upconv2x2BackwardWeightScratch);
  set(table, cuda::lstmForward);
  setPacking(table, {"weightInput", "weightHidden"}, cuda::lstmForwardPacked, cuda::lstmForwardPack);
  set(table, cuda::lstmBackward, cuda::lstmBackwardScratch);
  setPacking(table, {"weightInput", "weightHidden"}, cuda::lstmBackwardPacked, cuda::lstmBackwardPack);
  set(table, cuda::unaryForward);
  set(table, cuda::unaryBackward);
  set(table, cuda::binary);
  set(table, cuda::axpy);
  set(table, cuda::scale);
  set(table, cuda::fill);
  set(table, cuda::channelAffineForward);
  set(table, cuda::channelAffineBackward);
  set(table, cuda::multiplyStepsForward);
  set(table, cuda::multiplyStepsBackward);
  set(table, cuda::dropoutForward);
  set(table, cuda::dropoutBackward);
  set(table, cuda::maxpool2x2Forward);
  set(table, cuda::maxpool2x2Backward);
  set(table, cuda::stridedCopy);
  set(table, cuda::lossForward, cuda::lossForwardScratch);
  set(table, cuda::lossBackward);
  set(table, cuda::adam);
  set(table, cuda::muon, cuda::muonDeviceScratch);
  set(table, cuda::sgdProject);
  set(table, cuda::clipNorm, cuda::clipNormScratch);
  set(table, cuda::preluForward);
  set(table, cuda::preluBackward, cuda::preluBackwardScratch);
  set(table, cuda::batchNormTrainForward, cuda::batchNormTrainForwardScratch);
  set(table, cuda::batchNormTrainBackward, cuda::batchNormTrainBackwardScratch);
  set(table, cuda::batchNormEvalForward);
  set(table, cuda::batchNormEvalBackward, cuda::batchNormEvalBackwardScratch);
  set(table, cuda::batchNormPreluForward, cuda::batchNormPreluForwardScratch);
  set(table, cuda::batchNormPreluBackward, cuda::batchNormPreluBackwardScratch);
  set(table, cuda::windowMeanOnDevice);
  set(table, cuda::windowMeanAdjointOnDevice);
  set(table, cuda::tracerCourants);
  set(table, cuda::tracersOnDevice);
  set(table, cuda::tracersAdjointOnDevice);
  set(table, cuda::gatherOnDevice);
  set(table, cuda::scatterOnDevice);
  return table;
}

}  // namespace retroplume
