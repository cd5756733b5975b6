#pragma once
#include <napi.h>

#include "runtime/program.h"

namespace retroplume {

/** A ProgramSpec from the JavaScript object of kernels.ts. @throws NativeError SPEC_INVALID */
ProgramSpec readProgramSpec(const Napi::Value& value);

/** ProgramOptions from a JavaScript object or undefined. @throws NativeError OPTION_INVALID, ISA_* */
ProgramOptions readProgramOptions(const Napi::Value& value);

}  // namespace retroplume
