#include <chrono>
#include <cstdlib>

#include "runtime/buffer.h"
#include "runtime/device/device.h"

/** A device in the host's memory, whose kernels block.cc runs. It stands for every index. */
namespace retroplume {

namespace {

/** What is staged waits in vectors, so that a program that reads it too early sees the old numbers. */
class EmulatedStaging final : public DeviceStaging {
 public:
  void write(void* to, std::size_t bytes, const std::function<void(void*)>& fill) override {
    sets_[filling_].writes.push_back({to, std::vector<char>(bytes)});
    fill(sets_[filling_].writes.back().data.data());
  }
  void defer(std::function<void()> launch) override { sets_[filling_].launches.push_back(std::move(launch)); }
  int handOver() override {
    if (sets_[filling_].writes.empty() && sets_[filling_].launches.empty()) return -1;
    filling_ = 1 - filling_;
    return 1 - filling_;
  }
  void apply(int index) override {
    const Set set = std::move(sets_[index]);
    sets_[index] = {};
    for (const Write& write : set.writes) __builtin_memcpy(write.to, write.data.data(), write.data.size());
    for (const auto& launch : set.launches) launch();
  }

 private:
  struct Write {
    void* to;
    std::vector<char> data;
  };
  struct Set {
    std::vector<Write> writes;
    std::vector<std::function<void()>> launches;
  };
  Set sets_[2];
  int filling_ = 0;
};

class EmulatedDevice final : public Device {
 public:
  const CudaKernels& kernels() const override { return kernels_; }
  void* allocate(std::size_t bytes) override {
    buffers_.emplace_back(bytes);
    return buffers_.back().data();
  }
  void clear(void* memory, std::size_t bytes) override { __builtin_memset(memory, 0, bytes); }
  void release(void* memory) noexcept override {
    for (Buffer& buffer : buffers_) {
      if (buffer.data() == memory) buffer = Buffer();
    }
  }
  /** Two parts, so that one who takes them for one shows. */
  void upload(void* to, std::size_t bytes, const std::function<void(void*, std::size_t, std::size_t)>& fill) override {
    const std::size_t half = bytes / 8 * 4;
    fill(to, 0, half);
    fill(static_cast<char*>(to) + half, half, bytes - half);
  }
  void download(const void* from, std::size_t bytes, const std::function<void(const void*, std::size_t, std::size_t)>& take) override {
    const std::size_t half = bytes / 8 * 4;
    take(from, 0, half);
    take(static_cast<const char*>(from) + half, half, bytes - half);
  }
  std::unique_ptr<DeviceStaging> makeStaging() override { return std::make_unique<EmulatedStaging>(); }
  void* stream() const override { return nullptr; }
  void* queue() const override { return nullptr; }
  int sharedBytes() const override { return sharedBytes_; }
  void select() const override {}
  void synchronise() override {}
  std::unique_ptr<DeviceGraph> record(const std::function<void()>& body) override {
    struct Graph final : DeviceGraph {
      explicit Graph(std::function<void()> body) : body(std::move(body)) {}
      void launch() override { body(); }
      std::function<void()> body;
    };
    return std::make_unique<Graph>(body);
  }
  double time(const std::function<void()>& body) override {
    const auto start = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

 private:
  /** As of an H100; RETROPLUME_EMULATED_SHARED gives the bytes of another card. */
  static int sharedOfBlock() {
    const char* given = std::getenv("RETROPLUME_EMULATED_SHARED");
    return given != nullptr ? std::atoi(given) : 227 * 1024;
  }

  const CudaKernels kernels_ = cudaKernels();
  const int sharedBytes_ = sharedOfBlock();
  std::vector<Buffer> buffers_;
};

}  // namespace

DevicesFound findDevices() { return {true, "", {{0, "emulated device", "emulation", 0}}}; }

std::shared_ptr<Device> openDevice(int) { return std::make_shared<EmulatedDevice>(); }

}  // namespace retroplume
