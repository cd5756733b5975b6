#pragma once
#include "runtime/context.h"
#include "runtime/cpu_features.h"

namespace retroplume {

template <class Call>
using Kernel = void (*)(const Call&, const Context&);

// What the kernels compute.
#define KERNEL(name, Call) \
  template <class T>       \
  struct Call;
#define CPU_KERNEL(name, Call) struct Call;
#define CUDA_KERNEL(name, Call) struct Call;
#include "ops/kernel_list.h"

/** The fast float kernels of one instruction set; a null slot means that the reference kernel is used. */
struct CpuKernels {
#define KERNEL(name, Call) Kernel<Call<float>> name = nullptr;
#define VARIANT KERNEL
#define CPU_KERNEL(name, Call) Kernel<Call> name = nullptr;
#include "ops/kernel_list.h"
};

/** The fast kernels for `isa`; they are compiled from the same sources once for each instruction set (binding/CMakeLists.txt). */
const CpuKernels& cpuKernels(Isa isa);

}  // namespace retroplume
