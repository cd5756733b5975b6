#pragma once
#include <cstdint>

/** What a processor can do at most, to hold kernels against: probes, not instructions of programs. */
namespace retroplume {

/** Fused multiply-adds in registers only, on every thread. */
struct MultiplyAdds {
  int64_t iterations;
  /** one float a thread: the sums, so that they are not optimised away */
  float* sums;
  /** receives the operations of one thread: two for a multiply-add of one lane */
  int64_t* operationsPerThread;
};

/** a = b + s·c (STREAM's triad), three arrays of which none fits a cache; twelve bytes an element are counted. */
struct Triad {
  int64_t elements;
  float* a;
  const float* b;
  const float* c;
};

}  // namespace retroplume
