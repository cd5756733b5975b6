#include "testing/ptx/cuda_runtime.h"

#include <cstring>

/** The runtime itself, its devices and its errors. */
namespace retroplume::ptx {

namespace {

constexpr int kDevices = 2;

thread_local cudaError_t lastError = cudaSuccess;

}  // namespace

thread_local int currentDevice = 0;
thread_local int capturing = 0;

/** Made when the first module registers, before main. */
Runtime& runtime() {
  static auto* const only = [] {
    auto* const made = new Runtime;
    if (std::getenv("RETROPLUME_PTX_COUNTS") != nullptr) {
      made->counts = std::make_unique<Counts>();
      std::atexit([] { runtime().counts->write(std::getenv("RETROPLUME_PTX_COUNTS")); });
    }
    return made;
  }();
  return *only;
}

cudaError_t told(cudaError_t status) {
  if (status != cudaSuccess) lastError = status;
  return status;
}

}  // namespace retroplume::ptx

using namespace retroplume::ptx;

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  *count = kDevices;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= kDevices) return told(cudaErrorInvalidDevice);
  currentDevice = device;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  *properties = {};
  std::strcpy(properties->name, ("PTX on the host, " + std::to_string(device)).c_str());
  properties->major = 9;
  properties->totalGlobalMem = runtime().memory;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  if (attribute != cudaDevAttrMaxSharedMemoryPerBlockOptin) return told(cudaErrorInvalidValue);
  *value = runtime().sharedBytes;
  return cudaSuccess;
}

cudaError_t cudaGetLastError(void) {
  const cudaError_t last = lastError;
  lastError = cudaSuccess;
  return last;
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidResourceHandle:
      return "invalid resource handle";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorLaunchOutOfResources:
      return "too many resources requested for launch";
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    case cudaErrorLaunchFailure:
      return runtime().message.c_str();
    default:
      return "another error";
  }
}

}  // extern "C"
