#include "runtime/device/device_places.h"

#include "ops/places/places.h"

namespace retroplume {

void DevicePlaces::read(const float* array, int64_t length, const int32_t* places, int64_t count, float* values) {
  if (count == 0) return;
  take(places, count);
  const auto on = static_cast<float*>(values_.data());
  std::get<CudaKernel<GatherOnDevice>>(device_->kernels()).run({count, length, array, static_cast<const int32_t*>(places_.data()), on}, context());
  download(*device_, values, on, static_cast<std::size_t>(count) * sizeof(float));
}

void DevicePlaces::write(float* array, int64_t length, const int32_t* places, int64_t count, const float* values) {
  device_->clear(array, static_cast<std::size_t>(length) * sizeof(float));
  if (count == 0) return;
  take(places, count);
  const auto on = static_cast<float*>(values_.data());
  upload(*device_, on, values, static_cast<std::size_t>(count) * sizeof(float));
  std::get<CudaKernel<ScatterOnDevice>>(device_->kernels()).run({count, length, on, static_cast<const int32_t*>(places_.data()), array}, context());
}

void DevicePlaces::take(const int32_t* places, int64_t count) {
  const auto bytes = static_cast<std::size_t>(count) * sizeof(int32_t);
  if (places_.bytes() < bytes) {
    places_ = Buffer(bytes, device_);
    values_ = Buffer(bytes, device_);
  }
  upload(*device_, places_.data(), places, bytes);
}

}  // namespace retroplume
