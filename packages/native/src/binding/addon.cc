#include "binding/addon.h"

#include "binding/device_tracers_binding.h"
#include "binding/fields_binding.h"
#include "binding/program_binding.h"
#include "napi/arguments.h"
#include "runtime/cpu_features.h"
#include "runtime/error.h"

namespace retroplume {

Napi::Error toJavaScript(Napi::Env env, const std::exception& error) {
  const auto* native = dynamic_cast<const NativeError*>(&error);
  return codedError(env, native != nullptr ? native->code() : "NATIVE_FAILURE", error.what());
}

Addon::Addon(Napi::Env env, Napi::Object exports) : registry_(makeRegistry()) {
  const Napi::Function fields = FieldsBinding::define(env);
  fieldsClass_ = Napi::Persistent(fields);
  DefineAddon(exports, {
                           InstanceMethod("kernelNames", &Addon::kernelNames),
                           InstanceMethod("cpuFeatures", &Addon::cpuFeatures),
                           InstanceMethod("cudaDevices", &Addon::cudaDevices),
                           InstanceMethod("measurePeak", &Addon::measurePeak),
                           InstanceMethod("windowMean", &Addon::windowMean),
                           InstanceMethod("windowMeanOfHalves", &Addon::windowMeanOfHalves),
                           InstanceMethod("windowMeanAdjoint", &Addon::windowMeanAdjoint),
                           InstanceMethod("fromHalf", &Addon::fromHalf),
                           InstanceMethod("toHalf", &Addon::toHalf),
                           InstanceMethod("tracers", &Addon::tracers),
                           InstanceMethod("tracersAdjoint", &Addon::tracersAdjoint),
                           InstanceMethod("tracerRates", &Addon::tracerRates),
                           InstanceMethod("linearFactors", &Addon::linearFactors),
                           InstanceMethod("linearDescent", &Addon::linearDescent),
                           InstanceMethod("linearBounds", &Addon::linearBounds),
                           InstanceMethod("isFinite", &Addon::isFinite),
                           InstanceValue("Program", ProgramBinding::define(env), napi_enumerable),
                           InstanceValue("Fields", fields, napi_enumerable),
                           InstanceValue("Tracers", DeviceTracersBinding::define(env), napi_enumerable),
                       });
}

ProgramOptions Addon::withDevice(ReadOptions read) {
  if (read.gpu < 0) return read.options;
  std::shared_ptr<Device>& device = devices_[read.gpu];
  if (!device) device = openDevice(read.gpu);
  read.options.device = device;
  return read.options;
}

Napi::Value Addon::cudaDevices(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const DevicesFound found = findDevices();
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("built", found.built);
    result.Set("reason", found.reason);
    Napi::Array devices = Napi::Array::New(info.Env(), found.devices.size());
    for (std::size_t i = 0; i < found.devices.size(); ++i) {
      Napi::Object device = Napi::Object::New(info.Env());
      device.Set("index", found.devices[i].index);
      device.Set("name", found.devices[i].name);
      device.Set("architecture", found.devices[i].architecture);
      device.Set("memoryBytes", found.devices[i].memoryBytes);
      devices.Set(static_cast<uint32_t>(i), device);
    }
    result.Set("devices", devices);
    return result;
  });
}

Napi::Value Addon::kernelNames(const Napi::CallbackInfo& info) { return toArray(info.Env(), registry_.names()); }

Napi::Value Addon::cpuFeatures(const Napi::CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("isa", isaName(detectIsa()));
  result.Set("threads", defaultThreads());
  result.Set("compiler", __VERSION__);
  return result;
}

NODE_API_ADDON(Addon)

}  // namespace retroplume
