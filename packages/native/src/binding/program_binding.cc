#include "binding/program_binding.h"

#include <algorithm>
#include <type_traits>

#include "binding/arguments.h"
#include "binding/fields_binding.h"
#include "binding/spec_reader.h"
#include "binding/window_arguments.h"
#include "runtime/error.h"

namespace retroplume {

namespace {

template <class From, class To>
void copyInto(const void* from, std::size_t begin, void* to, std::size_t count) {
  std::copy_n(static_cast<const From*>(from) + begin, count, static_cast<To*>(to));
}

const Arguments programArguments("program");

double numberArgument(const Napi::CallbackInfo& info, std::size_t index, const char* name) { return programArguments.number(info[index], name); }

Napi::Value toObject(Napi::Env env, const std::optional<NonFinite>& found) {
  if (!found) return env.Undefined();
  Napi::Object result = Napi::Object::New(env);
  result.Set("instruction", static_cast<double>(found->instruction));
  result.Set("label", found->label);
  result.Set("operand", found->operand);
  return result;
}

Napi::Value toArray(Napi::Env env, const std::vector<InstructionProfile>& profile) {
  Napi::Array result = Napi::Array::New(env, profile.size());
  for (std::size_t i = 0; i < profile.size(); ++i) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("op", profile[i].op);
    entry.Set("label", profile[i].label);
    entry.Set("seconds", profile[i].seconds);
    entry.Set("flops", profile[i].flops);
    entry.Set("bytes", profile[i].bytes);
    result.Set(static_cast<uint32_t>(i), entry);
  }
  return result;
}

}  // namespace

Napi::Function ProgramBinding::define(Napi::Env env) {
  return DefineClass(env, "Program",
                     {
                         InstanceMethod("write", &ProgramBinding::write),
                         InstanceMethod("stage", &ProgramBinding::stage),
                         InstanceMethod("stageWindow", &ProgramBinding::stageWindow),
                         InstanceMethod("addWindowAdjoint", &ProgramBinding::addWindowAdjoint),
                         InstanceMethod("read", &ProgramBinding::read),
                         InstanceMethod("readAt", &ProgramBinding::readAt),
                         InstanceMethod("writeAt", &ProgramBinding::writeAt),
                         InstanceMethod("fill", &ProgramBinding::fill),
                         InstanceMethod("run", &ProgramBinding::run),
                         InstanceMethod("runSync", &ProgramBinding::runSync),
                         InstanceMethod("runChecked", &ProgramBinding::runChecked),
                         InstanceMethod("profile", &ProgramBinding::profile),
                         InstanceMethod("dispose", &ProgramBinding::dispose),
                     });
}

ProgramBinding::ProgramBinding(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ProgramBinding>(info), addon_(info.Env().GetInstanceData<Addon>()) {
  guarded(info.Env(), [&] {
    program_ = makeProgram(addon_->registry(), readProgramSpec(info[0]), addon_->withDevice(readProgramOptions(info[1])));
    reportedBytes_ = static_cast<int64_t>(program_->bytes());
    Napi::MemoryManagement::AdjustExternalMemory(info.Env(), reportedBytes_);
  });
}

void ProgramBinding::Finalize(Napi::BasicEnv env) {
  program_.reset();
  if (reportedBytes_ > 0) Napi::MemoryManagement::AdjustExternalMemory(env, -reportedBytes_);
}

Program& ProgramBinding::live() const {
  if (!program_) throw NativeError("PROGRAM_DISPOSED", "program: expected a live program but it has been disposed: make a new one");
  return *program_;
}

Program& ProgramBinding::idle() const {
  Program& program = live();
  if (*running_ > 0) throw NativeError("PROGRAM_BUSY", "program: expected no run under way: await the promise of run() first");
  return program;
}

Phase ProgramBinding::phaseArgument(const Napi::CallbackInfo& info) const {
  return live().phase(info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "");
}

namespace {

/** The numbers of an array, converted to the program's precision, for memory of `count` elements. */
struct Source {
  const void* from;
  std::size_t count;
  bool isDouble;

  explicit Source(const Napi::Value& value) {
    if (!value.IsTypedArray()) throw NativeError("ARGUMENT_INVALID", "program.write: expected a Float32Array or Float64Array");
    const auto data = value.As<Napi::TypedArray>();
    count = data.ElementLength();
    from = dataOf(data);
    isDouble = data.TypedArrayType() == napi_float64_array;
    if (!isDouble && data.TypedArrayType() != napi_float32_array) {
      throw NativeError("ARGUMENT_INVALID", "program.write: expected a Float32Array or Float64Array but received another typed array");
    }
  }

  /** `part` elements from element `begin` on */
  void fill(void* to, std::size_t begin, std::size_t part, bool doublePrecision) const {
    if (doublePrecision)
      isDouble ? copyInto<double, double>(from, begin, to, part) : copyInto<float, double>(from, begin, to, part);
    else
      isDouble ? copyInto<double, float>(from, begin, to, part) : copyInto<float, float>(from, begin, to, part);
  }
};

}  // namespace

Napi::Value ProgramBinding::write(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    Program& program = idle();
    const Source source(info[1]);
    program.write(numberArgument(info, 0, "offset"), static_cast<double>(source.count),
                  [&](void* to, std::size_t begin, std::size_t part) { source.fill(to, begin, part, program.doublePrecision()); });
    return info.Env().Undefined();
  });
}

