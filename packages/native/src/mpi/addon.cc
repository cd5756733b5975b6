// The N-API layer over Ranks: it turns values over and settles promises. Meaning is told in mpi.ts.
#include <napi.h>

#include "mpi/ranks.h"
#include "napi/arguments.h"
#include "napi/worker.h"

namespace retroplume {

/** What MPI reports has the code MPI_FAILED. */
Napi::Error toJavaScript(Napi::Env env, const std::exception& error) {
  return codedError(env, "MPI_FAILED", std::string("mpi: ") + error.what() + ": look at what the launcher says of the other processes");
}

namespace {

using mpi::Ranks;

/** Runs `work` behind the calls before it. */
Napi::Value submit(Napi::Env env, std::function<Worker::Finish()> work, const Napi::Object& kept = {}) {
  return env.GetInstanceData<Worker>()->submit(env, std::move(work), kept);
}

/** Throws a TypeError. */
auto refusal(Napi::Env env) {
  return [env](const char* kind) { throw Napi::TypeError::New(env, std::string("mpi: expected ") + kind); };
}

std::vector<char> bytesOf(const Napi::Value& value) {
  const auto array = readArray<uint8_t>(value, refusal(value.Env()));
  return {array.Data(), array.Data() + array.ElementLength()};
}

Napi::Value toBytes(Napi::Env env, const std::vector<char>& bytes) { return toArray(env, std::vector<uint8_t>(bytes.begin(), bytes.end())); }

template <class T>
std::vector<T*> pointersTo(const std::vector<void*>& arrays) {
  std::vector<T*> typed;
  for (void* array : arrays) typed.push_back(static_cast<T*>(array));
  return typed;
}

class RanksHandle : public Napi::ObjectWrap<RanksHandle> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Ranks",
                       {InstanceMethod<&RanksHandle::sum>("sum"), InstanceMethod<&RanksHandle::gather>("gather"),
                        InstanceMethod<&RanksHandle::broadcast>("broadcast"), InstanceMethod<&RanksHandle::barrier>("barrier"),
                        InstanceMethod<&RanksHandle::finalize>("finalize"), InstanceMethod<&RanksHandle::abort>("abort")});
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
  Napi::Value sum(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const Napi::TypedArray first = readFloats(info[0], refusal(env));
    const auto type = first.TypedArrayType();
    const auto count = static_cast<int64_t>(first.ElementLength());
    Napi::Array kept = Napi::Array::New(env, info.Length());
    std::vector<void*> parts;
    for (uint32_t i = 0; i < info.Length(); ++i) {
      const auto array = info[i].As<Napi::TypedArray>();
      if (!info[i].IsTypedArray() || array.TypedArrayType() != type || static_cast<int64_t>(array.ElementLength()) != count)
        refusal(env)("arrays of one kind and length");
      parts.push_back(dataOf(array));
      kept.Set(i, array);
    }
    const auto work = [ranks = ranks_, parts, count, type]() -> Worker::Finish {
      if (type == napi_float32_array)
        ranks->sum(pointersTo<float>(parts), count);
      else
        ranks->sum(pointersTo<double>(parts), count);
      return [](Napi::Env env) { return env.Undefined(); };
    };
    return submit(env, work, kept);
  }

  /** gather(Uint8Array): of every rank */
  Napi::Value gather(const Napi::CallbackInfo& info) {
    return submit(info.Env(), [ranks = ranks_, bytes = bytesOf(info[0])]() -> Worker::Finish {
      return [all = ranks->gatherBytes(bytes)](Napi::Env env) {
        Napi::Array result = Napi::Array::New(env, all.size());
        for (uint32_t i = 0; i < all.size(); ++i) result.Set(i, toBytes(env, all[i]));
        return result;
      };
    });
  }

  /** broadcast(Uint8Array): that of rank 0 */
  Napi::Value broadcast(const Napi::CallbackInfo& info) {
    const std::vector<char> given = info[0].IsUndefined() ? std::vector<char>() : bytesOf(info[0]);
    return submit(info.Env(), [ranks = ranks_, bytes = given]() mutable -> Worker::Finish {
      ranks->broadcast(bytes);
      return [bytes](Napi::Env env) { return toBytes(env, bytes); };
    });
  }

  Napi::Value barrier(const Napi::CallbackInfo& info) {
    return submit(info.Env(), [ranks = ranks_]() -> Worker::Finish {
      ranks->barrier();
      return [](Napi::Env env) { return env.Undefined(); };
    });
  }

  void finalize(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] { ranks_->finalize(); });
  }

  void abort(const Napi::CallbackInfo& info) { Ranks::abort(info[0].ToNumber().Int32Value()); }

  Ranks* ranks_ = nullptr;
};

Napi::Object init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Worker("mpi"));
  exports.Set("Ranks", RanksHandle::define(env));
  exports.Set("library", Napi::Function::New(env, [](const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), Ranks::library()); }));
  return exports;
}

NODE_API_MODULE(mpi, init)

}  // namespace

}  // namespace retroplume
