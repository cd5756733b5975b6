#pragma once
#include <napi.h>

#include <string>

#include "binding/addon.h"
#include "ops/cpu_kernels.h"
#include "runtime/error.h"

/** Arguments of the kernels that JavaScript calls outside programs: checked once, and its memory is read in place. */
namespace retroplume {

/** Reads one call's arguments; `what` begins every message. */
class Arguments {
 public:
  explicit Arguments(std::string what) : what_(std::move(what)) {}

  [[noreturn]] void refuse(const std::string& expected) const { throw NativeError("ARGUMENT_INVALID", what_ + ": expected " + expected); }

  int64_t integer(const Napi::Object& source, const char* name) const {
    const Napi::Value value = source.Get(name);
    if (!value.IsNumber() || !(value.As<Napi::Number>().DoubleValue() >= 0)) refuse(std::string(name) + " to be a number of at least 0");
    return value.As<Napi::Number>().Int64Value();
  }

  Napi::Float32Array floats(const Napi::Value& value, const char* name) const {
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array)
      refuse(std::string(name) + " to be a Float32Array");
    return value.As<Napi::Float32Array>();
  }

  Napi::Uint16Array halves(const Napi::Value& value, const char* name) const {
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint16_array)
      refuse(std::string(name) + " to be a Uint16Array");
    return value.As<Napi::Uint16Array>();
  }

  /** `offset` elements on, if `length` are left there. */
  float* at(Napi::Float32Array array, int64_t offset, int64_t length, const char* name) const {
    if (offset + length > static_cast<int64_t>(array.ElementLength())) refuse(std::string(name) + " to be long enough");
    return array.Data() + offset;
  }

 private:
  std::string what_;
};

/** Who shares a kernel's work. */
struct Workers {
  int threads;
  /** beside a program: not the executor's team, but that of the calling thread */
  bool beside = false;
};

/** On the calling thread where it is alone or has a team of its own: it may then run beside a program. Otherwise on the executor's. */
template <class Call>
void runKernel(Addon& addon, Kernel<Call> kernel, const Call& call, Workers workers) {
  const int threads = workers.threads;
  if (threads == 1) return kernel(call, Context{1, nullptr, nullptr});
  if (workers.beside) return kernel(call, Context{threads, nullptr, &addon.teamBeside()});
  Executor& executor = addon.executor();
  executor.runAndWait([&] { kernel(call, Context{threads, nullptr, &executor.team()}); });
}

}  // namespace retroplume