Program& ProgramBinding::stageable() const {
  Program& program = live();
  // Two runs that wait would each need memory for what is staged for them.
  if (*running_ > 1) throw NativeError("PROGRAM_BUSY", "program.stage: expected one run under way at most: await the promise of run() first");
  return program;
}

namespace {

/** A window of fields on a program's GPU. */
struct DeviceWindow {
  Napi::Int32Array steps;  // that the params point to
  WindowMeanParams params;
};

/** What stageWindow and addWindowAdjoint are given, checked. */
class DeviceWindowArguments {
 public:
  DeviceWindowArguments(const char* what, const Addon& addon, const Program& program) : arguments_(what), addon_(addon), program_(program) {}

  const Arguments& arguments() const { return arguments_; }

  /** Those that `handle` stands for. */
  std::shared_ptr<DeviceFields> fields(const Napi::Value& handle) const {
    std::shared_ptr<DeviceFields> fields = FieldsBinding::of(addon_, handle);
    if (!fields->isOn(program_.device())) arguments_.refuse("fields on the program's GPU");
    return fields;
  }
  /** The same in single precision; null where none are given. */
  std::shared_ptr<DeviceFields> otherFields(const Napi::Value& handle) const {
    if (handle.IsUndefined()) return nullptr;
    std::shared_ptr<DeviceFields> other = fields(handle);
    if (other->halves()) arguments_.refuse("fields in single precision");
    return other;
  }
  DeviceWindow window(const Napi::Object& request) const {
    const Napi::Int32Array steps = windowSteps(arguments_, request);
    return {steps, readWindowParams(arguments_, request, steps)};
  }
  /** @param shared - whether one hour of the fields may stand for all */
  void requireFit(const WindowMeanParams& p, const DeviceFields& fields, bool shared) const {
    const DeviceFields::Shape& shape = fields.shape();
    if (p.rows != shape.rows || p.cols != shape.cols || p.channels != shape.channels) arguments_.refuse("the shape of the fields");
    if (p.hour >= shape.hours && !(shared && shape.hours == 1)) arguments_.refuse("the fields to hold the hour");
  }

 private:
  Arguments arguments_;
  const Addon& addon_;
  const Program& program_;
};

}  // namespace

Napi::Value ProgramBinding::stageWindow(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    Program& program = stageable();
    const DeviceWindowArguments given("program.stageWindow", *addon_, program);
    const std::shared_ptr<DeviceFields> fields = given.fields(info[1]), factors = given.otherFields(info[3]);
    const DeviceWindow window = given.window(info[2].As<Napi::Object>());
    given.requireFit(window.params, *fields, false);
    if (factors) given.requireFit(window.params, *factors, true);
    program.stageWork(numberArgument(info, 0, "offset"), static_cast<double>(windowElements(window.params)),
                      [fields, factors, params = window.params,
                       steps = std::vector<int32_t>(window.steps.Data(), window.steps.Data() + window.steps.ElementLength())](void* to) {
                        WindowMeanParams own = params;
                        own.steps = steps.data();
                        fields->launchWindow(own, factors.get(), static_cast<float*>(to));
                      });
    return info.Env().Undefined();
  });
}

Napi::Value ProgramBinding::addWindowAdjoint(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    Program& program = idle();
    const DeviceWindowArguments given("program.addWindowAdjoint", *addon_, program);
    const std::shared_ptr<DeviceFields> into = given.otherFields(info[1]), fields = given.otherFields(info[3]);
    const DeviceWindow window = given.window(info[2].As<Napi::Object>());
    if (!into) given.arguments().refuse("fields to add to");
    given.requireFit(window.params, *into, true);
    if (fields) given.requireFit(window.params, *fields, false);
    if (!window.params.augmentation.none()) given.arguments().refuse("no augmentation");
    const void* gradOut = program.range(numberArgument(info, 0, "offset"), static_cast<double>(windowElements(window.params)));
    into->launchAdjoint(window.params, fields.get(), static_cast<const float*>(gradOut));
    return info.Env().Undefined();
  });
}

Napi::Value ProgramBinding::stage(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    Program& program = stageable();
    const Source source(info[1]);
    program.stage(numberArgument(info, 0, "offset"), static_cast<double>(source.count),
                  [&](void* to, std::size_t begin, std::size_t part) { source.fill(to, begin, part, program.doublePrecision()); });
    return info.Env().Undefined();
  });
}

