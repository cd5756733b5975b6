#pragma once
#include <napi.h>

#include <atomic>
#include <memory>

#include "binding/addon.h"
#include "runtime/program.h"

namespace retroplume {

/** The JavaScript class `Program`: a handle on a native program, whose memory goes when it is disposed or collected. See kernels.ts. */
class ProgramBinding : public Napi::ObjectWrap<ProgramBinding> {
 public:
  static Napi::Function define(Napi::Env env);
  /** new Program(spec, options) */
  explicit ProgramBinding(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override;

 private:
  Napi::Value write(const Napi::CallbackInfo& info);
  Napi::Value stage(const Napi::CallbackInfo& info);
  Napi::Value stageWindow(const Napi::CallbackInfo& info);
  Napi::Value addWindowAdjoint(const Napi::CallbackInfo& info);
  Napi::Value read(const Napi::CallbackInfo& info);
  Napi::Value readAt(const Napi::CallbackInfo& info);
  Napi::Value writeAt(const Napi::CallbackInfo& info);
  Napi::Value fill(const Napi::CallbackInfo& info);
  Napi::Value run(const Napi::CallbackInfo& info);
  Napi::Value runSync(const Napi::CallbackInfo& info);
  Napi::Value runChecked(const Napi::CallbackInfo& info);
  Napi::Value profile(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  /** @throws NativeError PROGRAM_DISPOSED */
  Program& live() const;
  /** @throws NativeError PROGRAM_BUSY as well, if a run has not settled: its kernels own the arena until then */
  Program& idle() const;
  /** @throws NativeError PROGRAM_BUSY as well, if more than one run has not settled */
  Program& stageable() const;
  Phase phaseArgument(const Napi::CallbackInfo& info) const;
  /** Runs `body(program, phase, stop)` on the executor and settles with the Finish that it returns. */
  template <class Body>
  Napi::Value submit(const Napi::CallbackInfo& info, Body body);

  Addon* addon_;
  std::shared_ptr<Program> program_;  // shared with jobs that have not finished
  std::shared_ptr<std::atomic<int>> running_ = std::make_shared<std::atomic<int>>(0);
  int64_t reportedBytes_ = 0;
};

}  // namespace retroplume
