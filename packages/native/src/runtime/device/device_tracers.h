#pragma once
#include <memory>
#include <vector>

#include "ops/tracers/tracers.h"
#include "runtime/device/device_fields.h"

namespace retroplume {

/** Carries the emissions of one period as tracers (ops/tracers) in a device's memory. What it is given lies there, too, on the same device. */
class DeviceTracers {
 public:
  /**
   * Reads the weather once, and waits for it.
   *
   * @param params - hours, cells, kinds (read here alone), channels and sizes: pointers are not read
   * @param meteorology, rates - of the period; single precision; rates may be null where there are none
   * @throws NativeError DEVICE_OUT_OF_MEMORY
   */
  DeviceTracers(std::shared_ptr<Device> device, const TracerParams& params, std::shared_ptr<DeviceFields> meteorology,
                std::shared_ptr<DeviceFields> rates);

  const TracerParams& params() const { return params_; }
  /** Sweeps along both axes of each hour. */
  const std::vector<int>& steps() const { return steps_; }
  const Device* device() const { return device_.get(); }
  /** Enqueues the tracers of all hours. @param factors - of one hour or of all; null: 1 */
  void carry(const DeviceFields& emissions, const DeviceFields* factors, DeviceFields& out);
  /** Enqueues the transpose with respect to factors of one hour or of all, which is added. */
  void addAdjoint(const DeviceFields& emissions, const DeviceFields& gradOut, DeviceFields& gradFactors);

 private:
  /** For a call with factors of so many hours, from masses of zeros. */
  TracerParams begin(int64_t factorHours);
  Context context() const;

  std::shared_ptr<Device> device_;
  TracerParams params_;
  std::shared_ptr<DeviceFields> meteorology_, rates_;
  Buffer kinds_, firsts_, masses_, scratch_;
  std::vector<int> steps_;
};

}  // namespace retroplume
