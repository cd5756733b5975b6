#pragma once
#include "ops/cuda_kernels.h"

/** The launchers of *_cuda.cu: each enqueues its kernels on the context's stream and returns. `…Scratch`: bytes of context.scratch that it needs. */
namespace retroplume::cuda {

void lstmForward(const LstmForward<float>& call, const Context& context);
std::size_t lstmForwardScratch(const LstmForward<float>& call);
void lstmBackward(const LstmBackward<float>& call, const Context& context);
std::size_t lstmBackwardScratch(const LstmBackward<float>& call);
void unaryForward(const UnaryForward<float>& call, const Context& context);
void unaryBackward(const UnaryBackward<float>& call, const Context& context);

}  // namespace retroplume::cuda
