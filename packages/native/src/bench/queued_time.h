#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>

#include "runtime/buffer.h"
#include "runtime/device/device.h"

namespace retroplume {

/**
 * Times launches that cannot be recorded as a graph, since they go to the device's queue whatever it records. An idle device begins with the first
 * while the host is still about the next, whose part would count: so it is given other work before, for longer than the host takes.
 */
class QueuedTime {
 public:
  explicit QueuedTime(std::shared_ptr<Device> device) : device_(std::move(device)), memory_(kBytes, device_) {
    clear(1);
    device_->synchronise();
    clearing_ = std::max(1e-6, device_->time([this] { clear(kFew); }) / kFew);
  }

  /** Seconds that the device takes for what `launch` starts, without what the host takes to start it. It is called twice. */
  double secondsOf(const std::function<void()>& launch) {
    const auto start = std::chrono::steady_clock::now();
    launch();
    const double host = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    device_->synchronise();
    clear(static_cast<int>(std::min(kMost, 1 + std::ceil(2 * host / clearing_))));
    return device_->time(launch);
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{256} << 20;  // 0.1 ms of an H100, as long as the host takes for some tens of launches
  static constexpr int kFew = 4;
  static constexpr double kMost = 64;

  void clear(int times) {
    for (int i = 0; i < times; ++i) device_->clear(memory_.data(), memory_.bytes());
  }

  std::shared_ptr<Device> device_;
  Buffer memory_;
  double clearing_;
};

}  // namespace retroplume
