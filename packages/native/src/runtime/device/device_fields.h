#pragma once
#include <cstdint>
#include <memory>

#include "ops/window_mean/window_mean.h"
#include "runtime/buffer.h"
#include "runtime/device/device.h"

namespace retroplume {

/** Hourly fields [T, H, W, C] that lie in a device's memory, for windows that programs on it take of them; in single or in half precision. */
class DeviceFields {
 public:
  struct Shape {
    int64_t hours, rows, cols, channels;
  };

  /**
   * @param one - the number that 1 stands for in half precision; 0: single precision
   * @throws NativeError DEVICE_OUT_OF_MEMORY
   */
  DeviceFields(std::shared_ptr<Device> device, Shape shape, float one);

  const Shape& shape() const { return shape_; }
  bool halves() const { return one_ != 0; }
  /** Copies `count` numbers, floats or halves as the fields are, to those from element `begin` on; they are all in the fields. */
  void write(int64_t begin, const void* from, int64_t count);
  /** `count` numbers from element `begin` on, which are all in the fields. */
  void read(int64_t begin, void* to, int64_t count) const;
  /** Of fields in single precision: adds them to those at `to`. */
  void addTo(int64_t begin, float* to, int64_t count) const;
  /** `count` numbers from element `begin` on, which are all in the fields, become 0. */
  void clear(int64_t begin, int64_t count);
  /**
   * Enqueues the window on the device, times factors of one hour or of all if there are some.
   *
   * @param params - whose crop and hours lie in the fields
   */
  void launchWindow(const WindowMeanParams& params, const DeviceFields* factors, float* out) const;
  /** Enqueues the transpose with respect to factors, of one hour or of all: what comes of a gradient on a window of `fields` (null: 1) is added to
   * these. */
  void launchAdjoint(const WindowMeanParams& params, const DeviceFields* fields, const float* gradOut);
  bool isOn(const Device* device) const { return device_.get() == device; }
  int64_t elements() const { return shape_.hours * shape_.rows * shape_.cols * shape_.channels; }
  /** Of fields in single precision, in the device's memory. */
  float* floats() const { return static_cast<float*>(memory_.data()); }

 private:
  std::shared_ptr<Device> device_;
  Shape shape_;
  float one_;
  Buffer memory_;
};

}  // namespace retroplume
