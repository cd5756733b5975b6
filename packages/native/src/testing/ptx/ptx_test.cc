#include <cuda_runtime_api.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "runtime/error.h"
#include "testing/ptx/machine.h"
#include "testing/ptx/modules.h"

/** Kernels in PTX that are right, and such that reach too far or forget to wait; instructions at their edges; what is counted; calls that CUDA
 * refuses. */
namespace retroplume::ptx {

namespace {

int failures = 0;

void report(std::string name, bool right, const std::string& told) {
  if (!right) ++failures;
  std::replace(name.begin(), name.end(), '\n', ' ');
  std::printf("%s  %s%s%s\n", right ? "ok  " : "FAIL", name.c_str(), told.empty() ? "" : ": ", told.c_str());
}

constexpr unsigned kThreads = 64;

/** `body` with %rd1 = in, %rd2 = out, %r1 = thread, %rd3 = 4·thread, and as many registers as one likes. */
std::string kernelText(const std::string& body) {
  return ".extern .shared .align 128 .b8 memory[];\n.entry k(\n.param .u64 k_param_0,\n.param .u64 k_param_1\n)\n.maxntid 256, 1, 1\n{\n"
         ".reg .pred %p<9>;\n.reg .b16 %rs<9>;\n.reg .f32 %f<20>;\n.reg .b32 %r<40>;\n.reg .b64 %rd<20>;\n.reg .f64 %fd<9>;\n"
         "ld.param.u64 %rd1, [k_param_0];\nld.param.u64 %rd2, [k_param_1];\nmov.u32 %r1, %tid.x;\nmul.wide.u32 %rd3, %r1, 4;\n" +
         body + "\nret;\n}\n";
}

/** What the kernel writes, having read 0, 1, 2 …; `told` is what stopped it. */
std::vector<float> outputOf(const std::string& body, std::string& told) {
  // Not side by side: what reaches past the end of one must not come to the other.
  constexpr unsigned kGap = 16;
  alignas(16) static float in[kThreads + kGap];
  alignas(16) static float out[kThreads + kGap];
  for (unsigned i = 0; i < kThreads; ++i) {
    in[i] = static_cast<float>(i);
    out[i] = -1.0f;
  }
  Allocations allocations;
  allocations.add(in, kThreads * sizeof(float));
  allocations.add(out, kThreads * sizeof(float));
  try {
    Launch launch;
    launch.kernel = std::make_shared<Kernel>(parseKernel("k", kernelText(body)));
    launch.threads = kThreads;
    launch.sharedBytes = kThreads * sizeof(float);
    const void* pointers[2] = {in, out};
    launch.parameters.resize(sizeof(pointers));
    std::memcpy(launch.parameters.data(), pointers, sizeof(pointers));
    run(launch, allocations);
    told.clear();
  } catch (const NativeError& error) {
    told = error.what();
  }
  return {out, out + kThreads};
}

using Expected = std::function<float(unsigned)>;

/** That thread t writes `expected(t)`; NaN stands for NaN. */
void expectOutput(const std::string& name, const std::string& body, const Expected& expected) {
  std::string told;
  const std::vector<float> out = outputOf(body, told);
  for (unsigned t = 0; t < kThreads && told.empty(); ++t) {
    const float right = expected(t);
    if (out[t] != right && !(std::isnan(out[t]) && std::isnan(right)))
      told = "thread " + std::to_string(t) + ": expected " + std::to_string(right) + " but received " + std::to_string(out[t]);
  }
  report(name, told.empty(), told);
}

void expectError(const std::string& name, const std::string& body, const std::string& expected) {
  std::string told;
  outputOf(body, told);
  report(name, told.find(expected) != std::string::npos, told.empty() ? "nothing is wrong" : told);
}

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

void kernels() {
  const std::string load = "add.s64 %rd4, %rd1, %rd3;\nld.global.f32 %f1, [%rd4];\n",
                    store = "add.s64 %rd5, %rd2, %rd3;\nst.global.f32 [%rd5], %f1;\n";
  const auto reversed = [&](const char* barrier) {
    return load + "mov.u32 %r2, memory;\nshl.b32 %r3, %r1, 2;\nadd.s32 %r4, %r2, %r3;\nst.shared.f32 [%r4], %f1;\n" + barrier +
           "sub.s32 %r5, 252, %r3;\nadd.s32 %r6, %r2, %r5;\nld.shared.f32 %f1, [%r6];\n" + store;
  };
  expectOutput("shared memory with its barrier", reversed("bar.sync 0;\n"), [](unsigned t) { return 63.0f - static_cast<float>(t); });
  expectOutput("without: who runs first finds nothing", reversed(""), [](unsigned t) { return t >= 32 ? kNaN : 63.0f - static_cast<float>(t); });
  const auto copied = [&](const char* wait) {
    return "add.s64 %rd4, %rd1, %rd3;\nmov.u32 %r2, memory;\nshl.b32 %r3, %r1, 2;\nadd.s32 %r4, %r2, %r3;\nmov.u32 %r7, 4;\n"
           "cp.async.ca.shared.global [%r4], [%rd4], 4, %r7;\ncp.async.commit_group;\n" +
           std::string(wait) + "bar.sync 0;\nxor.b32 %r5, %r3, 4;\nadd.s32 %r6, %r2, %r5;\nld.shared.f32 %f1, [%r6];\n" + store;
  };
  expectOutput("an asynchronous copy, waited for", copied("cp.async.wait_group 0;\n"), [](unsigned t) { return static_cast<float>(t ^ 1); });
  expectOutput("not waited for", copied(""), [](unsigned) { return kNaN; });
  expectOutput("waited for all but the last", copied("cp.async.wait_group 1;\n"), [](unsigned) { return kNaN; });
  expectOutput("a wait before the group is closed",
               "add.s64 %rd4, %rd1, %rd3;\nmov.u32 %r2, memory;\nmov.u32 %r7, 4;\ncp.async.ca.shared.global [%r2], [%rd4], 4, %r7;\n"
               "cp.async.wait_group 0;\nld.shared.f32 %f1, [%r2];\n" +
                   store,
               [](unsigned) { return kNaN; });
  expectOutput(
      "loops of other lengths come together again",
      load +
          "mov.u32 %r2, 0;\n$L1:\nadd.s32 %r2, %r2, 3;\nadd.s32 %r1, %r1, -1;\nsetp.ge.s32 %p1, %r1, 0;\n@%p1 bra $L1;\n"
          "mov.u32 %r3, 1;\nmov.u32 %r4, 31;\nmov.u32 %r5, -1;\nshfl.sync.bfly.b32 %r6|%p2, %r2, %r3, %r4, %r5;\ncvt.rn.f32.s32 %f1, %r6;\n" +
          store,
      [](unsigned t) { return 3.0f * static_cast<float>((t ^ 1) + 1); });
  expectError("an exchange that half of the warp comes to",
              "and.b32 %r2, %r1, 1;\nsetp.eq.s32 %p1, %r2, 0;\n@%p1 bra $L1;\nshfl.sync.bfly.b32 %r6|%p2, %r1, 1, 31, -1;\nret;\n$L1:\n",
              "waits for lanes of its warp that never come");
  // Sixteen rows of four floats, 0 … 63, as matrices of eight rows: the first, the second, and both again.
  const auto matrices = [&](const char* row) {
    return "mov.u32 %r2, memory;\nshl.b32 %r3, %r1, 2;\nadd.s32 %r4, %r2, %r3;\ncvt.rn.f32.s32 %f1, %r1;\nst.shared.f32 [%r4], %f1;\nbar.sync 0;\n"
           "and.b32 %r5, %r1, 15;\nshl.b32 %r6, %r5, 4;\nadd.s32 %r7, %r2, %r6;\n" +
           std::string(row) +
           "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r10, %r11, %r12, %r13}, [%r7];\nmov.b32 %f2, %r10;\nmov.b32 %f3, %r11;\nmov.b32 %f4, %r12;\n"
           "mov.b32 %f5, %r13;\nsub.f32 %f6, %f5, %f4;\nfma.rn.f32 %f7, %f6, 0f42C80000, %f3;\nfma.rn.f32 %f1, %f2, 0f447A0000, %f7;\n" +
           store;
  };
  expectOutput("matrices", matrices(""), [](unsigned t) {
    const unsigned first = t % 32, second = 32 + first;
    return static_cast<float>(1000 * first + 100 * (second - first) + second);
  });
  expectError("a row of a matrix at another multiple", matrices("add.s32 %r7, %r7, 4;\n"), "is not at a multiple of 16 bytes");
  expectError("a row of a matrix past the end", matrices("add.s32 %r7, %r7, 16;\n"), "reaches byte 256 of 256 of shared memory");
  expectError("a read past the end", "add.s64 %rd4, %rd1, %rd3;\nld.global.f32 %f1, [%rd4+4];\n",
              "thread 63: \"ld.global.f32 %f1, [%rd4+4]\" reaches what no");
  expectError("a vector at another multiple", "ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd1+4];\n", "is not at a multiple of 16 bytes");
  expectError("a vector of shared memory at another multiple", "mov.u32 %r2, memory;\nld.shared.v2.f32 {%f1, %f2}, [%r2+4];\n",
              "is not at a multiple of 8 bytes");
  expectError("shared memory before its beginning", "mov.u32 %r2, memory;\nld.shared.f32 %f1, [%r2+-4];\n", "of shared memory");
  expectError("shared memory past its end", "mov.u32 %r2, memory;\nld.shared.f32 %f1, [%r2+256];\n", "reaches byte 256 of 256 of shared memory");
  expectError("an instruction that nobody wrote here", "popc.b32 %r2, %r1;\n", "instruction popc.b32 in");
  expectError("a register of another width", "add.s32 %r2, %rd1, %r1;\n", "%rd1 has another width");
}

void instructions() {
  const std::string store = "add.s64 %rd5, %rd2, %rd3;\nst.global.f32 [%rd5], %f1;\n";
  /** Of an integer result in %r2. */
  const auto integer = [&](const std::string& body, int expected) {
    expectOutput(body, body + "\ncvt.rn.f32.s32 %f1, %r2;\n" + store, [expected](unsigned) { return static_cast<float>(expected); });
  };
  const auto real = [&](const std::string& body, float expected) {
    expectOutput(body, body + "\n" + store, [expected](unsigned) { return expected; });
  };
  integer("bfi.b32 %r2, 5, 3, 4, 3;", 0x53);
  integer("shr.s32 %r2, -8, 40;", -1);
  integer("shl.b32 %r2, 1, 32;", 0);
  integer("prmt.b32 %r2, 262914, 196743, 12372;", 0x00020087);
  integer("prmt.b32 %r2, 263042, 8847361, 12702;", 0x000300ff);
  integer("mul.hi.s32 %r2, -2, 3;", -1);
  integer("mul.hi.u32 %r2, -2, 3;", 2);
  integer("mov.u16 %rs1, 65535;\nmul.wide.u16 %r2, %rs1, 3;", 3 * 65535);
  integer("mul.wide.s32 %rd6, -3, 5;\ncvt.u32.u64 %r2, %rd6;", -15);
  integer("mad.lo.s32 %r2, 65536, 65536, 7;", 7);
  integer("div.s32 %r2, -7, 2;", -3);
  integer("rem.s32 %r2, -7, 2;", -1);
  integer("div.u32 %r2, -8, 2;", 0x7ffffffc);
  integer("mov.u64 %rd6, 4294967295;\ncvt.s64.s32 %rd7, %rd6;\nshr.u64 %rd8, %rd7, 33;\ncvt.u32.u64 %r2, %rd8;", 0x7fffffff);
  integer("mov.b32 %r3, 200;\ncvt.s32.s8 %r2, %r3;", -56);
  integer("mov.u32 %r3, 305419896;\nst.global.u32 [%rd2], %r3;\nld.global.u16 %r2, [%rd2+2];", 0x1234);
  integer("mov.u32 %r3, -7;\nst.global.u32 [%rd2], %r3;\nld.global.s32 %rd6, [%rd2];\nshr.s64 %rd7, %rd6, 1;\ncvt.u32.u64 %r2, %rd7;", -4);
  integer("setp.geu.f32 %p1, 0f7FC00000, 0f3F800000;\nselp.u32 %r2, 1, 0, %p1;", 1);
  integer("setp.ge.f32 %p1, 0f7FC00000, 0f3F800000;\nselp.u32 %r2, 1, 0, %p1;", 0);
  integer("setp.ne.f32 %p1, 0f7FC00000, 0f3F800000;\nselp.u32 %r2, 1, 0, %p1;", 0);
  integer("setp.neu.f32 %p1, 0f7FC00000, 0f3F800000;\nselp.u32 %r2, 1, 0, %p1;", 1);
  integer("cvt.rzi.u64.f32 %rd6, 0fC0400000;\ncvt.u32.u64 %r2, %rd6;", 0);
  // 1 + 2^-11, between two tf32 numbers, and 1 + 2^-8 and 1 + 3·2^-8, between two bfloat16: away from zero; to even
  integer("cvt.rna.tf32.f32 %r3, 0f3F801000;\nsub.s32 %r2, %r3, 1065353216;", 0x2000);
  integer("cvt.rn.bf16x2.f32 %r3, 0f3F808000, 0f3F818000;\nsub.s32 %r2, %r3, 1065369472;", 2);
  // Half precision: 1 + 2^-11 and 1 + 3·2^-11; 65520, between 65504 and infinity, and NaN; 1.5·2^-24 and 2^-14 less a float's last bit, subnormal
  integer("cvt.rn.f16x2.f32 %r3, 0f3F801000, 0f3F803000;\nsub.s32 %r2, %r3, 1006648320;", 2);
  integer("cvt.rn.f16x2.f32 %r2, 0f477FF000, 0f7FC00000;", 0x7c007fff);
  integer("cvt.rn.f16x2.f32 %r2, 0f33C00000, 0fB87FFFFF;", 0x00028400);
  real("mov.u16 %rs1, 48896;\ncvt.f32.f16 %f1, %rs1;", -1.75f);
  real("mov.u16 %rs1, 1023;\ncvt.f32.f16 %f1, %rs1;", 1023 * 0x1p-24f);
  real("mov.u16 %rs1, 64512;\ncvt.f32.f16 %f1, %rs1;", -std::numeric_limits<float>::infinity());
  real("fma.rm.f32 %f1, 0f3F800001, 0f3F800001, 0f00000000;", 1.0f + 0x1p-22f);
  real("fma.rn.f32 %f1, 0f3F800001, 0f3F800001, 0fBF800002;", 0x1p-46f);
  real("add.rz.f32 %f1, 0f3F800000, 0f34000000;", 1.0f + 0x1p-23f);
  real("add.rz.f32 %f1, 0f3F800000, 0f33C00000;", 1.0f);
  real("mov.f32 %f2, 0fC0000000;\ncopysign.f32 %f1, %f2, 0f40400000;", -3.0f);
  real("cvt.sat.f32.f32 %f1, 0f7FC00000;", 0.0f);
  real("cvt.rni.f32.f32 %f1, 0f40200000;", 2.0f);
  real("rcp.approx.ftz.f32 %f1, 0f00000001;", std::numeric_limits<float>::infinity());
  real("mov.f64 %fd1, 0d3FF8000000000000;\nmov.b64 {%r3, %r4}, %fd1;\nmov.b64 %fd2, {%r3, %r4};\ncvt.rn.f32.f64 %f1, %fd2;", 1.5f);
}

void expectCall(const std::string& name, cudaError_t status, cudaError_t expected) {
  cudaGetLastError();
  report(name, status == expected, status == expected ? "" : "it says " + std::to_string(status) + ", " + cudaGetErrorString(status));
}

extern "C" {
void __cudaRegisterFunction(void**, const char*, char*, const char*, int, uint3*, uint3*, dim3*, dim3*, int*);
}

/** Of accesses of `bytes` bytes by 32 lanes, the address of each by its number. */
void expectCounts(const std::string& name, int bytes, const std::function<uint64_t(uint64_t)>& address, int sectors, int wavefronts) {
  uint64_t addresses[kWarp];
  int lanes[kWarp];
  for (int lane = 0; lane < kWarp; ++lane) {
    addresses[lane] = address(static_cast<uint64_t>(lane));
    lanes[lane] = lane;
  }
  const int found = sectorsOf(addresses, kWarp), passes = wavefrontsOf(addresses, lanes, kWarp, bytes);
  report(name, found == sectors && passes == wavefronts, std::to_string(found) + " sectors, " + std::to_string(passes) + " passes");
}

void counts() {
  expectCounts("floats side by side", 4, [](uint64_t lane) { return 4 * lane; }, 4, 1);
  expectCounts("floats side by side, from the last to the first", 4, [](uint64_t lane) { return 4 * (31 - lane); }, 4, 1);
  expectCounts("every other float", 4, [](uint64_t lane) { return 8 * lane; }, 8, 2);
  expectCounts("one float for all", 4, [](uint64_t) { return 64; }, 1, 1);
  expectCounts("floats of one bank", 4, [](uint64_t lane) { return 128 * lane; }, 32, 32);
  expectCounts("vectors side by side", 16, [](uint64_t lane) { return 16 * lane; }, 16, 4);
  expectCounts("every other vector", 16, [](uint64_t lane) { return 32 * lane; }, 32, 8);
  expectCounts("rows of eight vectors, 144 bytes apart", 16, [](uint64_t lane) { return 16 * (lane % 8) + 144 * (lane / 8); }, 18, 4);
}

/** Of work in the order in which CUDA may do it, and of what it refuses. */
void runtimeCalls() {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("ptx-test-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "k.ptx") << kernelText(
      "add.s64 %rd4, %rd1, %rd3;\nld.global.f32 %f1, [%rd4];\nadd.f32 %f1, %f1, %f1;\nadd.s64 %rd5, %rd2, %rd3;\nst.global.f32 [%rd5], %f1;\n");
  std::ofstream(folder / "k.resources") << "sm_80 40 1024 k\nsm_90 200 1024 k\n";
  setenv("RETROPLUME_PTX_FOLDER", folder.c_str(), 1);
  static const char host = 0;
  __cudaRegisterFunction(nullptr, &host, nullptr, "k", -1, nullptr, nullptr, nullptr, nullptr, nullptr);

  constexpr std::size_t kBytes = 32 * sizeof(float);
  cudaStream_t stream, copies, other;
  cudaEvent_t copied;
  float *pinned, *in, *out, host32[32];
  cudaSetDevice(1);
  cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking);
  cudaSetDevice(0);
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  cudaStreamCreateWithFlags(&copies, cudaStreamNonBlocking);
  cudaEventCreateWithFlags(&copied, cudaEventDisableTiming);
  cudaMallocHost(reinterpret_cast<void**>(&pinned), kBytes);
  cudaMalloc(reinterpret_cast<void**>(&in), kBytes);
  cudaMalloc(reinterpret_cast<void**>(&out), kBytes);
  void* arguments[] = {&in, &out};
  const auto launch = [&](cudaStream_t to, unsigned threads, std::size_t sharedBytes) {
    return cudaLaunchKernel(&host, dim3(1), dim3(threads), arguments, sharedBytes, to);
  };
  const auto expectFirst = [&](const std::string& name, float expected) {
    cudaMemcpyAsync(host32, out, kBytes, cudaMemcpyDeviceToHost, stream);
    report(name, host32[0] == expected, std::to_string(host32[0]));
  };

