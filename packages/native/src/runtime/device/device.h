#pragma once
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ops/cuda_kernels.h"

namespace retroplume {

/** A sequence of kernels that a device has recorded and starts as one. */
class DeviceGraph {
 public:
  virtual ~DeviceGraph() = default;
  virtual void launch() = 0;
};

/**
 * Writes to a device's memory that are made while it computes: `write` copies past the stream into memory of its own, `apply` lets the stream take
 * that over, before what comes next. One thread writes while another applies what was handed over.
 */
class DeviceStaging {
 public:
  virtual ~DeviceStaging() = default;
  /** `fill` writes the `bytes` bytes that are to be at `to`, into memory that the device copies from. */
  virtual void write(void* to, std::size_t bytes, const std::function<void(void*)>& fill) = 0;
  /** `launch` is called when the set is applied, after what was written, and starts kernels on the stream. */
  virtual void defer(std::function<void()> launch) = 0;
  /** Closes the set of what was written so far; -1 if there is nothing. There are two sets, by turns: nothing is written before the one before the
   * last is applied. */
  virtual int handOver() = 0;
  virtual void apply(int set) = 0;
};

/** A GPU, or the emulation of one (testing/emulation): memory of its own, and one stream of work. Calls throw NativeError CUDA_FAILED. */
class Device {
 public:
  virtual ~Device() = default;
  virtual const CudaKernels& kernels() const = 0;
  /** Zeroed. @throws NativeError DEVICE_OUT_OF_MEMORY */
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* memory) noexcept = 0;
  /** Zeros, in the stream's order. */
  virtual void clear(void* memory, std::size_t bytes) = 0;
  /** Copies in the stream's order, of what `fill` writes and `take` reads a part at a time: the bytes from `begin` on. Both are done with it when
   * they return. */
  virtual void upload(void* to, std::size_t bytes, const std::function<void(void* part, std::size_t begin, std::size_t bytes)>& fill) = 0;
  virtual void download(const void* from, std::size_t bytes,
                        const std::function<void(const void* part, std::size_t begin, std::size_t bytes)>& take) = 0;
  virtual std::unique_ptr<DeviceStaging> makeStaging() = 0;
  /** Of the work that the executor's thread starts: another one while a graph is recorded. */
  virtual void* stream() const = 0;
  /** The same, but for a recording: for any thread. */
  virtual void* queue() const = 0;
  /** Shared memory that one block can have. */
  virtual int sharedBytes() const = 0;
  /** Before work of the calling thread: where there are several devices, a thread's work goes to the one that it chose last. */
  virtual void select() const = 0;
  /** Waits for the stream. */
  virtual void synchronise() = 0;
  /** Records what `body` launches on the stream; the emulation keeps `body` and calls it at every launch. */
  virtual std::unique_ptr<DeviceGraph> record(const std::function<void()>& body) = 0;
  /** Seconds that the device takes for what `body` launches. */
  virtual double time(const std::function<void()>& body) = 0;
};

inline void upload(Device& device, void* to, const void* from, std::size_t bytes) {
  device.upload(to, bytes,
                [from](void* part, std::size_t begin, std::size_t count) { std::memcpy(part, static_cast<const char*>(from) + begin, count); });
}

inline void download(Device& device, void* to, const void* from, std::size_t bytes) {
  device.download(from, bytes,
                  [to](const void* part, std::size_t begin, std::size_t count) { std::memcpy(static_cast<char*>(to) + begin, part, count); });
}

struct DeviceInfo {
  int index;
  std::string name;
  std::string architecture;  // sm_90
  double memoryBytes;
};

/** What can be computed on, apart from the CPU. */
struct DevicesFound {
  bool built;          // whether this build has CUDA kernels
  std::string reason;  // why `devices` is empty, in words
  std::vector<DeviceInfo> devices;
};

DevicesFound findDevices();

/** @throws NativeError DEVICE_CUDA_MISSING where this build has no CUDA kernels or the machine no such GPU */
std::shared_ptr<Device> openDevice(int index);

}  // namespace retroplume
