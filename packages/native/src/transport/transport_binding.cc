// N-API layer of the reference transport model: copies typed arrays in and out, runs hours on the model's own thread.
// Meaning is checked by the model; here only what memory safety needs.
#include <napi.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "napi/arguments.h"
#include "napi/worker.h"
#include "runtime/error.h"
#include "transport_model.h"

namespace retroplume {

Napi::Error toJavaScript(Napi::Env env, const std::exception& error) {
  if (const auto* refused = dynamic_cast<const NativeError*>(&error)) return codedError(env, refused->code(), refused->what());
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr)
    return codedError(env, "TRANSPORT_NO_MEMORY", "transport model: not enough memory: use a smaller grid or fewer layers");
  return codedError(env, "TRANSPORT_FAILED", error.what());
}

namespace {

using namespace transport;

/** A copy: nothing of JavaScript's is touched from the other thread. */
std::vector<double> numbersOf(const Napi::Value& value, const char* name) {
  const Napi::TypedArray array = readFloats(
      value, [&](const char* kind) { throw NativeError("TRANSPORT_BAD_SHAPE", std::string("transport model: ") + name + ": expected " + kind); });
  const auto copy = [&](const auto* data) { return std::vector<double>(data, data + array.ElementLength()); };
  return isArrayOf<float>(array) ? copy(array.As<Napi::Float32Array>().Data()) : copy(array.As<Napi::Float64Array>().Data());
}

[[noreturn]] void refuseOption(const char* name, const std::string& expected) {
  throw NativeError("TRANSPORT_BAD_OPTIONS", std::string("transport model: option ") + name + ": expected " + expected);
}

void read(const Napi::Object& from, const char* name, double& into) {
  const Napi::Value value = from.Get(name);
  if (!value.IsUndefined()) into = readNumber(value, [&](const char* kind) { refuseOption(name, kind); });
}

void read(const Napi::Object& from, const char* name, int& into) {
  double value = into;
  read(from, name, value);
  if (!(value == std::floor(value) && std::abs(value) <= std::numeric_limits<int>::max())) refuseOption(name, "a whole number");
  into = static_cast<int>(value);
}

void read(const Napi::Object& from, const char* name, bool& into) {
  const Napi::Value value = from.Get(name);
  if (!value.IsUndefined()) into = value.ToBoolean().Value();
}

Napi::Object section(const Napi::Object& from, const char* name) {
  const Napi::Value value = from.Get(name);
  return value.IsObject() ? value.As<Napi::Object>() : Napi::Object::New(from.Env());
}

// Some of `known`, each once, in the order of a list.
template <class Enum, std::size_t Count>
void readNames(const Napi::Object& from, const char* option, const char* const (&known)[Count], std::vector<Enum>& into) {
  const Napi::Value value = from.Get(option);
  if (value.IsUndefined()) return;
  if (!value.IsArray() || value.As<Napi::Array>().Length() == 0) refuseOption(option, "a list of one or more names");
  const auto list = value.As<Napi::Array>();
  into.clear();
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const std::string name = list.Get(i).ToString();
    const auto at = std::find(std::begin(known), std::end(known), name);
    if (at == std::end(known)) {
      std::string names;
      for (const char* each : known) names += (names.empty() ? "" : ", ") + std::string(each);
      refuseOption(option, "some of " + names + " but received " + name);
    }
    const auto entry = static_cast<Enum>(at - std::begin(known));
    if (std::find(into.begin(), into.end(), entry) != into.end()) refuseOption(option, "each name once but received " + name + " twice");
    into.push_back(entry);
  }
}

