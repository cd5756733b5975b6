#pragma once
#include <tuple>
#include <variant>
#include <vector>

#include "ops/cpu_kernels.h"

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

/** The CUDA kernels, found by what they compute: std::get<CudaKernel<Call>>. All are float. */
using CudaKernels = std::tuple<
#define KERNEL(name, Call) CudaKernel<Call<float>>,
#define CUDA_KERNEL(name, Call) CudaKernel<Call>,
#include "ops/kernel_list.h"
    std::monostate>;  // after the last comma

/** Defined where CUDA kernels are compiled: for a device, or for its emulation. */
CudaKernels cudaKernels();

}  // namespace retroplume
