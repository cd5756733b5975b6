#include "bench/fields_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "bench/check_program.h"

namespace retroplume {

bool reportFields(const std::string& set, const char* op, double bound, const std::vector<FieldsOutcome>& outcomes) {
  std::string failed;
  std::vector<double> together(outcomes.front().seconds.size(), 0);
  for (const FieldsOutcome& outcome : outcomes) {
    if (outcome.error > bound && failed.empty()) failed = std::string(outcome.label) + ": " + std::to_string(outcome.error);
    for (std::size_t i = 0; i < together.size(); ++i) together[i] += outcome.seconds[i];
  }
  std::printf("{\"program\":\"%s\",\"products\":\"float32\",\"bound\":%g,\"ok\":%s,\"failed\":%s,", set.c_str(), bound,
              failed.empty() ? "true" : "false", quoted(failed).c_str());
  printTiming("step", together);
  std::printf(",\"kernels\":[");
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    std::printf("%s{\"op\":\"%s\",\"label\":\"%s\",\"error\":%.3g,\"bytes\":%.6g,", i == 0 ? "" : ",", op, outcomes[i].label, outcomes[i].error,
                outcomes[i].bytes);
    printTiming("seconds", outcomes[i].seconds);
    std::printf("}");
  }
  std::printf("]}\n");
  return failed.empty();
}

void reportFailure(const std::string& set, const NativeError& error) {
  std::printf("{\"program\":\"%s\",\"products\":\"float32\",\"ok\":false,\"failed\":%s}\n", set.c_str(), quoted(error.what()).c_str());
  throw DeviceFailure{};
}

double largestDifference(const std::vector<float>& expected, const std::vector<float>& actual) {
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double apart = std::abs(double{actual[i]} - expected[i]);
    worst = std::isfinite(apart) ? std::max(worst, apart) : 1e30;
  }
  return worst;
}

}  // namespace retroplume
