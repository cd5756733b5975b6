#include "testing/ptx/machine.h"

#include <cxxabi.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "runtime/error.h"

namespace retroplume::ptx {

namespace {

std::string readable(const std::string& name) {
  int status = 0;
  char* text = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  const std::string result = status == 0 ? text : name;
  std::free(text);
  return result;
}

template <class T>
void fill(unsigned char* lanes, T value) {
  for (int lane = 0; lane < kWarp; ++lane) std::memcpy(lanes + lane * sizeof(T), &value, sizeof(T));
}

}  // namespace

void Allocations::add(const void* memory, std::size_t bytes) {
  const auto begin = reinterpret_cast<uint64_t>(memory);
  ranges_[begin] = {begin, begin + bytes};
}

Allocations::Range Allocations::find(uint64_t address, uint64_t bytes) const {
  auto after = ranges_.upper_bound(address);
  if (after == ranges_.begin()) return {};
  const Range& range = (--after)->second;
  return range.holds(address, bytes) ? range : Range{};
}

Block::Block(const Launch& launch, const Allocations& allocations, KernelCounts* counts)
    : launch_(launch), kernel_(*launch.kernel), allocations_(allocations), counts_(counts), shared_(launch.sharedBytes), seen_(kernel_.code.size()) {
  warps_.resize((launch.threads + kWarp - 1) / kWarp);
  registers_.assign(warps_.size() * kernel_.registerBytes + 64, 0xff);
  unsigned char* begin = registers_.data() + (64 - reinterpret_cast<uintptr_t>(registers_.data()) % 64) % 64;
  for (std::size_t w = 0; w < warps_.size(); ++w) {
    Warp& warp = warps_[w];
    warp.index = static_cast<int>(w);
    warp.registers = begin + w * kernel_.registerBytes;
    for (const Constant& constant : kernel_.constants) {
      unsigned char* lanes = warp.registers + constant.slot;
      for (int lane = 0; lane < kWarp; ++lane) std::memcpy(lanes + lane * constant.width, &constant.bits, constant.width);
    }
    for (int lane = 0; lane < kWarp; ++lane) warp.at<uint32_t>(kernel_.special[Kernel::tidX])[lane] = static_cast<uint32_t>(w * kWarp + lane);
    const auto same = [&](Kernel::Special which, unsigned value) { fill(warp.registers + kernel_.special[which], value); };
    same(Kernel::ntidX, launch.threads);
    same(Kernel::nctaidX, launch.grid.x);
    same(Kernel::nctaidY, launch.grid.y);
    same(Kernel::nctaidZ, launch.grid.z);
  }
}

void Block::fail(const Warp& warp, const Instruction& instruction, int lane, const std::string& what) const {
  throw NativeError("CUDA_FAILED", readable(kernel_.name) + ": block (" + std::to_string(index_.x) + ", " + std::to_string(index_.y) + ", " +
                                       std::to_string(index_.z) + "), thread " + std::to_string(warp.index * kWarp + lane) + ": \"" +
                                       instruction.text + "\" " + what);
}

Allocations::Range Block::allocation(const Warp& warp, const Instruction& instruction, int lane, uint64_t address, int bytes) const {
  const Allocations::Range range = allocations_.find(address, bytes);
  if (!range.holds(address, bytes)) fail(warp, instruction, lane, "reaches what no allocation holds");
  return range;
}

void Block::failShared(const Warp& warp, const Instruction& instruction, int lane, uint64_t address) const {
  fail(warp, instruction, lane, "reaches byte " + std::to_string(address) + " of " + std::to_string(shared_.size()) + " of shared memory");
}

void Block::failAligned(const Warp& warp, const Instruction& instruction, int lane, int bytes) const {
  fail(warp, instruction, lane, "is not at a multiple of " + std::to_string(bytes) + " bytes");
}

const unsigned char* Block::parameter(const Warp& warp, const Instruction& instruction, int lane, uint64_t address, int bytes) const {
  if (!within(launch_.parameters.size(), address, bytes)) fail(warp, instruction, lane, "reads behind the parameters");
  return launch_.parameters.data() + address;
}

void Block::count(const Instruction& instruction, const uint64_t* addresses, uint32_t mask, int bytes, bool shared) {
  if (counts_ == nullptr) return;
  uint64_t packed[kWarp];
  int lanes[kWarp], count = 0;
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    lanes[count] = __builtin_ctz(rest);
    packed[count] = addresses[lanes[count]];
    ++count;
  }
  Count& total = counts_->instructions[&instruction - kernel_.code.data()];
  const uint64_t all = static_cast<uint64_t>(count) * bytes;
  if (shared) {
    total.sharedBytes += all;
    total.wavefronts += wavefrontsOf(packed, lanes, count, bytes);
  } else {
    total.globalBytes += all;
    total.sectors += sectorsOf(packed, count);
  }
}

