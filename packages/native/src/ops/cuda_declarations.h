#pragma once
#include "ops/cpu_kernels.h"
#include "ops/places/places.h"

/**
 * The launchers of *_cuda.cu: each enqueues its kernels on the context's stream and returns. `…Scratch`: bytes of context.scratch that it needs;
 * `…Packed`: bytes of context.packed, which `…Pack` fills.
 */
namespace retroplume::cuda {

void conv2dForward(const Conv2dForward<float>& call, const Context& context);
std::size_t conv2dForwardScratch(const Conv2dForward<float>& call);
std::size_t conv2dForwardPacked(const Conv2dForward<float>& call, Products products);
void conv2dForwardPack(const Conv2dForward<float>& call, void* to, const Context& context);
void conv2dBackwardInput(const Conv2dBackwardInput<float>& call, const Context& context);
std::size_t conv2dBackwardInputScratch(const Conv2dBackwardInput<float>& call);
std::size_t conv2dBackwardInputPacked(const Conv2dBackwardInput<float>& call, Products products);
void conv2dBackwardInputPack(const Conv2dBackwardInput<float>& call, void* to, const Context& context);
void conv2dBackwardWeight(const Conv2dBackwardWeight<float>& call, const Context& context);
std::size_t conv2dBackwardWeightScratch(const Conv2dBackwardWeight<float>& call);
void upconv2x2Forward(const Upconv2x2Forward<float>& call, const Context& context);
std::size_t upconv2x2ForwardScratch(const Upconv2x2Forward<float>& call);
void upconv2x2BackwardInput(const Upconv2x2BackwardInput<float>& call, const Context& context);
std::size_t upconv2x2BackwardInputScratch(const Upconv2x2BackwardInput<float>& call);
std::size_t upconv2x2BackwardInputPacked(const Upconv2x2BackwardInput<float>& call, Products products);
void upconv2x2BackwardInputPack(const Upconv2x2BackwardInput<float>& call, void* to, const Context& context);
void upconv2x2BackwardWeight(const Upconv2x2BackwardWeight<float>& call, const Context& context);
std::size_t upconv2x2BackwardWeightScratch(const Upconv2x2BackwardWeight<float>& call);

void lstmForward(const LstmForward<float>& call, const Context& context);
/** @throws NativeError DEVICE_LIMIT: more channels or states than a block's shared memory can hold */
std::size_t lstmForwardPacked(const LstmForward<float>& call, Products products);
void lstmForwardPack(const LstmForward<float>& call, void* to, const Context& context);
void lstmBackward(const LstmBackward<float>& call, const Context& context);
/** @throws NativeError DEVICE_LIMIT: more channels or states than a block's shared memory can hold */
std::size_t lstmBackwardScratch(const LstmBackward<float>& call);
std::size_t lstmBackwardPacked(const LstmBackward<float>& call, Products products);
void lstmBackwardPack(const LstmBackward<float>& call, void* to, const Context& context);
void unaryForward(const UnaryForward<float>& call, const Context& context);
void unaryBackward(const UnaryBackward<float>& call, const Context& context);
void binary(const Binary<float>& call, const Context& context);
void axpy(const Axpy<float>& call, const Context& context);
void scale(const Scale<float>& call, const Context& context);
void fill(const Fill<float>& call, const Context& context);
void channelAffineForward(const ChannelAffineForward<float>& call, const Context& context);
void channelAffineBackward(const ChannelAffineBackward<float>& call, const Context& context);
void multiplyStepsForward(const MultiplyStepsForward<float>& call, const Context& context);
void multiplyStepsBackward(const MultiplyStepsBackward<float>& call, const Context& context);
void dropoutForward(const DropoutForward<float>& call, const Context& context);
void dropoutBackward(const DropoutBackward<float>& call, const Context& context);
void maxpool2x2Forward(const Maxpool2x2Forward<float>& call, const Context& context);
void maxpool2x2Backward(const Maxpool2x2Backward<float>& call, const Context& context);
void stridedCopy(const StridedCopy<float>& call, const Context& context);
std::size_t lossForwardScratch(const LossForward<float>& call);
void lossForward(const LossForward<float>& call, const Context& context);
void lossBackward(const LossBackward<float>& call, const Context& context);
void adam(const Adam<float>& call, const Context& context);
std::size_t muonDeviceScratch(const Muon<float>& call);
void muon(const Muon<float>& call, const Context& context);
void sgdProject(const SgdProject<float>& call, const Context& context);
std::size_t clipNormScratch(const ClipNorm<float>& call);
void clipNorm(const ClipNorm<float>& call, const Context& context);
void preluForward(const PreluForward<float>& call, const Context& context);
void preluBackward(const PreluBackward<float>& call, const Context& context);
std::size_t preluBackwardScratch(const PreluBackward<float>& call);
void batchNormTrainForward(const BatchNormTrainForward<float>& call, const Context& context);
std::size_t batchNormTrainForwardScratch(const BatchNormTrainForward<float>& call);
void batchNormTrainBackward(const BatchNormTrainBackward<float>& call, const Context& context);
std::size_t batchNormTrainBackwardScratch(const BatchNormTrainBackward<float>& call);
void batchNormEvalForward(const BatchNormEvalForward<float>& call, const Context& context);
void batchNormEvalBackward(const BatchNormEvalBackward<float>& call, const Context& context);
std::size_t batchNormEvalBackwardScratch(const BatchNormEvalBackward<float>& call);
void batchNormPreluForward(const BatchNormPreluForward<float>& call, const Context& context);
std::size_t batchNormPreluForwardScratch(const BatchNormPreluForward<float>& call);
void batchNormPreluBackward(const BatchNormPreluBackward<float>& call, const Context& context);
std::size_t batchNormPreluBackwardScratch(const BatchNormPreluBackward<float>& call);
void windowMeanOnDevice(const WindowMeanOnDevice& call, const Context& context);
void windowMeanAdjointOnDevice(const WindowMeanAdjointOnDevice& call, const Context& context);
void tracerCourants(const TracerCourants& call, const Context& context);
void tracersOnDevice(const TracersOnDevice& onDevice, const Context& context);
void tracersAdjointOnDevice(const TracersAdjointOnDevice& onDevice, const Context& context);
void gatherOnDevice(const GatherOnDevice& call, const Context& context);
void scatterOnDevice(const ScatterOnDevice& call, const Context& context);

}  // namespace retroplume::cuda
