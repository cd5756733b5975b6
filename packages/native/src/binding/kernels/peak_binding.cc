#include <algorithm>
#include <chrono>
#include <vector>

#include "binding/addon.h"
#include "ops/cpu_kernels.h"
#include "ops/peak/peak.h"
#include "runtime/error.h"

/** measurePeak of kernels.ts: the best of many short rounds, so that what else runs on the machine is passed over. */
namespace retroplume {

namespace {

constexpr int kRounds = 40;
constexpr int64_t kIterations = 2'000'000;            // some milliseconds
constexpr int64_t kTriadElements = int64_t{1} << 24;  // 64 MiB an array

template <class Body>
double leastSeconds(Body body) {
  double least = 1e300;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    body();
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return least;
}

double multiplyAddsPerSecond(const CpuKernels& kernels, const Context& context) {
  std::vector<float> sums(static_cast<std::size_t>(context.threads));
  int64_t operations = 0;
  const double seconds = leastSeconds([&] { kernels.multiplyAdds({kIterations, sums.data(), &operations}, context); });
  return static_cast<double>(operations) * context.threads / seconds;
}

double bytesPerSecond(const CpuKernels& kernels, const Context& context) {
  std::vector<float> a(kTriadElements), b(kTriadElements, 1.0f), c(kTriadElements, 2.0f);
  const double seconds = leastSeconds([&] { kernels.triad({kTriadElements, a.data(), b.data(), c.data()}, context); });
  return 3.0 * sizeof(float) * kTriadElements / seconds;
}

}  // namespace

Napi::Value Addon::measurePeak(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const int threads = info[0].ToNumber().Int32Value();
    if (threads < 1) throw NativeError("ARGUMENT_INVALID", "measurePeak: expected at least 1 thread");
    const CpuKernels& kernels = cpuKernels(parseIsa(info[1].ToString().Utf8Value()));
    return worker_.submit(info.Env(), [&kernels, threads, &team = worker_.executor().team()]() -> Worker::Finish {
      const Context context{threads, nullptr, &team};
      const double flops = multiplyAddsPerSecond(kernels, context), bytes = bytesPerSecond(kernels, context);
      return [flops, bytes](Napi::Env env) -> Napi::Value {
        Napi::Object peak = Napi::Object::New(env);
        peak.Set("gflops", flops / 1e9);
        peak.Set("gbytes", bytes / 1e9);
        return peak;
      };
    });
  });
}

}  // namespace retroplume
