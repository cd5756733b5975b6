#pragma once
#include <string>

#include "runtime/program.h"

namespace retroplume {

/** Names of the sets of tracers that `checkTracers` knows. */
bool isTracers(const std::string& name);

/**
 * Tracers carried in a device's memory (ops/tracers), and their transpose: held against the CPU's kernels, and timed by the device. Prints one line
 * of JSON; true if both agree.
 *
 * @throws DeviceFailure after the line that names what failed
 */
bool checkTracers(const std::string& name, const ProgramOptions& options, int rounds, Team& team);

}  // namespace retroplume
