#include "bench/check_program.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <utility>

namespace retroplume {

namespace {

/** Of the root mean square. Both sum thousands of floats in another order; tf32 rounds each factor by up to 2^-11, bf16 by 2^-8. */
double bound(Products products) { return products == Products::float32 ? 1e-4 : products == Products::tf32 ? 2e-3 : 2e-2; }

std::vector<float> readRange(const Program& program, int64_t offset, int64_t length) {
  std::vector<float> values(length);
  program.read(static_cast<double>(offset), static_cast<double>(length),
               [&](const void* from) { std::memcpy(values.data(), from, values.size() * sizeof(float)); });
  return values;
}

int64_t spanOf(const Rows& rows) { return rows.count == 0 ? 0 : (rows.count - 1) * rows.stride + rows.length; }

/** An operand's root mean square, and that of the error; infinite where either has a NaN that the other has not. */
struct Deviation {
  std::string operand;
  double size, error;
};

Deviation deviation(const std::string& operand, const std::vector<float>& expected, const std::vector<float>& actual, const Rows& rows) {
  double squares = 0, total = 0;
  for (int64_t r = 0; r < rows.count; ++r) {
    for (int64_t i = r * rows.stride; i < r * rows.stride + rows.length; ++i) {
      if (std::isfinite(expected[i]) != std::isfinite(actual[i])) return {operand, 0, INFINITY};
      if (!std::isfinite(expected[i])) continue;
      squares += (double{actual[i]} - expected[i]) * (double{actual[i]} - expected[i]);
      total += double{expected[i]} * expected[i];
    }
  }
  const double count = static_cast<double>(rows.count * rows.length);
  return {operand, std::sqrt(total / count), std::sqrt(squares / count)};
}

}  // namespace

void fillArena(Program& program, const std::vector<float>& arena) {
  program.write(0, static_cast<double>(arena.size()), [&](void* to) { std::memcpy(to, arena.data(), arena.size() * sizeof(float)); });
}

bool checkProgram(const Registry& registry, const TextProgram& text, const CheckOptions& arguments, Team& team) {
  ProgramOptions plain = arguments.options;
  plain.device = nullptr;
  plain.fastKernels = !arguments.reference;
  const auto expected = makeProgram(registry, text.spec, plain), actual = makeProgram(registry, text.spec, arguments.options);
  const std::vector<float> arena = initialArena(text);
  fillArena(*expected, arena);
  fillArena(*actual, arena);
  const std::atomic<bool> stop{false};
  std::map<std::string, double> worst;
  std::string failed;
  for (int64_t i = 0; i < expected->instructions(); ++i) {
    expected->run({i, i + 1}, team, stop);
    actual->run({i, i + 1}, team, stop);
    std::vector<Deviation> deviations;
    for (const WrittenRange& range : expected->written(i)) {
      const int64_t span = spanOf(range.rows);
      const std::vector<float> wanted = readRange(*expected, range.offset, span), got = readRange(*actual, range.offset, span);
      deviations.push_back(deviation(range.operand, wanted, got, range.rows));
      actual->write(static_cast<double>(range.offset), static_cast<double>(span),
                    [&](void* to) { std::memcpy(to, wanted.data(), wanted.size() * sizeof(float)); });
    }
    // Against the largest operand: a bias before a batch norm has the gradient 0, of which only rounding is left.
    double size = 1e-30;
    for (const Deviation& each : deviations) size = std::max(size, each.size);
    for (const Deviation& each : deviations) {
      double& most = worst[expected->op(i)];
      most = std::max(most, each.error / size);
      if (!(each.error <= bound(arguments.options.products) * size) && failed.empty())
        failed = expected->op(i) + " (" + expected->label(i) + ") " + each.operand + ": " + std::to_string(each.error / size);
    }
  }
  std::printf("{\"program\":\"%s\",\"products\":\"%s\",\"bound\":%g,\"ok\":%s,\"failed\":\"%s\",\"worst\":{", text.name.c_str(),
              arguments.products.c_str(), bound(arguments.options.products), failed.empty() ? "true" : "false", failed.c_str());
  const char* comma = "";
  for (const auto& [op, error] : worst) std::printf("%s\"%s\":%.3g", std::exchange(comma, ","), op.c_str(), std::isfinite(error) ? error : 1e30);
  std::printf("}}\n");
  return failed.empty();
}

}  // namespace retroplume
