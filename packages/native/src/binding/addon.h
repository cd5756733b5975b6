#pragma once
#include <napi.h>

#include <map>
#include <memory>

#include "binding/spec_reader.h"
#include "napi/worker.h"
#include "runtime/registry.h"

namespace retroplume {

/** What one JavaScript environment (main thread or worker) owns: nothing here is shared between environments. */
class Addon : public Napi::Addon<Addon> {
 public:
  Addon(Napi::Env env, Napi::Object exports);

  /** The thread that all programs share: a second one would double the threads of the machine. */
  Worker& worker() { return worker_; }
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
  Worker worker_{"retroplume"};
  Team teamBeside_;
  Napi::FunctionReference fieldsClass_;
};

}  // namespace retroplume
