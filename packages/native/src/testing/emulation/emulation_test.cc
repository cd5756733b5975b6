#include <cstdio>
#include <string>
#include <vector>

#include "runtime/cuda/device.h"
#include "runtime/error.h"

/** Kernels that are right, and such that lack a barrier or reach too far: the emulation must pass the former and name what is wrong with the latter.
 */
namespace retroplume {

namespace {

constexpr unsigned kThreads = 64;

struct Settings {
  bool barrierBeforeRead = true, barrierBeforeWrite = true, wait = true, everyThread = true;
  int reach = 0;  // past the end
};

/** out[i] = in[63 − i] + 1, by way of shared memory; twice, so that a barrier is needed before the second write as well. */
void reverse_kernel(Settings settings, Global<const float> in, Global<float> out) {
  SharedMemory memory;
  Shared<float> shared = memory.take<float>(kThreads);
  const int t = threadIdx.x, other = static_cast<int>(kThreads) - 1 - t;
  for (int round = 0; round < 2; ++round) {
    shared[t] = in[t];
    if (settings.barrierBeforeRead) __syncthreads();
    out[t + settings.reach] = shared[other] + 1.0f;
    if (settings.barrierBeforeWrite) __syncthreads();
  }
  if (settings.everyThread || t > 0) __syncthreads();
}

void copy_kernel(Settings settings, Global<const float> in, Global<float> out) {
  SharedMemory memory;
  Shared<float> shared = memory.take<float>(kThreads);
  const int t = threadIdx.x;
  copyAsync4(shared, t, in, t, true);
  commitCopies();
  if (settings.wait) waitCopies<0>();
  __syncthreads();
  out[t] = shared[(t + 1) % static_cast<int>(kThreads)];
}

void unwritten_kernel(Settings, Global<const float>, Global<float> out) {
  SharedMemory memory;
  Shared<float> shared = memory.take<float>(kThreads);
  out[threadIdx.x] = shared[0];
}

/** Within a warp: __syncwarp is enough, and needed. */
void warp_kernel(Settings settings, Global<const float> in, Global<float> out) {
  SharedMemory memory;
  Shared<float> shared = memory.take<float>(kThreads);
  const int t = threadIdx.x;
  shared[t] = in[t];
  if (settings.barrierBeforeRead) __syncwarp();
  out[t] = shared[t ^ 1];
}

/** C = A·B of a 16x8 and an 8x8 matrix by one warp, A = i·8 + k + 1 and B = k − n, against plain loops. */
void mma_kernel(Settings, Global<const float>, Global<float> out) {
  const int lane = static_cast<int>(threadIdx.x) % 32, g = lane / 4, t = lane % 4;
  const auto elementA = [](int row, int k) { return static_cast<float>(row * 8 + k + 1); };
  const auto elementB = [](int k, int n) { return static_cast<float>(k - n); };
  const uint32_t a[4] = {toTf32(elementA(g, t)), toTf32(elementA(g + 8, t)), toTf32(elementA(g, t + 4)), toTf32(elementA(g + 8, t + 4))};
  const uint32_t b[2] = {toTf32(elementB(t, g)), toTf32(elementB(t + 4, g))};
  float d[4] = {};
  mmaTf32(d, a, b);
  float wrong = 0.0f;
  for (int e = 0; e < 4; ++e) {
    float sum = 0.0f;
    for (int k = 0; k < 8; ++k) sum += elementA(g + e / 2 * 8, k) * elementB(k, 2 * t + e % 2);
    wrong += fabsf(d[e] - sum);
  }
  out[threadIdx.x] = wrong;
}

using Kernel = void (*)(Settings, Global<const float>, Global<float>);

/** The complaint of the emulation, empty if there is none. */
std::string complaint(Kernel kernel, const Settings& settings, std::vector<float>& out) {
  std::vector<float> in(kThreads);
  for (unsigned i = 0; i < kThreads; ++i) in[i] = static_cast<float>(i);
  out.assign(kThreads, -1.0f);
  try {
    Context context{};
    context.sharedBytes = kThreads * sizeof(float);
    launch(context, kernel, dim3(1), kThreads, kThreads * sizeof(float), settings, Global<const float>(in.data(), kThreads),
           Global<float>(out.data(), kThreads));
    return "";
  } catch (const NativeError& error) {
    return error.what();
  }
}

int failures = 0;

void expect(const char* name, Kernel kernel, const Settings& settings, const std::string& expected, float first) {
  std::vector<float> out;
  const std::string told = complaint(kernel, settings, out);
  const bool right = expected.empty() ? told.empty() && out[0] == first : told.find(expected) != std::string::npos;
  if (!right) ++failures;
  std::printf("%s  %s%s%s\n", right ? "ok  " : "FAIL", name, told.empty() ? "" : ": ", told.c_str());
}

}  // namespace

int run() {
  Settings whole, noBarrier = whole, noSecond = whole, far = whole, noWait = whole, missing = whole;
  noBarrier.barrierBeforeRead = noSecond.barrierBeforeWrite = noWait.wait = missing.everyThread = false;
  far.reach = 1;
  expect("shared memory with its barriers", reverse_kernel, whole, "", 64.0f);
  expect("no barrier between write and read", reverse_kernel, noBarrier, "nobody has written", 0);
  expect("no barrier between read and write", reverse_kernel, noSecond, "a barrier is missing", 0);
  expect("an index past the end", reverse_kernel, far, "reaches element 64 of an array of 64 in global memory", 0);
  expect("a thread that does not come to the barrier", reverse_kernel, missing, "waits at __syncthreads for threads that do not come", 0);
  expect("asynchronous copies, waited for", copy_kernel, whole, "", 1.0f);
  expect("asynchronous copies, not waited for", copy_kernel, noWait, "waitCopies is missing", 0);
  expect("shared memory that nobody wrote", unwritten_kernel, whole, "nobody has written", 0);
  expect("a warp with its barrier", warp_kernel, whole, "", 1.0f);
  expect("a warp without its barrier", warp_kernel, noBarrier, "nobody has written", 0);
  expect("tensor cores", mma_kernel, whole, "", 0.0f);
  return failures == 0 ? 0 : 1;
}

}  // namespace retroplume

int main() { return retroplume::run(); }
