#include <algorithm>
#include <vector>

#include "binding/tracer_request.h"
#include "ops/tracers/tracer_rates.h"

/** tracers, tracersAdjoint and tracerRates of tracers.ts. */
namespace retroplume {

namespace {

const Arguments arguments("tracers");

/** What a call points to besides emissions, tracers and factors. */
struct HostRequest : TracerRequest {
  std::vector<float> scratch, masses;
  std::vector<uint8_t> asked;
  int threads;
  int64_t factorsOffset, factorElements;

  HostRequest(const Napi::Object& source, const Napi::Float32Array& meteorology, const Napi::Float32Array& rates, const Napi::Value& state)
      : TracerRequest(arguments, source) {
    TracerParams& p = params;
    p.meteorology = arguments.at(meteorology, 0, (p.hours + (p.follows ? 1 : 0)) * cells() * p.channels, "meteorology");
    const bool hourly = source.Get("hourlyFactors").ToBoolean();
    p.factorStride = hourly ? cells() * p.groups : 0;
    factorsOffset = arguments.integer(source, "factorsOffset");
    factorElements = cells() * p.groups * (hourly ? p.hours : 1);
    p.rates = arguments.at(rates, 0, p.hours * cells() * p.rateCount, "rates");
    threads = arguments.threads(source.Get("threads"));
    if (state.IsUndefined()) {
      masses.resize(tracerMasses(p));
      p.masses = masses.data();
    } else {
      p.masses = arguments.at(arguments.floats(state, "state"), 0, tracerMasses(p), "state");
    }
    const Napi::Value hours = source.Get("asked");
    if (!hours.IsUndefined()) {
      const Napi::Uint8Array given = arguments.array<uint8_t>(hours, "asked");
      if (static_cast<int64_t>(given.ElementLength()) != p.hours) arguments.refuse("asked to be as long as the hours");
      asked.assign(given.Data(), given.Data() + p.hours);
      p.asked = asked.data();
    }
    scratch.resize(tracerScratch(p, threads));
    p.scratch = scratch.data();
  }

  /** Of the hours that are asked for. */
  int64_t tracerElements() const {
    const int64_t fields = params.asked == nullptr ? params.hours : params.hours - std::count(asked.begin(), asked.end(), 0);
    return fields * cells() * params.count;
  }
};

}  // namespace

Napi::Value Addon::tracers(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const HostRequest request(info[0].As<Napi::Object>(), arguments.floats(info[1], "meteorology"), arguments.floats(info[2], "rates"), info[6]);
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
    const HostRequest request(info[0].As<Napi::Object>(), arguments.floats(info[1], "meteorology"), arguments.floats(info[2], "rates"), info[6]);
    TracersAdjoint call{request.params, nullptr, nullptr, nullptr};
    call.emissions = arguments.at(arguments.floats(info[3], "emissions"), 0, request.emissionElements(), "emissions");
    call.gradOut = arguments.at(arguments.floats(info[4], "gradOut"), 0, request.tracerElements(), "gradOut");
    call.gradFactors = arguments.at(arguments.floats(info[5], "gradFactors"), request.factorsOffset, request.factorElements, "gradFactors");
    runKernel(*this, cpuKernels(detectIsa()).tracersAdjoint, call, {request.threads});
    return info.Env().Undefined();
  });
}

Napi::Value Addon::tracerRates(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Object request = info[0].As<Napi::Object>();
    const Napi::Float32Array meteorology = arguments.floats(info[1], "meteorology");
    TracerRates call{};
    call.channels = arguments.integer(request, "channels");
    const auto count = static_cast<int64_t>(meteorology.ElementLength());
    if (call.channels == 0 || count % call.channels != 0) arguments.refuse("meteorology of whole points");
    const auto channel = [&](const char* name) -> int64_t {
      if (request.Get(name).IsUndefined()) return -1;
      const int64_t place = arguments.integer(request, name);
      if (place >= call.channels) arguments.refuse(std::string("channels to hold ") + name);
      return place;
    };
    call.points = count / call.channels;
    call.radiation = channel("radiation"), call.temperature = channel("temperature");
    call.mixingRatio = channel("mixingRatio"), call.rain = channel("rain");
    call.meteorology = meteorology.Data();
    call.out = arguments.at(arguments.floats(info[2], "out"), 0, call.points * kTracerRates, "out");
    runKernel(*this, cpuKernels(detectIsa()).tracerRates, call, {arguments.threads(request.Get("threads"))});
    return info.Env().Undefined();
  });
}

}  // namespace retroplume
