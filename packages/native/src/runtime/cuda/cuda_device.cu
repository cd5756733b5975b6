#include <algorithm>
#include <cstring>
#include <mutex>

#include "runtime/cuda/check.h"
#include "runtime/cuda/cuda_staging.h"
#include "runtime/device/device.h"
#include "runtime/error.h"

/** A GPU through CUDA's runtime, which is linked statically: a machine without a driver loads the same addon and says so here. */
namespace retroplume {

void checkCuda(cudaError_t status, const char* expression, const char* file, int line) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // or the next call would report it again
  const char* name = std::strrchr(file, '/');
  throw NativeError(
      status == cudaErrorMemoryAllocation ? "DEVICE_OUT_OF_MEMORY" : "CUDA_FAILED",
      std::string(name != nullptr ? name + 1 : file) + ":" + std::to_string(line) + ": " + expression + ": " + cudaGetErrorString(status));
}

void allowSharedMemory(const void* kernel, int bytes) {
  // Of several threads one at a time. Only ever more: a graph that is being recorded may hold a launch of the same kernel that needs what was
  // granted before.
  static std::mutex asking;
  const std::lock_guard<std::mutex> lock(asking);
  cudaFuncAttributes granted{};
  RETROPLUME_CUDA(cudaFuncGetAttributes(&granted, kernel));
  if (granted.maxDynamicSharedSizeBytes < bytes) RETROPLUME_CUDA(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes));
}

