#pragma once
#include <cuda_runtime.h>

#include "runtime/device/device.h"

namespace retroplume {

/** Staging for programs that run on `stream` of a GPU. */
std::unique_ptr<DeviceStaging> makeCudaStaging(int device, cudaStream_t stream);

}  // namespace retroplume
