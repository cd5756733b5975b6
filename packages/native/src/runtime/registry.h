#pragma once
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "ops/cuda_kernels.h"
#include "runtime/instruction_reader.h"

namespace retroplume {

/** How a kernel's name becomes a bound call, in either precision. */
struct KernelEntry {
  BoundKernel (*bindFloat)(InstructionReader<float>&);
  BoundKernel (*bindDouble)(InstructionReader<double>&);
};

/** All kernels by name. Each op adds its own in `register<Op>`; ops/kernel_list.h lists those. */
class Registry {
 public:
  void add(const std::string& name, BoundKernel (*bindFloat)(InstructionReader<float>&), BoundKernel (*bindDouble)(InstructionReader<double>&)) {
    entries_[name] = {bindFloat, bindDouble};
  }
  /** @throws NativeError OP_UNKNOWN */
  const KernelEntry& find(const std::string& name, const std::string& where) const;
  std::vector<std::string> names() const;

 private:
  std::map<std::string, KernelEntry> entries_;
};

/** The registry with every op of this library. */
Registry makeRegistry();

template <class T, class Call>
std::optional<Packing> packingOf(const InstructionReader<T>& reader, const CudaPacking<Call>& packing, const Call& call) {
  const std::size_t bytes = packing.bytes != nullptr ? packing.bytes(call, reader.products()) : 0;
  if (bytes == 0) return std::nullopt;
  std::vector<Span> weights;
  for (const LocatedOperand& operand : reader.located()) {
    for (const char* name : packing.of) {
      if (operand.name == name) weights.push_back(operand.span);
    }
  }
  return Packing{weights, bytes, [pack = packing.pack, call](void* to, const Context& context) { pack(call, to, context); }};
}

/**
 * Binds `call` to the device's kernel where the program runs on one, to the fast kernel in `slot` where the program asked for fast kernels and the
 * instruction set has it, else to `reference`. Double always runs the reference.
 */
template <class T, class Call, class Slot>
BoundKernel bindCall(const InstructionReader<T>& reader, Kernel<Call> reference, Slot CpuKernels::* slot, const Call& call, double flops,
                     std::size_t scratchBytes = 0) {
  Kernel<Call> kernel = reference;
  if constexpr (std::is_same_v<T, float>) {
    if (reader.cuda() != nullptr) {
      const auto& device = std::get<CudaKernel<Call>>(*reader.cuda());
      if (device.run == nullptr) reader.fail("DEVICE_OP_MISSING", "expected an op that has CUDA kernels: run it with device cpu");
      return {[run = device.run, call](const Context& context) { run(call, context); }, flops,
              device.scratchBytes != nullptr ? device.scratchBytes(call) : 0, std::nullopt, packingOf(reader, device.packing, call)};
    }
    if (reader.fast() != nullptr && reader.fast()->*slot != nullptr) kernel = reader.fast()->*slot;
  }
  return {[kernel, call](const Context& context) { kernel(call, context); }, flops, scratchBytes};
}

}  // namespace retroplume
