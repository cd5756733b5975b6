#pragma once
#include <cstdint>
#include <memory>

#include "runtime/buffer.h"
#include "runtime/device/device.h"

namespace retroplume {

/** Reads and writes some elements of arrays in a device's memory, which alone cross to the host: each at a place of its own, from 0 to `length`. */
class DevicePlaces {
 public:
  explicit DevicePlaces(std::shared_ptr<Device> device) : device_(std::move(device)) {}

  /** `count` elements of `array`, after what the device's stream has to do. @throws NativeError DEVICE_OUT_OF_MEMORY */
  void read(const float* array, int64_t length, const int32_t* places, int64_t count, float* values);
  /** Those become `values`, and all others 0. @throws NativeError DEVICE_OUT_OF_MEMORY */
  void write(float* array, int64_t length, const int32_t* places, int64_t count, const float* values);

 private:
  /** Room for so many places and values, the places in it. */
  void take(const int32_t* places, int64_t count);
  Context context() const { return {1, nullptr, nullptr, device_->queue(), device_->sharedBytes()}; }

  std::shared_ptr<Device> device_;
  Buffer places_, values_;
};

}  // namespace retroplume
