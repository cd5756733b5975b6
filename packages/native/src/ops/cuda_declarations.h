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

}  // namespace retroplume::cuda
