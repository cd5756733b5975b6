#pragma once
#include <cstdint>
#include <string>
#include <vector>

/**
 * A kernel as nvcc has written it in PTX, NVIDIA's portable assembly, ready to be run by machine.h on the host. Terms and semantics are those of
 * "Parallel Thread Execution ISA". Only what nvcc makes of this project's kernels is known; anything else is an error.
 */
namespace retroplume::ptx {

constexpr int kWarp = 32;
constexpr uint32_t kAllLanes = 0xffffffffu;

class Block;
struct Warp;
struct Instruction;

/** Does one instruction for the lanes of `mask`. @throws NativeError */
using Action = void (*)(Block&, Warp&, const Instruction&, uint32_t mask);

enum class Flow : uint8_t { next, branch, exit, barrier, together };

/** Registers are given by where the first lane's begins in the warp's memory; those of the other lanes follow. Constants are registers, too. */
struct Instruction {
  Action action = nullptr;
  Flow flow = Flow::next;
  bool predicateNegated = false;
  int predicate = -1;  // none
  int out[5] = {};
  int in[11] = {};
  int base = -1;  // of an address, with `offset` beyond it; −1: none
  int64_t offset = 0;
  int count = 1;    // of a vector, or of bytes, or of groups that a wait leaves
  int target = -1;  // of a branch: the instruction's index
  std::string text;
};

struct Parameter {
  int offset, bytes;
};

/** One bit pattern in all lanes. */
struct Constant {
  int slot, width;
  uint64_t bits;
};

struct Kernel {
  std::string name;  // as the linker sees it
  std::vector<Instruction> code;
  std::vector<Parameter> parameters;
  int parameterBytes = 0;
  int mostThreads = 1024;  // .maxntid
  int registerBytes = 0;   // of a warp
  std::vector<Constant> constants;
  /** Where the registers %tid.x, %ntid.x, %ctaid.{x,y,z} and %nctaid.{x,y,z} are. */
  enum Special { tidX, ntidX, ctaidX, ctaidY, ctaidZ, nctaidX, nctaidY, nctaidZ, specials };
  int special[specials] = {};
};

/** `text` from ".entry NAME(" to the brace that ends it. @throws NativeError PTX_UNKNOWN with the line that is not known here */
Kernel parseKernel(const std::string& name, const std::string& text);

}  // namespace retroplume::ptx
