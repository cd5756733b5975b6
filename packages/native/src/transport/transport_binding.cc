// N-API layer of the reference transport model: copies typed arrays in and out, runs hours on the model's own thread.
// Meaning is checked by the model; here only what memory safety needs.
#include <napi.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "executor.h"
#include "transport_model.h"

namespace {

using namespace retroplume::transport;

Napi::Error coded_error(Napi::Env env, const std::string& code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

[[noreturn]] void refuse(Napi::Env env, const std::string& code, const std::string& message) { throw coded_error(env, code, message); }

// float32 or float64, copied: nothing of JavaScript's is touched from the other thread.
std::vector<double> numbers(const Napi::Object& from, const char* name, bool optional = false) {
  const Napi::Value value = from.Get(name);
  if (optional && value.IsUndefined()) return {};
  if (value.IsTypedArray()) {
    const auto array = value.As<Napi::TypedArray>();
    if (array.TypedArrayType() == napi_float32_array) {
      const auto data = array.As<Napi::Float32Array>();
      return {data.Data(), data.Data() + data.ElementLength()};
    }
    if (array.TypedArrayType() == napi_float64_array) {
      const auto data = array.As<Napi::Float64Array>();
      return {data.Data(), data.Data() + data.ElementLength()};
    }
  }
  refuse(from.Env(), "TRANSPORT_BAD_SHAPE", std::string("transport model: ") + name + ": expected a Float32Array or Float64Array");
}

void read(const Napi::Object& from, const char* name, double& into) {
  const Napi::Value value = from.Get(name);
  if (value.IsUndefined()) return;
  if (!value.IsNumber()) refuse(from.Env(), "TRANSPORT_BAD_OPTIONS", std::string("transport model: option ") + name + ": expected a number");
  into = value.As<Napi::Number>().DoubleValue();
}

void read(const Napi::Object& from, const char* name, int& into) {
  double value = into;
  read(from, name, value);
  if (!(value == std::floor(value) && std::abs(value) <= std::numeric_limits<int>::max()))
    refuse(from.Env(), "TRANSPORT_BAD_OPTIONS", std::string("transport model: option ") + name + ": expected a whole number");
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

Options read_options(const Napi::Object& from) {
  static constexpr const char* kGroups[kGroupCount] = {"NOx", "NH3", "SO2", "VOC", "PM2.5"};
  Options o;
  if (from.Get("layerTops").IsArray()) {
    const auto tops = from.Get("layerTops").As<Napi::Array>();
    o.layer_tops.clear();
    for (uint32_t k = 0; k < tops.Length(); ++k) o.layer_tops.push_back(tops.Get(k).ToNumber().DoubleValue());
  }
  read(from, "threads", o.threads);
  read(from, "stepsPerHour", o.steps_per_hour);
  read(from, "chemistrySteps", o.chemistry_steps);
  read(from, "horizontalDiffusivity", o.horizontal_diffusivity);
  read(from, "minimumMixedLayer", o.minimum_mixed_layer);
  read(from, "windExponent", o.wind_exponent);
  read(from, "no2Share", o.no2_share);
  read(from, "biogenicVoc", o.biogenic_voc);
  read(from, "honoRate", o.chemistry.hono_rate);
  read(from, "soaYield", o.chemistry.soa_yield);
  read(from, "organicNitrateYield", o.chemistry.organic_nitrate_yield);
  read(from, "aqueousRate", o.chemistry.aqueous_rate);
  read(from, "n2o5Uptake", o.chemistry.n2o5_uptake);
  const Napi::Object stacks = section(from, "stackShare"), background = section(from, "background"), processes = section(from, "processes");
  for (int g = 0; g < kGroupCount; ++g) read(stacks, kGroups[g], o.stack_share[g]);
  for (int s = 0; s < kSpeciesCount; ++s) read(background, kSpeciesNames[s], o.background[s]);
  read(processes, "emission", o.processes.emission);
  read(processes, "transport", o.processes.transport);
  read(processes, "vertical", o.processes.vertical);
  read(processes, "chemistry", o.processes.chemistry);
  read(processes, "dryDeposition", o.processes.dry_deposition);
  read(processes, "wetDeposition", o.processes.wet_deposition);
  const Napi::Value boundary = from.Get("boundary");
  if (!boundary.IsUndefined()) {
    const std::string name = boundary.ToString();
    if (name != "open" && name != "periodic" && name != "closed") {
      refuse(from.Env(), "TRANSPORT_BAD_OPTIONS", "transport model: option boundary: expected open, periodic or closed but received " + name);
    }
    o.boundary = name == "open" ? Boundary::kOpen : name == "periodic" ? Boundary::kPeriodic : Boundary::kClosed;
  }
  return o;
}

HourInputs read_inputs(const Napi::Object& from) {
  HourInputs in;
  in.emissions = numbers(from, "emissions");
  in.wind_u = numbers(from, "windU");
  in.wind_v = numbers(from, "windV");
  in.temperature = numbers(from, "temperature");
  in.boundary_layer_height = numbers(from, "boundaryLayerHeight");
  in.humidity = numbers(from, "humidity");
  in.radiation = numbers(from, "radiation");
  in.rain = numbers(from, "rain");
  in.pressure = numbers(from, "pressure", true);
  in.land = numbers(from, "land", true);
  return in;
}

class TransportModelWrap : public Napi::ObjectWrap<TransportModelWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "TransportModel",
                       {InstanceMethod<&TransportModelWrap::advance_hour>("advanceHour"), InstanceMethod<&TransportModelWrap::state>("state"),
                        InstanceMethod<&TransportModelWrap::restore>("restore"), InstanceMethod<&TransportModelWrap::budget>("budget"),
                        InstanceMethod<&TransportModelWrap::dispose>("dispose"), InstanceAccessor<&TransportModelWrap::layers>("layers")});
  }

