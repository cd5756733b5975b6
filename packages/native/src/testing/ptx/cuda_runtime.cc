#include <cuda_runtime_api.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>

#include "runtime/error.h"
#include "testing/ptx/machine.h"
#include "testing/ptx/modules.h"

/**
 * The functions of CUDA's runtime that this project calls, on two devices that do not exist: kernels are run by machine.h. It takes the place of
 * libcudart when a program is linked, so that everything from nvcc's launches to streams, events, graphs and pinned memory is what a GPU would be
 * given.
 *
 * RETROPLUME_PTX_COUNTS=FILE leaves what every instruction was asked for there, as tab-separated values (counts.h).
 *
 * What is queued on a stream is done as late as CUDA allows it: when somebody waits for it. RETROPLUME_PTX_EAGER=1 does it at once instead.
 * Calls that CUDA refuses are refused: while the thread captures, on a stream of another device, with more threads, registers or shared memory than a
 * processor has. The first error stays, as on a device.
 */
namespace {

using retroplume::NativeError;
namespace ptx = retroplume::ptx;

constexpr int kDevices = 2;
constexpr int kRegistersOfProcessor = 65536;

using Work = std::function<void()>;

}  // namespace

/** Work in the order in which it was queued; `done` of `queued` pieces are done. */
struct CUstream_st {
  int device = 0;
  std::deque<Work> work;
  uint64_t queued = 0, done = 0;
  std::shared_ptr<std::vector<Work>> capture;  // while it captures

  void runTo(uint64_t piece) {
    while (done < piece) {
      const Work next = std::move(work.front());
      work.pop_front();
      ++done;
      next();
    }
  }
};

struct CUevent_st {
  int device = 0;
  cudaStream_t stream = nullptr;  // null: never recorded
  uint64_t piece = 0;
  std::chrono::steady_clock::time_point time;
};

struct CUgraph_st {
  int device = 0;
  std::shared_ptr<std::vector<Work>> work;
};

struct CUgraphExec_st {
  std::shared_ptr<std::vector<Work>> work;
};

/** A kernel as nvcc's code has registered it. */
struct CUkern_st {
  std::string name;
  int granted = 48 * 1024;  // dynamic shared memory
};

namespace {

class Runtime {
 public:
  std::recursive_mutex mutex;
  std::unordered_map<const void*, CUkern_st> kernels;  // by the function of the host
  ptx::Allocations allocations;
  std::unordered_map<const void*, std::size_t> device;  // bytes of allocations
  std::unordered_map<const void*, std::size_t> pinned;
  std::set<cudaStream_t> streams;
  std::size_t used = 0;
  std::string message;
  cudaError_t failed = cudaSuccess;     // stays
  std::unique_ptr<ptx::Counts> counts;  // RETROPLUME_PTX_COUNTS=FILE: written there when the program ends
  const bool eager = std::getenv("RETROPLUME_PTX_EAGER") != nullptr;
  const std::size_t memory = number("RETROPLUME_PTX_MEMORY", std::size_t{8} << 30);
  const int sharedBytes = static_cast<int>(number("RETROPLUME_PTX_SHARED", 227 * 1024));

  ptx::Modules& modules() {
    if (modules_ == nullptr) {
      const char* folder = std::getenv("RETROPLUME_PTX_FOLDER");
      modules_ = std::make_unique<ptx::Modules>(folder != nullptr ? folder : RETROPLUME_PTX_FOLDER);
    }
    return *modules_;
  }

  /** A piece of work for a stream, or for the graph that it captures. */
  void queue(cudaStream_t stream, Work piece) {
    if (stream->capture != nullptr) {
      stream->capture->push_back(std::move(piece));
      return;
    }
    stream->work.push_back(std::move(piece));
    ++stream->queued;
    if (eager) stream->runTo(stream->queued);
  }

  bool isPinned(const void* memory, std::size_t bytes) const {
    for (const auto& [begin, length] : pinned) {
      const auto* first = static_cast<const char*>(begin);
      if (memory >= first && static_cast<const char*>(memory) + bytes <= first + length) return true;
    }
    return false;
  }

 private:
  static std::size_t number(const char* name, std::size_t otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
  }
  std::unique_ptr<ptx::Modules> modules_;
};

/** Made when the first module registers, before main. */
Runtime& runtime() {
  static auto* const only = [] {
    auto* const made = new Runtime;
    if (std::getenv("RETROPLUME_PTX_COUNTS") != nullptr) {
      made->counts = std::make_unique<ptx::Counts>();
      std::atexit([] { runtime().counts->write(std::getenv("RETROPLUME_PTX_COUNTS")); });
    }
    return made;
  }();
  return *only;
}

thread_local int currentDevice = 0;
thread_local cudaError_t lastError = cudaSuccess;
thread_local int capturing = 0;  // streams, by this thread

cudaError_t told(cudaError_t status) {
  if (status != cudaSuccess) lastError = status;
  return status;
}

/** Runs a call of the runtime. What a kernel throws is the device's error from then on. */
template <class F>
cudaError_t call(F body) {
  Runtime& all = runtime();
  const std::lock_guard<std::recursive_mutex> lock(all.mutex);
  if (all.failed != cudaSuccess) return told(all.failed);
  try {
    return told(body(all));
  } catch (const NativeError& error) {
    all.message = error.what();
    return told(all.failed = cudaErrorLaunchFailure);
  }
}

/** A call that may wait or allocate: not while this thread captures. */
template <class F>
cudaError_t callOutsideCapture(F body) {
  if (capturing > 0) return told(cudaErrorStreamCaptureUnsupported);
  return call(body);
}

ptx::Extent extentOf(dim3 given) { return {given.x, given.y, given.z}; }

struct Configuration {
  dim3 grid, threads;
  std::size_t sharedBytes;
  cudaStream_t stream;
};
thread_local std::vector<Configuration> configurations;

}  // namespace

