#include "ops/cuda_kernels.h"

namespace retroplume {

/** The launchers of *_cuda.cu: each enqueues its kernels on the context's stream and returns. */
namespace cuda {

#define KERNEL(name, Call) void name(const Call<float>& call, const Context& context);
#define CUDA_KERNEL(name, Call) void name(const Call& call, const Context& context);
#define SCRATCH(name, Call) std::size_t name##Scratch(const Call<float>& call);
#define PACKED(name, Call, ...)                                         \
  std::size_t name##Packed(const Call<float>& call, Products products); \
  void name##Pack(const Call<float>& call, void* to, const Context& context);
#include "ops/kernel_list.h"

}  // namespace cuda

CudaKernels cudaKernels() {
  CudaKernels table;
#define KERNEL(name, Call) std::get<CudaKernel<Call<float>>>(table).run = cuda::name;
#define CUDA_KERNEL(name, Call) std::get<CudaKernel<Call>>(table).run = cuda::name;
#define SCRATCH(name, Call) std::get<CudaKernel<Call<float>>>(table).scratchBytes = cuda::name##Scratch;
#define PACKED(name, Call, ...) std::get<CudaKernel<Call<float>>>(table).packing = {{__VA_ARGS__}, cuda::name##Packed, cuda::name##Pack};
#include "ops/kernel_list.h"
  return table;
}

}  // namespace retroplume
