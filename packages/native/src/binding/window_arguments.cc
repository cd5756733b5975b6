#include "binding/window_arguments.h"

namespace retroplume {

namespace {

Augmentation readAugmentation(const Arguments& arguments, const Napi::Object& request, const WindowMeanParams& p) {
  Augmentation by;
  const auto given = [&](const char* name) { return !request.Get(name).IsUndefined(); };
  if (given("turns")) by.turns = static_cast<int32_t>(arguments.integer(request, "turns") % 4);
  if (by.turns != 0 && p.cropRows != p.cropCols) arguments.refuse("a square crop to turn");
  if (given("vector")) {
    const Napi::Object vector = request.Get("vector").As<Napi::Object>();
    const int64_t u = arguments.integer(vector, "u"), v = arguments.integer(vector, "v");
    if (u >= p.channels || v >= p.channels) arguments.refuse("channels of the fields in vector");
    by.u = static_cast<int32_t>(u), by.v = static_cast<int32_t>(v);
  }
  const auto number = [&](const Napi::Object& from, const char* name) { return from.Get(name).ToNumber().FloatValue(); };
  if (given("noise")) {
    const Napi::Object noise = request.Get("noise").As<Napi::Object>();
    by.noise = number(noise, "deviation");
    by.key = static_cast<uint64_t>(arguments.integer(noise, "key"));
  }
  if (given("factor")) by.factor = number(request, "factor");
  return by;
}

}  // namespace

Napi::Int32Array windowSteps(const Arguments& arguments, const Napi::Object& request) {
  return arguments.array<int32_t>(request.Get("steps"), "steps");
}

WindowMeanParams readWindowParams(const Arguments& arguments, const Napi::Object& request, const Napi::Int32Array& steps) {
  WindowMeanParams p{};
  p.rows = arguments.integer(request, "rows"), p.cols = arguments.integer(request, "cols"), p.channels = arguments.integer(request, "channels");
  p.hour = arguments.integer(request, "hour");
  p.cropRow = arguments.integer(request, "cropRow"), p.cropCol = arguments.integer(request, "cropCol");
  p.cropRows = arguments.integer(request, "cropRows"), p.cropCols = arguments.integer(request, "cropCols");
  p.steps = steps.Data();
  if (steps.ElementLength() % 2 != 0) arguments.refuse("steps to be pairs of hours");
  p.stepCount = static_cast<int64_t>(steps.ElementLength()) / 2;
  const int64_t hourSize = arguments.elements({p.rows, p.cols, p.channels});
  arguments.elements({p.hour + 1, hourSize}), arguments.elements({p.stepCount, hourSize});  // whatever is computed of them fits, too
  p.factorStride = request.Get("hourlyFactors").ToBoolean() ? hourSize : 0;
  if (p.cropRows < 1 || p.cropCols < 1 || p.channels < 1 || p.stepCount < 1) arguments.refuse("a crop of at least one cell, a channel and a step");
  if (p.cropRow + p.cropRows > p.rows || p.cropCol + p.cropCols > p.cols) arguments.refuse("the crop to lie inside the fields");
  for (int64_t step = 0; step < p.stepCount; ++step) {
    const int32_t first = p.steps[2 * step], last = p.steps[2 * step + 1];
    if (first < 0 || last < first || last > p.hour) arguments.refuse("the hours of every step to lie in the fields");
  }
  p.augmentation = readAugmentation(arguments, request, p);
  return p;
}

int64_t windowElements(const WindowMeanParams& p) { return p.stepCount * p.cropRows * p.cropCols * p.channels; }

}  // namespace retroplume
