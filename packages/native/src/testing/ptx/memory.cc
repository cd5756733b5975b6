#include <cstring>

#include "testing/ptx/machine.h"
#include "testing/ptx/parser.h"

/** Loads, stores and asynchronous copies. */
namespace retroplume::ptx {

namespace {

enum class Space { global, shared, parameter };

uint64_t addressOf(const Warp& warp, const Instruction& instruction, int lane, bool wide) {
  if (instruction.base < 0) return static_cast<uint64_t>(instruction.offset);
  const uint64_t base = wide ? warp.at<uint64_t>(instruction.base)[lane] : warp.at<uint32_t>(instruction.base)[lane];
  return base + static_cast<uint64_t>(instruction.offset);
}

template <Space kSpace>
auto* placeOf(Block& block, const Warp& warp, const Instruction& instruction, int lane, uint64_t address, int bytes) {
  if constexpr (kSpace == Space::global)
    return block.global(warp, instruction, lane, address, bytes);
  else if constexpr (kSpace == Space::shared)
    return block.shared(warp, instruction, lane, address, bytes);
  else
    return block.parameter(warp, instruction, lane, address, bytes);
}

/** Where all lanes reach in shared memory, if all of it is there; else false, for forEachPlace to tell what is not. */
bool sharedPlaces(const Block& block, const Warp& warp, const Instruction& instruction, int bytes, uint32_t (&places)[kWarp]) {
  if (instruction.base < 0) return false;
  const uint32_t* base = warp.at<uint32_t>(instruction.base);
  uint64_t last = 0, any = 0;
  for (int lane = 0; lane < kWarp; ++lane) {
    const uint64_t address = base[lane] + static_cast<uint64_t>(instruction.offset);
    last = last < address ? address : last;
    any |= address;
    places[lane] = static_cast<uint32_t>(address);
  }
  return block.holdsShared(last, any, bytes);
}

/** Calls each(lane, memory) for the lanes of `mask`, and counts what they reach. */
template <Space kSpace, bool kWide, class Each>
void forEachPlace(Block& block, Warp& warp, const Instruction& instruction, uint32_t mask, int bytes, Each each) {
  if constexpr (kSpace == Space::shared && !kWide) {
    uint32_t places[kWarp];
    if (mask == kAllLanes && !block.counts() && sharedPlaces(block, warp, instruction, bytes, places)) {
      unsigned char* const memory = block.sharedMemory();
      for (int lane = 0; lane < kWarp; ++lane) each(lane, memory + places[lane]);
      return;
    }
  }
  uint64_t addresses[kWarp];
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    addresses[lane] = addressOf(warp, instruction, lane, kWide);
    each(lane, placeOf<kSpace>(block, warp, instruction, lane, addresses[lane], bytes));
  }
  if (kSpace != Space::parameter) block.count(instruction, addresses, mask, bytes, kSpace == Space::shared);
}

/** `count` values of type Memory, each in a register of the type Value. */
template <Space kSpace, class Memory, class Value, bool kWide>
void load(Block& block, Warp& warp, const Instruction& instruction, uint32_t mask) {
  constexpr int kBytes = sizeof(Memory);
  const auto element = [&](int i, int lane, const unsigned char* from) {
    Memory value;
    std::memcpy(&value, from + i * kBytes, kBytes);
    warp.at<Value>(instruction.out[i])[lane] = static_cast<Value>(value);
  };
  const auto access = [&](auto each) { forEachPlace<kSpace, kWide>(block, warp, instruction, mask, instruction.count * kBytes, each); };
  if (instruction.count == 1) return access([&](int lane, const unsigned char* from) { element(0, lane, from); });
  access([&](int lane, const unsigned char* from) {
    for (int i = 0; i < instruction.count; ++i) element(i, lane, from);
  });
}

template <Space kSpace, class Memory, class Value, bool kWide>
void store(Block& block, Warp& warp, const Instruction& instruction, uint32_t mask) {
  constexpr int kBytes = sizeof(Memory);
  forEachPlace<kSpace, kWide>(block, warp, instruction, mask, instruction.count * kBytes, [&](int lane, unsigned char* to) {
    for (int i = 0; i < instruction.count; ++i) {
      const auto value = static_cast<Memory>(warp.at<Value>(instruction.in[i])[lane]);
      std::memcpy(to + i * kBytes, &value, kBytes);
    }
  });
}

template <Space kSpace, class Memory, class Value>
Action access(bool loads, bool wide) {
  if constexpr (kSpace != Space::parameter) {
    if (!loads) return wide ? store<kSpace, Memory, Value, true> : store<kSpace, Memory, Value, false>;
  }
  return wide ? load<kSpace, Memory, Value, true> : load<kSpace, Memory, Value, false>;
}

/** Memory of `type` in registers of `width` bytes, which may be wider. */
template <Space kSpace>
Action accessOf(bool loads, const std::string& type, int width, bool wide) {
  if (type == "s8" && width == 2) return access<kSpace, int8_t, int16_t>(loads, wide);
  if (type == "u8" && width == 2) return access<kSpace, uint8_t, uint16_t>(loads, wide);
  if (type == "u16" && width == 4) return access<kSpace, uint16_t, uint32_t>(loads, wide);
  if (type == "s32" && width == 8) return access<kSpace, int32_t, int64_t>(loads, wide);
  if (type == "u32" && width == 8) return access<kSpace, uint32_t, uint64_t>(loads, wide);
  const int bytes = std::stoi(type.substr(1)) / 8;
  if (bytes != width) return nullptr;
  return bytes == 2   ? access<kSpace, uint16_t, uint16_t>(loads, wide)
         : bytes == 4 ? access<kSpace, uint32_t, uint32_t>(loads, wide)
         : bytes == 8 ? access<kSpace, uint64_t, uint64_t>(loads, wide)
                      : nullptr;
}

/** ldmatrix.x4: a lane gives the place of row lane % 8 of matrix lane / 8, and gets four bytes of row lane / 4 of each. */
void loadMatrices(Block& block, Warp& warp, const Instruction& instruction, uint32_t) {
  constexpr int kBytes = 16;
  const unsigned char* rows[kWarp];
  for (int matrix = 0; matrix < 4; ++matrix) {
    // Counted matrix by matrix, since each is 128 bytes and passes by itself.
    uint64_t addresses[kWarp];
    for (int lane = 8 * matrix; lane < 8 * matrix + 8; ++lane) {
      addresses[lane] = addressOf(warp, instruction, lane, false);
      rows[lane] = block.shared(warp, instruction, lane, addresses[lane], kBytes);
    }
    block.count(instruction, addresses, 0xffu << 8 * matrix, kBytes, true);
  }
  for (int lane = 0; lane < kWarp; ++lane) {
    for (int matrix = 0; matrix < 4; ++matrix)
      std::memcpy(&warp.at<uint32_t>(instruction.out[matrix])[lane], rows[8 * matrix + lane / 4] + lane % 4 * 4, 4);
  }
}

/** What is on its way may arrive at any time: until it is waited for, its place holds what nobody can take for it. */
void copyAsync(Block& block, Warp& warp, const Instruction& instruction, uint32_t mask) {
  uint64_t sources[kWarp], places[kWarp];
  uint32_t reading = 0;
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    const uint32_t to = warp.at<uint32_t>(instruction.in[0])[lane];
    const uint64_t from = warp.at<uint64_t>(instruction.in[1])[lane];
    const auto read = static_cast<int>(warp.at<uint32_t>(instruction.in[2])[lane]);
    places[lane] = to;
    sources[lane] = from;
    reading |= static_cast<uint32_t>(read > 0) << lane;
    if (read > instruction.count) block.fail(warp, instruction, lane, "reads more than it writes");
    std::memset(block.shared(warp, instruction, lane, to, instruction.count), 0xff, instruction.count);
    if (from % instruction.count != 0) block.failAligned(warp, instruction, lane, instruction.count);
    if (read == instruction.count) block.global(warp, instruction, lane, from, read);
    if (read != 0 && read != instruction.count) block.fail(warp, instruction, lane, "copies a part");
    warp.copies[lane].push_back({to, from, instruction.count, read, warp.group[lane]});
  }
  block.count(instruction, sources, reading, instruction.count, false);
  block.count(instruction, places, mask, instruction.count, true);
}