  explicit TransportModelWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<TransportModelWrap>(info) {
    const Napi::Env env = info.Env();
    if (!info[0].IsObject()) refuse(env, "TRANSPORT_BAD_OPTIONS", "transport model: expected a grid {rows, cols, cellSizeX, cellSizeY}");
    const auto object = info[0].As<Napi::Object>();
    GridShape grid;
    read(object, "rows", grid.rows);
    read(object, "cols", grid.cols);
    read(object, "cellSizeX", grid.cell_size_x);
    read(object, "cellSizeY", grid.cell_size_y);
    const Options options = read_options(info[1].IsObject() ? info[1].As<Napi::Object>() : Napi::Object::New(env));
    guarded(env, [&] { model_ = std::make_unique<TransportModel>(grid, options); });
    executor_ = std::make_unique<retroplume::Executor>();
  }

 private:
  template <typename Work>
  static void guarded(Napi::Env env, Work work) {
    try {
      work();
    } catch (const TransportInputError& e) {
      refuse(env, e.code, e.what());
    } catch (const std::bad_alloc&) {
      refuse(env, "TRANSPORT_NO_MEMORY", "transport model: not enough memory: use a smaller grid or fewer layers");
    }
  }

  TransportModel& idle_model(Napi::Env env) {
    if (!model_) refuse(env, "TRANSPORT_DISPOSED", "transport model: it was disposed: make a new one");
    if (busy_) refuse(env, "TRANSPORT_BUSY", "transport model: an hour is still running: await advanceHour first");
    return *model_;
  }

  struct Outcome {
    std::vector<float> means;
    std::string code, message;
  };

  Napi::Value advance_hour(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    TransportModel& model = idle_model(env);
    if (!info[0].IsObject()) refuse(env, "TRANSPORT_BAD_SHAPE", "transport model: expected an object of the hour's fields");
    auto inputs = std::make_shared<HourInputs>(read_inputs(info[0].As<Napi::Object>()));
    const auto deferred = Napi::Promise::Deferred::New(env);
    auto settle = Napi::ThreadSafeFunction::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}), "transport", 0, 1);
    busy_ = true;
    Ref();  // the wrapper stays alive while its thread works
    executor_->post([this, &model, inputs, deferred, settle]() mutable {
      auto outcome = std::make_unique<Outcome>();
      try {
        outcome->means = model.advance_hour(*inputs);
      } catch (const TransportInputError& e) {
        outcome->code = e.code, outcome->message = e.what();
      } catch (const std::exception& e) {
        outcome->code = "TRANSPORT_FAILED", outcome->message = e.what();
      }
      Outcome* carried = outcome.get();
      const auto finish = [this, deferred](Napi::Env js, Napi::Function, Outcome* raw) {
        std::unique_ptr<Outcome> done(raw);
        busy_ = false;
        Unref();
        if (!done->code.empty()) return deferred.Reject(coded_error(js, done->code, done->message).Value());
        auto means = Napi::Float32Array::New(js, done->means.size());
        std::copy(done->means.begin(), done->means.end(), means.Data());
        deferred.Resolve(means);
      };
      if (settle.BlockingCall(carried, finish) == napi_ok) outcome.release();  // otherwise the environment is closing
      settle.Release();
    });
    return deferred.Promise();
  }

  Napi::Value state(const Napi::CallbackInfo& info) {
    const std::vector<double>& values = idle_model(info.Env()).state();
    auto copy = Napi::Float64Array::New(info.Env(), values.size());
    std::copy(values.begin(), values.end(), copy.Data());
    return copy;
  }

  void restore(const Napi::CallbackInfo& info) {
    TransportModel& model = idle_model(info.Env());
    const auto holder = Napi::Object::New(info.Env());
    holder.Set("state", info[0]);
    const std::vector<double> values = numbers(holder, "state");
    guarded(info.Env(), [&] { model.restore(values); });
  }

  Napi::Value budget(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const Budget& b = idle_model(env).budget();
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
    wrapped.Set("organicNitrate", b.organic_nitrate);
    return wrapped;
  }

  void dispose(const Napi::CallbackInfo& info) {
    if (!model_) return;
    idle_model(info.Env());
    executor_.reset();
    model_.reset();
  }

  Napi::Value layers(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), idle_model(info.Env()).layers()); }

  std::unique_ptr<TransportModel> model_;
  std::unique_ptr<retroplume::Executor> executor_;  // after the model: joined before the model goes
  bool busy_ = false;                               // JavaScript's thread only
};

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("TransportModel", TransportModelWrap::define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(transport, init)
