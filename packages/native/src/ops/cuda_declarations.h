#pragma once
#include "ops/cuda_kernels.h"

/** The launchers of *_cuda.cu: each enqueues its kernels on the context's stream and returns. `…Scratch`: bytes of context.scratch that it needs. */
namespace retroplume::cuda {

void conv2dForward(const Conv2dForward<float>& call, const Context& context);
std::size_t conv2dForwardScratch(const Conv2dForward<float>& call);
void conv2dBackwardInput(const Conv2dBackwardInput<float>& call, const Context& context);
std::size_t conv2dBackwardInputScratch(const Conv2dBackwardInput<float>& call);
void conv2dBackwardWeight(const Conv2dBackwardWeight<float>& call, const Context& context);
std::size_t conv2dBackwardWeightScratch(const Conv2dBackwardWeight<float>& call);
void upconv2x2Forward(const Upconv2x2Forward<float>& call, const Context& context);
std::size_t upconv2x2ForwardScratch(const Upconv2x2Forward<float>& call);
void upconv2x2BackwardInput(const Upconv2x2BackwardInput<float>& call, const Context& context);
std::size_t upconv2x2BackwardInputScratch(const Upconv2x2BackwardInput<float>& call);
void upconv2x2BackwardWeight(const Upconv2x2BackwardWeight<float>& call, const Context& context);
std::size_t upconv2x2BackwardWeightScratch(const Upconv2x2BackwardWeight<float>& call);

void unaryForward(const UnaryForward<float>& call, const Context& context);
void unaryBackward(const UnaryBackward<float>& call, const Context& context);

}  // namespace retroplume::cuda
