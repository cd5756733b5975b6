// The N-API layer over Ranks: it turns values over and settles promises. Meaning is told in mpi.ts.
#include <napi.h>

#include <functional>
#include <memory>

#include "mpi/ranks.h"

namespace {

using retroplume::Collective;
using retroplume::mpi::Ranks;

using Finish = std::function<Napi::Value(Napi::Env)>;

Napi::Error toJavaScript(Napi::Env env, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, "mpi: " + message + ": look at what the launcher says of the other processes");
  error.Set("code", Napi::String::New(env, "MPI_FAILED"));
  return error;
}

/** Calls `body`; what MPI reports becomes an Error with the code MPI_FAILED. */
template <class Body>
auto guarded(Napi::Env env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::runtime_error& error) {
    throw toJavaScript(env, error.what());
  }
}

/** Runs `work` on a thread of libuv's pool and settles a promise with what its Finish gives. */
class Call final : public Napi::AsyncWorker {
 public:
  static Napi::Value Start(Napi::Env env, std::function<Finish()> work, Napi::Object kept = {}) {
    Call* call = new Call(env, std::move(work), kept);
    const Napi::Promise promise = call->deferred_.Promise();
    call->Queue();
    return promise;
  }

 protected:
  void Execute() override { finish_ = work_(); }
  void OnOK() override { deferred_.Resolve(finish_(Env())); }
  void OnError(const Napi::Error& error) override { deferred_.Reject(toJavaScript(Env(), error.Message()).Value()); }

 private:
  Call(Napi::Env env, std::function<Finish()> work, Napi::Object kept)
      : Napi::AsyncWorker(env, "mpi"),
        deferred_(env),
        work_(std::move(work)),
        kept_(kept.IsEmpty() ? Napi::ObjectReference() : Napi::Persistent(kept)) {}

  Napi::Promise::Deferred deferred_;
  std::function<Finish()> work_;
  Finish finish_;
  Napi::ObjectReference kept_;  // memory of JavaScript's that the work writes into
};

std::vector<char> bytesOf(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    throw Napi::TypeError::New(value.Env(), "mpi: expected a Uint8Array");
  const auto array = value.As<Napi::Uint8Array>();
  return std::vector<char>(array.Data(), array.Data() + array.ElementLength());
}

Napi::Value toJavaScript(Napi::Env env, const std::vector<char>& bytes) {
  Napi::Uint8Array array = Napi::Uint8Array::New(env, bytes.size());
  std::copy(bytes.begin(), bytes.end(), array.Data());
  return array;
}

template <class T>
std::vector<T*> pointersTo(const std::vector<void*>& arrays) {
  std::vector<T*> typed;
  for (void* array : arrays) typed.push_back(static_cast<T*>(array));
  return typed;
}

class RanksHandle : public Napi::ObjectWrap<RanksHandle> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Ranks",
                       {InstanceMethod<&RanksHandle::Sum>("sum"), InstanceMethod<&RanksHandle::Gather>("gather"),
                        InstanceMethod<&RanksHandle::Broadcast>("broadcast"), InstanceMethod<&RanksHandle::Barrier>("barrier"),
                        InstanceMethod<&RanksHandle::Finalize>("finalize"), InstanceMethod<&RanksHandle::Abort>("abort")});
  }

  explicit RanksHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RanksHandle>(info) {
    const Napi::Env env = info.Env();
    // One MPI_Init a process, whose object programs may point to for as long as it lives.
    static Ranks* joined = nullptr;
    guarded(env, [&] {
      if (joined == nullptr) joined = new Ranks();
    });
    ranks_ = joined;
    Napi::Object self = info.This().As<Napi::Object>();
    self.Set("rank", ranks_->rank());
    self.Set("size", ranks_->size());
    self.Set("localRank", ranks_->localRank());
    self.Set("localSize", ranks_->localSize());
    self.Set("collective", Napi::External<Collective>::New(env, const_cast<Collective*>(&ranks_->collective())));
  }

 private:
  /** sum(Float32Arrays or Float64Arrays, all of one kind and length), into the first */
  Napi::Value Sum(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const auto typeOf = [](const Napi::Value& value) {
      return value.IsTypedArray() ? value.As<Napi::TypedArray>().TypedArrayType() : napi_int8_array;
    };
    const auto type = typeOf(info[0]);
    if (type != napi_float32_array && type != napi_float64_array) throw Napi::TypeError::New(env, "mpi: expected a Float32Array or Float64Array");
    const auto count = static_cast<int64_t>(info[0].As<Napi::TypedArray>().ElementLength());
    Napi::Array kept = Napi::Array::New(env, info.Length());
    std::vector<void*> parts;
    for (uint32_t i = 0; i < info.Length(); ++i) {
      if (typeOf(info[i]) != type || static_cast<int64_t>(info[i].As<Napi::TypedArray>().ElementLength()) != count)
        throw Napi::TypeError::New(env, "mpi: expected arrays of one kind and length");
      const auto array = info[i].As<Napi::TypedArray>();
      parts.push_back(static_cast<char*>(array.ArrayBuffer().Data()) + array.ByteOffset());
      kept.Set(i, array);
    }
    const auto work = [ranks = ranks_, parts, count, type]() -> Finish {
      if (type == napi_float32_array)
        ranks->sum(pointersTo<float>(parts), count);
      else
        ranks->sum(pointersTo<double>(parts), count);
      return [](Napi::Env env) { return env.Undefined(); };
    };
    return Call::Start(env, work, kept);
  }

  /** gather(Uint8Array): of every rank */
  Napi::Value Gather(const Napi::CallbackInfo& info) {
    return Call::Start(info.Env(), [ranks = ranks_, bytes = bytesOf(info[0])]() -> Finish {
      return [all = ranks->gatherBytes(bytes)](Napi::Env env) {
        Napi::Array result = Napi::Array::New(env, all.size());
        for (uint32_t i = 0; i < all.size(); ++i) result.Set(i, toJavaScript(env, all[i]));
        return result;
      };
    });
  }

  /** broadcast(Uint8Array): that of rank 0 */
  Napi::Value Broadcast(const Napi::CallbackInfo& info) {
    const std::vector<char> given = info[0].IsUndefined() ? std::vector<char>() : bytesOf(info[0]);
    return Call::Start(info.Env(), [ranks = ranks_, bytes = given]() mutable -> Finish {
      ranks->broadcast(bytes);
      return [bytes](Napi::Env env) { return toJavaScript(env, bytes); };
    });
  }

  Napi::Value Barrier(const Napi::CallbackInfo& info) {
    return Call::Start(info.Env(), [ranks = ranks_]() -> Finish {
      ranks->barrier();
      return [](Napi::Env env) { return env.Undefined(); };
    });
  }

  void Finalize(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] { ranks_->finalize(); });
  }

  void Abort(const Napi::CallbackInfo& info) { Ranks::abort(info[0].ToNumber().Int32Value()); }

  Ranks* ranks_ = nullptr;
};

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("Ranks", RanksHandle::Define(env));
  exports.Set("library", Napi::Function::New(env, [](const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), Ranks::library()); }));
  return exports;
}

NODE_API_MODULE(mpi, Init)

}  // namespace
