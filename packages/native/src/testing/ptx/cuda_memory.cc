#include <cstring>

#include "testing/ptx/cuda_runtime.h"

/** The device's memory and pinned memory of the host. */
using namespace retroplume::ptx;

extern "C" {

cudaError_t cudaMemGetInfo(std::size_t* available, std::size_t* total) {
  return call([&](Runtime& all) {
    *available = all.memory - all.used;
    *total = all.memory;
    return cudaSuccess;
  });
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  return callOutsideCapture([&](Runtime& all) {
    if (bytes > all.memory - all.used) return cudaErrorMemoryAllocation;
    *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    std::memset(*memory, 0xff, bytes);
    all.allocations.add(*memory, bytes);
    all.device[*memory] = bytes;
    all.used += bytes;
    return cudaSuccess;
  });
}

cudaError_t cudaFree(void* memory) {
  return callOutsideCapture([&](Runtime& all) {
    if (memory == nullptr) return cudaSuccess;
    const auto found = all.device.find(memory);
    if (found == all.device.end()) return cudaErrorInvalidValue;
    for (cudaStream_t stream : all.streams) stream->runTo(stream->queued);  // it waits for the device
    all.used -= found->second;
    all.device.erase(found);
    all.allocations.remove(memory);
    std::free(memory);
    return cudaSuccess;
  });
}

cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  return callOutsideCapture([&](Runtime& all) {
    *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    std::memset(*memory, 0xff, bytes);
    all.pinned[*memory] = bytes;
    return cudaSuccess;
  });
}

cudaError_t cudaFreeHost(void* memory) {
  return callOutsideCapture([&](Runtime& all) {
    if (memory == nullptr) return cudaSuccess;
    if (all.pinned.erase(memory) == 0) return cudaErrorInvalidValue;
    for (cudaStream_t stream : all.streams) stream->runTo(stream->queued);
    std::free(memory);
    return cudaSuccess;
  });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  return call([&](Runtime& all) {
    const auto holds = [&](const void* memory) {
      const auto address = reinterpret_cast<uint64_t>(memory);
      return all.allocations.find(address, bytes).holds(address, bytes);
    };
    const bool toDevice = kind != cudaMemcpyDeviceToHost, fromDevice = kind != cudaMemcpyHostToDevice;
    if (holds(to) != toDevice || holds(from) != fromDevice) return cudaErrorInvalidValue;
    const bool paged = (!toDevice && !all.isPinned(to, bytes)) || (!fromDevice && !all.isPinned(from, bytes));
    if (paged && stream->capture != nullptr) return cudaErrorStreamCaptureUnsupported;
    if (paged && !fromDevice) {
      // Memory that is not pinned is copied aside before the call returns.
      const auto* bytesOf = static_cast<const char*>(from);
      all.queue(stream, [to, kept = std::vector<char>(bytesOf, bytesOf + bytes)] { std::memcpy(to, kept.data(), kept.size()); });
      return cudaSuccess;
    }
    all.queue(stream, [=] { std::memcpy(to, from, bytes); });
    if (paged) stream->runTo(stream->queued);
    return cudaSuccess;
  });
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  return call([&](Runtime& all) {
    const auto address = reinterpret_cast<uint64_t>(memory);
    if (!all.allocations.find(address, bytes).holds(address, bytes)) return cudaErrorInvalidValue;
    all.queue(stream, [=] { std::memset(memory, value, bytes); });
    return cudaSuccess;
  });
}

}  // extern "C"
