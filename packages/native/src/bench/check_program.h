#pragma once
#include "bench/text_program.h"
#include "runtime/registry.h"

namespace retroplume {

/** The device and products to check, and against which kernels of the CPU. */
struct CheckOptions {
  ProgramOptions options;
  std::vector<Products> products;
  bool reference;
};

const char* nameOf(Products products);

/** What failed, as part of a line of JSON. */
std::string quoted(const std::string& text);

/** Prints `"name":{median, p10, p90}` of some times. */
void printTiming(const char* name, std::vector<double> seconds);

/**
 * Prints the largest error of every op as a line of JSON, one for each of the products; true if all agree (kernel_bench.cc tells how). An instruction
 * that cannot run is one that differs, as long as the device still works.
 *
 * @throws DeviceFailure after the line that names the instruction, where it does not
 */
bool checkProgram(const Registry& registry, const TextProgram& text, const CheckOptions& arguments, Team& team);

/**
 * What a device does beside single kernels: prints one line of JSON; true if a step gives the same bits twice, the recorded graph the same as
 * instruction after instruction, and what was staged while another set waited arrives when its turn comes.
 *
 * @throws DeviceFailure after the line that names what failed
 */
bool checkDevice(const Registry& registry, const TextProgram& text, const ProgramOptions& options, Team& team);

/** An error of the device, already told. After it the device may do nothing right: the process has to end. */
struct DeviceFailure {};

/** Every element of a program's arena. */
void fillArena(Program& program, const std::vector<float>& arena);

}  // namespace retroplume
