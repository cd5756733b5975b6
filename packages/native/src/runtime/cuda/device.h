#pragma once
#include <cstdint>

#include "runtime/context.h"

/**
 * What kernels of *_cuda.cu are written with. The same sources are compiled by nvcc for a GPU and, with RETROPLUME_EMULATION, by the host's compiler
 * for the tests (testing/emulation): there the names of CUDA that kernels use (threadIdx, __syncthreads, __shfl_xor_sync …) are functions of the
 * emulation, and what CUDA says in PTX is said here, once, for both:
 *
 *   Global<T>, Shared<T>   arrays in global and in shared memory, with the length that the emulation checks every index against
 *   SharedMemory           divides a block's dynamic shared memory
 *   load4, store4, load2, store2  16 or 8 bytes at once; index and address multiples of as many floats
 *   loadMatrices           a warp's fragments for the tensor cores out of rows of 16 bytes
 *   copyAsync4, copyAsync16, copyAsync16Cached, commitCopies, waitCopies   from global to shared memory past the registers (cp.async)
 *   prefetch                                            from memory to the second-level cache
 *   toTf32, mmaTf32, packBf16, mmaBf16                  tensor cores of one warp
 *   packHalves, halfToFloat, loadHalf                   half precision, for what is kept in sixteen bits
 *   approximateExp2, approximateReciprocal              special function unit
 *   launch                 a kernel on the context's stream
 *
 * Indices are 64 bits wide for global memory: an arena may have more than 2^31 elements.
 */

#if defined(RETROPLUME_EMULATION)
#include "testing/emulation/device.h"
#else
#include <cuda_runtime.h>

#include "runtime/cuda/check.h"

namespace retroplume {

template <class T>
class Global {
 public:
  __host__ __device__ Global() : data_(nullptr) {}
  /** `length` elements from `data` on; null stays null. */
  __host__ __device__ Global(T* data, int64_t) : data_(data) {}
  __device__ __forceinline__ T& operator[](int64_t index) const { return data_[index]; }
  __host__ __device__ explicit operator bool() const { return data_ != nullptr; }
  __device__ __forceinline__ T* at(int64_t index) const { return data_ + index; }

 private:
  T* data_;
};

template <class T>
class Shared {
 public:
  __device__ Shared() : data_(nullptr) {}
  __device__ __forceinline__ T& operator[](int index) const { return data_[index]; }
  __device__ __forceinline__ T* at(int index) const { return data_ + index; }
  /** The elements from `index` on. */
  __device__ __forceinline__ Shared from(int index) const { return Shared(data_ + index); }

 private:
  friend class SharedMemory;
  __device__ explicit Shared(T* data) : data_(data) {}
  T* data_;
};

/** A block's dynamic shared memory, handed out from its beginning; each part begins at a multiple of 16 bytes. */
class SharedMemory {
 public:
  __device__ __forceinline__ SharedMemory() {
    extern __shared__ __align__(128) unsigned char memory[];
    next_ = memory;
  }
  template <class T>
  __device__ __forceinline__ Shared<T> take(int count) {
    Shared<T> part(reinterpret_cast<T*>(next_));
    next_ += (count * static_cast<int>(sizeof(T)) + 15) / 16 * 16;
    return part;
  }

 private:
  unsigned char* next_;
};

__device__ __forceinline__ float4 load4(const Global<const float>& from, int64_t index) { return *reinterpret_cast<const float4*>(from.at(index)); }
__device__ __forceinline__ float4 load4(const Global<float>& from, int64_t index) { return *reinterpret_cast<const float4*>(from.at(index)); }
__device__ __forceinline__ float4 load4(const Shared<float>& from, int index) { return *reinterpret_cast<const float4*>(from.at(index)); }
__device__ __forceinline__ float2 load2(const Global<const float>& from, int64_t index) { return *reinterpret_cast<const float2*>(from.at(index)); }
// In PTX: written as an assignment, the compiler cuts some of them into four stores of four bytes, each of which touches as many sectors as the
// whole.
__device__ __forceinline__ void store4(const Global<float>& to, int64_t index, float4 value) {
  asm volatile("st.global.v4.f32 [%0], {%1,%2,%3,%4};\n" ::"l"(__cvta_generic_to_global(to.at(index))), "f"(value.x), "f"(value.y), "f"(value.z),
               "f"(value.w)
               : "memory");
}
__device__ __forceinline__ void store2(const Global<float>& to, int64_t index, float2 value) {
  asm volatile("st.global.v2.f32 [%0], {%1,%2};\n" ::"l"(__cvta_generic_to_global(to.at(index))), "f"(value.x), "f"(value.y) : "memory");
}
__device__ __forceinline__ void store4(const Shared<float>& to, int index, float4 value) {
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(to.at(index)));
  asm volatile("st.shared.v4.f32 [%0], {%1,%2,%3,%4};\n" ::"r"(address), "f"(value.x), "f"(value.y), "f"(value.z), "f"(value.w) : "memory");
}

/**
 * Four matrices of eight rows of four floats for the whole warp (ldmatrix): lane l gives the place of row l % 8 of matrix l / 8, and to[m] becomes
 * element (l / 4, l % 4) of matrix m. As a row of a matrix holds what a product sums over, these are the fragments that mmaTf32 takes.
 */
__device__ __forceinline__ void loadMatrices(float (&to)[4], const Shared<float>& from, int index) {
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(from.at(index)));
  uint32_t bits[4];
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(bits[0]), "=r"(bits[1]), "=r"(bits[2]), "=r"(bits[3])
               : "r"(address)
               : "memory");
#pragma unroll
  for (int m = 0; m < 4; ++m) to[m] = __int_as_float(static_cast<int>(bits[m]));
}

