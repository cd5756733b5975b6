#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "testing/ptx/counts.h"
#include "testing/ptx/kernel.h"

/**
 * Runs kernels in PTX on the host: a block after another, its warps by turns from barrier to barrier, the lanes of a warp that are at the same
 * instruction together. Every access is checked: it must lie within one allocation, or within the block's shared memory, at a multiple of its size.
 * Shared memory begins as NaN. Asynchronous copies arrive as late as they may: from the instruction on until a wait for them what they write is NaN.
 */
namespace retroplume::ptx {

/** What is allocated on the device. Addresses are the host's. */
class Allocations {
 public:
  struct Range {
    uint64_t begin = 0, end = 0;
    bool holds(uint64_t address, uint64_t bytes) const { return address >= begin && address <= end && bytes <= end - address; }
  };
  void add(const void* memory, std::size_t bytes);
  void remove(const void* memory) { ranges_.erase(reinterpret_cast<uint64_t>(memory)); }
  /** The allocation that holds these bytes; empty if none does. */
  Range find(uint64_t address, uint64_t bytes) const;

 private:
  std::map<uint64_t, Range> ranges_;
};

struct Extent {
  unsigned x = 1, y = 1, z = 1;
};

struct Launch {
  std::shared_ptr<const Kernel> kernel;
  Extent grid;
  unsigned threads = 1;
  int sharedBytes = 0;
  std::vector<unsigned char> parameters;  // as the kernel's `parameters` lay them out
};

/** Adds to `counts` where there are any. @throws NativeError CUDA_FAILED with kernel, block, thread and instruction */
void run(const Launch& launch, const Allocations& allocations, KernelCounts* counts = nullptr);

/** True where it is not 0: what no instruction has set is 0xff, which is no bool. */
using Predicate = uint8_t;

struct Warp {
  int index = 0;
  unsigned char* registers = nullptr;
  uint32_t live = 0, atBarrier = 0, waiting = 0;  // lanes
  int pc[kWarp] = {};                             // of lanes that do not run

  struct Copy {
    uint32_t to;
    uint64_t from;
    int bytes, read, group;
  };
  std::vector<Copy> copies[kWarp];  // on their way
  int group[kWarp] = {};            // that is open

  template <class T>
  T* at(int slot) const {
    return reinterpret_cast<T*>(registers + slot);
  }
};

class Block {
 public:
  Block(const Launch& launch, const Allocations& allocations, KernelCounts* counts);
  void run(const Extent& index);

  /** Where the memory of an access lies, checked. `bytes` is a power of two; `lane` is for the message. */
  unsigned char* global(const Warp& warp, const Instruction& instruction, int lane, uint64_t address, int bytes) {
    Allocations::Range& seen = seen_[&instruction - kernel_.code.data()];
    if (!seen.holds(address, bytes)) seen = allocation(warp, instruction, lane, address, bytes);
    if (!aligned(address, bytes)) failAligned(warp, instruction, lane, bytes);
    return reinterpret_cast<unsigned char*>(address);
  }
  unsigned char* shared(const Warp& warp, const Instruction& instruction, int lane, uint64_t address, int bytes) {
    if (!within(shared_.size(), address, bytes)) failShared(warp, instruction, lane, address);
    if (!aligned(address, bytes)) failAligned(warp, instruction, lane, bytes);
    return shared_.data() + address;
  }
  /** Whether accesses of `bytes` at addresses up to `last`, whose bits together are `any`, lie in shared memory at multiples of their size. */
  bool holdsShared(uint64_t last, uint64_t any, int bytes) const { return within(shared_.size(), last, bytes) && aligned(any, bytes); }
  unsigned char* sharedMemory() { return shared_.data(); }
  const unsigned char* parameter(const Warp& warp, const Instruction& instruction, int lane, uint64_t address, int bytes) const;
  bool counts() const { return counts_ != nullptr; }
  /** Counts an access to memory by the lanes of `mask`, if anything is counted; `addresses` are by lane. */
  void count(const Instruction& instruction, const uint64_t* addresses, uint32_t mask, int bytes, bool shared);
  [[noreturn]] void fail(const Warp& warp, const Instruction& instruction, int lane, const std::string& what) const;
  [[noreturn]] void failAligned(const Warp& warp, const Instruction& instruction, int lane, int bytes) const;

 private:
  /** Of addresses before the beginning, too, which are large ones. */
  static bool within(uint64_t size, uint64_t address, uint64_t bytes) { return address <= size && bytes <= size - address; }
  static bool aligned(uint64_t address, int bytes) { return (address & (static_cast<uint64_t>(bytes) - 1)) == 0; }
  Allocations::Range allocation(const Warp& warp, const Instruction& instruction, int lane, uint64_t address, int bytes) const;
  [[noreturn]] void failShared(const Warp& warp, const Instruction& instruction, int lane, uint64_t address) const;
  void run(Warp& warp);
  /** The lanes of `mask`, all at `pc`, until they part, wait, end, or come to where others are; `others` is the first place where one is. */
  void runTogether(Warp& warp, uint32_t mask, int pc, int others);

  const Launch& launch_;
  const Kernel& kernel_;
  const Allocations& allocations_;
  KernelCounts* const counts_;
  Extent index_;
  std::vector<unsigned char> registers_, shared_;
  std::vector<Warp> warps_;
  std::vector<Allocations::Range> seen_;  // by an instruction at its last access
};

}  // namespace retroplume::ptx
