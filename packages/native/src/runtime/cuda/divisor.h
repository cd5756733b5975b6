#pragma once
#include <cstdint>

#include "runtime/cuda/device.h"

namespace retroplume {

/**
 * Division of indices by a number that the launcher knows. Below 2^31 it is a multiplication (Granlund & Montgomery 1994, doi:10.1145/178243.178249,
 * theorem 4.2 with N = 31): with l = ⌈log₂ d⌉ and m = ⌊2^(31+l)/d⌋ + 1 < 2^32, n/d = ⌊n·m/2^(31+l)⌋. The hardware has no division, and that of
 * 64 bits takes some hundred instructions.
 */
class Divisor {
 public:
  Divisor() = default;
  explicit Divisor(int64_t divisor) : divisor_(divisor) {
    int bits = 0;
    while (int64_t{1} << bits < divisor) ++bits;
    if (bits > 31) return;  // every index below 2^31 gives 0
    shift_ = bits;
    factor_ = static_cast<uint32_t>((uint64_t{1} << (31 + bits)) / static_cast<uint64_t>(divisor) + 1);
  }

  __device__ __forceinline__ int64_t divisor() const { return divisor_; }
  __device__ __forceinline__ int64_t quotient(int64_t index) const {
    if (index >> 31 != 0) return index / divisor_;
    return __umulhi(2 * static_cast<uint32_t>(index), factor_) >> shift_;
  }
  __device__ __forceinline__ int64_t remainder(int64_t index) const { return index - quotient(index) * divisor_; }

 private:
  int64_t divisor_ = 1;
  uint32_t factor_ = 0;
  int shift_ = 0;
};

}  // namespace retroplume
