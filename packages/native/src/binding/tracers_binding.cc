#include <cmath>
#include <vector>

#include "binding/arguments.h"

/** tracers and tracersAdjoint of tracers.ts. */
namespace retroplume {

namespace {

const Arguments arguments("tracers");

float positive(const Napi::Object& source, const char* name) {
  const Napi::Value value = source.Get(name);
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
  if (!(number > 0) || !std::isfinite(number)) arguments.refuse(std::string(name) + " to be a number above 0");
  return static_cast<float>(number);
}

/** What a call points to, and its parameters; they live as long as it. */
struct Request {
  TracerParams params{};
  std::vector<TracerKind> kinds;
  std::vector<float> scratch, masses;
  int threads;
  int64_t cells, factorsOffset, factorElements;

  Request(const Napi::Object& source, const Napi::Float32Array& meteorology, const Napi::Float32Array& rates, const Napi::Value& state) {
    TracerParams& p = params;
    p.hours = arguments.integer(source, "hours"), p.rows = arguments.integer(source, "rows"), p.cols = arguments.integer(source, "cols");
    p.groups = arguments.integer(source, "groups");
    p.sizeX = positive(source, "cellSizeX"), p.sizeY = positive(source, "cellSizeY");
    p.rateCount = arguments.integer(source, "rateCount");
    const Napi::Array list = source.Get("kinds").As<Napi::Array>();
    for (uint32_t k = 0; k < list.Length(); ++k) kinds.push_back(kindOf(list.Get(k).As<Napi::Object>(), k));
    p.kinds = kinds.data(), p.kindCount = list.Length();
    p.channels = arguments.integer(source, "channels");
    p.windX = arguments.integer(source, "windX"), p.windY = arguments.integer(source, "windY"), p.height = arguments.integer(source, "height");
    p.inverseHeight = source.Get("inverseHeight").ToBoolean();
    if (p.windX >= p.channels || p.windY >= p.channels || p.height >= p.channels) arguments.refuse("channels to hold the winds and the height");
    cells = p.rows * p.cols;
    p.follows = source.Get("follows").ToBoolean();
    p.meteorology = arguments.at(meteorology, 0, (p.hours + (p.follows ? 1 : 0)) * cells * p.channels, "meteorology");
    const bool hourly = source.Get("hourlyFactors").ToBoolean();
    p.factorStride = hourly ? cells * p.groups : 0;
    factorsOffset = arguments.integer(source, "factorsOffset");
    factorElements = cells * p.groups * (hourly ? p.hours : 1);
    p.rates = arguments.at(rates, 0, p.hours * cells * p.rateCount, "rates");
    threads = static_cast<int>(arguments.integer(source, "threads"));
    if (state.IsUndefined()) {
      masses.resize(tracerMasses(p));
      p.masses = masses.data();
    } else {
      p.masses = arguments.at(arguments.floats(state, "state"), 0, tracerMasses(p), "state");
    }
    scratch.resize(tracerScratch(p, threads));
    p.scratch = scratch.data();
  }

  TracerKind kindOf(const Napi::Object& source, int64_t place) const {
    const auto index = [&](const char* name, int64_t end) -> int64_t {
      const Napi::Value value = source.Get(name);
      if (value.IsUndefined()) return -1;
      const int64_t number = arguments.integer(source, name);
      if (number >= end) arguments.refuse(std::string(name) + " of tracer " + std::to_string(place) + " below " + std::to_string(end));
      return number;
    };
    const TracerKind kind{std::exp(-1 / positive(source, "lifetime")), index("precursor", place), index("rate", params.rateCount),
                          index("kept", params.rateCount), source.Get("aloft").ToBoolean()};
    if ((kind.precursor < 0) != (kind.rate < 0)) arguments.refuse("tracer " + std::to_string(place) + " to have both precursor and rate, or neither");
    return kind;
  }

  int64_t emissionElements() const { return params.hours * cells * params.groups; }
  int64_t tracerElements() const { return emissionElements() * params.kindCount; }
};

}  // namespace

Napi::Value Addon::tracers(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Request request(info[0].As<Napi::Object>(), arguments.floats(info[1], "meteorology"), arguments.floats(info[2], "rates"), info[6]);
    Tracers call{request.params, nullptr, nullptr, nullptr};
    call.emissions = arguments.at(arguments.floats(info[3], "emissions"), 0, request.emissionElements(), "emissions");
    call.out = arguments.at(arguments.floats(info[4], "out"), 0, request.tracerElements(), "out");
    if (!info[5].IsUndefined())
      call.factors = arguments.at(arguments.floats(info[5], "factors"), request.factorsOffset, request.factorElements, "factors");
    runKernel(*this, cpuKernels(detectIsa()).tracers, call, {request.threads});
    return info.Env().Undefined();
  });
}

Napi::Value Addon::tracersAdjoint(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Request request(info[0].As<Napi::Object>(), arguments.floats(info[1], "meteorology"), arguments.floats(info[2], "rates"), info[6]);
    TracersAdjoint call{request.params, nullptr, nullptr, nullptr};
    call.emissions = arguments.at(arguments.floats(info[3], "emissions"), 0, request.emissionElements(), "emissions");
    call.gradOut = arguments.at(arguments.floats(info[4], "gradOut"), 0, request.tracerElements(), "gradOut");
    call.gradFactors = arguments.at(arguments.floats(info[5], "gradFactors"), request.factorsOffset, request.factorElements, "gradFactors");
    runKernel(*this, cpuKernels(detectIsa()).tracersAdjoint, call, {request.threads});
    return info.Env().Undefined();
  });
}

}  // namespace retroplume
