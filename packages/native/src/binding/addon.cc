#include "binding/addon.h"

#include "binding/device_tracers_binding.h"
#include "binding/fields_binding.h"
#include "binding/program_binding.h"
#include "runtime/cpu_features.h"
#include "runtime/error.h"

namespace retroplume {

Napi::Error toJavaScript(Napi::Env env, const std::exception& error) {
  Napi::Error result = Napi::Error::New(env, error.what());
  const auto* native = dynamic_cast<const NativeError*>(&error);
  result.Set("code", Napi::String::New(env, native != nullptr ? native->code() : "NATIVE_FAILURE"));
  return result;
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

Executor& Addon::executor() {
  if (!executor_) executor_ = std::make_unique<Executor>();
  return *executor_;
}

Napi::Promise Addon::submit(Napi::Env env, std::function<Finish()> job) {
  Executor& runner = executor();
  if (!settle_) {
    settle_ = Napi::ThreadSafeFunction::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}), "retroplume", 0, 1);
    settle_.Unref(env);
    // Hooks run last first: the executor's thread ends before Node closes the function that it calls.
    env.AddCleanupHook([this] { executor_.reset(); });
  }
  if (pending_++ == 0) settle_.Ref(env);
  auto deferred = std::make_shared<Napi::Promise::Deferred>(env);
  runner.enqueue([this, deferred, job = std::move(job)]() mutable {
    Finish finish;
    std::exception_ptr error;
    try {
      finish = job();
    } catch (...) {
      error = std::current_exception();
    }
    job = nullptr;
    settle_.BlockingCall([this, deferred, finish, error](Napi::Env env, Napi::Function) {
      if (--pending_ == 0) settle_.Unref(env);
      try {
        if (error) std::rethrow_exception(error);
        deferred->Resolve(finish(env));
      } catch (const std::exception& failure) {
        deferred->Reject(toJavaScript(env, failure).Value());
      }
    });
  });
  return deferred->Promise();
}

Napi::Value Addon::kernelNames(const Napi::CallbackInfo& info) {
  const std::vector<std::string> names = registry_.names();
  Napi::Array result = Napi::Array::New(info.Env(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) result.Set(static_cast<uint32_t>(i), names[i]);
  return result;
}

Napi::Value Addon::cpuFeatures(const Napi::CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("isa", isaName(detectIsa()));
  result.Set("threads", defaultThreads());
  result.Set("compiler", __VERSION__);
  return result;
}

NODE_API_ADDON(Addon)

}  // namespace retroplume
