#pragma once
#include <cmath>
#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>

#include "runtime/error.h"
#include "testing/emulation/block.h"

/** The host's side of runtime/cuda/device.h. Every element is reached through a reference that checks its index, and for shared memory its order. */

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __restrict__

// CUDA's names, in no namespace, as kernels use them.
using dim3 = retroplume::emulation::Dim3;
struct alignas(16) float4 {
  float x, y, z, w;
};
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
struct alignas(8) float2 {
  float x, y;
};
inline float2 make_float2(float x, float y) { return {x, y}; }

#define threadIdx (retroplume::dim3Of(retroplume::emulation::block().current))
#define blockDim (retroplume::dim3Of(retroplume::emulation::block().threads))
#define blockIdx (retroplume::emulation::block().index)
#define gridDim (retroplume::emulation::block().grid)

inline void __syncthreads() { retroplume::emulation::block().barrier(); }
inline void __syncwarp() { retroplume::emulation::block().warpBarrier(); }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(uint64_t{a} * b >> 32); }
inline float __int_as_float(int bits) {
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}
inline int __float_as_int(float x) {
  int bits;
  std::memcpy(&bits, &x, 4);
  return bits;
}
template <class T>
T __ldg(const T* from) {
  return *from;
}

namespace retroplume {

constexpr emulation::Dim3 dim3Of(unsigned x) { return {x, 0, 0}; }

namespace emulation {

template <class T>
T lane(const T& value, int source, const char* what) {
  T result;
  const unsigned char* all = block().exchange(&value, sizeof value, what);
  std::memcpy(&result, all + (source & (kWarp - 1)) * Block::kExchangeBytes, sizeof result);
  return result;
}

inline int laneIndex() { return static_cast<int>(block().current) % kWarp; }
inline void expectFullMask(unsigned mask) {
  if (mask != 0xffffffffu) block().fail("exchanges with part of a warp, which the emulation does not do");
}

}  // namespace emulation

template <class T>
class Global {
 public:
  using Value = std::remove_const_t<T>;

  class Element {
   public:
    explicit Element(T* at) : at_(at) {}
    operator Value() const { return *at_; }
    template <class U = T>
    std::enable_if_t<!std::is_const_v<U>, Element&> operator=(Value value) {
      *at_ = value;
      return *this;
    }
    Element& operator=(const Element& other) { return *this = static_cast<Value>(other); }
    Element& operator+=(Value value) { return *this = *at_ + value; }
    Element& operator*=(Value value) { return *this = *at_ * value; }

   private:
    T* at_;
  };

  Global() = default;
  Global(T* data, int64_t length) : data_(data), length_(data != nullptr ? length : 0) {}
  Element operator[](int64_t index) const { return Element(at(index)); }
  explicit operator bool() const { return data_ != nullptr; }
  T* at(int64_t index, int count = 1) const {
    if (data_ == nullptr) emulation::block().fail("reaches into an array that is not given");
    if (index < 0 || index + count > length_) {
      emulation::block().fail("reaches element " + std::to_string(index) + " of an array of " + std::to_string(length_) + " in global memory");
    }
    return data_ + index;
  }

 private:
  T* data_ = nullptr;
  int64_t length_ = 0;
};

template <class T>
class Shared {
 public:
  class Element {
   public:
    explicit Element(int offset) : offset_(offset) {}
    operator T() const {
      emulation::block().readShared(offset_, sizeof(T));
      T value;
      std::memcpy(&value, emulation::block().shared() + offset_, sizeof value);
      return value;
    }
    Element& operator=(T value) {
      emulation::block().writeShared(offset_, sizeof(T));
      std::memcpy(emulation::block().shared() + offset_, &value, sizeof value);
      return *this;
    }
    Element& operator=(const Element& other) { return *this = static_cast<T>(other); }
    Element& operator+=(T value) { return *this = static_cast<T>(*this) + value; }
    Element& operator*=(T value) { return *this = static_cast<T>(*this) * value; }

   private:
    int offset_;
  };

  Shared() = default;
  Element operator[](int index) const { return Element(at(index)); }
  Shared from(int index) const { return Shared(offset_ + index * static_cast<int>(sizeof(T)), length_ - index); }
  /** Byte offset in the block's shared memory. */
  int at(int index, int count = 1) const {
    if (index < 0 || index + count > length_) {
      emulation::block().fail("reaches element " + std::to_string(index) + " of an array of " + std::to_string(length_) + " in shared memory");
    }
    return offset_ + index * static_cast<int>(sizeof(T));
  }

 private:
  friend class SharedMemory;
  Shared(int offset, int length) : offset_(offset), length_(length) {}
  int offset_ = 0, length_ = 0;
};

class SharedMemory {
 public:
  template <class T>
  Shared<T> take(int count) {
    Shared<T> part(next_, count);
    next_ += (count * static_cast<int>(sizeof(T)) + 15) / 16 * 16;
    if (next_ > emulation::block().sharedBytes()) {
      emulation::block().fail("takes " + std::to_string(next_) + " bytes of shared memory of " + std::to_string(emulation::block().sharedBytes()));
    }
    return part;
  }

