#pragma once
#include <napi.h>

#include "runtime/program.h"

namespace retroplume {

/** A ProgramSpec from the JavaScript object of kernels.ts. @throws NativeError SPEC_INVALID */
ProgramSpec readProgramSpec(const Napi::Value& value);

/** Options, and the GPU that is still to be opened for them; −1: the CPU. */
struct ReadOptions {
  ProgramOptions options;
  int gpu;
};

/** Options from a JavaScript object or undefined. @throws NativeError OPTION_INVALID, ISA_* */
ReadOptions readProgramOptions(const Napi::Value& value);

}  // namespace retroplume
