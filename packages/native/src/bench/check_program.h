#pragma once
#include "bench/text_program.h"
#include "runtime/registry.h"

namespace retroplume {

/** The device and products to check, and against which kernels of the CPU. */
struct CheckOptions {
  ProgramOptions options;
  std::string products;
  bool reference;
};

/** Prints the largest error of every op as a line of JSON; true if all agree (kernel_bench.cc tells how). */
bool checkProgram(const Registry& registry, const TextProgram& text, const CheckOptions& arguments, Team& team);

/** Every element of a program's arena. */
void fillArena(Program& program, const std::vector<float>& arena);

}  // namespace retroplume
