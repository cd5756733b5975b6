#include "runtime/device_fields.h"

namespace retroplume {

DeviceFields::DeviceFields(std::shared_ptr<Device> device, Shape shape, float one)
    : device_(std::move(device)), shape_(shape), one_(one), memory_(static_cast<std::size_t>(elements()) * (halves() ? 2 : 4), device_) {}

void DeviceFields::write(int64_t begin, const void* from, int64_t count) {
  const int64_t width = halves() ? 2 : 4;
  upload(*device_, static_cast<char*>(memory_.data()) + begin * width, from, static_cast<std::size_t>(count * width));
}

void DeviceFields::read(int64_t begin, void* to, int64_t count) const {
  const int64_t width = halves() ? 2 : 4;
  download(*device_, to, static_cast<const char*>(memory_.data()) + begin * width, static_cast<std::size_t>(count * width));
}

void DeviceFields::clear() { device_->clear(memory_.data(), memory_.bytes()); }

void DeviceFields::launchAdjoint(const WindowMeanParams& params, const float* gradOut) {
  device_->select();
  const Context context{1, nullptr, nullptr, device_->queue(), device_->sharedBytes()};
  std::get<CudaKernel<WindowMeanAdjointOnDevice>>(device_->kernels())
      .run({params, shape_.hours, gradOut, static_cast<float*>(memory_.data())}, context);
}

void DeviceFields::launchWindow(const WindowMeanParams& params, float* out) const {
  WindowMeanOnDevice call{params, shape_.hours, nullptr, nullptr, halves() ? one_ : 1, out};
  if (halves())
    call.halves = static_cast<const uint16_t*>(memory_.data());
  else
    call.fields = static_cast<const float*>(memory_.data());
  const Context context{1, nullptr, nullptr, device_->queue(), device_->sharedBytes()};
  std::get<CudaKernel<WindowMeanOnDevice>>(device_->kernels()).run(call, context);
}

}  // namespace retroplume
