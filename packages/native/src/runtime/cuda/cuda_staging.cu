#include "runtime/cuda/check.h"
#include "runtime/cuda/cuda_staging.h"

namespace retroplume {

namespace {

/**
 * Two sets of pairs of pinned and device memory, by turns: one is filled, by a stream of its own, while the program may still take over the other.
 * The copy from there into the arena runs at the speed of the device's memory.
 */
class CudaStaging final : public DeviceStaging {
 public:
  CudaStaging(int device, cudaStream_t stream) : device_(device), stream_(stream) {
    RETROPLUME_CUDA(cudaSetDevice(device_));
    RETROPLUME_CUDA(cudaStreamCreateWithFlags(&copies_, cudaStreamNonBlocking));
    for (Set& set : sets_) {
      for (cudaEvent_t* event : {&set.copied, &set.applied}) RETROPLUME_CUDA(cudaEventCreateWithFlags(event, cudaEventDisableTiming));
    }
  }
  ~CudaStaging() override {
    cudaSetDevice(device_);
    cudaStreamSynchronize(copies_);
    cudaStreamSynchronize(stream_);
    for (Set& set : sets_) {
      for (Slot& slot : set.slots) {
        cudaFreeHost(slot.pinned);
        cudaFree(slot.memory);
      }
      cudaEventDestroy(set.copied);
      cudaEventDestroy(set.applied);
    }
    cudaStreamDestroy(copies_);
  }

  void write(void* to, std::size_t bytes, const std::function<void(void*)>& fill) override {
    RETROPLUME_CUDA(cudaSetDevice(device_));
    Set& set = sets_[filling_];
    if (set.used == 0) {
      // What this set held two runs ago has left pinned memory, and the program has taken it over.
      RETROPLUME_CUDA(cudaEventSynchronize(set.copied));
      RETROPLUME_CUDA(cudaStreamWaitEvent(copies_, set.applied));
    }
    if (set.used == set.slots.size()) set.slots.emplace_back();
    Slot& slot = set.slots[set.used];
    if (slot.capacity < bytes) grow(slot, bytes);
    ++set.used;
    slot.to = to;
    slot.bytes = bytes;
    fill(slot.pinned);
    RETROPLUME_CUDA(cudaMemcpyAsync(slot.memory, slot.pinned, bytes, cudaMemcpyHostToDevice, copies_));
  }

  void defer(std::function<void()> launch) override { sets_[filling_].launches.push_back(std::move(launch)); }

  int handOver() override {
    Set& set = sets_[filling_];
    if (set.used == 0 && set.launches.empty()) return -1;
    RETROPLUME_CUDA(cudaSetDevice(device_));
    RETROPLUME_CUDA(cudaEventRecord(set.copied, copies_));
    filling_ = 1 - filling_;
    return 1 - filling_;
  }

  void apply(int index) override {
    RETROPLUME_CUDA(cudaSetDevice(device_));
    Set& set = sets_[index];
    RETROPLUME_CUDA(cudaStreamWaitEvent(stream_, set.copied));
    for (std::size_t i = 0; i < set.used; ++i) {
      RETROPLUME_CUDA(cudaMemcpyAsync(set.slots[i].to, set.slots[i].memory, set.slots[i].bytes, cudaMemcpyDeviceToDevice, stream_));
    }
    RETROPLUME_CUDA(cudaEventRecord(set.applied, stream_));
    set.used = 0;
    const auto launches = std::move(set.launches);
    set.launches.clear();
    for (const auto& launch : launches) launch();
  }

 private:
  struct Slot {
    void *pinned = nullptr, *memory = nullptr, *to = nullptr;
    std::size_t capacity = 0, bytes = 0;
  };
  struct Set {
    std::vector<Slot> slots;
    std::size_t used = 0;
    std::vector<std::function<void()>> launches;
    cudaEvent_t copied = nullptr, applied = nullptr;
  };

  void grow(Slot& slot, std::size_t bytes) {
    RETROPLUME_CUDA(cudaStreamSynchronize(copies_));
    RETROPLUME_CUDA(cudaFreeHost(slot.pinned));
    RETROPLUME_CUDA(cudaFree(slot.memory));
    slot = {};
    RETROPLUME_CUDA(cudaMallocHost(&slot.pinned, bytes));
    RETROPLUME_CUDA(cudaMalloc(&slot.memory, bytes));
    slot.capacity = bytes;
  }

  int device_;
  cudaStream_t stream_, copies_ = nullptr;
  Set sets_[2];
  int filling_ = 0;
};

}  // namespace

std::unique_ptr<DeviceStaging> makeCudaStaging(int device, cudaStream_t stream) { return std::make_unique<CudaStaging>(device, stream); }

}  // namespace retroplume
