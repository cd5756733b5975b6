#include "bench/queued_time.h"

#include <cstdio>
#include <stdexcept>

/** QueuedTime against a device whose work takes known times of the clock, and a host that is slower than it. */
namespace retroplume {

namespace {

using Clock = std::chrono::steady_clock;

double now() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

void wait(double until) {
  while (now() < until) continue;
}

constexpr double kClearing = 1e-3, kKernel = 10e-6, kLaunch = 100e-6;
constexpr int kKernels = 10;

/** Does nothing, in the times above, one thing after the other. */
class SlowlyFedDevice final : public Device {
 public:
  const CudaKernels& kernels() const override { throw std::logic_error("no kernels"); }
  void* allocate(std::size_t) override { return this; }
  void release(void*) noexcept override {}
  void clear(void*, std::size_t) override { queue(kClearing); }
  void upload(void*, std::size_t, const std::function<void(void*, std::size_t, std::size_t)>&) override {}
  void download(const void*, std::size_t, const std::function<void(const void*, std::size_t, std::size_t)>&) override {}
  std::unique_ptr<DeviceStaging> makeStaging() override { return nullptr; }
  void* stream() const override { return nullptr; }
  void* queue() const override { return nullptr; }
  int sharedBytes() const override { return 0; }
  void select() const override {}
  void synchronise() override { wait(busyUntil_); }
  std::unique_ptr<DeviceGraph> record(const std::function<void()>&) override { return nullptr; }
  double time(const std::function<void()>& body) override {
    const double begin = std::max(now(), busyUntil_);
    body();
    const double end = std::max(now(), busyUntil_);
    synchronise();
    return end - begin;
  }
  void queue(double seconds) { busyUntil_ = std::max(now(), busyUntil_) + seconds; }

 private:
  double busyUntil_ = 0;
};

}  // namespace

int run() {
  const auto device = std::make_shared<SlowlyFedDevice>();
  const auto launches = [&] {
    for (int i = 0; i < kKernels; ++i) {
      wait(now() + kLaunch);
      device->queue(kKernel);
    }
  };
  QueuedTime timer(device);
  // The least of some: another process may hold up the host for longer than the device was given work.
  double least = 1;
  for (int i = 0; i < 10; ++i) least = std::min(least, timer.secondsOf(launches));
  const double wanted = kKernels * kKernel;
  if (std::abs(least - wanted) < 0.01 * wanted) return 0;
  std::printf("FAIL expected %g s of the device but received %g\n", wanted, least);
  return 1;
}

}  // namespace retroplume

int main() { return retroplume::run(); }
