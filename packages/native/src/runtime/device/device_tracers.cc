#include "runtime/device/device_tracers.h"

#include "ops/tracers/tracer_layers.h"

namespace retroplume {

DeviceTracers::DeviceTracers(std::shared_ptr<Device> device, const TracerParams& params, std::shared_ptr<DeviceFields> meteorology,
                             std::shared_ptr<DeviceFields> rates)
    : device_(std::move(device)),
      params_(params),
      meteorology_(std::move(meteorology)),
      rates_(std::move(rates)),
      kinds_(static_cast<std::size_t>(params.count) * sizeof(TracerKind), device_),
      firsts_(static_cast<std::size_t>(params.groups + 1) * sizeof(int64_t), device_),
      masses_(static_cast<std::size_t>(2 * tracerMasses(params)) * sizeof(float), device_),
      scratch_(static_cast<std::size_t>(tracerDeviceScratch(params)) * sizeof(float), device_) {
  upload(*device_, kinds_.data(), params.kinds, kinds_.bytes());
  upload(*device_, firsts_.data(), params.firsts, firsts_.bytes());
  params_.kinds = static_cast<const TracerKind*>(kinds_.data());
  params_.firsts = static_cast<const int64_t*>(firsts_.data());
  params_.meteorology = meteorology_->floats();
  params_.rates = rates_ ? rates_->floats() : nullptr;
  params_.masses = static_cast<float*>(masses_.data());
  params_.scratch = static_cast<float*>(scratch_.data());
  std::vector<float> largest(static_cast<std::size_t>(params.hours));
  const Buffer courants(largest.size() * sizeof(float), device_);
  device_->select();
  std::get<CudaKernel<TracerCourants>>(device_->kernels()).run({params_, static_cast<float*>(courants.data())}, context());
  download(*device_, largest.data(), courants.data(), courants.bytes());
  for (const float courant : largest) steps_.push_back(tracerSteps(courant));
}

void DeviceTracers::carry(const DeviceFields& emissions, const DeviceFields* factors, DeviceFields& out) {
  const TracerParams params = begin(factors == nullptr ? 1 : factors->shape().hours);
  const float* by = factors == nullptr ? nullptr : factors->floats();
  std::get<CudaKernel<TracersOnDevice>>(device_->kernels()).run({{params, emissions.floats(), by, out.floats()}, steps_.data()}, context());
}

void DeviceTracers::addAdjoint(const DeviceFields& emissions, const DeviceFields& gradOut, DeviceFields& gradFactors) {
  const TracerParams params = begin(gradFactors.shape().hours);
  std::get<CudaKernel<TracersAdjointOnDevice>>(device_->kernels())
      .run({{params, emissions.floats(), gradOut.floats(), gradFactors.floats()}, steps_.data()}, context());
}

TracerParams DeviceTracers::begin(int64_t factorHours) {
  device_->select();
  device_->clear(masses_.data(), static_cast<std::size_t>(tracerMasses(params_)) * sizeof(float));
  TracerParams params = params_;
  params.factorStride = factorHours == 1 ? 0 : params.rows * params.cols * params.groups;
  return params;
}

Context DeviceTracers::context() const { return {1, nullptr, nullptr, device_->queue(), device_->sharedBytes()}; }

}  // namespace retroplume
