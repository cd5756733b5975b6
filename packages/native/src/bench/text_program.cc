#include "bench/text_program.h"

#include <fstream>
#include <sstream>

#include "runtime/error.h"

namespace retroplume {

namespace {

/** SplitMix64 (Steele et al. 2014, doi:10.1145/2660193.2660195), upper 24 bits as a float in [0, 1). */
float uniform(uint64_t& state) {
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return static_cast<float>((z ^ z >> 31) >> 40) * 0x1p-24f;
}

InstructionSpec readInstruction(std::istringstream& words) {
  InstructionSpec instruction;
  words >> instruction.op;
  for (std::string word; words >> word;) {
    if (word == "#") {
      std::getline(words >> std::ws, instruction.label);
      break;
    }
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) throw std::invalid_argument(word);
    const double value = std::stod(word.substr(equals + 1));
    if (word[0] == '@')
      instruction.operands[word.substr(1, equals - 1)] = value;
    else
      instruction.params[word.substr(0, equals)] = value;
  }
  return instruction;
}

void readLine(std::istringstream& words, TextProgram& program) {
  std::string kind;
  words >> kind;
  if (kind == "arena") {
    words >> program.spec.arenaElements;
  } else if (kind == "phase") {
    std::string name;
    std::pair<int64_t, int64_t> range;
    words >> name >> range.first >> range.second;
    program.spec.phases[name] = range;
  } else if (kind == "uniform") {
    InitialContent content{};
    words >> content.offset >> content.length >> content.low >> content.high;
    program.initial.push_back(content);
  } else if (kind == "values") {
    InitialContent content{};
    words >> content.offset;
    for (float value; words >> value;) content.values.push_back(value);
    if (!words.eof()) throw std::invalid_argument("values");
    words.clear();
    content.length = static_cast<int64_t>(content.values.size());
    program.initial.push_back(content);
  } else if (kind == "run") {
    program.spec.instructions.push_back(readInstruction(words));
    words.clear();
  } else {
    throw std::invalid_argument(kind);
  }
  if (!words) throw std::invalid_argument(kind);
}

}  // namespace

TextProgram readTextProgram(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw NativeError("TEXT_PROGRAM_INVALID", path + ": cannot be read");
  TextProgram program;
  program.name = path.substr(path.rfind('/') + 1);
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    std::istringstream words(line);
    try {
      readLine(words, program);
    } catch (const std::logic_error&) {
      throw NativeError("TEXT_PROGRAM_INVALID", path + ":" + std::to_string(number) + ": expected arena, phase, uniform, values or run: " + line);
    }
  }
  // A folder opens as a file does, and holds no line.
  if (program.spec.instructions.empty())
    throw NativeError("TEXT_PROGRAM_INVALID", path + ": expected a program, as retroplume bench --programs writes it, but received no instruction");
  for (const InitialContent& content : program.initial) {
    if (content.offset < 0 || content.length < 0 || content.offset + content.length > program.spec.arenaElements)
      throw NativeError("TEXT_PROGRAM_INVALID", path + ": a first content lies outside the arena");
  }
  return program;
}

std::vector<float> initialArena(const TextProgram& program) {
  std::vector<float> arena(program.spec.arenaElements, 0.0f);
  uint64_t state = 1;
  for (const InitialContent& content : program.initial) {
    for (int64_t i = 0; i < content.length; ++i) {
      arena[content.offset + i] =
          content.values.empty() ? static_cast<float>(content.low + (content.high - content.low) * uniform(state)) : content.values[i];
    }
  }
  return arena;
}

}  // namespace retroplume
