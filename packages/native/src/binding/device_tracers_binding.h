#pragma once
#include <napi.h>

#include <memory>

#include "binding/addon.h"
#include "runtime/device/device_tracers.h"

namespace retroplume {

/** The JavaScript class Tracers: emissions of a period carried in a GPU's memory. */
class DeviceTracersBinding : public Napi::ObjectWrap<DeviceTracersBinding> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit DeviceTracersBinding(const Napi::CallbackInfo& info);

 private:
  DeviceTracers& live() const;
  /** @throws NativeError ARGUMENT_INVALID unless they lie on the same GPU in single precision, with the period's cells, its hours or more (or one,
   * where `shared`) and so many channels */
  DeviceFields& fields(const Napi::Value& value, const char* name, int64_t channels, bool shared = false) const;
  Napi::Value carry(const Napi::CallbackInfo& info);
  Napi::Value addAdjoint(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  std::unique_ptr<DeviceTracers> tracers_;
};

}  // namespace retroplume