  pinned[0] = 1;
  cudaMemcpyAsync(in, pinned, kBytes, cudaMemcpyHostToDevice, copies);
  pinned[0] = 2;  // too early
  cudaEventRecord(copied, copies);
  cudaStreamWaitEvent(stream, copied, 0);
  launch(stream, 32, 0);
  expectFirst("pinned memory is read late", 4);
  pinned[0] = 3;
  cudaMemcpyAsync(in, pinned, kBytes, cudaMemcpyHostToDevice, copies);
  launch(stream, 32, 0);
  expectFirst("a stream does not wait for another by itself", 4);
  cudaStreamSynchronize(copies);

  cudaGraph_t graph;
  cudaGraphExec_t executable;
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
  launch(stream, 32, 0);
  void* none = nullptr;
  expectCall("no allocation while the thread captures", cudaMalloc(&none, 4), cudaErrorStreamCaptureUnsupported);
  expectCall("no wait while the thread captures", cudaStreamSynchronize(copies), cudaErrorStreamCaptureUnsupported);
  cudaStreamEndCapture(stream, &graph);
  expectFirst("what is captured is not run", 4);
  cudaGraphInstantiate(&executable, graph, 0);
  cudaGraphDestroy(graph);
  cudaGraphLaunch(executable, stream);
  expectFirst("a graph is run as often as it is launched", 6);
  cudaGraphExecDestroy(executable);

