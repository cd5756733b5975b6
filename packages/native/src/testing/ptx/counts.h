#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "testing/ptx/kernel.h"

/**
 * What kernels ask of a GPU, counted as they run: what a profiler would read off its counters, but for caches and time.
 */
namespace retroplume::ptx {

/** Of one instruction, over all warps and launches. */
struct Count {
  uint64_t executed = 0;     // by a warp, with however many lanes
  uint64_t lanes = 0;        // that took part
  uint64_t globalBytes = 0;  // that lanes asked for
  uint64_t sectors = 0;      // of 32 bytes of global memory that these lie in
  uint64_t sharedBytes = 0;  // that lanes asked for
  uint64_t wavefronts = 0;   // passes through shared memory, whose 32 banks give a word each in one
};

/** Sectors of 32 bytes in which `count` accesses lie. Each lies in one: it is of 16 bytes at most, and at a multiple of them. */
int sectorsOf(const uint64_t* addresses, int count);

/** Passes: a warp's accesses of 8 bytes take two halves, of 16 four quarters; in each, lanes at other words of one bank wait for one another. */
int wavefrontsOf(const uint64_t* addresses, const int* lanes, int count, int bytes);

struct KernelCounts {
  std::shared_ptr<const Kernel> kernel;
  uint64_t launches = 0, blocks = 0;
  std::vector<Count> instructions;
};

/** By kernel, and a table of them. */
class Counts {
 public:
  KernelCounts& of(const std::shared_ptr<const Kernel>& kernel);
  void write(const std::string& path) const;

 private:
  std::map<std::string, KernelCounts> kernels_;
};

}  // namespace retroplume::ptx