void commitCopies(Block&, Warp& warp, const Instruction&, uint32_t mask) {
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) ++warp.group[__builtin_ctz(rest)];
}

void waitCopies(Block& block, Warp& warp, const Instruction& instruction, uint32_t mask) {
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    std::vector<Warp::Copy>& copies = warp.copies[lane];
    std::size_t arrived = 0;
    for (; arrived < copies.size() && copies[arrived].group < warp.group[lane] - instruction.count; ++arrived) {
      const Warp::Copy& copy = copies[arrived];
      unsigned char* to = block.shared(warp, instruction, lane, copy.to, copy.bytes);
      if (copy.read == 0) {
        std::memset(to, 0, copy.bytes);
      } else {
        std::memcpy(to, reinterpret_cast<const void*>(copy.from), copy.bytes);
      }
    }
    copies.erase(copies.begin(), copies.begin() + static_cast<std::ptrdiff_t>(arrived));
  }
}

void nothing(Block&, Warp&, const Instruction&, uint32_t) {}

std::vector<std::string> parts(const std::string& opcode) {
  std::vector<std::string> result;
  for (std::size_t begin = 0; begin <= opcode.size();) {
    const std::size_t end = std::min(opcode.find('.', begin), opcode.size());
    result.push_back(opcode.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

}  // namespace

bool parseMemoryAccess(Parser& parser, const std::string& opcode, const std::vector<std::string>& operands, Instruction& instruction) {
  if (opcode == "cp.async.commit_group") {
    instruction.action = commitCopies;
    return true;
  }
  if (opcode == "cp.async.wait_group") {
    instruction.action = waitCopies;
    instruction.count = static_cast<int>(parser.number(operands.at(0)));
    return true;
  }
  if (opcode == "cp.async.ca.shared.global" || opcode == "cp.async.cg.shared.global") {
    if (operands.size() != 4) parser.unknown("a number of operands");
    Instruction to, from;
    parser.address(operands[0], to);
    parser.address(operands[1], from);
    if (to.base < 0 || to.offset != 0 || from.base < 0 || from.offset != 0) parser.unknown("an address with an offset");
    instruction.in[0] = to.base;
    instruction.in[1] = from.base;
    instruction.count = static_cast<int>(parser.number(operands[2]));
    instruction.in[2] = parser.operand(operands[3], 4).slot;
    const bool whole = instruction.count == 16;
    if (!whole && (opcode.find(".cg.") != std::string::npos || (instruction.count != 4 && instruction.count != 8)))
      parser.unknown("a number of bytes");
    instruction.action = copyAsync;
    return true;
  }
  if (opcode == "ldmatrix.sync.aligned.m8n8.x4.shared.b16") {
    if (operands.size() != 2) parser.unknown("a number of operands");
    const std::vector<std::string> registers = Parser::list(operands[0]);
    if (registers.size() != 4) parser.unknown("a number of registers");
    for (std::size_t i = 0; i < 4; ++i) instruction.out[i] = parser.operand(registers[i], 4, false, false).slot;
    parser.address(operands[1], instruction);
    if (instruction.base < 0) parser.unknown("an address without a register");
    instruction.action = loadMatrices;
    instruction.flow = Flow::together;
    return true;
  }
  if (opcode == "prefetch.global.L2") {
    // Of any address, without effect.
    Instruction address;
    parser.address(operands.at(0), address);
    instruction.action = nothing;
    return true;
  }

  // ld.SPACE.TYPE, ld.SPACE.v2.TYPE …
  const std::vector<std::string> words = parts(opcode);
  if ((words[0] != "ld" && words[0] != "st") || words.size() < 3) return false;
  const bool loads = words[0] == "ld";
  const std::string& space = words[1];
  const std::string& type = words.back();
  const std::size_t count = words.size() == 3 ? 1 : words.size() == 4 && (words[2] == "v2" || words[2] == "v4") ? words[2][1] - '0' : 0;
  if (operands.size() != 2) parser.unknown("a number of operands");
  const std::vector<std::string> values = Parser::list(operands[loads ? 0 : 1]);
  if (count == 0 || values.size() != count) parser.unknown("a vector");
  const bool isFloat = type[0] == 'f';
  const int width = values[0][0] == '%' ? parser.operand(values[0], 0, false, false).width : std::stoi(type.substr(1)) / 8;
  for (std::size_t i = 0; i < count; ++i) (loads ? instruction.out : instruction.in)[i] = parser.operand(values[i], width, isFloat, !loads).slot;
  instruction.count = static_cast<int>(count);
  const std::string& address = operands[loads ? 1 : 0];
  parser.address(address, instruction);
  const bool wide = instruction.base < 0 || parser.operand(address.substr(1, address.find_first_of("+]") - 1), 0).width == 8;
  instruction.action = space == "global"           ? accessOf<Space::global>(loads, type, width, wide)
                       : space == "shared"         ? accessOf<Space::shared>(loads, type, width, wide)
                       : space == "param" && loads ? accessOf<Space::parameter>(loads, type, width, wide)
                                                   : nullptr;
  if (instruction.action == nullptr) parser.unknown("space or type");
  return true;
}

}  // namespace retroplume::ptx