Napi::Value ProgramBinding::read(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    Program& program = idle();
    const double offset = numberArgument(info, 0, "offset"), length = numberArgument(info, 1, "length");
    program.range(offset, length);  // before there is an array of that length
    const auto into = [&](auto array) -> Napi::Value {
      using Element = std::remove_pointer_t<decltype(array.Data())>;
      program.read(offset, length, [&](const void* from, std::size_t begin, std::size_t part) {
        std::copy_n(static_cast<const Element*>(from), part, array.Data() + begin);
      });
      return array;
    };
    const auto count = static_cast<std::size_t>(length);
    if (info[2].IsTypedArray()) {
      const auto given = info[2].As<Napi::TypedArray>();
      const auto wanted = program.doublePrecision() ? napi_float64_array : napi_float32_array;
      if (given.TypedArrayType() != wanted || given.ElementLength() != count)
        throw NativeError("ARGUMENT_INVALID", "program.read: expected an array of " + std::to_string(count) +
                                                  " elements in the program's precision but received one of " +
                                                  std::to_string(given.ElementLength()));
      return program.doublePrecision() ? into(given.As<Napi::Float64Array>()) : into(given.As<Napi::Float32Array>());
    }
    if (program.doublePrecision()) return into(Napi::Float64Array::New(info.Env(), count));
    return into(Napi::Float32Array::New(info.Env(), count));
  });
}

namespace {

Places placesArgument(const Napi::Value& value) {
  const auto places = programArguments.array<int32_t>(value, "places");
  return {places.Data(), static_cast<int64_t>(places.ElementLength())};
}

}  // namespace

Napi::Value ProgramBinding::readAt(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    Program& program = idle();
    const double offset = numberArgument(info, 0, "offset"), length = numberArgument(info, 1, "length");
    const Places places = placesArgument(info[2]);
    const auto into = [&](auto array) -> Napi::Value {
      program.readAt(offset, length, places, array.Data());
      return array;
    };
    const auto count = static_cast<std::size_t>(places.count);
    if (program.doublePrecision()) return into(Napi::Float64Array::New(info.Env(), count));
    return into(Napi::Float32Array::New(info.Env(), count));
  });
}

Napi::Value ProgramBinding::writeAt(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    Program& program = idle();
    const Places places = placesArgument(info[2]);
    const Source source(info[3]);
    if (static_cast<int64_t>(source.count) != places.count || source.isDouble != program.doublePrecision())
      throw NativeError("ARGUMENT_INVALID", "program.writeAt: expected a number of the program's precision for each place");
    program.writeAt(numberArgument(info, 0, "offset"), numberArgument(info, 1, "length"), places, source.from);
    return info.Env().Undefined();
  });
}

Napi::Value ProgramBinding::fill(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    Program& program = idle();
    const double length = numberArgument(info, 1, "length"), value = numberArgument(info, 2, "value");
    program.write(numberArgument(info, 0, "offset"), length, [&](void* to, std::size_t, std::size_t part) {
      if (program.doublePrecision())
        std::fill_n(static_cast<double*>(to), part, value);
      else
        std::fill_n(static_cast<float*>(to), part, static_cast<float>(value));
    });
    return info.Env().Undefined();
  });
}

template <class Body>
Napi::Value ProgramBinding::submit(const Napi::CallbackInfo& info, Body body) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Phase phase = phaseArgument(info);
    Executor& executor = addon_->worker().executor();
    const int staged = program_->handOverStaged();
    ++*running_;
    const auto job = [program = program_, phase, &executor, body, staged] {
      program->takeStaged(staged);
      return body(*program, phase, executor);
    };
    return addon_->worker().submit(info.Env(), job, {}, [running = running_] { --*running; });
  });
}

Napi::Value ProgramBinding::run(const Napi::CallbackInfo& info) {
  return submit(info, [](Program& program, Phase phase, Executor& executor) -> Worker::Finish {
    program.run(phase, executor.team(), executor.stopping());
    return [](Napi::Env env) { return env.Undefined(); };
  });
}

Napi::Value ProgramBinding::runChecked(const Napi::CallbackInfo& info) {
  return submit(info, [](Program& program, Phase phase, Executor& executor) -> Worker::Finish {
    return [found = program.runChecked(phase, executor.team(), executor.stopping())](Napi::Env env) { return toObject(env, found); };
  });
}

Napi::Value ProgramBinding::profile(const Napi::CallbackInfo& info) {
  return submit(info, [](Program& program, Phase phase, Executor& executor) -> Worker::Finish {
    return [profile = program.profile(phase, executor.team(), executor.stopping())](Napi::Env env) { return toArray(env, profile); };
  });
}

Napi::Value ProgramBinding::runSync(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Phase phase = phaseArgument(info);
    Executor& executor = addon_->worker().executor();
    const int staged = program_->handOverStaged();
    executor.runAndWait([&] {
      program_->takeStaged(staged);
      program_->run(phase, executor.team(), executor.stopping());
    });
    return info.Env().Undefined();
  });
}

Napi::Value ProgramBinding::dispose(const Napi::CallbackInfo& info) {
  program_.reset();
  if (reportedBytes_ > 0) Napi::MemoryManagement::AdjustExternalMemory(info.Env(), -reportedBytes_);
  reportedBytes_ = 0;
  return info.Env().Undefined();
}

}  // namespace retroplume
