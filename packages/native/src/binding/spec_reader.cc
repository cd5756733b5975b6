#include "binding/spec_reader.h"

#include <algorithm>
#include <cmath>

#include "napi/arguments.h"
#include "runtime/collective.h"
#include "runtime/error.h"

namespace retroplume {

namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& expected) {
  throw NativeError("SPEC_INVALID", where + ": expected " + expected);
}

Napi::Object object(const Napi::Value& value, const std::string& where) {
  if (!value.IsObject()) refuse(where, "an object");
  return value.As<Napi::Object>();
}

double number(const Napi::Value& value, const std::string& where) {
  return readNumber(value, [&](const char* kind) { refuse(where, kind); });
}

int64_t whole(const Napi::Value& value, const std::string& where) {
  const double whole = number(value, where);
  if (!(whole == std::floor(whole) && std::abs(whole) <= 9007199254740992.0)) refuse(where, "a whole number");
  return static_cast<int64_t>(whole);
}

std::string string(const Napi::Value& value, const std::string& where) {
  return readText(value, [&](const char* kind) { refuse(where, kind); });
}

/** A record of numbers; keys whose value is undefined count as not given. */
std::map<std::string, double> numbers(const Napi::Value& value, const std::string& where) {
  std::map<std::string, double> record;
  const Napi::Object source = object(value, where);
  const Napi::Array keys = source.GetPropertyNames();
  for (uint32_t i = 0; i < keys.Length(); ++i) {
    const std::string key = keys.Get(i).As<Napi::String>().Utf8Value();
    const Napi::Value entry = source.Get(key);
    if (!entry.IsUndefined()) record[key] = number(entry, where + "." + key);
  }
  return record;
}

InstructionSpec readInstruction(const Napi::Value& value, const std::string& where) {
  const Napi::Object source = object(value, where);
  InstructionSpec instruction;
  instruction.op = string(source.Get("op"), where + ".op");
  const Napi::Value label = source.Get("label");
  if (!label.IsUndefined()) instruction.label = string(label, where + ".label");
  instruction.operands = numbers(source.Get("operands"), where + ".operands");
  instruction.params = numbers(source.Get("params"), where + ".params");
  return instruction;
}

}  // namespace

ProgramSpec readProgramSpec(const Napi::Value& value) {
  ProgramSpec spec;
  const Napi::Object source = object(value, "spec");
  spec.arenaElements = whole(source.Get("arenaElements"), "spec.arenaElements");
  const Napi::Value list = source.Get("instructions");
  if (!list.IsArray()) refuse("spec.instructions", "an array");
  const auto instructions = list.As<Napi::Array>();
  for (uint32_t i = 0; i < instructions.Length(); ++i) {
    const Napi::HandleScope scope(value.Env());
    spec.instructions.push_back(readInstruction(instructions.Get(i), "spec.instructions[" + std::to_string(i) + "]"));
  }
  const Napi::Object phases = object(source.Get("phases"), "spec.phases");
  const Napi::Array names = phases.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); ++i) {
    const std::string name = names.Get(i).As<Napi::String>().Utf8Value();
    const Napi::Object range = object(phases.Get(name), "spec.phases." + name);
    const int64_t begin = whole(range.Get(0u), "spec.phases." + name), end = whole(range.Get(1u), "spec.phases." + name);
    spec.phases[name] = {begin, end};
  }
  return spec;
}

namespace {

/** The GPU that "cuda" or "cuda:1" names; −1 for "cpu". */
int parseDevice(const std::string& device) {
  if (device == "cpu") return -1;
  if (device == "cuda") return 0;
  const std::string index = device.substr(0, 5) == "cuda:" ? device.substr(5) : "";
  if (index.empty() || index.size() > 3 || index.find_first_not_of("0123456789") != std::string::npos) {
    throw NativeError("OPTION_INVALID", "options.device: expected cpu, cuda or cuda:N but received \"" + device + "\"");
  }
  return std::stoi(index);
}

/** What mpi.node hands out as `collective`; it outlives every program. */
const Collective* readCollective(const Napi::Value& value) {
  if (value.IsUndefined()) return nullptr;
  if (!value.IsExternal()) throw NativeError("OPTION_INVALID", "options.ranks: expected the collective of ranks that have joined");
  return value.As<Napi::External<Collective>>().Data();
}

}  // namespace

ReadOptions readProgramOptions(const Napi::Value& value) {
  ProgramOptions options;
  std::string dtype = "float32", kernels = "fast", isa = "auto", device = "cpu", precision = "float32";
  double threads = defaultThreads();
  if (!value.IsUndefined()) {
    const Napi::Object source = object(value, "options");
    const auto choose = [&](const char* name, std::string& target) {
      if (!source.Get(name).IsUndefined()) target = string(source.Get(name), std::string("options.") + name);
    };
    choose("dtype", dtype);
    choose("kernels", kernels);
    choose("isa", isa);
    choose("device", device);
    choose("precision", precision);
    options.ranks = readCollective(source.Get("ranks"));
    if (!source.Get("threads").IsUndefined()) threads = number(source.Get("threads"), "options.threads");
  }
  if (dtype != "float32" && dtype != "float64")
    throw NativeError("OPTION_INVALID", "options.dtype: expected float32 or float64 but received \"" + dtype + "\"");
  if (kernels != "fast" && kernels != "reference") {
    throw NativeError("OPTION_INVALID", "options.kernels: expected fast or reference but received \"" + kernels + "\"");
  }
  if (!(threads >= 1 && threads <= 1024))
    throw NativeError("OPTION_INVALID", "options.threads: expected 1 to 1024 but received " + std::to_string(threads));
  const std::string kinds[] = {"float32", "tf32", "bf16"};
  const auto kind = std::find(std::begin(kinds), std::end(kinds), precision);
  if (kind == std::end(kinds))
    throw NativeError("OPTION_INVALID", "options.precision: expected float32, tf32 or bf16 but received \"" + precision + "\"");
  options.products = static_cast<Products>(kind - std::begin(kinds));
  options.doublePrecision = dtype == "float64";
  options.fastKernels = kernels == "fast";
  options.isa = parseIsa(isa);
  options.threads = static_cast<int>(threads);
  return {options, parseDevice(device)};
}

}  // namespace retroplume
