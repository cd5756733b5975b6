#pragma once
#include <napi.h>

#include <functional>
#include <map>
#include <memory>

#include "binding/spec_reader.h"
#include "runtime/executor.h"
#include "runtime/registry.h"

namespace retroplume {

/** Calls `body`; a C++ exception becomes a JavaScript error with the property `code`. */
template <class Body>
auto guarded(Napi::Env env, Body body) -> decltype(body());

/** What one JavaScript environment (main thread or worker) owns: nothing here is shared between environments. */
class Addon : public Napi::Addon<Addon> {
 public:
  Addon(Napi::Env env, Napi::Object exports);

  using Finish = std::function<Napi::Value(Napi::Env)>;
  /**
   * Runs `job` on the executor's thread and settles the promise on JavaScript's: with the value of the Finish that the job returns, or
   * with the error that it threw. The event loop stays alive until then.
   */
  Napi::Promise submit(Napi::Env env, std::function<Finish()> job);
  Executor& executor();
  /** Of kernels that JavaScript's thread runs beside a program, which has the executor's. */
  Team& teamBeside() { return teamBeside_; }
  const Registry& registry() const { return registry_; }
  /** The options as they were read, with the device that they ask for opened; the programs on one GPU share it. @throws NativeError
   * DEVICE_CUDA_MISSING */
  ProgramOptions withDevice(ReadOptions read);
  const Napi::FunctionReference& fieldsClass() const { return fieldsClass_; }

 private:
  Napi::Value kernelNames(const Napi::CallbackInfo& info);
  Napi::Value cpuFeatures(const Napi::CallbackInfo& info);
  Napi::Value cudaDevices(const Napi::CallbackInfo& info);
  Napi::Value measurePeak(const Napi::CallbackInfo& info);
  Napi::Value windowMean(const Napi::CallbackInfo& info);
  Napi::Value windowMeanOfHalves(const Napi::CallbackInfo& info);
  Napi::Value windowMeanAdjoint(const Napi::CallbackInfo& info);
  Napi::Value fromHalf(const Napi::CallbackInfo& info);
  Napi::Value toHalf(const Napi::CallbackInfo& info);
  Napi::Value tracers(const Napi::CallbackInfo& info);
  Napi::Value tracersAdjoint(const Napi::CallbackInfo& info);
  Napi::Value tracerRates(const Napi::CallbackInfo& info);
  Napi::Value linearFactors(const Napi::CallbackInfo& info);
  Napi::Value linearDescent(const Napi::CallbackInfo& info);
  Napi::Value linearBounds(const Napi::CallbackInfo& info);
  Napi::Value isFinite(const Napi::CallbackInfo& info);

  Registry registry_;
  std::map<int, std::shared_ptr<Device>> devices_;  // opened
  std::unique_ptr<Executor> executor_;
  Team teamBeside_;
  Napi::ThreadSafeFunction settle_;
  int pending_ = 0;
  Napi::FunctionReference fieldsClass_;
};

Napi::Error toJavaScript(Napi::Env env, const std::exception& error);

template <class Body>
auto guarded(Napi::Env env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw toJavaScript(env, error);
  }
}

}  // namespace retroplume
