#pragma once
#include <cuda_runtime.h>

namespace retroplume {

/** @throws NativeError CUDA_FAILED, CUDA_OUT_OF_MEMORY with the expression, its place and CUDA's message, unless `status` is success */
void checkCuda(cudaError_t status, const char* expression, const char* file, int line);

/** Lets a block of `kernel` have so many bytes of dynamic shared memory. @throws NativeError CUDA_FAILED */
void allowSharedMemory(const void* kernel, int bytes);

}  // namespace retroplume

#define RETROPLUME_CUDA(expression) ::retroplume::checkCuda((expression), #expression, __FILE__, __LINE__)
