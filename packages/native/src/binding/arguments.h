#pragma once
#include <napi.h>

#include <initializer_list>
#include <string>

#include "binding/addon.h"
#include "napi/arguments.h"
#include "ops/cpu_kernels.h"
#include "runtime/error.h"

/** Arguments of the kernels that JavaScript calls outside programs: checked once, and its memory is read in place. */
namespace retroplume {

/** Reads one call's arguments; `what` begins every message. */
class Arguments {
  /** Refuses a value of another kind. */
  auto other(const char* name) const {
    return [this, name](const char* kind) { refuse(std::string(name) + " to be " + kind); };
  }

 public:
  explicit Arguments(std::string what) : what_(std::move(what)) {}

  [[noreturn]] void refuse(const std::string& expected) const { throw NativeError("ARGUMENT_INVALID", what_ + ": expected " + expected); }

  /** Up to 2^53: the sum of any two fits. */
  int64_t integer(const Napi::Object& source, const char* name) const {
    const Napi::Value value = source.Get(name);
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
    if (!(number >= 0)) refuse(std::string(name) + " to be a number of at least 0");
    if (number > 9007199254740992.0) refuse(std::string(name) + " to be a number of at most 2^53");
    return static_cast<int64_t>(number);
  }

  /** As many as a program may have. */
  int threads(const Napi::Value& value) const {
    const double threads = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
    if (!(threads >= 1 && threads <= 1024)) refuse("threads to be at least 1 and at most 1024");
    return static_cast<int>(threads);
  }

  /** The product of dimensions from 0 on, refused where it does not fit 63 bits. */
  int64_t elements(std::initializer_list<int64_t> dimensions) const {
    int64_t total = 1;
    for (const int64_t dimension : dimensions) {
      if (__builtin_mul_overflow(total, dimension, &total)) refuse("fewer elements");
    }
    return total;
  }

  double number(const Napi::Value& value, const char* name) const { return readNumber(value, other(name)); }

  template <class T>
  Napi::TypedArrayOf<T> array(const Napi::Value& value, const char* name) const {
    return readArray<T>(value, other(name));
  }
  Napi::Float32Array floats(const Napi::Value& value, const char* name) const { return array<float>(value, name); }

  /** `offset` elements on, if `length` are left there. */
  float* at(Napi::Float32Array array, int64_t offset, int64_t length, const char* name) const {
    if (length > static_cast<int64_t>(array.ElementLength()) - offset) refuse(std::string(name) + " to be long enough");
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
  Executor& executor = addon.worker().executor();
  executor.runAndWait([&] { kernel(call, Context{threads, nullptr, &executor.team()}); });
}

}  // namespace retroplume
