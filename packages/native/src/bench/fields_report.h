#pragma once
#include <string>
#include <vector>

#include "runtime/error.h"

namespace retroplume {

/** One kernel on fields in a device's memory: how far it is from the CPU's, and how long it takes. */
struct FieldsOutcome {
  const char* label;
  /** the largest difference, as a part of the largest number */
  double error;
  /** read and written */
  double bytes;
  /** of each round */
  std::vector<double> seconds;
};

/** Prints one line of JSON for all kernels of a set, and the time that they take together; true if no error is above the bound. */
bool reportFields(const std::string& set, const char* op, double bound, const std::vector<FieldsOutcome>& outcomes);

/** Prints the line of a set whose device failed. @throws DeviceFailure */
[[noreturn]] void reportFailure(const std::string& set, const NativeError& error);

/** A number that is not finite is as far as can be. */
double largestDifference(const std::vector<float>& expected, const std::vector<float>& actual);

}  // namespace retroplume
