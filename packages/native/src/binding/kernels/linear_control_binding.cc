#include <memory>

#include "binding/arguments.h"
#include "ops/linear_control/linear_control.h"

/** linearFactors, linearDescent, linearBounds and isFinite of linear-control.ts: a stretch of JavaScript's arrays, in place. */
namespace retroplume {

namespace {

const Arguments arguments("linear control");

/** The elements of a control that a call is about. */
class Stretch {
 public:
  explicit Stretch(const Napi::Object& request)
      : begin_(arguments.integer(request, "begin")),
        elements(arguments.integer(request, "end") - begin_),
        threads(arguments.threads(request.Get("threads"))) {
    if (elements < 0) arguments.refuse("begin not to be behind end");
  }

  double* of(const Napi::Value& value, const char* name) const {
    auto array = arguments.array<double>(value, name);
    if (begin_ + elements > static_cast<int64_t>(array.ElementLength())) arguments.refuse(std::string(name) + " to be long enough");
    return array.Data() + begin_;
  }
  float* floats(const Napi::Value& value, const char* name) const { return arguments.at(arguments.floats(value, name), 0, elements, name); }

 private:
  int64_t begin_;

 public:
  const int64_t elements;
  const int threads;
};

}  // namespace

Napi::Value Addon::linearFactors(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Stretch stretch(info[0].As<Napi::Object>());
    const LinearFactors call{stretch.elements, stretch.of(info[1], "control"), stretch.of(info[2], "prior"), stretch.floats(info[3], "factors")};
    runKernel(*this, cpuKernels(detectIsa()).linearFactors, call, {stretch.threads});
    return info.Env().Undefined();
  });
}

Napi::Value Addon::linearDescent(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Stretch stretch(info[0].As<Napi::Object>());
    const LinearDescent call{stretch.elements, arguments.number(info[4], "rate"), stretch.of(info[2], "prior"),
                             stretch.floats(info[3], "gradFactors"), stretch.of(info[1], "control")};
    runKernel(*this, cpuKernels(detectIsa()).linearDescent, call, {stretch.threads});
    return info.Env().Undefined();
  });
}

Napi::Value Addon::linearBounds(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Stretch stretch(info[0].As<Napi::Object>());
    const LinearBounds call{stretch.elements, arguments.number(info[3], "bound"), stretch.of(info[2], "prior"), stretch.of(info[1], "control")};
    runKernel(*this, cpuKernels(detectIsa()).linearBounds, call, {stretch.threads});
    return info.Env().Undefined();
  });
}

Napi::Value Addon::isFinite(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Float32Array values = arguments.floats(info[0], "values");
    const int threads = arguments.threads(info[1]);
    const std::unique_ptr<bool[]> found(new bool[threads]());
    runKernel(*this, cpuKernels(detectIsa()).findNonFinite, FindNonFinite{static_cast<int64_t>(values.ElementLength()), values.Data(), found.get()},
              {threads});
    bool all = true;
    for (int t = 0; t < threads; ++t) all = all && !found[t];
    return Napi::Boolean::New(info.Env(), all);
  });
}

}  // namespace retroplume
