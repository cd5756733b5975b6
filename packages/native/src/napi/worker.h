#pragma once
#include <napi.h>

#include <exception>
#include <functional>
#include <list>
#include <memory>

#include "napi/errors.h"
#include "runtime/threads/executor.h"

namespace retroplume {

/** One thread that runs jobs in order, each for a promise. It belongs to one JavaScript environment, on whose thread all is called. */
class Worker {
 public:
  using Finish = std::function<Napi::Value(Napi::Env)>;

  explicit Worker(const char* name) : name_(name) {}
  /** Waits for the job under way. */
  ~Worker() { close(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /**
   * Runs `job` on the worker's thread and settles the promise on JavaScript's: with the value of the Finish that the job returns, or with the error
   * that it threw; `settled` is called before, however it ended. Until then the event loop stays alive, and `kept` in memory.
   */
  Napi::Promise submit(Napi::Env env, std::function<Finish()> job, const Napi::Object& kept = {}, std::function<void()> settled = nullptr) {
    Executor& runner = executor();
    open(env);
    if (calls_.empty()) settle_.Ref(env);
    const auto call = calls_.emplace(calls_.end(), env);
    if (!kept.IsEmpty()) call->kept = Napi::Persistent(kept);
    call->settled = std::move(settled);
    runner.enqueue([this, call, job = std::move(job)]() mutable {
      try {
        call->finish = job();
      } catch (...) {
        call->error = std::current_exception();
      }
      job = nullptr;
      settle_.BlockingCall([this, call](Napi::Env env, Napi::Function) { settle(env, call); });
    });
    return call->deferred.Promise();
  }

  Executor& executor() {
    if (!executor_) executor_ = std::make_unique<Executor>();
    return *executor_;
  }

 private:
  struct Call {
    explicit Call(Napi::Env env) : deferred(env) {}
    Napi::Promise::Deferred deferred;
    Napi::ObjectReference kept;
    std::function<void()> settled;
    Finish finish;
    std::exception_ptr error;
  };
  using Calls = std::list<Call>;  // an entry stays where it is: the worker's thread writes to it

  void open(Napi::Env env) {
    if (env_ != nullptr) return;
    env_ = env;
    settle_ = Napi::ThreadSafeFunction::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}), name_, 0, 1);
    settle_.Unref(env);
    // Hooks run last first: the worker's thread ends before Node closes the function that it calls.
    napi_add_env_cleanup_hook(env, closeWith, this);
  }

  static void closeWith(void* self) { static_cast<Worker*>(self)->close(); }

  void close() {
    executor_.reset();
    if (env_ == nullptr) return;
    napi_remove_env_cleanup_hook(env_, closeWith, this);
    settle_.Release();
    calls_.clear();
    env_ = nullptr;
  }

  void settle(Napi::Env env, Calls::iterator call) {
    Calls done;
    done.splice(done.begin(), calls_, call);
    if (calls_.empty()) settle_.Unref(env);
    if (call->settled) call->settled();
    try {
      if (call->error) std::rethrow_exception(call->error);
      call->deferred.Resolve(call->finish(env));
    } catch (const std::exception& failure) {
      call->deferred.Reject(toJavaScript(env, failure).Value());
    }
  }

  const char* name_;
  napi_env env_ = nullptr;  // once a promise was asked for
  Napi::ThreadSafeFunction settle_;
  Calls calls_;
  std::unique_ptr<Executor> executor_;  // last: its thread uses the above
};

}  // namespace retroplume
