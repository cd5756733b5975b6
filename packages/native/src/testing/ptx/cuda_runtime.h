#pragma once
#include <cuda_runtime_api.h>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/error.h"
#include "testing/ptx/machine.h"
#include "testing/ptx/modules.h"

/**
 * The functions of CUDA's runtime that this project calls, on two devices that do not exist: kernels are run by machine.h. It takes the place of
 * libcudart when a program is linked, so that everything from nvcc's launches to streams, events, graphs and pinned memory is what a GPU would be
 * given.
 *
 * What is queued on a stream is done as late as CUDA allows it: when somebody waits for it. RETROPLUME_PTX_EAGER=1 does it at once instead.
 * Calls that CUDA refuses are refused: while the thread captures, on a stream of another device, with more threads, registers or shared memory than a
 * processor has. The first error stays, as on a device.
 *
 *   RETROPLUME_PTX_COUNTS=FILE     what every instruction was asked for, as tab-separated values (counts.h), written when the program ends
 *   RETROPLUME_PTX_FOLDER=FOLDER   the PTX that is run, in place of what lies beside the objects
 *   RETROPLUME_PTX_FAILED_CAPTURES=N   so many recordings of a process end as invalid
 *   RETROPLUME_PTX_SHARED=BYTES    shared memory of a block, RETROPLUME_PTX_MEMORY=BYTES memory of a device
 */

namespace retroplume::ptx {

using Work = std::function<void()>;

}  // namespace retroplume::ptx

/** Work in the order in which it was queued; `done` of `queued` pieces are done. */
struct CUstream_st {
  int device = 0;
  std::deque<retroplume::ptx::Work> work;
  uint64_t queued = 0, done = 0;
  std::shared_ptr<std::vector<retroplume::ptx::Work>> capture;  // while it captures

  void runTo(uint64_t piece) {
    while (done < piece) {
      const retroplume::ptx::Work next = std::move(work.front());
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
  std::shared_ptr<std::vector<retroplume::ptx::Work>> work;
};

struct CUgraphExec_st {
  std::shared_ptr<std::vector<retroplume::ptx::Work>> work;
};

/** A kernel as nvcc's code has registered it. */
struct CUkern_st {
  std::string name;
  int granted = 48 * 1024;  // dynamic shared memory
};

namespace retroplume::ptx {

class Runtime {
 public:
  std::recursive_mutex mutex;
  std::unordered_map<const void*, CUkern_st> kernels;  // by the function of the host
  Allocations allocations;
  std::unordered_map<const void*, std::size_t> device;  // bytes of allocations
  std::unordered_map<const void*, std::size_t> pinned;
  std::set<cudaStream_t> streams;
  std::size_t used = 0;
  std::string message;
  cudaError_t failed = cudaSuccess;  // stays
  std::unique_ptr<Counts> counts;    // RETROPLUME_PTX_COUNTS=FILE: written there when the program ends
  const bool eager = std::getenv("RETROPLUME_PTX_EAGER") != nullptr;
  std::size_t failedCaptures = number("RETROPLUME_PTX_FAILED_CAPTURES", 0);  // still to come
  const std::size_t memory = number("RETROPLUME_PTX_MEMORY", std::size_t{8} << 30);
  const int sharedBytes = static_cast<int>(number("RETROPLUME_PTX_SHARED", 227 * 1024));

  Modules& modules() {
    if (modules_ == nullptr) {
      const char* folder = std::getenv("RETROPLUME_PTX_FOLDER");
      modules_ = std::make_unique<Modules>(folder != nullptr ? folder : RETROPLUME_PTX_FOLDER);
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
  std::unique_ptr<Modules> modules_;
};

Runtime& runtime();

extern thread_local int currentDevice;
extern thread_local int capturing;  // streams, by this thread

/** What cudaGetLastError says next, if it is an error. */
cudaError_t told(cudaError_t status);

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

}  // namespace retroplume::ptx