 private:
  int next_ = 0;
};

inline void expectAligned(bool aligned) {
  if (!aligned) emulation::block().fail("reaches 16 bytes at an address that is no multiple of 16");
}

inline const float* alignedFour(const float* at) {
  expectAligned(reinterpret_cast<uintptr_t>(at) % 16 == 0);
  return at;
}

template <class T>
float4 load4(const Global<T>& from, int64_t index) {
  const float* at = alignedFour(from.at(index, 4));
  return {at[0], at[1], at[2], at[3]};
}
inline float4 load4(const Shared<float>& from, int index) {
  const int offset = from.at(index, 4);
  expectAligned(offset % 16 == 0);
  emulation::block().readShared(offset, 16);
  float4 value;
  std::memcpy(&value, emulation::block().shared() + offset, 16);
  return value;
}
inline void store4(const Global<float>& to, int64_t index, float4 value) {
  float* at = to.at(index, 4);
  alignedFour(at);
  std::memcpy(at, &value, 16);
}
template <class T>
T* alignedTwo(T* at) {
  if (reinterpret_cast<uintptr_t>(at) % 8 != 0) emulation::block().fail("reaches 8 bytes at an address that is no multiple of 8");
  return at;
}
inline float2 load2(const Global<const float>& from, int64_t index) {
  const float* at = alignedTwo(from.at(index, 2));
  return {at[0], at[1]};
}
inline void store2(const Global<float>& to, int64_t index, float2 value) {
  float* at = alignedTwo(to.at(index, 2));
  std::memcpy(at, &value, 8);
}
inline void store4(const Shared<float>& to, int index, float4 value) {
  const int offset = to.at(index, 4);
  expectAligned(offset % 16 == 0);
  emulation::block().writeShared(offset, 16);
  std::memcpy(emulation::block().shared() + offset, &value, 16);
}

/** `index`: see runtime/cuda/device.h. */
inline void loadMatrices(float (&to)[4], const Shared<float>& from, int index) {
  const int own = from.at(index, 4), lane = emulation::laneIndex();
  expectAligned(own % 16 == 0);
  const unsigned char* all = emulation::block().exchange(&own, sizeof own, "loadMatrices");
  for (int m = 0; m < 4; ++m) {
    int row;
    std::memcpy(&row, all + (8 * m + lane / 4) * emulation::Block::kExchangeBytes, sizeof row);
    const int offset = row + lane % 4 * 4;
    emulation::block().readShared(offset, 4);
    std::memcpy(&to[m], emulation::block().shared() + offset, 4);
  }
}

inline void copyAsync16(const Shared<float>& to, int index, const Global<const float>& from, int64_t source, bool valid) {
  const int offset = to.at(index, 4);
  expectAligned(offset % 16 == 0);
  emulation::block().copyAsync(offset, valid ? alignedFour(from.at(source, 4)) : nullptr, 4);
}
inline void copyAsync16Cached(const Shared<float>& to, int index, const Global<const float>& from, int64_t source, bool valid) {
  copyAsync16(to, index, from, source, valid);
}
inline void copyAsync4(const Shared<float>& to, int index, const Global<const float>& from, int64_t source, bool valid) {
  emulation::block().copyAsync(to.at(index), valid ? from.at(source) : nullptr, 1);
}
inline void commitCopies() { emulation::block().commitCopies(); }
template <int N>
void waitCopies() {
  emulation::block().waitCopies(N);
}

inline void prefetch(const Global<const float>& from, int64_t index) { from.at(index); }

inline float approximateExp2(float x) { return std::exp2(x); }
inline float approximateReciprocal(float x) { return 1.0f / x; }

inline uint32_t roundToBf16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return std::isnan(x) ? 0x7fffu : (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
}
inline uint32_t packBf16(float low, float high) { return roundToBf16(high) << 16 | roundToBf16(low); }

inline uint32_t roundToHalf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  if (std::isnan(x)) return 0x7fffu;
  const uint32_t size = bits & 0x7fffffffu, sign = bits >> 16 & 0x8000u;
  // Below the smallest normal number, whole multiples of the smallest number that there is; beyond the largest, infinity.
  if (size < 0x38800000u) return sign | static_cast<uint32_t>(std::nearbyint(std::fabs(x) * 0x1p24f));
  const uint32_t rounded = (size - 0x38000000u + 0xfffu + (size >> 13 & 1)) >> 13;
  return sign | (rounded < 0x7c00u ? rounded : 0x7c00u);
}
inline uint32_t packHalves(float low, float high) { return roundToHalf(high) << 16 | roundToHalf(low); }
/** Shifted to the exponent's place, and then times the difference of the biases, which makes subnormal numbers right, too. */
inline float halfToFloat(uint16_t half) {
  const int size = half & 0x7fff;
  const float x = size < 0x7c00 ? __int_as_float(size << 13) * 0x1p112f : __int_as_float((size << 13) + 0x70000000);
  return (half & 0x8000) != 0 ? -x : x;
}
inline float loadHalf(const Global<const float>& from, int64_t index) {
  uint16_t halves[2];
  std::memcpy(halves, from.at(index / 2), sizeof halves);
  return halfToFloat(halves[index % 2]);
}

