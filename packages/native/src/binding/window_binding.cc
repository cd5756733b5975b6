#include <vector>

#include "binding/arguments.h"

/** windowMean, windowMeanOfHalves and windowMeanAdjoint of window-mean.ts: what JavaScript gives is checked here once, and the kernels read its
 * memory in place. */
namespace retroplume {

namespace {

const Arguments arguments("window mean");

Napi::Int32Array stepsOf(const Napi::Object& source) {
  const Napi::Value value = source.Get("steps");
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) arguments.refuse("steps to be an Int32Array");
  return value.As<Napi::Int32Array>();
}

/** Reads the request; hours, cells and channels then lie inside fields that hold the hour. */
WindowMeanParams readParams(const Napi::Object& request, const Napi::Int32Array& steps) {
  WindowMeanParams p{};
  p.rows = arguments.integer(request, "rows"), p.cols = arguments.integer(request, "cols"), p.channels = arguments.integer(request, "channels");
  p.hour = arguments.integer(request, "hour");
  p.cropRow = arguments.integer(request, "cropRow"), p.cropCol = arguments.integer(request, "cropCol");
  p.cropRows = arguments.integer(request, "cropRows"), p.cropCols = arguments.integer(request, "cropCols");
  p.steps = steps.Data();
  p.stepCount = static_cast<int64_t>(steps.ElementLength()) / 2;
  const int64_t hourSize = p.rows * p.cols * p.channels;
  p.factorStride = request.Get("hourlyFactors").ToBoolean() ? hourSize : 0;
  if (p.cropRow + p.cropRows > p.rows || p.cropCol + p.cropCols > p.cols) arguments.refuse("the crop to lie inside the fields");
  for (int64_t step = 0; step < p.stepCount; ++step) {
    const int32_t first = p.steps[2 * step], last = p.steps[2 * step + 1];
    if (first < 0 || last < first || last > p.hour) arguments.refuse("the hours of every step to lie in the fields");
  }
  return p;
}

Workers workersOf(const Napi::Object& request) {
  return {static_cast<int>(arguments.integer(request, "threads")), request.Get("beside").ToBoolean().Value()};
}

const float* fieldsOf(const Napi::Value& value, const WindowMeanParams& p) {
  const Napi::Float32Array fields = arguments.floats(value, "fields");
  if ((p.hour + 1) * p.rows * p.cols * p.channels > static_cast<int64_t>(fields.ElementLength())) arguments.refuse("the fields to hold the hour");
  return fields.Data();
}

int64_t stepElements(const WindowMeanParams& p) { return p.stepCount * p.cropRows * p.cropCols * p.channels; }
int64_t factorElements(const WindowMeanParams& p) { return p.factorStride > 0 ? (p.hour + 1) * p.factorStride : p.rows * p.cols * p.channels; }

}  // namespace

Napi::Value Addon::windowMean(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Object request = info[0].As<Napi::Object>();
    const Napi::Float32Array out = arguments.floats(info[3], "out");
    const Napi::Int32Array steps = stepsOf(request);
    WindowMean call{readParams(request, steps), nullptr, nullptr, nullptr};
    call.fields = fieldsOf(info[1], call.params);
    if (!info[2].IsUndefined())
      call.factors =
          arguments.at(arguments.floats(info[2], "factors"), arguments.integer(request, "factorsOffset"), factorElements(call.params), "factors");
    call.out = arguments.at(out, arguments.integer(request, "stepsOffset"), stepElements(call.params), "out");
    runKernel(*this, cpuKernels(detectIsa()).windowMean, call, workersOf(request));
    return info.Env().Undefined();
  });
}

Napi::Value Addon::windowMeanOfHalves(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Object request = info[0].As<Napi::Object>(), fields = info[1].As<Napi::Object>();
    const Napi::Array blocks = fields.Get("blocks").As<Napi::Array>();
    const Napi::Float32Array out = arguments.floats(info[2], "out");
    const Napi::Int32Array steps = stepsOf(request);
    WindowMeanOfHalves call{readParams(request, steps), nullptr, 0, 1, nullptr};
    const WindowMeanParams& p = call.params;
    call.hoursOfBlock = arguments.integer(fields, "hoursOfBlock");
    if (call.hoursOfBlock == 0) arguments.refuse("hoursOfBlock to be at least 1");
    call.one = fields.Get("one").ToNumber().FloatValue();
    std::vector<const uint16_t*> begins;
    int64_t hours = 0;
    for (uint32_t i = 0; i < blocks.Length(); ++i) {
      const Napi::Uint16Array block = arguments.halves(blocks.Get(i), "every block");
      const int64_t held = static_cast<int64_t>(block.ElementLength()) / (p.rows * p.cols * p.channels);
      if (hours % call.hoursOfBlock != 0) arguments.refuse("every block but the last to hold hoursOfBlock hours");
      hours += held < call.hoursOfBlock ? held : call.hoursOfBlock;
      begins.push_back(block.Data());
    }
    if (p.hour >= hours) arguments.refuse("the fields to hold the hour");
    call.blocks = begins.data();
    call.out = arguments.at(out, arguments.integer(request, "stepsOffset"), stepElements(p), "out");
    runKernel(*this, cpuKernels(detectIsa()).windowMeanOfHalves, call, workersOf(request));
    return info.Env().Undefined();
  });
}

Napi::Value Addon::windowMeanAdjoint(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Object request = info[0].As<Napi::Object>();
    const Napi::Float32Array gradOut = arguments.floats(info[2], "gradOut"), gradFactors = arguments.floats(info[3], "gradFactors");
    const Napi::Int32Array steps = stepsOf(request);
    WindowMeanAdjoint call{readParams(request, steps), nullptr, nullptr, nullptr};
    if (!info[1].IsUndefined()) call.fields = fieldsOf(info[1], call.params);
    call.gradOut = arguments.at(gradOut, arguments.integer(request, "stepsOffset"), stepElements(call.params), "gradOut");
    call.gradFactors = arguments.at(gradFactors, arguments.integer(request, "factorsOffset"), factorElements(call.params), "gradFactors");
    runKernel(*this, cpuKernels(detectIsa()).windowMeanAdjoint, call, workersOf(request));
    return info.Env().Undefined();
  });
}

}  // namespace retroplume
