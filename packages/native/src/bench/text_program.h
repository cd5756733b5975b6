#pragma once
#include <istream>
#include <string>
#include <vector>

#include "runtime/program.h"

namespace retroplume {

/** What a stretch of the arena holds before the first run: uniform numbers in [low, high), or the given ones. */
struct InitialContent {
  int64_t offset, length;
  double low, high;
  std::vector<float> values;  // empty: uniform
};

/** A program and its first arena, as core/src/bench/text-program.ts writes them (the format stands there). */
struct TextProgram {
  std::string name;
  ProgramSpec spec;
  std::vector<InitialContent> initial;
};

/** @throws NativeError TEXT_PROGRAM_INVALID with the line */
TextProgram readTextProgram(const std::string& path);

/** The first arena: the same numbers on every machine. */
std::vector<float> initialArena(const TextProgram& program);

}  // namespace retroplume
