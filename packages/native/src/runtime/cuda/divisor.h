#pragma once
#include <cstdint>

#include "runtime/cuda/device.h"

namespace retroplume {

/**
 * Division of indices below 2^31 by a number that the launcher knows, as a multiplication (Granlund & Montgomery 1994, doi:10.1145/178243.178249):
 * with l = ⌈log₂ d⌉ ≥ 1 and m = ⌈2^(31+l)/d⌉ < 2^32, n/d = ⌊n·m/2^(31+l)⌋. The hardware has no division. Twice n with a factor that also serves d = 1
 * would save the choice, but cost the matrix products a register that they have not.
 */
struct IndexDivisor {
  int divisor = 1, shift = 0;
  unsigned factor = 0;

  IndexDivisor() = default;
  /** @param by - at least 1; one above 2^31 − 1 divides every such index to 0 */
  explicit IndexDivisor(int64_t by) : divisor(by < kLimit ? static_cast<int>(by) : kLimit) {
    if (by == 1 || by > kLimit) return;
    int log = 0;
    while ((int64_t{1} << log) < by) ++log;
    factor = static_cast<unsigned>(((uint64_t{1} << (31 + log)) + by - 1) / by);
    shift = log - 1;
  }
  __device__ __forceinline__ int quotient(int index) const {
    return divisor == 1 ? index : static_cast<int>(__umulhi(static_cast<unsigned>(index), factor) >> shift);
  }

 private:
  static constexpr int kLimit = 0x7fffffff;
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
