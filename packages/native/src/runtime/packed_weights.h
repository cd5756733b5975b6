#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/buffer.h"
#include "runtime/instruction_reader.h"

namespace retroplume {

/**
 * Weights of a program on a device as its products read them (Packing). Those that no instruction writes, a frozen network's, are packed once after
 * they were written from outside, into memory of their own; the others by their instruction at every run, into its scratch memory.
 */
class PackedWeights {
 public:
  /**
   * Makes the instructions' kernels find what they ask for in context.packed. `written`: what instructions write.
   * @throws NativeError DEVICE_OUT_OF_MEMORY
   */
  void serve(const std::vector<BoundKernel*>& kernels, const std::vector<Span>& written, const std::shared_ptr<Device>& device);
  /** Written from outside while no run is under way. */
  void changed(const Span& span);
  /** To be written between runs from now on, from any thread: weights that this happened to once are packed before every run. */
  void staged(const Span& span);
  /** Before instructions `begin` to `end` − 1 run. */
  void refresh(int64_t begin, int64_t end, const Context& context);
  std::size_t bytes() const { return memory_.bytes(); }

 private:
  struct Kept {
    int64_t instruction;
    Packing packing;
    std::size_t offset;  // in `memory_`
    bool stale = true;
  };
  std::vector<Kept> kept_;
  Buffer memory_;
  std::atomic<bool> staged_{false};
};

}  // namespace retroplume
