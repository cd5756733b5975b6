#include <vector>

#include "binding/arguments.h"
#include "binding/window_arguments.h"

/** windowMean, windowMeanOfHalves and windowMeanAdjoint of fields.ts: what JavaScript gives is checked here once, and the kernels read its
 * memory in place. */
namespace retroplume {

namespace {

const Arguments arguments("window mean");

Workers workersOf(const Napi::Object& request) { return {arguments.threads(request.Get("threads")), request.Get("beside").ToBoolean().Value()}; }

const float* fieldsOf(const Napi::Value& value, const WindowMeanParams& p) {
  const Napi::Float32Array fields = arguments.floats(value, "fields");
  if ((p.hour + 1) * p.rows * p.cols * p.channels > static_cast<int64_t>(fields.ElementLength())) arguments.refuse("the fields to hold the hour");
  return fields.Data();
}

int64_t factorElements(const WindowMeanParams& p) { return p.factorStride > 0 ? (p.hour + 1) * p.factorStride : p.rows * p.cols * p.channels; }

}  // namespace

Napi::Value Addon::windowMean(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Object request = info[0].As<Napi::Object>();
    const Napi::Float32Array out = arguments.floats(info[3], "out");
    const Napi::Int32Array steps = windowSteps(arguments, request);
    WindowMean call{readWindowParams(arguments, request, steps), nullptr, nullptr, nullptr};
    call.fields = fieldsOf(info[1], call.params);
    if (!info[2].IsUndefined())
      call.factors =
          arguments.at(arguments.floats(info[2], "factors"), arguments.integer(request, "factorsOffset"), factorElements(call.params), "factors");
    call.out = arguments.at(out, arguments.integer(request, "stepsOffset"), windowElements(call.params), "out");
    runKernel(*this, cpuKernels(detectIsa()).windowMean, call, workersOf(request));
    return info.Env().Undefined();
  });
}

Napi::Value Addon::windowMeanOfHalves(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Object request = info[0].As<Napi::Object>(), fields = info[1].As<Napi::Object>();
    const Napi::Array blocks = fields.Get("blocks").As<Napi::Array>();
    const Napi::Float32Array out = arguments.floats(info[2], "out");
    const Napi::Int32Array steps = windowSteps(arguments, request);
    WindowMeanOfHalves call{readWindowParams(arguments, request, steps), nullptr, 0, 1, nullptr};
    const WindowMeanParams& p = call.params;
    call.hoursOfBlock = arguments.integer(fields, "hoursOfBlock");
    if (call.hoursOfBlock == 0) arguments.refuse("hoursOfBlock to be at least 1");
    call.one = fields.Get("one").ToNumber().FloatValue();
    std::vector<const uint16_t*> begins;
    int64_t hours = 0;
    bool full = true;
    for (uint32_t i = 0; i < blocks.Length(); ++i) {
      const Napi::Uint16Array block = arguments.array<uint16_t>(blocks.Get(i), "every block");
      const int64_t held = static_cast<int64_t>(block.ElementLength()) / (p.rows * p.cols * p.channels);
      if (!full) arguments.refuse("every block but the last to hold hoursOfBlock hours");
      full = held >= call.hoursOfBlock;
      hours += full ? call.hoursOfBlock : held;
      begins.push_back(block.Data());
    }
    if (p.hour >= hours) arguments.refuse("the fields to hold the hour");
    call.blocks = begins.data();
    call.out = arguments.at(out, arguments.integer(request, "stepsOffset"), windowElements(p), "out");
    runKernel(*this, cpuKernels(detectIsa()).windowMeanOfHalves, call, workersOf(request));
    return info.Env().Undefined();
  });
}

Napi::Value Addon::windowMeanAdjoint(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Object request = info[0].As<Napi::Object>();
    const Napi::Float32Array gradOut = arguments.floats(info[2], "gradOut"), gradFactors = arguments.floats(info[3], "gradFactors");
    const Napi::Int32Array steps = windowSteps(arguments, request);
    WindowMeanAdjoint call{readWindowParams(arguments, request, steps), nullptr, nullptr, nullptr};
    if (!call.params.augmentation.none()) arguments.refuse("no augmentation");
    if (!info[1].IsUndefined()) call.fields = fieldsOf(info[1], call.params);
    call.gradOut = arguments.at(gradOut, arguments.integer(request, "stepsOffset"), windowElements(call.params), "gradOut");
    call.gradFactors = arguments.at(gradFactors, arguments.integer(request, "factorsOffset"), factorElements(call.params), "gradFactors");
    runKernel(*this, cpuKernels(detectIsa()).windowMeanAdjoint, call, workersOf(request));
    return info.Env().Undefined();
  });
}

}  // namespace retroplume
