#pragma once
#include <napi.h>

#include <memory>

#include "binding/addon.h"
#include "runtime/device/device_fields.h"

namespace retroplume {

/** The JavaScript class Fields: hourly fields in a GPU's memory. */
class FieldsBinding : public Napi::ObjectWrap<FieldsBinding> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit FieldsBinding(const Napi::CallbackInfo& info);

  /** @throws NativeError ARGUMENT_INVALID unless `value` is such an object that lives */
  static std::shared_ptr<DeviceFields> of(const Addon& addon, const Napi::Value& value);

 private:
  DeviceFields& live() const;
  /** Of hours from the first argument on: where `count` numbers begin. */
  int64_t placeOf(const Napi::CallbackInfo& info, int64_t count) const;
  Napi::Value write(const Napi::CallbackInfo& info);
  Napi::Value read(const Napi::CallbackInfo& info);
  Napi::Value addTo(const Napi::CallbackInfo& info);
  /** body(fields, begin, into, count): what is asked for lies in the fields. */
  template <class Body>
  Napi::Value fetch(const Napi::CallbackInfo& info, Body body);
  Napi::Value clear(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  /** Shared with the windows of it that are staged. */
  std::shared_ptr<DeviceFields> fields_;
};

}  // namespace retroplume