namespace {

std::string mebibytes(std::size_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

class CudaGraph final : public DeviceGraph {
 public:
  CudaGraph(cudaGraph_t graph, cudaStream_t stream) : stream_(stream) {
    const cudaError_t status = cudaGraphInstantiate(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    RETROPLUME_CUDA(status);
  }
  ~CudaGraph() override { cudaGraphExecDestroy(executable_); }
  void launch() override { RETROPLUME_CUDA(cudaGraphLaunch(executable_, stream_)); }

 private:
  cudaGraphExec_t executable_ = nullptr;
  cudaStream_t stream_;
};

class CudaDevice final : public Device {
 public:
  explicit CudaDevice(int index) : index_(index) {
    RETROPLUME_CUDA(cudaSetDevice(index));
    RETROPLUME_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    RETROPLUME_CUDA(cudaStreamCreateWithFlags(&capture_, cudaStreamNonBlocking));
    RETROPLUME_CUDA(cudaDeviceGetAttribute(&sharedBytes_, cudaDevAttrMaxSharedMemoryPerBlockOptin, index));
    RETROPLUME_CUDA(cudaEventCreate(&begin_));
    RETROPLUME_CUDA(cudaEventCreate(&end_));
  }
  ~CudaDevice() override {
    cudaStreamSynchronize(stream_);
    for (Pinned& via : pinned_) {
      if (via.memory == nullptr) continue;
      cudaFreeHost(via.memory);
      cudaEventDestroy(via.free);
    }
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
    cudaStreamDestroy(capture_);
    cudaStreamDestroy(stream_);
  }

  const CudaKernels& kernels() const override { return kernels_; }

  void* allocate(std::size_t bytes) override {
    select();
    std::size_t available = 0, total = 0;
    RETROPLUME_CUDA(cudaMemGetInfo(&available, &total));
    void* memory = nullptr;
    // Vector loads may read past the last element, as on the CPU.
    const cudaError_t status = cudaMalloc(&memory, bytes + 64);
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      throw NativeError("DEVICE_OUT_OF_MEMORY", "device cuda: expected " + mebibytes(bytes) + " of memory for a program but the GPU has " +
                                                    mebibytes(available) + " free of " + mebibytes(total) + ": use a smaller batch");
    }
    RETROPLUME_CUDA(status);
    RETROPLUME_CUDA(cudaMemsetAsync(memory, 0, bytes + 64, stream_));
    return memory;
  }

  void clear(void* memory, std::size_t bytes) override {
    select();
    RETROPLUME_CUDA(cudaMemsetAsync(memory, 0, bytes, stream_));
  }

  void release(void* memory) noexcept override {
    cudaSetDevice(index_);
    cudaFree(memory);
  }

  void upload(void* to, std::size_t bytes, const std::function<void(void*, std::size_t, std::size_t)>& fill) override {
    const std::lock_guard<std::mutex> lock(copying_);
    select();
    for (std::size_t begin = 0, part = 0; begin < bytes; begin += kPart, ++part) {
      Pinned& via = pinned(part);
      const std::size_t count = std::min(kPart, bytes - begin);
      RETROPLUME_CUDA(cudaEventSynchronize(via.free));
      fill(via.memory, begin, count);
      RETROPLUME_CUDA(cudaMemcpyAsync(static_cast<char*>(to) + begin, via.memory, count, cudaMemcpyHostToDevice, stream_));
      RETROPLUME_CUDA(cudaEventRecord(via.free, stream_));
    }
  }

  void download(const void* from, std::size_t bytes, const std::function<void(const void*, std::size_t, std::size_t)>& take) override {
    const std::lock_guard<std::mutex> lock(copying_);
    select();
    const auto begin = [&](std::size_t part) { return part * kPart; };
    const auto count = [&](std::size_t part) { return std::min(kPart, bytes - begin(part)); };
    const auto ask = [&](std::size_t part) {
      Pinned& via = pinned(part);
      RETROPLUME_CUDA(cudaMemcpyAsync(via.memory, static_cast<const char*>(from) + begin(part), count(part), cudaMemcpyDeviceToHost, stream_));
      RETROPLUME_CUDA(cudaEventRecord(via.free, stream_));
    };
    const std::size_t parts = (bytes + kPart - 1) / kPart;
    if (parts > 0) ask(0);
    for (std::size_t part = 0; part < parts; ++part) {
      if (part + 1 < parts) ask(part + 1);
      RETROPLUME_CUDA(cudaEventSynchronize(pinned(part).free));
      take(pinned(part).memory, begin(part), count(part));
    }
  }
  std::unique_ptr<DeviceStaging> makeStaging() override { return makeCudaStaging(index_, stream_); }
  void* stream() const override { return recording_ ? capture_ : stream_; }
  void* queue() const override { return stream_; }
  int sharedBytes() const override { return sharedBytes_; }
  void select() const override { RETROPLUME_CUDA(cudaSetDevice(index_)); }

  void synchronise() override {
    select();
    RETROPLUME_CUDA(cudaStreamSynchronize(stream_));
  }

  /** On a stream of its own: what other threads do meanwhile on the one that all programs share must not become a part of the graph. */
  std::unique_ptr<DeviceGraph> record(const std::function<void()>& body) override {
    select();
    RETROPLUME_CUDA(cudaStreamBeginCapture(capture_, cudaStreamCaptureModeThreadLocal));
    cudaGraph_t graph = nullptr;
    recording_ = true;
    try {
      body();
    } catch (...) {
      recording_ = false;
      if (cudaStreamEndCapture(capture_, &graph) == cudaSuccess) cudaGraphDestroy(graph);
      cudaGetLastError();
      throw;
    }
    recording_ = false;
    RETROPLUME_CUDA(cudaStreamEndCapture(capture_, &graph));
    return std::make_unique<CudaGraph>(graph, stream_);
  }

  double time(const std::function<void()>& body) override {
    select();
    RETROPLUME_CUDA(cudaEventRecord(begin_, stream_));
    body();
    RETROPLUME_CUDA(cudaEventRecord(end_, stream_));
    RETROPLUME_CUDA(cudaEventSynchronize(end_));
    float milliseconds = 0;
    RETROPLUME_CUDA(cudaEventElapsedTime(&milliseconds, begin_, end_));
    return 1e-3 * milliseconds;
  }

 private:
  /** Memory that the device copies from and to without the driver's help, several times as fast as other memory. */
  struct Pinned {
    void* memory = nullptr;
    cudaEvent_t free = nullptr;  // once the copy that it is in is done
  };
  static constexpr std::size_t kPart = std::size_t{4} << 20;

  /** Two by turns: one is copied while the host is at the other. */
  Pinned& pinned(std::size_t part) {
    Pinned& via = pinned_[part % 2];
    if (via.memory == nullptr) {
      RETROPLUME_CUDA(cudaEventCreateWithFlags(&via.free, cudaEventDisableTiming));
      RETROPLUME_CUDA(cudaMallocHost(&via.memory, kPart));
    }
    return via;
  }

  int index_;
  int sharedBytes_ = 0;
  cudaStream_t stream_ = nullptr, capture_ = nullptr;
  bool recording_ = false;  // on the executor's thread, which alone asks for the stream
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
  std::mutex copying_;  // JavaScript's thread and the executor's copy for programs of their own
  Pinned pinned_[2];
  const CudaKernels kernels_ = cudaKernels();
};

}  // namespace

/** Asynchronous copies and the tensor cores' tf32 came with sm_80. */
constexpr int kLeastMajor = 8;

DevicesFound findDevices() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  cudaGetLastError();
  if (status != cudaSuccess) return {true, std::string("CUDA says \"") + cudaGetErrorString(status) + "\"", {}};
  DevicesFound found{true, count == 0 ? "CUDA finds no GPU" : "", {}};
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties{};
    RETROPLUME_CUDA(cudaGetDeviceProperties(&properties, i));
    if (properties.major < kLeastMajor) {
      found.reason = std::string("the kernels need a GPU of sm_80 or later, and ") + properties.name + " is sm_" + std::to_string(properties.major) +
                     std::to_string(properties.minor);
      continue;
    }
    found.devices.push_back({i, properties.name, "sm_" + std::to_string(properties.major) + std::to_string(properties.minor),
                             static_cast<double>(properties.totalGlobalMem)});
  }
  if (!found.devices.empty()) found.reason.clear();
  return found;
}

std::shared_ptr<Device> openDevice(int index) {
  const DevicesFound found = findDevices();
  const auto is = [index](const DeviceInfo& device) { return device.index == index; };
  if (std::none_of(found.devices.begin(), found.devices.end(), is)) {
    const std::string seen = found.devices.empty() ? found.reason : "this machine has " + std::to_string(found.devices.size());
    throw NativeError("DEVICE_CUDA_MISSING", "device cuda: expected GPU " + std::to_string(index) + " but " + seen);
  }
  return std::make_shared<CudaDevice>(index);
}

}  // namespace retroplume
