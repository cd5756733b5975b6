#include "binding/fields_binding.h"

#include "binding/arguments.h"

namespace retroplume {

namespace {

const Arguments arguments("device fields");

NativeError disposed() { return NativeError("PROGRAM_DISPOSED", "device fields: expected live fields but they have been disposed: make new ones"); }

}  // namespace

Napi::Function FieldsBinding::define(Napi::Env env) {
  return DefineClass(
      env, "Fields",
      {InstanceMethod("write", &FieldsBinding::write), InstanceMethod("read", &FieldsBinding::read), InstanceMethod("addTo", &FieldsBinding::addTo),
       InstanceMethod("clear", &FieldsBinding::clear), InstanceMethod("dispose", &FieldsBinding::dispose)});
}

FieldsBinding::FieldsBinding(const Napi::CallbackInfo& info) : Napi::ObjectWrap<FieldsBinding>(info) {
  guarded(info.Env(), [&] {
    const Napi::Object shape = info[0].As<Napi::Object>();
    const auto count = [&](const char* name) {
      const int64_t of = arguments.integer(shape, name);
      if (of < 1) arguments.refuse(std::string(name) + " to be at least 1");
      return of;
    };
    const DeviceFields::Shape of{count("hours"), count("rows"), count("cols"), count("channels")};
    arguments.elements({of.hours, of.rows, of.cols, of.channels, 4});
    const float one = shape.Get("one").IsUndefined() ? 0 : shape.Get("one").ToNumber().FloatValue();
    const ProgramOptions options = info.Env().GetInstanceData<Addon>()->withDevice(readProgramOptions(info[1]));
    if (!options.device) arguments.refuse("a GPU as options.device");
    fields_ = std::make_shared<DeviceFields>(options.device, of, one);
  });
}

std::shared_ptr<DeviceFields> FieldsBinding::of(const Addon& addon, const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().InstanceOf(addon.fieldsClass().Value())) arguments.refuse("fields on the program's GPU");
  const FieldsBinding& self = *Unwrap(value.As<Napi::Object>());
  if (!self.fields_) throw disposed();
  return self.fields_;
}

DeviceFields& FieldsBinding::live() const {
  if (!fields_) throw disposed();
  return *fields_;
}

int64_t FieldsBinding::placeOf(const Napi::CallbackInfo& info, int64_t count) const {
  const DeviceFields& fields = live();
  const int64_t hours = fields.shape().hours, hour = info[0].IsNumber() ? info[0].As<Napi::Number>().Int64Value() : -1;
  const int64_t hourSize = fields.elements() / hours;
  if (hour < 0 || hour > hours || count > (hours - hour) * hourSize) arguments.refuse("the hours to lie in the fields");
  return hour * hourSize;
}

Napi::Value FieldsBinding::write(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    DeviceFields& fields = live();
    const auto put = [&](int64_t count, const void* from) { fields.write(placeOf(info, count), from, count); };
    if (fields.halves()) {
      const Napi::Uint16Array data = arguments.array<uint16_t>(info[1], "data");
      put(static_cast<int64_t>(data.ElementLength()), data.Data());
    } else {
      const Napi::Float32Array data = arguments.floats(info[1], "data");
      put(static_cast<int64_t>(data.ElementLength()), data.Data());
    }
    return info.Env().Undefined();
  });
}

template <class Body>
Napi::Value FieldsBinding::fetch(const Napi::CallbackInfo& info, Body body) {
  return guarded(info.Env(), [&] {
    if (live().halves()) arguments.refuse("fields in single precision");
    Napi::Float32Array into = arguments.floats(info[1], "into");
    const auto count = static_cast<int64_t>(into.ElementLength());
    body(live(), placeOf(info, count), into.Data(), count);
    return info.Env().Undefined();
  });
}

Napi::Value FieldsBinding::read(const Napi::CallbackInfo& info) {
  return fetch(info, [](const DeviceFields& fields, int64_t begin, float* into, int64_t count) { fields.read(begin, into, count); });
}

Napi::Value FieldsBinding::addTo(const Napi::CallbackInfo& info) {
  return fetch(info, [](const DeviceFields& fields, int64_t begin, float* into, int64_t count) { fields.addTo(begin, into, count); });
}

Napi::Value FieldsBinding::clear(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const DeviceFields::Shape& shape = live().shape();
    const int64_t hours = info[1].IsNumber() ? info[1].As<Napi::Number>().Int64Value() : -1;
    if (hours < 0) arguments.refuse("hours to be a number of at least 0");
    const int64_t count = arguments.elements({hours, shape.rows, shape.cols, shape.channels});
    live().clear(placeOf(info, count), count);
    return info.Env().Undefined();
  });
}

Napi::Value FieldsBinding::dispose(const Napi::CallbackInfo& info) {
  fields_.reset();
  return info.Env().Undefined();
}

}  // namespace retroplume
