#include <cstring>

#include "testing/ptx/machine.h"
#include "testing/ptx/parser.h"

/** Instructions of a whole warp: exchanges between lanes, and the tensor cores' products. */
namespace retroplume::ptx {

namespace {

float floatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

/** shfl.sync.bfly d|p, a, distance, clamp, mask: the value of the lane at `lane ^ distance`, within segments. */
void exchange(Block& block, Warp& warp, const Instruction& instruction, uint32_t) {
  uint32_t values[kWarp];
  std::memcpy(values, warp.at<uint32_t>(instruction.in[0]), sizeof(values));
  for (int lane = 0; lane < kWarp; ++lane) {
    if (warp.at<uint32_t>(instruction.in[3])[lane] != kAllLanes) block.fail(warp, instruction, lane, "names a part of the warp");
    const uint32_t distance = warp.at<uint32_t>(instruction.in[1])[lane] & 31, control = warp.at<uint32_t>(instruction.in[2])[lane];
    const uint32_t segment = control >> 8 & 31, clamp = control & 31;
    const uint32_t most = (lane & segment) | (clamp & ~segment);
    const uint32_t other = static_cast<uint32_t>(lane) ^ distance;
    const bool within = other <= most;
    warp.at<uint32_t>(instruction.out[0])[lane] = values[within ? other : lane];
    warp.at<Predicate>(instruction.out[1])[lane] = within;
  }
}

/**
 * d = a·b + c, with a of 16 x K and b of K x 8 in the registers of the lanes as the standard's figures for m16n8k8 (tf32) and m16n8k16 (bf16) show
 * them. In: four registers of a, two of b, four of c. Products are exact and added in double precision; the hardware rounds their sum otherwise.
 */
template <int K>
void multiply(Warp& warp, const Instruction& instruction, double (&a)[16][K], double (&b)[K][8]) {
  double d[16][8];
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 8; ++column) {
      double sum = 0;
      for (int k = 0; k < K; ++k) sum += a[row][k] * b[k][column];
      d[row][column] = sum;
    }
  }
  for (int lane = 0; lane < kWarp; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + (i < 2 ? 0 : 8), column = lane % 4 * 2 + (i & 1);
      const float c = warp.at<float>(instruction.in[6 + i])[lane];
      warp.at<float>(instruction.out[i])[lane] = static_cast<float>(c + d[row][column]);
    }
  }
}

void multiplyTf32(Block&, Warp& warp, const Instruction& instruction, uint32_t) {
  double a[16][8], b[8][8];
  // The lowest 13 bits of a tf32 number are ignored.
  const auto value = [&](int in, int lane) { return static_cast<double>(floatOf(warp.at<uint32_t>(instruction.in[in])[lane] & ~0x1fffu)); };
  for (int lane = 0; lane < kWarp; ++lane) {
    const int group = lane / 4, inGroup = lane % 4;
    for (int i = 0; i < 4; ++i) a[group + (i % 2 == 0 ? 0 : 8)][inGroup + (i < 2 ? 0 : 4)] = value(i, lane);
    for (int i = 0; i < 2; ++i) b[inGroup + 4 * i][group] = value(4 + i, lane);
  }
  multiply<8>(warp, instruction, a, b);
}

void multiplyBf16(Block&, Warp& warp, const Instruction& instruction, uint32_t) {
  double a[16][16], b[16][8];
  const auto value = [&](int in, int lane, int half) {
    const uint32_t pair = warp.at<uint32_t>(instruction.in[in])[lane];
    return static_cast<double>(floatOf(half == 0 ? pair << 16 : pair & 0xffff0000u));
  };
  for (int lane = 0; lane < kWarp; ++lane) {
    const int group = lane / 4, inGroup = lane % 4;
    for (int i = 0; i < 8; ++i) {
      const int row = i < 2 || (i >= 4 && i < 6) ? group : group + 8, column = inGroup * 2 + (i & 1) + (i < 4 ? 0 : 8);
      a[row][column] = value(i / 2, lane, i & 1);
    }
    for (int i = 0; i < 4; ++i) b[inGroup * 2 + (i & 1) + (i < 2 ? 0 : 8)][group] = value(4 + i / 2, lane, i & 1);
  }
  multiply<16>(warp, instruction, a, b);
}

}  // namespace

bool parseWarpOperation(Parser& parser, const std::string& opcode, const std::vector<std::string>& operands, Instruction& instruction) {
  if (opcode == "shfl.sync.bfly.b32") {
    if (operands.size() != 5) parser.unknown("a number of operands");
    const std::size_t bar = operands[0].find('|');
    if (bar == std::string::npos) parser.unknown("an exchange without a predicate");
    instruction.out[0] = parser.result(operands[0].substr(0, bar), 4).slot;
    instruction.out[1] = parser.result(operands[0].substr(bar + 1), 1).slot;
    for (int i = 0; i < 4; ++i) instruction.in[i] = parser.operand(operands[i + 1], 4).slot;
    instruction.action = exchange;
  } else if (opcode == "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32" || opcode == "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32") {
    int in = 0, out = 0;
    const std::size_t lengths[] = {4, 4, 2, 4};
    if (operands.size() != 4) parser.unknown("a number of operands");
    for (std::size_t i = 0; i < 4; ++i) {
      const std::vector<std::string> registers = Parser::list(operands[i]);
      if (registers.size() != lengths[i]) parser.unknown("a number of registers");
      for (const std::string& name : registers) (i == 0 ? instruction.out[out++] : instruction.in[in++]) = parser.operand(name, 4, false, false).slot;
    }
    instruction.action = opcode.find("tf32") != std::string::npos ? multiplyTf32 : multiplyBf16;
  } else {
    return false;
  }
  instruction.flow = Flow::together;
  return true;
}

}  // namespace retroplume::ptx