/** Four floats; zeros where not `valid`, and then nothing is read, wherever `source` is. Both addresses are multiples of 16 bytes. */
__device__ __forceinline__ void copyAsync16(const Shared<float>& to, int index, const Global<const float>& from, int64_t source, bool valid) {
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(to.at(index)));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(address), "l"(from.at(source)), "r"(valid ? 16 : 0) : "memory");
}

/** The same, for what the block reads again soon: the line stays in the first-level cache. */
__device__ __forceinline__ void copyAsync16Cached(const Shared<float>& to, int index, const Global<const float>& from, int64_t source, bool valid) {
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(to.at(index)));
  asm volatile("cp.async.ca.shared.global [%0], [%1], 16, %2;\n" ::"r"(address), "l"(from.at(source)), "r"(valid ? 16 : 0) : "memory");
}

/** One float, likewise. */
__device__ __forceinline__ void copyAsync4(const Shared<float>& to, int index, const Global<const float>& from, int64_t source, bool valid) {
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(to.at(index)));
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;\n" ::"r"(address), "l"(from.at(source)), "r"(valid ? 4 : 0) : "memory");
}

/** Ends a group of copies of this thread. */
__device__ __forceinline__ void commitCopies() { asm volatile("cp.async.commit_group;\n" ::: "memory"); }

/** Until all groups of this thread but the last N have arrived; other threads see them after the next __syncthreads. */
template <int N>
__device__ __forceinline__ void waitCopies() {
  asm volatile("cp.async.wait_group %0;\n" ::"n"(N) : "memory");
}

/**
 * d += a·b of a 16x8 and an 8x8 matrix (mma.m16n8k8). With g = lane / 4, t = lane % 4:
 * a = (g, t), (g+8, t), (g, t+4), (g+8, t+4); b = (t, g), (t+4, g) as row, column; d = (g, 2t), (g, 2t+1), (g+8, 2t), (g+8, 2t+1).
 */
__device__ __forceinline__ void mmaTf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/** Two bfloat16, `low` in the lower half, rounded to nearest even. */
__device__ __forceinline__ uint32_t packBf16(float low, float high) {
  uint32_t bits;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;\n" : "=r"(bits) : "f"(high), "f"(low));
  return bits;
}

/** Two numbers in half precision, likewise; beyond 65504 they become infinite, and NaN stays. */
__device__ __forceinline__ uint32_t packHalves(float low, float high) {
  uint32_t bits;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;\n" : "=r"(bits) : "f"(high), "f"(low));
  return bits;
}
__device__ __forceinline__ float halfToFloat(uint16_t half) {
  float x;
  asm("cvt.f32.f16 %0, %1;\n" : "=f"(x) : "h"(half));
  return x;
}
/** Number `index` of those that lie packed, two a float. */
__device__ __forceinline__ float loadHalf(const Global<const float>& from, int64_t index) {
  return halfToFloat(reinterpret_cast<const uint16_t*>(from.at(0))[index]);
}

/**
 * d += a·b of a 16x16 and a 16x8 matrix (mma.m16n8k16); each register holds two columns of a, or two rows of b:
 * a = (g, 2t), (g+8, 2t), (g, 2t+8), (g+8, 2t+8); b = (2t, g), (2t+8, g); d as mmaTf32.
 */
__device__ __forceinline__ void mmaBf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/** Starts to bring an element's 128 bytes from memory to the second-level cache. */
__device__ __forceinline__ void prefetch(const Global<const float>& from, int64_t index) {
  asm volatile("prefetch.global.L2 [%0];\n" ::"l"(from.at(index)));
}

/** 2^x and 1/x by the special function unit, within 2 and 1 units in the last place; of denormal numbers, as of zero. */
__device__ __forceinline__ float approximateExp2(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;\n" : "=f"(y) : "f"(x));
  return y;
}
__device__ __forceinline__ float approximateReciprocal(float x) {
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;\n" : "=f"(y) : "f"(x));
  return y;
}

/** Runs a kernel on the context's stream, with `sharedBytes` of dynamic shared memory. @throws NativeError CUDA_FAILED */
template <class... Parameters, class... Arguments>
void launch(const Context& context, void (*kernel)(Parameters...), dim3 grid, unsigned threads, int sharedBytes, const Arguments&... arguments) {
  constexpr int kWithoutAsking = 48 * 1024;
  if (sharedBytes > kWithoutAsking) allowSharedMemory(reinterpret_cast<const void*>(kernel), sharedBytes);
  // clang-format off: it takes <<< for two operators
  kernel<<<grid, threads, sharedBytes, static_cast<cudaStream_t>(context.stream)>>>(Parameters(arguments)...);
  // clang-format on
  RETROPLUME_CUDA(cudaGetLastError());
}

}  // namespace retroplume
#endif

namespace retroplume {

/**
 * A float as tensor cores want it, which ignore all but 10 bits of mantissa. cvt.rna, which rounds, takes two to three instructions a number, more
 * than a product has room for beside itself. One multiplication moves the number up instead, by 1/(4·ln 2) of the last of these bits for a mantissa
 * of 1 and by twice that for one of 2: what is cut off afterwards is then off by nothing in the mean (relative error, over mantissas whose logarithms
 * are evenly spread), by 6 % more than when rounded as a root mean square, by 0.64 of that bit at most instead of 0.5. NaN and infinity stay.
 */
__device__ __forceinline__ uint32_t toTf32(float x) { return static_cast<uint32_t>(__float_as_int(x * (1.0f + 0.36067376f * 0x1p-10f))); }

/** The same number as a float: for what is stored as products will read it. Not for what is rounded again, which would move it once more. */
__device__ __forceinline__ float roundedToTf32(float x) { return __int_as_float(static_cast<int>(toTf32(x))); }

}  // namespace retroplume