void Block::run(const Extent& index) {
  index_ = index;
  if (counts_ != nullptr) ++counts_->blocks;
  std::fill(shared_.begin(), shared_.end(), static_cast<unsigned char>(0xff));
  for (Warp& warp : warps_) {
    const unsigned lanes = std::min<unsigned>(kWarp, launch_.threads - warp.index * kWarp);
    warp.live = lanes == kWarp ? kAllLanes : (1u << lanes) - 1;
    warp.atBarrier = warp.waiting = 0;
    for (int lane = 0; lane < kWarp; ++lane) {
      warp.pc[lane] = 0;
      warp.copies[lane].clear();
    }
    fill(warp.registers + kernel_.special[Kernel::ctaidX], index.x);
    fill(warp.registers + kernel_.special[Kernel::ctaidY], index.y);
    fill(warp.registers + kernel_.special[Kernel::ctaidZ], index.z);
  }
  for (bool running = true; running;) {
    running = false;
    // From the last to the first: who forgets a barrier cannot lean on the order.
    for (auto warp = warps_.rbegin(); warp != warps_.rend(); ++warp) run(*warp);
    for (Warp& warp : warps_) {
      if (warp.waiting != 0) {
        const int lane = __builtin_ctz(warp.waiting);
        fail(warp, kernel_.code[warp.pc[lane]], lane, "waits for lanes of its warp that never come");
      }
      warp.atBarrier = 0;
      running = running || warp.live != 0;
    }
  }
}

void Block::run(Warp& warp) {
  for (;;) {
    const uint32_t ready = warp.live & ~warp.atBarrier & ~warp.waiting;
    if (ready == 0) return;
    // Those that are farthest behind, so that the others are caught up with.
    int first = INT_MAX, others = INT_MAX;
    uint32_t mask = 0;
    for (uint32_t rest = ready; rest != 0; rest &= rest - 1) {
      const int lane = __builtin_ctz(rest), pc = warp.pc[lane];
      if (pc < first) {
        others = first;
        first = pc;
        mask = 0;
      }
      if (pc == first) mask |= 1u << lane;
      if (pc != first && pc < others) others = pc;
    }
    runTogether(warp, mask, first, others);
  }
}

void Block::runTogether(Warp& warp, uint32_t mask, int pc, int others) {
  const auto stay = [&](uint32_t lanes, int at) {
    for (; lanes != 0; lanes &= lanes - 1) warp.pc[__builtin_ctz(lanes)] = at;
  };
  const auto chosen = [&](const Instruction& instruction) {
    if (instruction.predicate < 0) return mask;
    const Predicate* flags = warp.at<Predicate>(instruction.predicate);
    uint32_t lanes = 0;
    for (int lane = 0; lane < kWarp; ++lane) lanes |= static_cast<uint32_t>((flags[lane] != 0) != instruction.predicateNegated) << lane;
    return mask & lanes;
  };
  while (pc < others) {
    const Instruction& instruction = kernel_.code[pc];
    const uint32_t lanes = chosen(instruction);
    if (counts_ != nullptr) {
      ++counts_->instructions[pc].executed;
      counts_->instructions[pc].lanes += __builtin_popcount(lanes);
    }
    switch (instruction.flow) {
      case Flow::next:
        if (lanes != 0) instruction.action(*this, warp, instruction, lanes);
        ++pc;
        break;
      case Flow::branch:
        if (lanes == mask) {
          pc = instruction.target;
        } else if (lanes == 0) {
          ++pc;
        } else {
          stay(lanes, instruction.target);
          stay(mask & ~lanes, pc + 1);
          return;
        }
        break;
      case Flow::exit:
        warp.live &= ~lanes;
        stay(mask & ~lanes, pc + 1);
        return;
      case Flow::barrier:
        if (lanes != mask) fail(warp, instruction, __builtin_ctz(mask), "stands under a condition");
        warp.atBarrier |= mask;
        stay(mask, pc + 1);
        return;
      case Flow::together: {
        if (lanes != mask) fail(warp, instruction, __builtin_ctz(mask), "stands under a condition");
        // All lanes take part that the instruction names: here always the whole warp.
        stay(mask, pc);
        uint32_t here = mask;
        for (uint32_t rest = warp.waiting; rest != 0; rest &= rest - 1) {
          const int lane = __builtin_ctz(rest);
          if (warp.pc[lane] == pc) here |= 1u << lane;
        }
        if (here != kAllLanes) {
          warp.waiting |= mask;
          return;
        }
        instruction.action(*this, warp, instruction, kAllLanes);
        warp.waiting = 0;
        stay(kAllLanes, pc + 1);
        return;
      }
    }
  }
  stay(mask, pc);
}

void run(const Launch& launch, const Allocations& allocations, KernelCounts* counts) {
  Block block(launch, allocations, counts);
  if (counts != nullptr) ++counts->launches;
  for (unsigned z = launch.grid.z; z-- > 0;) {
    for (unsigned y = launch.grid.y; y-- > 0;) {
      for (unsigned x = launch.grid.x; x-- > 0;) block.run({x, y, z});
    }
  }
}

}  // namespace retroplume::ptx
