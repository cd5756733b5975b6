#include "binding/device_tracers_binding.h"

#include "binding/fields_binding.h"
#include "binding/tracer_request.h"

namespace retroplume {

namespace {

const Arguments arguments("tracers on a GPU");

/** Of a period's cells and hours, at the least. */
std::shared_ptr<DeviceFields> fieldsOf(const Addon& addon, const Napi::Value& value, const Device* device, const TracerParams& p, const char* name,
                                       int64_t channels, bool shared) {
  const std::shared_ptr<DeviceFields> found = FieldsBinding::of(addon, value);
  const DeviceFields::Shape& shape = found->shape();
  if (!found->isOn(device) || found->halves()) arguments.refuse(std::string(name) + " to lie on the same GPU in single precision");
  const bool hours = shape.hours >= p.hours || (shared && shape.hours == 1);
  if (!hours || shape.rows != p.rows || shape.cols != p.cols || shape.channels != channels)
    arguments.refuse(std::string(name) + " of the request's hours, cells and channels");
  return found;
}

}  // namespace

Napi::Function DeviceTracersBinding::define(Napi::Env env) {
  return DefineClass(env, "Tracers",
                     {InstanceMethod("carry", &DeviceTracersBinding::carry), InstanceMethod("addAdjoint", &DeviceTracersBinding::addAdjoint),
                      InstanceMethod("dispose", &DeviceTracersBinding::dispose)});
}

DeviceTracersBinding::DeviceTracersBinding(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DeviceTracersBinding>(info) {
  guarded(info.Env(), [&] {
    const TracerRequest request(arguments, info[0].As<Napi::Object>());
    const TracerParams& p = request.params;
    if (p.follows || p.hours < 1 || p.count < 1) arguments.refuse("a whole period, and at least one tracer");
    Addon& addon = *info.Env().GetInstanceData<Addon>();
    const std::shared_ptr<Device> device = addon.withDevice(readProgramOptions(info[3])).device;
    if (!device) arguments.refuse("a GPU as options.device");
    auto meteorology = fieldsOf(addon, info[1], device.get(), p, "meteorology", p.channels, false);
    auto rates = p.rateCount == 0 ? nullptr : fieldsOf(addon, info[2], device.get(), p, "rates", p.rateCount, false);
    tracers_ = std::make_unique<DeviceTracers>(device, p, std::move(meteorology), std::move(rates));
  });
}

DeviceTracers& DeviceTracersBinding::live() const {
  if (!tracers_) throw NativeError("PROGRAM_DISPOSED", "tracers on a GPU: expected live ones but they have been disposed: make new ones");
  return *tracers_;
}

DeviceFields& DeviceTracersBinding::fields(const Napi::Value& value, const char* name, int64_t channels, bool shared) const {
  const TracerParams& p = live().params();
  return *fieldsOf(*Env().GetInstanceData<Addon>(), value, live().device(), p, name, channels, shared);
}

Napi::Value DeviceTracersBinding::carry(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const TracerParams& p = live().params();
    const DeviceFields* factors = info[1].IsUndefined() ? nullptr : &fields(info[1], "factors", p.groups, true);
    live().carry(fields(info[0], "emissions", p.groups), factors, fields(info[2], "out", p.count));
    return info.Env().Undefined();
  });
}

Napi::Value DeviceTracersBinding::addAdjoint(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const TracerParams& p = live().params();
    live().addAdjoint(fields(info[0], "emissions", p.groups), fields(info[1], "gradOut", p.count), fields(info[2], "gradFactors", p.groups, true));
    return info.Env().Undefined();
  });
}

Napi::Value DeviceTracersBinding::dispose(const Napi::CallbackInfo& info) {
  tracers_.reset();
  return info.Env().Undefined();
}

}  // namespace retroplume
