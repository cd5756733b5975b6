#pragma once
#include <tuple>
#include <vector>

#include "ops/cpu_kernels.h"
#include "ops/places/places.h"

namespace retroplume {

/** The weights of a call as its products read them, which `run` finds in context.packed. */
template <class Call>
struct CudaPacking {
  std::vector<const char*> of = {};                       // the operands that are packed
  std::size_t (*bytes)(const Call&, Products) = nullptr;  // 0, or null: the call takes its weights as they lie
  void (*pack)(const Call&, void* to, const Context&) = nullptr;
};

/** A kernel on the device and the scratch memory that it needs there. */
template <class Call>
struct CudaKernel {
  Kernel<Call> run = nullptr;
  std::size_t (*scratchBytes)(const Call&) = nullptr;  // null: none
  CudaPacking<Call> packing = {};
};

/** The CUDA kernels, found by what they compute: std::get<CudaKernel<Call>>. All are float; ops/cuda_table_cuda.cu lists them. */
using CudaKernels =
    std::tuple<CudaKernel<Conv2dForward<float>>, CudaKernel<Conv2dBackwardInput<float>>, CudaKernel<Conv2dBackwardWeight<float>>,
               CudaKernel<Upconv2x2Forward<float>>, CudaKernel<Upconv2x2BackwardInput<float>>, CudaKernel<Upconv2x2BackwardWeight<float>>,
               CudaKernel<Maxpool2x2Forward<float>>, CudaKernel<Maxpool2x2Backward<float>>, CudaKernel<LstmForward<float>>,
               CudaKernel<LstmBackward<float>>, CudaKernel<BatchNormTrainForward<float>>, CudaKernel<BatchNormTrainBackward<float>>,
               CudaKernel<BatchNormEvalForward<float>>, CudaKernel<BatchNormEvalBackward<float>>, CudaKernel<BatchNormPreluForward<float>>,
               CudaKernel<BatchNormPreluBackward<float>>, CudaKernel<PreluForward<float>>, CudaKernel<PreluBackward<float>>,
               CudaKernel<ChannelAffineForward<float>>, CudaKernel<ChannelAffineBackward<float>>, CudaKernel<MultiplyStepsForward<float>>,
               CudaKernel<MultiplyStepsBackward<float>>, CudaKernel<UnaryForward<float>>, CudaKernel<UnaryBackward<float>>,
               CudaKernel<DropoutForward<float>>, CudaKernel<DropoutBackward<float>>, CudaKernel<Binary<float>>, CudaKernel<Axpy<float>>,
               CudaKernel<Scale<float>>, CudaKernel<Fill<float>>, CudaKernel<StridedCopy<float>>, CudaKernel<LossForward<float>>,
               CudaKernel<LossBackward<float>>, CudaKernel<Adam<float>>, CudaKernel<Muon<float>>, CudaKernel<SgdProject<float>>,
               CudaKernel<ClipNorm<float>>, CudaKernel<WindowMeanOnDevice>, CudaKernel<WindowMeanAdjointOnDevice>, CudaKernel<TracerCourants>,
               CudaKernel<TracersOnDevice>, CudaKernel<TracersAdjointOnDevice>, CudaKernel<GatherOnDevice>, CudaKernel<ScatterOnDevice>>;

/** Defined where CUDA kernels are compiled: for a device, or for its emulation. */
CudaKernels cudaKernels();

}  // namespace retroplume
