#pragma once
#include <cstdint>

#include "runtime/cuda/device.h"

namespace retroplume {

/**
 * Division of indices below 2^31 by a number that the launcher knows, as a multiplication (Granlund & Montgomery 1994, doi:10.1145/178243.178249,
 * theorem 4.2 with N = 31): with l = ⌈log₂ d⌉ and m = ⌊2^(31+l)/d⌋ + 1 < 2^32, n/d = ⌊n·m/2^(31+l)⌋. The hardware has no division.
 */
struct IndexDivisor {
  int divisor = 1, shift = 0;
  uint32_t factor = 0x80000001u;  // of 1

  IndexDivisor() = default;
  /** @param by - at least 1; a divisor above 2^31 − 1 divides every such index to 0 */
  explicit IndexDivisor(int64_t by) : divisor(static_cast<int>(by)) {
    while (int64_t{1} << shift < by) ++shift;
    factor = shift > 31 ? 0 : static_cast<uint32_t>((uint64_t{1} << (31 + shift)) / static_cast<uint64_t>(by) + 1);
    if (shift > 31) shift = 0;
  }
  __device__ __forceinline__ int quotient(int index) const { return static_cast<int>(__umulhi(2 * static_cast<uint32_t>(index), factor) >> shift); }
};

/** The same for indices that may lie above: by true division there, of which that of 64 bits takes some hundred instructions. */
class Divisor {
 public:
  Divisor() = default;
  explicit Divisor(int64_t divisor) : divisor_(divisor), small_(divisor) {}

  __device__ __forceinline__ int64_t divisor() const { return divisor_; }
  __device__ __forceinline__ int64_t quotient(int64_t index) const {
    return index >> 31 != 0 ? index / divisor_ : small_.quotient(static_cast<int>(index));
  }
  __device__ __forceinline__ int64_t remainder(int64_t index) const { return index - quotient(index) * divisor_; }

 private:
  int64_t divisor_ = 1;
  IndexDivisor small_;
};

}  // namespace retroplume