Options readOptions(const Napi::Object& from) {
  Options o;
  readNames(from, "groups", kGroupNames, o.groups);
  readNames(from, "species", kOutputNames, o.outputs);
  if (from.Get("layerTops").IsArray()) {
    const auto tops = from.Get("layerTops").As<Napi::Array>();
    o.layerTops.clear();
    for (uint32_t k = 0; k < tops.Length(); ++k) o.layerTops.push_back(tops.Get(k).ToNumber().DoubleValue());
  }
  read(from, "threads", o.threads);
  read(from, "stepsPerHour", o.stepsPerHour);
  read(from, "chemistrySteps", o.chemistrySteps);
  read(from, "horizontalDiffusivity", o.horizontalDiffusivity);
  read(from, "minimumMixedLayer", o.minimumMixedLayer);
  read(from, "windExponent", o.windExponent);
  read(from, "no2Share", o.no2Share);
  if (std::find(o.groups.begin(), o.groups.end(), kGroupISOP) != o.groups.end()) o.biogenicVoc = 0.0;  // isoprene comes with the emissions
  read(from, "biogenicVoc", o.biogenicVoc);
  read(from, "honoRate", o.chemistry.honoRate);
  read(from, "soaYield", o.chemistry.soaYield);
  read(from, "organicNitrateYield", o.chemistry.organicNitrateYield);
  read(from, "aqueousRate", o.chemistry.aqueousRate);
  read(from, "n2o5Uptake", o.chemistry.n2o5Uptake);
  const Napi::Object stacks = section(from, "stackShare"), background = section(from, "background"), processes = section(from, "processes");
  for (int g = 0; g < kGroupCount; ++g) read(stacks, kGroupNames[g], o.stackShare[g]);
  for (int s = 0; s < kSpeciesCount; ++s) read(background, kSpeciesNames[s], o.background[s]);
  read(processes, "emission", o.processes.emission);
  read(processes, "transport", o.processes.transport);
  read(processes, "vertical", o.processes.vertical);
  read(processes, "chemistry", o.processes.chemistry);
  read(processes, "dryDeposition", o.processes.dryDeposition);
  read(processes, "wetDeposition", o.processes.wetDeposition);
  const Napi::Value boundary = from.Get("boundary");
  if (!boundary.IsUndefined()) {
    const std::string name = boundary.ToString();
    if (name != "open" && name != "periodic" && name != "closed") refuseOption("boundary", "open, periodic or closed but received " + name);
    o.boundary = name == "open" ? Boundary::open : name == "periodic" ? Boundary::periodic : Boundary::closed;
  }
  return o;
}

HourInputs readInputs(const Napi::Object& from) {
  const auto numbers = [&](const char* name) { return numbersOf(from.Get(name), name); };
  const auto optional = [&](const char* name) { return from.Get(name).IsUndefined() ? std::vector<double>() : numbers(name); };
  HourInputs in;
  in.emissions = numbers("emissions");
  in.windU = numbers("windU");
  in.windV = numbers("windV");
  in.temperature = numbers("temperature");
  in.boundaryLayerHeight = numbers("boundaryLayerHeight");
  in.humidity = numbers("humidity");
  in.radiation = numbers("radiation");
  in.rain = numbers("rain");
  in.pressure = optional("pressure");
  in.land = optional("land");
  return in;
}

