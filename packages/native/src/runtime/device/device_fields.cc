#include "runtime/device/device_fields.h"

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

void DeviceFields::addTo(int64_t begin, float* to, int64_t count) const {
  device_->download(floats() + begin, static_cast<std::size_t>(count) * sizeof(float), [to](const void* part, std::size_t first, std::size_t bytes) {
    const auto* from = static_cast<const float*>(part);
    float* at = to + first / sizeof(float);
    for (std::size_t i = 0; i < bytes / sizeof(float); ++i) at[i] += from[i];
  });
}

void DeviceFields::clear(int64_t begin, int64_t count) {
  const int64_t width = halves() ? 2 : 4;
  device_->clear(static_cast<char*>(memory_.data()) + begin * width, static_cast<std::size_t>(count * width));
}

void DeviceFields::launchWindow(const WindowMeanParams& params, const DeviceFields* factors, float* out) const {
  WindowMeanOnDevice call{params, shape_.hours, nullptr, nullptr, halves() ? one_ : 1, nullptr, 1, out};
  if (halves())
    call.halves = static_cast<const uint16_t*>(memory_.data());
  else
    call.fields = floats();
  if (factors != nullptr) call.factors = factors->floats(), call.factorHours = factors->shape_.hours;
  const Context context{1, nullptr, nullptr, device_->queue(), device_->sharedBytes()};
  std::get<CudaKernel<WindowMeanOnDevice>>(device_->kernels()).run(call, context);
}

void DeviceFields::launchAdjoint(const WindowMeanParams& params, const DeviceFields* fields, const float* gradOut) {
  device_->select();
  const Context context{1, nullptr, nullptr, device_->queue(), device_->sharedBytes()};
  const int64_t hours = fields == nullptr ? 0 : fields->shape_.hours;
  std::get<CudaKernel<WindowMeanAdjointOnDevice>>(device_->kernels())
      .run({params, hours, fields == nullptr ? nullptr : fields->floats(), gradOut, floats(), shape_.hours}, context);
}

}  // namespace retroplume