extern "C" {

// ---- What nvcc's code calls ----

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
    ptx::Launch launch;
    launch.kernel = all.modules().kernel(kernel->name);
    const ptx::Resources& resources = all.modules().resources(kernel->name);
    const bool isGrid = grid.x >= 1 && grid.x <= 0x7fffffffu && grid.y >= 1 && grid.y <= 65535 && grid.z >= 1 && grid.z <= 65535;
    const bool isBlock = threads.x >= 1 && threads.y == 1 && threads.z == 1 && threads.x <= static_cast<unsigned>(launch.kernel->mostThreads);
    if (!isGrid || !isBlock || sharedBytes > static_cast<std::size_t>(std::min(kernel->granted, all.sharedBytes)))
      return cudaErrorInvalidConfiguration;
    // A warp is given registers by 256.
    const int warps = static_cast<int>(threads.x + 31) / 32;
    if (warps * ((resources.registers * 32 + 255) / 256 * 256) > kRegistersOfProcessor) return cudaErrorLaunchOutOfResources;
    launch.grid = extentOf(grid);
    launch.threads = threads.x;
    launch.sharedBytes = static_cast<int>(sharedBytes);
    launch.parameters.resize(launch.kernel->parameterBytes);
    for (std::size_t i = 0; i < launch.kernel->parameters.size(); ++i) {
      const ptx::Parameter& parameter = launch.kernel->parameters[i];
      std::memcpy(launch.parameters.data() + parameter.offset, arguments[i], parameter.bytes);
    }
    all.queue(stream,
              [launch = std::move(launch), &all] { ptx::run(launch, all.allocations, all.counts ? &all.counts->of(launch.kernel) : nullptr); });
    return cudaSuccess;
  });
}

cudaError_t cudaLaunchKernel(const void* host, dim3 grid, dim3 threads, void** arguments, std::size_t sharedBytes, cudaStream_t stream) {
  return __cudaLaunchKernel(&runtime().kernels.at(host), grid, threads, arguments, sharedBytes, stream);
}

// ---- Kernels ----

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* host) {
  return call([&](Runtime& all) {
    const CUkern_st& kernel = all.kernels.at(host);
    const ptx::Resources& resources = all.modules().resources(kernel.name);
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

// ---- Devices ----

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

// ---- Memory ----

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

// ---- Streams, events, graphs ----

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  return callOutsideCapture([&](Runtime& all) {
    *stream = new CUstream_st;
    (*stream)->device = currentDevice;
    all.streams.insert(*stream);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return call([&](Runtime& all) {
    if (all.streams.erase(stream) == 0) return cudaErrorInvalidResourceHandle;
    stream->runTo(stream->queued);
    delete stream;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return callOutsideCapture([&](Runtime& all) {
    if (all.streams.count(stream) == 0) return cudaErrorInvalidResourceHandle;
    stream->runTo(stream->queued);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  return call([&](Runtime& all) {
    if (event->stream == nullptr) return cudaSuccess;
    if (stream->capture != nullptr) return cudaErrorStreamCaptureUnsupported;  // not what this project captures
    all.queue(stream, [other = event->stream, piece = event->piece] { other->runTo(piece); });
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st;
  (*event)->device = currentDevice;
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return call([&](Runtime&) {
    if (event->stream != nullptr) event->stream->runTo(event->piece);
    delete event;
    return cudaSuccess;
  });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return call([&](Runtime& all) {
    if (event->device != stream->device || stream->capture != nullptr) return cudaErrorInvalidResourceHandle;
    event->stream = stream;
    event->piece = stream->queued + 1;
    all.queue(stream, [event] { event->time = std::chrono::steady_clock::now(); });
    return cudaSuccess;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return callOutsideCapture([&](Runtime&) {
    if (event->stream != nullptr) event->stream->runTo(event->piece);
    return cudaSuccess;
  });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  return call([&](Runtime&) {
    *milliseconds = std::chrono::duration<float, std::milli>(end->time - begin->time).count();
    return cudaSuccess;
  });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  return callOutsideCapture([&](Runtime&) {
    stream->capture = std::make_shared<std::vector<Work>>();
    ++capturing;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return call([&](Runtime&) {
    if (stream->capture == nullptr) return cudaErrorInvalidValue;
    *graph = new CUgraph_st{stream->device, std::move(stream->capture)};
    stream->capture = nullptr;
    --capturing;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = new CUgraphExec_st{graph->work};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  return call([&](Runtime& all) {
    all.queue(stream, [work = executable->work] {
      for (const Work& piece : *work) piece();
    });
    return cudaSuccess;
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}

}  // extern "C"
