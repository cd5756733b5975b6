#include <cstring>

#include "testing/ptx/cuda_runtime.h"

/** Kernels: what nvcc's code registers and launches, and what is asked about them. */
using namespace retroplume::ptx;

namespace {

constexpr int kRegistersOfProcessor = 65536;

struct Configuration {
  dim3 grid, threads;
  std::size_t sharedBytes;
  cudaStream_t stream;
};
thread_local std::vector<Configuration> configurations;

}  // namespace

extern "C" {

void** __cudaRegisterFatBinary(void*) { return nullptr; }
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
void __cudaRegisterFunction(void**, const char* host, char*, const char* name, int, uint3*, uint3*, dim3*, dim3*, int*) {
  runtime().kernels[host].name = name;
}

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 threads, std::size_t sharedBytes, cudaStream_t stream) {
  configurations.push_back({grid, threads, sharedBytes, stream});
  return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* threads, std::size_t* sharedBytes, void* stream) {
  const Configuration last = configurations.back();
  configurations.pop_back();
  *grid = last.grid;
  *threads = last.threads;
  *sharedBytes = last.sharedBytes;
  *static_cast<cudaStream_t*>(stream) = last.stream;
  return cudaSuccess;
}

cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* host) {
  *kernel = &runtime().kernels.at(host);
  return cudaSuccess;
}

cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 threads, void** arguments, std::size_t sharedBytes, cudaStream_t stream) {
  return call([&](Runtime& all) {
    if (stream == nullptr || all.streams.count(stream) == 0 || stream->device != currentDevice) return cudaErrorInvalidResourceHandle;
    Launch launch;
    launch.kernel = all.modules().kernel(kernel->name);
    const Resources& resources = all.modules().resources(kernel->name);
    const bool isGrid = grid.x >= 1 && grid.x <= 0x7fffffffu && grid.y >= 1 && grid.y <= 65535 && grid.z >= 1 && grid.z <= 65535;
    const bool isBlock = threads.x >= 1 && threads.y == 1 && threads.z == 1 && threads.x <= static_cast<unsigned>(launch.kernel->mostThreads);
    if (!isGrid || !isBlock || sharedBytes > static_cast<std::size_t>(std::min(kernel->granted, all.sharedBytes)))
      return cudaErrorInvalidConfiguration;
    // A warp is given registers by 256.
    const int warps = static_cast<int>(threads.x + 31) / 32;
    if (warps * ((resources.registers * 32 + 255) / 256 * 256) > kRegistersOfProcessor) return cudaErrorLaunchOutOfResources;
    launch.grid = {grid.x, grid.y, grid.z};
    launch.threads = threads.x;
    launch.sharedBytes = static_cast<int>(sharedBytes);
    launch.parameters.resize(launch.kernel->parameterBytes);
    for (std::size_t i = 0; i < launch.kernel->parameters.size(); ++i) {
      const Parameter& parameter = launch.kernel->parameters[i];
      std::memcpy(launch.parameters.data() + parameter.offset, arguments[i], parameter.bytes);
    }
    all.queue(stream, [launch = std::move(launch), &all] { run(launch, all.allocations, all.counts ? &all.counts->of(launch.kernel) : nullptr); });
    return cudaSuccess;
  });
}

cudaError_t cudaLaunchKernel(const void* host, dim3 grid, dim3 threads, void** arguments, std::size_t sharedBytes, cudaStream_t stream) {
  return __cudaLaunchKernel(&runtime().kernels.at(host), grid, threads, arguments, sharedBytes, stream);
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* host) {
  return call([&](Runtime& all) {
    const CUkern_st& kernel = all.kernels.at(host);
    const Resources& resources = all.modules().resources(kernel.name);
    *attributes = {};
    attributes->numRegs = resources.registers;
    attributes->sharedSizeBytes = resources.sharedBytes;
    attributes->maxDynamicSharedSizeBytes = kernel.granted;
    attributes->maxThreadsPerBlock = all.modules().kernel(kernel.name)->mostThreads;
    return cudaSuccess;
  });
}

cudaError_t cudaFuncSetAttribute(const void* host, cudaFuncAttribute attribute, int value) {
  return call([&](Runtime& all) {
    CUkern_st& kernel = all.kernels.at(host);
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaErrorInvalidValue;
    if (value + all.modules().resources(kernel.name).sharedBytes > all.sharedBytes) return cudaErrorInvalidValue;
    kernel.granted = value;
    return cudaSuccess;
  });
}

}  // extern "C"
