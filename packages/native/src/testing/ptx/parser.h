#pragma once
#include <map>
#include <string>
#include <vector>

#include "testing/ptx/kernel.h"

namespace retroplume::ptx {

/** What the instructions' own parsers (operations.cc, memory.cc) ask for: the operands of one line, as words or as registers. */
class Parser {
 public:
  explicit Parser(Kernel& kernel) : kernel_(kernel) {}

  struct Register {
    int slot, width;  // bytes a lane
  };

  void declare(const std::string& prefix, int width, int count);
  /** A register or, where `constants`, a number of `width` bytes. `width` 0: any. @throws NativeError PTX_UNKNOWN */
  Register operand(const std::string& word, int width, bool isFloat = false, bool constants = true);
  Register result(const std::string& word, int width) { return operand(word, width, false, false); }
  /** "[%rd1+4]" or "[symbol+4]" into base and offset. Symbols are offsets: parameters in their buffer, shared memory at 0. */
  void address(const std::string& word, Instruction& instruction);
  int64_t number(const std::string& word) const;
  /** "{a, b}" or "a" */
  static std::vector<std::string> list(const std::string& word);

  void parameter(const std::string& symbol, int align, int bytes);
  void shared(const std::string& symbol) { symbols_[symbol] = 0; }
  bool isSymbol(const std::string& word) const { return symbols_.count(word) > 0; }
  int64_t symbol(const std::string& word) const { return symbols_.at(word); }
  [[noreturn]] void unknown(const std::string& what) const;

  std::string line;

 private:
  int newSlot(int width);

  Kernel& kernel_;
  std::map<std::string, Register> registers_;
  std::map<std::string, int64_t> symbols_;
  std::map<std::pair<int, uint64_t>, int> constants_;
};

/** Fills in what `opcode` does with `operands`; false: not one of these. */
bool parseOperation(Parser& parser, const std::string& opcode, const std::vector<std::string>& operands, Instruction& instruction);
bool parseMemoryAccess(Parser& parser, const std::string& opcode, const std::vector<std::string>& operands, Instruction& instruction);
bool parseWarpOperation(Parser& parser, const std::string& opcode, const std::vector<std::string>& operands, Instruction& instruction);

}  // namespace retroplume::ptx
