#include "binding/addon.h"
#include "ops/cpu_kernels.h"
#include "runtime/error.h"

/** windowMean and windowMeanAdjoint of window-mean.ts: what JavaScript gives is checked here once, and the kernels read its memory in place. */
namespace retroplume {

namespace {

[[noreturn]] void refuse(const std::string& expected) { throw NativeError("ARGUMENT_INVALID", "window mean: expected " + expected); }

int64_t integer(const Napi::Object& source, const char* name) {
  const Napi::Value value = source.Get(name);
  if (!value.IsNumber() || value.As<Napi::Number>().DoubleValue() < 0) refuse(std::string(name) + " to be a number of at least 0");
  return value.As<Napi::Number>().Int64Value();
}

Napi::Float32Array floats(const Napi::Value& value, const char* name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array)
    refuse(std::string(name) + " to be a Float32Array");
  return value.As<Napi::Float32Array>();
}

Napi::Int32Array stepsOf(const Napi::Object& source) {
  const Napi::Value value = source.Get("steps");
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) refuse("steps to be an Int32Array");
  return value.As<Napi::Int32Array>();
}

/** Reads the request and checks it against the fields; hours, cells and channels then lie inside them. */
WindowMeanParams readParams(const Napi::Object& request, const Napi::Float32Array& fields, const Napi::Int32Array& steps) {
  WindowMeanParams p{};
  p.rows = integer(request, "rows"), p.cols = integer(request, "cols"), p.channels = integer(request, "channels");
  p.hour = integer(request, "hour");
  p.cropRow = integer(request, "cropRow"), p.cropCol = integer(request, "cropCol");
  p.cropRows = integer(request, "cropRows"), p.cropCols = integer(request, "cropCols");
  p.steps = steps.Data();
  p.stepCount = static_cast<int64_t>(steps.ElementLength()) / 2;
  const int64_t hourSize = p.rows * p.cols * p.channels;
  p.factorStride = request.Get("hourlyFactors").ToBoolean() ? hourSize : 0;
  if (p.cropRow + p.cropRows > p.rows || p.cropCol + p.cropCols > p.cols) refuse("the crop to lie inside the fields");
  if ((p.hour + 1) * hourSize > static_cast<int64_t>(fields.ElementLength())) refuse("the fields to hold the hour");
  for (int64_t step = 0; step < p.stepCount; ++step) {
    const int32_t first = p.steps[2 * step], last = p.steps[2 * step + 1];
    if (first < 0 || last < first || last > p.hour) refuse("the hours of every step to lie in the fields");
  }
  return p;
}

/** `offset` elements on, if `length` are left there. */
float* at(Napi::Float32Array array, int64_t offset, int64_t length, const char* name) {
  if (offset + length > static_cast<int64_t>(array.ElementLength())) refuse(std::string(name) + " to be long enough");
  return array.Data() + offset;
}

int64_t stepElements(const WindowMeanParams& p) { return p.stepCount * p.cropRows * p.cropCols * p.channels; }
int64_t factorElements(const WindowMeanParams& p) { return p.factorStride > 0 ? (p.hour + 1) * p.factorStride : p.rows * p.cols * p.channels; }

/** On the calling thread where it is alone: it may then run beside a program. Otherwise on the executor's, which has a team. */
template <class Call>
void runKernel(Addon& addon, Kernel<Call> kernel, const Call& call, int threads) {
  if (threads == 1) return kernel(call, Context{1, nullptr, nullptr});
  Executor& executor = addon.executor();
  executor.runAndWait([&] { kernel(call, Context{threads, nullptr, &executor.team()}); });
}

}  // namespace

Napi::Value Addon::windowMean(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Object request = info[0].As<Napi::Object>();
    const Napi::Float32Array fields = floats(info[1], "fields"), out = floats(info[3], "out");
    const Napi::Int32Array steps = stepsOf(request);
    WindowMean call{readParams(request, fields, steps), fields.Data(), nullptr, nullptr};
    if (!info[2].IsUndefined())
      call.factors = at(floats(info[2], "factors"), integer(request, "factorsOffset"), factorElements(call.params), "factors");
    call.out = at(out, integer(request, "stepsOffset"), stepElements(call.params), "out");
    runKernel(*this, cpuKernels(detectIsa()).windowMean, call, static_cast<int>(integer(request, "threads")));
    return info.Env().Undefined();
  });
}

Napi::Value Addon::windowMeanAdjoint(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Object request = info[0].As<Napi::Object>();
    const Napi::Float32Array fields = floats(info[1], "fields"), gradOut = floats(info[2], "gradOut"), gradFactors = floats(info[3], "gradFactors");
    const Napi::Int32Array steps = stepsOf(request);
    WindowMeanAdjoint call{readParams(request, fields, steps), fields.Data(), nullptr, nullptr};
    call.gradOut = at(gradOut, integer(request, "stepsOffset"), stepElements(call.params), "gradOut");
    call.gradFactors = at(gradFactors, integer(request, "factorsOffset"), factorElements(call.params), "gradFactors");
    runKernel(*this, cpuKernels(detectIsa()).windowMeanAdjoint, call, static_cast<int>(integer(request, "threads")));
    return info.Env().Undefined();
  });
}

}  // namespace retroplume
