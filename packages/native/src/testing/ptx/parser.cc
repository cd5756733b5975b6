#include "testing/ptx/parser.h"

#include <cstring>
#include <sstream>

#include "runtime/error.h"

namespace retroplume::ptx {

namespace {

constexpr const char* kBlanks = " \t\r\n";

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/** At commas that stand in no brackets or braces. */
std::vector<std::string> operandsOf(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  int depth = 0;
  for (const char c : text) {
    depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    if (c == ',' && depth == 0) {
      words.push_back(trimmed(word));
      word.clear();
    } else {
      word += c;
    }
  }
  if (!trimmed(word).empty()) words.push_back(trimmed(word));
  return words;
}

bool begins(const std::string& text, const char* with) { return text.rfind(with, 0) == 0; }

/** Bytes of .pred, .b16, .f32, .u64 … */
int widthOf(const std::string& type) {
  if (type == ".pred") return 1;
  return std::stoi(type.substr(2)) / 8;
}

}  // namespace

void Parser::unknown(const std::string& what) const { throw NativeError("PTX_UNKNOWN", kernel_.name + ": " + what + " in \"" + line + "\""); }

int Parser::newSlot(int width) {
  const int slot = kernel_.registerBytes;
  kernel_.registerBytes += (width * kWarp + 63) / 64 * 64;
  return slot;
}

void Parser::declare(const std::string& prefix, int width, int count) {
  for (int i = 0; i < count; ++i) registers_[prefix + std::to_string(i)] = {newSlot(width), width};
}

void Parser::parameter(const std::string& symbol, int align, int bytes) {
  const int offset = (kernel_.parameterBytes + align - 1) / align * align;
  kernel_.parameters.push_back({offset, bytes});
  kernel_.parameterBytes = offset + bytes;
  symbols_[symbol] = offset;
}

int64_t Parser::number(const std::string& word) const {
  char* end = nullptr;
  const int64_t value = std::strtoll(word.c_str(), &end, 0);
  if (word.empty() || *end != '\0') unknown("\"" + word + "\" is no number");
  return value;
}

Parser::Register Parser::operand(const std::string& word, int width, bool isFloat, bool constants) {
  if (word[0] == '%') {
    static const char* const kSpecial[] = {"%tid.x", "%ntid.x", "%ctaid.x", "%ctaid.y", "%ctaid.z", "%nctaid.x", "%nctaid.y", "%nctaid.z"};
    for (int i = 0; i < Kernel::specials; ++i) {
      if (word == kSpecial[i] && width == 4) return {kernel_.special[i], 4};
    }
    const auto found = registers_.find(word);
    if (found == registers_.end()) unknown("register " + word + " is not declared");
    if (width != 0 && found->second.width != width) unknown("register " + word + " has another width");
    return found->second;
  }
  if (!constants) unknown("\"" + word + "\" is no register");
  uint64_t bits = 0;
  if (isFloat) {
    // 0f and the bits of a float, 0d and those of a double
    if (word.size() < 2 || word[0] != '0' || word[1] != (width == 4 ? 'f' : 'd')) unknown("\"" + word + "\" is no constant of this width");
    bits = std::strtoull(word.c_str() + 2, nullptr, 16);
  } else {
    bits = static_cast<uint64_t>(isSymbol(word) ? symbol(word) : number(word));
    if (width < 8) bits &= (uint64_t{1} << 8 * width) - 1;
  }
  const auto [entry, added] = constants_.emplace(std::make_pair(width, bits), 0);
  if (added) {
    entry->second = newSlot(width);
    kernel_.constants.push_back({entry->second, width, bits});
  }
  return {entry->second, width};
}

void Parser::address(const std::string& word, Instruction& instruction) {
  if (word.size() < 3 || word.front() != '[' || word.back() != ']') unknown("\"" + word + "\" is no address");
  const std::string inner = word.substr(1, word.size() - 2);
  const std::size_t plus = inner.find('+');
  const std::string base = trimmed(inner.substr(0, plus));
  if (plus != std::string::npos) instruction.offset = number(trimmed(inner.substr(plus + 1)));
  if (isSymbol(base)) {
    instruction.offset += symbol(base);
  } else {
    const Register found = operand(base, 0, false, false);
    if (found.width < 4) unknown("an address in " + base);
    instruction.base = found.slot;
  }
}

std::vector<std::string> Parser::list(const std::string& word) {
  return word.front() == '{' ? operandsOf(word.substr(1, word.size() - 2)) : std::vector<std::string>{word};
}

Kernel parseKernel(const std::string& name, const std::string& text) {
  Kernel kernel;
  kernel.name = name;
  Parser parser(kernel);
  for (int& slot : kernel.special) {
    slot = kernel.registerBytes;
    kernel.registerBytes += 4 * kWarp;
  }
  std::map<std::string, int> labels;
  std::vector<std::pair<int, std::string>> branches;

  std::istringstream lines(text);
  for (std::string raw; std::getline(lines, raw);) {
    std::string line = trimmed(raw.substr(0, raw.find("//")));
    parser.line = line;
    if (line.empty() || line == "{" || line == "}" || line == ")" || begins(line, ".pragma") || line.find(".entry") != std::string::npos) continue;
    std::istringstream words(line);
    std::string first, second, third;
    words >> first >> second >> third;
    if (first == ".param") {
      // ".param .u64 NAME," or ".param .align 8 .b8 NAME[40]"
      if (second == ".align") {
        std::string type, symbol;
        words >> type >> symbol;
        const std::size_t bracket = symbol.find('[');
        parser.parameter(symbol.substr(0, bracket), std::stoi(third), std::stoi(symbol.substr(bracket + 1)));
      } else {
        const int width = widthOf(second);
        parser.parameter(third.substr(0, third.find(',')), width, width);
      }
    } else if (first == ".extern" && second == ".shared") {
      std::string last;
      for (std::string word; words >> word;) last = word;
      parser.shared(last.substr(0, last.find('[')));
    } else if (first == ".maxntid") {
      kernel.mostThreads = std::stoi(second);
    } else if (first == ".minnctapersm") {
    } else if (first == ".reg") {
      const std::size_t open = third.find('<');
      if (open == std::string::npos) parser.unknown("a register by itself");
      parser.declare(third.substr(0, open), widthOf(second), std::stoi(third.substr(open + 1)));
    } else if (line.front() == '$' && line.back() == ':') {
      labels[line.substr(0, line.size() - 1)] = static_cast<int>(kernel.code.size());
    } else {
      if (line.back() != ';') parser.unknown("a line that does not end");
      line.pop_back();
      Instruction instruction;
      instruction.text = line;
      if (line.front() == '@') {
        const std::size_t blank = line.find_first_of(kBlanks);
        instruction.predicateNegated = line[1] == '!';
        instruction.predicate =
            parser.operand(line.substr(instruction.predicateNegated ? 2 : 1, blank - (instruction.predicateNegated ? 2 : 1)), 1).slot;
        line = trimmed(line.substr(blank));
      }
      const std::size_t blank = std::min(line.find_first_of(kBlanks), line.size());
      const std::string opcode = line.substr(0, blank);
      const std::vector<std::string> operands = operandsOf(line.substr(blank));
      if (opcode == "bra" || opcode == "bra.uni") {
        instruction.flow = Flow::branch;
        branches.emplace_back(static_cast<int>(kernel.code.size()), operands.at(0));
      } else if (opcode == "ret") {
        instruction.flow = Flow::exit;
      } else if (opcode == "bar.sync") {
        if (operands.size() != 1 || operands[0] != "0") parser.unknown("a barrier for some of the threads");
        instruction.flow = Flow::barrier;
      } else if (!parseOperation(parser, opcode, operands, instruction) && !parseMemoryAccess(parser, opcode, operands, instruction) &&
                 !parseWarpOperation(parser, opcode, operands, instruction)) {
        parser.unknown("instruction " + opcode);
      }
      kernel.code.push_back(std::move(instruction));
    }
  }
  for (const auto& [index, label] : branches) {
    const auto found = labels.find(label);
    if (found == labels.end()) parser.unknown("label " + label);
    kernel.code[index].target = found->second;
  }
  // One that falls off the end is not nvcc's.
  if (kernel.code.empty() || kernel.code.back().flow == Flow::next) parser.unknown("the end");
  return kernel;
}

}  // namespace retroplume::ptx
