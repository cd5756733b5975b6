#pragma once
#include <string>

#include "runtime/program.h"

namespace retroplume {

/** Names of the sets of windows that `checkWindows` knows. */
bool isWindows(const std::string& name);

/**
 * Windows of fields in a device's memory, a batch of training (ops/window_mean): held against the CPU's kernels, and timed by the device. Prints one
 * line of JSON; true if all agree.
 *
 * @throws DeviceFailure after the line that names what failed
 */
bool checkWindows(const std::string& name, const ProgramOptions& options, int rounds, Team& team);

}  // namespace retroplume