inline float bitsToFloat(uint32_t bits) { return __int_as_float(static_cast<int>(bits)); }

/** The fragments of one lane. */
struct Fragments {
  uint32_t a[4], b[2];
};

/** What all lanes have exchanged, each its fragments. */
class WarpFragments {
 public:
  explicit WarpFragments(const unsigned char* bytes) : bytes_(bytes) {}
  uint32_t a(int lane, int i) const { return word(lane, offsetof(Fragments, a) + 4 * i); }
  uint32_t b(int lane, int i) const { return word(lane, offsetof(Fragments, b) + 4 * i); }

 private:
  uint32_t word(int lane, std::size_t offset) const {
    uint32_t bits;
    std::memcpy(&bits, bytes_ + lane * emulation::Block::kExchangeBytes + offset, sizeof bits);
    return bits;
  }
  const unsigned char* bytes_;
};

/** d += a·b with both operands taken out of the fragments of all lanes; `depth` is 8 (tf32) or 16 (bf16). */
template <int depth, class A, class B>
void multiplyFragments(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], const char* what, A elementOfA, B elementOfB) {
  Fragments own;
  std::memcpy(own.a, a, sizeof own.a);
  std::memcpy(own.b, b, sizeof own.b);
  const WarpFragments all(emulation::block().exchange(&own, sizeof own, what));
  const int g = emulation::laneIndex() / 4, t = emulation::laneIndex() % 4;
  float rows[2][depth], columns[2][depth];
  for (int i = 0; i < 2; ++i) {
    for (int k = 0; k < depth; ++k) {
      rows[i][k] = elementOfA(all, g + 8 * i, k);
      columns[i][k] = elementOfB(all, k, 2 * t + i);
    }
  }
  for (int e = 0; e < 4; ++e) {
    for (int k = 0; k < depth; ++k) d[e] += rows[e / 2][k] * columns[e % 2][k];
  }
}

inline void mmaTf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  // The tensor cores ignore the low bits of what was not rounded.
  const auto value = [](uint32_t bits) { return bitsToFloat(bits & ~0x1fffu); };
  multiplyFragments<8>(
      d, a, b, "mmaTf32", [&](const WarpFragments& all, int row, int k) { return value(all.a(row % 8 * 4 + k % 4, row / 8 + k / 4 * 2)); },
      [&](const WarpFragments& all, int k, int column) { return value(all.b(column * 4 + k % 4, k / 4)); });
}

inline void mmaBf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  const auto half = [](uint32_t bits, int which) { return bitsToFloat(which == 0 ? bits << 16 : bits & 0xffff0000u); };
  multiplyFragments<16>(
      d, a, b, "mmaBf16", [&](const WarpFragments& all, int row, int k) { return half(all.a(row % 8 * 4 + k % 8 / 2, row / 8 + k / 8 * 2), k % 2); },
      [&](const WarpFragments& all, int k, int column) { return half(all.b(column * 4 + k % 8 / 2, k / 8), k % 2); });
}

template <class... Parameters, class... Arguments>
void launch(const Context& context, void (*kernel)(Parameters...), dim3 grid, unsigned threads, int sharedBytes, const Arguments&... arguments) {
  if (sharedBytes > context.sharedBytes) {
    throw NativeError("CUDA_FAILED", "a block of " + std::to_string(sharedBytes) + " bytes of shared memory on a device with " +
                                         std::to_string(context.sharedBytes));
  }
  emulation::runGrid(grid, threads, sharedBytes, [&] { kernel(Parameters(arguments)...); });
}

}  // namespace retroplume

template <class T>
T __shfl_sync(unsigned mask, T value, int source) {
  retroplume::emulation::expectFullMask(mask);
  return retroplume::emulation::lane(value, source, "__shfl_sync");
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int with) {
  retroplume::emulation::expectFullMask(mask);
  return retroplume::emulation::lane(value, retroplume::emulation::laneIndex() ^ with, "__shfl_xor_sync");
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, int by) {
  retroplume::emulation::expectFullMask(mask);
  const int source = retroplume::emulation::laneIndex() + by;
  return retroplume::emulation::lane(value, source < retroplume::emulation::kWarp ? source : retroplume::emulation::laneIndex(), "__shfl_down_sync");
}
