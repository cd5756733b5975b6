#include "runtime/device/device.h"
#include "runtime/error.h"

/** A build without the CUDA toolkit. */
namespace retroplume {

DevicesFound findDevices() { return {false, "this build has no CUDA kernels: no CUDA toolkit (nvcc) was found when it was made", {}}; }

std::shared_ptr<Device> openDevice(int) { throw NativeError("DEVICE_CUDA_MISSING", "device cuda: " + findDevices().reason); }

}  // namespace retroplume