class TransportModelWrap : public Napi::ObjectWrap<TransportModelWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "TransportModel",
                       {InstanceMethod<&TransportModelWrap::advanceHour>("advanceHour"), InstanceMethod<&TransportModelWrap::profiles>("profiles"),
                        InstanceMethod<&TransportModelWrap::state>("state"), InstanceMethod<&TransportModelWrap::restore>("restore"),
                        InstanceMethod<&TransportModelWrap::budget>("budget"), InstanceMethod<&TransportModelWrap::dispose>("dispose"),
                        InstanceAccessor<&TransportModelWrap::layers>("layers"), InstanceAccessor<&TransportModelWrap::carried>("carried")});
  }

  explicit TransportModelWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<TransportModelWrap>(info) {
    const Napi::Env env = info.Env();
    guarded(env, [&] {
      if (!info[0].IsObject()) throw NativeError("TRANSPORT_BAD_OPTIONS", "transport model: expected a grid {rows, cols, cellSizeX, cellSizeY}");
      const auto object = info[0].As<Napi::Object>();
      GridShape grid;
      read(object, "rows", grid.rows);
      read(object, "cols", grid.cols);
      read(object, "cellSizeX", grid.cellSizeX);
      read(object, "cellSizeY", grid.cellSizeY);
      const Options options = readOptions(info[1].IsObject() ? info[1].As<Napi::Object>() : Napi::Object::New(env));
      model_ = std::make_unique<TransportModel>(grid, options);
    });
    worker_ = std::make_unique<Worker>("transport");
  }

 private:
  TransportModel& idleModel() {
    if (!model_) throw NativeError("TRANSPORT_DISPOSED", "transport model: it was disposed: make a new one");
    if (busy_) throw NativeError("TRANSPORT_BUSY", "transport model: an hour is still running: await advanceHour first");
    return *model_;
  }

  Napi::Value advanceHour(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      TransportModel& model = idleModel();
      if (!info[0].IsObject()) throw NativeError("TRANSPORT_BAD_SHAPE", "transport model: expected an object of the hour's fields");
      return submit(info, [&model, inputs = readInputs(info[0].As<Napi::Object>())]() -> Worker::Finish {
        return [means = model.advanceHour(inputs)](Napi::Env env) { return toArray(env, means); };
      });
    });
  }

  Napi::Value profiles(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      TransportModel& model = idleModel();
      if (!info[0].IsObject()) throw NativeError("TRANSPORT_BAD_SHAPE", "transport model: expected an object of the hour's fields");
      std::vector<Output> outputs;
      const auto names = Napi::Object::New(info.Env());
      names.Set("species", info[1]);
      readNames(names, "species", kOutputNames, outputs);
      if (outputs.empty()) refuseOption("species", "a list of one or more names");
      return submit(info, [&model, outputs, inputs = readInputs(info[0].As<Napi::Object>())]() -> Worker::Finish {
        return [layers = model.profiles(inputs, outputs)](Napi::Env env) {
          const auto result = Napi::Object::New(env);
          result.Set("tops", toArray(env, layers.tops));
          result.Set("air", toArray(env, layers.air));
          result.Set("values", toArray(env, layers.values));
          return result;
        };
      });
    });
  }

  /** What runs on the model's thread; until it has ended the model is busy. */
  template <class Job>
  Napi::Promise submit(const Napi::CallbackInfo& info, const Job& job) {
    const Napi::Promise promise = worker_->submit(info.Env(), job, info.This().As<Napi::Object>(), [this] { busy_ = false; });
    busy_ = true;
    return promise;
  }

  Napi::Value state(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] { return toArray(info.Env(), idleModel().state()); });
  }

  void restore(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] { idleModel().restore(numbersOf(info[0], "state")); });
  }

  Napi::Value budget(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const Budget& b = guarded(env, [&]() -> TransportModel& { return idleModel(); }).budget();
    const auto result = Napi::Object::New(env);
    const std::pair<const char*, const std::array<double, kSpeciesCount>&> terms[] = {
        {"start", b.start},     {"emitted", b.emitted}, {"inflow", b.inflow}, {"top", b.top},
        {"reacted", b.reacted}, {"dry", b.dry},         {"wet", b.wet},       {"mass", b.mass}};
    for (int s = 0; s < kSpeciesCount; ++s) {
      const auto species = Napi::Object::New(env);
      for (const auto& [name, values] : terms) species.Set(name, values[s]);
      result.Set(kSpeciesNames[s], species);
    }
    const auto wrapped = Napi::Object::New(env);
    wrapped.Set("species", result);
    wrapped.Set("organicNitrate", b.organicNitrate);
    return wrapped;
  }

  void dispose(const Napi::CallbackInfo& info) {
    if (!model_) return;
    guarded(info.Env(), [&] { idleModel(); });
    worker_.reset();
    model_.reset();
  }

  Napi::Value layers(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] { return Napi::Number::New(info.Env(), idleModel().layers()); });
  }

  Napi::Value carried(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      const std::vector<int>& species = idleModel().carried();
      const auto names = Napi::Array::New(info.Env(), species.size());
      for (uint32_t i = 0; i < species.size(); ++i) names.Set(i, kSpeciesNames[species[i]]);
      return names;
    });
  }

  std::unique_ptr<TransportModel> model_;
  std::unique_ptr<Worker> worker_;  // after the model: joined before the model goes
  bool busy_ = false;               // JavaScript's thread only
};

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("TransportModel", TransportModelWrap::define(env));
  return exports;
}

NODE_API_MODULE(transport, init)

}  // namespace

}  // namespace retroplume
