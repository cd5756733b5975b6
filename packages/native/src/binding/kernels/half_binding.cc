#include "binding/arguments.h"
#include "ops/half_precision/half_precision.h"

/** fromHalf and toHalf of fields.ts, on the calling thread. */
namespace retroplume {

namespace {

const Arguments arguments("half precision");

float oneOf(const Napi::Value& value) { return static_cast<float>(arguments.number(value, "one")); }

}  // namespace

Napi::Value Addon::fromHalf(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Uint16Array halves = arguments.array<uint16_t>(info[0], "halves");
    const int64_t count = static_cast<int64_t>(halves.ElementLength());
    const FromHalf call{count, halves.Data(), arguments.at(arguments.floats(info[1], "out"), 0, count, "out"), oneOf(info[2])};
    runKernel(*this, cpuKernels(detectIsa()).fromHalf, call, {1});
    return info.Env().Undefined();
  });
}

Napi::Value Addon::toHalf(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Float32Array values = arguments.floats(info[0], "values");
    Napi::Uint16Array halves = arguments.array<uint16_t>(info[1], "halves");
    if (halves.ElementLength() < values.ElementLength()) arguments.refuse("halves to be long enough");
    const ToHalf call{static_cast<int64_t>(values.ElementLength()), values.Data(), halves.Data(), oneOf(info[2])};
    runKernel(*this, cpuKernels(detectIsa()).toHalf, call, {1});
    return info.Env().Undefined();
  });
}

}  // namespace retroplume
