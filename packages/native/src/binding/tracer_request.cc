#include "binding/tracer_request.h"

#include <algorithm>
#include <cmath>

namespace retroplume {

namespace {

float positive(const Arguments& arguments, const Napi::Object& source, const char* name) {
  const Napi::Value value = source.Get(name);
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
  if (!(number > 0) || !std::isfinite(number)) arguments.refuse(std::string(name) + " to be a number above 0");
  return static_cast<float>(number);
}

/** @param first - of the group's tracers @param place - among them */
TracerKind kindOf(const Arguments& arguments, const Napi::Object& source, int64_t first, int64_t place, int64_t rateCount) {
  const auto index = [&](const char* name, int64_t end) -> int64_t {
    if (source.Get(name).IsUndefined()) return -1;
    const int64_t number = arguments.integer(source, name);
    if (number >= end) arguments.refuse(std::string(name) + " of tracer " + std::to_string(place) + " below " + std::to_string(end));
    return number;
  };
  TracerKind kind{std::exp(-1 / positive(arguments, source, "lifetime")), index("precursor", place), index("rate", rateCount),
                  index("kept", rateCount), source.Get("aloft").ToBoolean()};
  if ((kind.precursor < 0) != (kind.rate < 0)) arguments.refuse("tracer " + std::to_string(place) + " to have both precursor and rate, or neither");
  if (kind.precursor >= 0) kind.precursor += first;
  return kind;
}

Napi::Array listOf(const Arguments& arguments, const Napi::Value& value) {
  if (!value.IsArray()) arguments.refuse("kinds to be a list of each group's list of tracers");
  return value.As<Napi::Array>();
}

}  // namespace

TracerRequest::TracerRequest(const Arguments& arguments, const Napi::Object& source) {
  TracerParams& p = params;
  p.hours = arguments.integer(source, "hours"), p.rows = arguments.integer(source, "rows"), p.cols = arguments.integer(source, "cols");
  const Napi::Array groups = listOf(arguments, source.Get("kinds"));
  p.groups = groups.Length();
  p.sizeX = positive(arguments, source, "cellSizeX"), p.sizeY = positive(arguments, source, "cellSizeY");
  p.rateCount = arguments.integer(source, "rateCount");
  if (p.hours < 1 || p.rows < 1 || p.cols < 1 || p.groups < 1) arguments.refuse("hours, rows, cols and groups of at least 1");
  for (uint32_t g = 0; g < groups.Length(); ++g) {
    const Napi::Array list = listOf(arguments, groups.Get(g));
    firsts.push_back(static_cast<int64_t>(kinds.size()));
    for (uint32_t k = 0; k < list.Length(); ++k) kinds.push_back(kindOf(arguments, list.Get(k).As<Napi::Object>(), firsts.back(), k, p.rateCount));
  }
  firsts.push_back(static_cast<int64_t>(kinds.size()));
  p.kinds = kinds.data(), p.firsts = firsts.data(), p.count = firsts.back();
  p.channels = arguments.integer(source, "channels");
  p.windX = arguments.integer(source, "windX"), p.windY = arguments.integer(source, "windY"), p.height = arguments.integer(source, "height");
  p.inverseHeight = source.Get("inverseHeight").ToBoolean();
  if (p.windX >= p.channels || p.windY >= p.channels || p.height >= p.channels) arguments.refuse("channels to hold the winds and the height");
  p.follows = source.Get("follows").ToBoolean();
  // More than any array, masses or scratch memory of theirs has: what is computed of these numbers fits.
  const int64_t planes = std::max({p.channels, p.rateCount, p.groups, p.count}) + 2048;
  arguments.elements({p.hours + 1, p.rows + 4, p.cols + 32, planes, 4});
}

}  // namespace retroplume