  expectCall("a stream of another device", launch(other, 32, 0), cudaErrorInvalidResourceHandle);
  expectCall("more threads than the kernel was compiled for", launch(stream, 512, 0), cudaErrorInvalidConfiguration);
  expectCall("more shared memory than was asked for", launch(stream, 32, 64 * 1024), cudaErrorInvalidConfiguration);
  expectCall("more shared memory than there is", cudaFuncSetAttribute(&host, cudaFuncAttributeMaxDynamicSharedMemorySize, 227 * 1024),
             cudaErrorInvalidValue);
  cudaFuncSetAttribute(&host, cudaFuncAttributeMaxDynamicSharedMemorySize, 64 * 1024);
  expectCall("shared memory that was asked for", launch(stream, 32, 64 * 1024), cudaSuccess);
  expectCall("memory of the host for a device's", cudaMemcpyAsync(host32, pinned, 4, cudaMemcpyHostToDevice, stream), cudaErrorInvalidValue);
  expectCall("more memory than there is", cudaMalloc(&none, std::size_t{1} << 50), cudaErrorMemoryAllocation);
  cudaFree(out);
  launch(stream, 32, 0);
  expectCall("a kernel that writes to memory that was freed", cudaStreamSynchronize(stream), cudaErrorLaunchFailure);
  expectCall("and every call after it", cudaMalloc(&none, 4), cudaErrorLaunchFailure);
  std::filesystem::remove_all(folder);
}

}  // namespace

int test() {
  kernels();
  instructions();
  counts();
  runtimeCalls();
  return failures == 0 ? 0 : 1;
}

}  // namespace retroplume::ptx

int main() { return retroplume::ptx::test(); }
