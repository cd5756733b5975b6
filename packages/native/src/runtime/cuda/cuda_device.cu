#include <algorithm>
#include <cstring>

#include "runtime/cuda/check.h"
#include "runtime/cuda/cuda_staging.h"
#include "runtime/device.h"
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

  void release(void* memory) noexcept override {
    cudaSetDevice(index_);
    cudaFree(memory);
  }

  void upload(void* to, const void* from, std::size_t bytes) override { copy(to, from, bytes, cudaMemcpyHostToDevice); }
  void download(void* to, const void* from, std::size_t bytes) override { copy(to, from, bytes, cudaMemcpyDeviceToHost); }
  std::unique_ptr<DeviceStaging> makeStaging() override { return makeCudaStaging(index_, stream_); }
  void* stream() const override { return recording_ ? capture_ : stream_; }
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
  void copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    select();
    RETROPLUME_CUDA(cudaMemcpyAsync(to, from, bytes, kind, stream_));
    RETROPLUME_CUDA(cudaStreamSynchronize(stream_));
  }

  int index_;
  int sharedBytes_ = 0;
  cudaStream_t stream_ = nullptr, capture_ = nullptr;
  bool recording_ = false;  // on the executor's thread, which alone asks for the stream
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
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
