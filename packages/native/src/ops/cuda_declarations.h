#pragma once
#include "ops/cuda_kernels.h"

/** The launchers of *_cuda.cu: each enqueues its kernels on the context's stream and returns. `…Scratch`: bytes of context.scratch that it needs. */
namespace retroplume::cuda {

void unaryForward(const UnaryForward<float>& call, const Context& context);
void unaryBackward(const UnaryBackward<float>& call, const Context& context);
void binary(const Binary<float>& call, const Context& context);
void axpy(const Axpy<float>& call, const Context& context);
void scale(const Scale<float>& call, const Context& context);
void fill(const Fill<float>& call, const Context& context);
void channelAffineForward(const ChannelAffineForward<float>& call, const Context& context);
void channelAffineBackward(const ChannelAffineBackward<float>& call, const Context& context);
void dropoutForward(const DropoutForward<float>& call, const Context& context);
void dropoutBackward(const DropoutBackward<float>& call, const Context& context);
void maxpool2x2Forward(const Maxpool2x2Forward<float>& call, const Context& context);
void maxpool2x2Backward(const Maxpool2x2Backward<float>& call, const Context& context);
void stridedCopy(const StridedCopy<float>& call, const Context& context);
std::size_t lossForwardScratch(const LossForward<float>& call);
void lossForward(const LossForward<float>& call, const Context& context);
void lossBackward(const LossBackward<float>& call, const Context& context);
void adam(const Adam<float>& call, const Context& context);
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

}  // namespace retroplume::cuda
