#include "bench/check_program.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "runtime/error.h"

namespace retroplume {

namespace {

/** Of the root mean square. Both sum thousands of floats in another order; tf32 rounds each factor by up to 2^-11, bf16 by 2^-8. */
double bound(Products products) { return products == Products::float32 ? 1e-4 : products == Products::tf32 ? 2e-3 : 2e-2; }

std::vector<float> readRange(const Program& program, int64_t offset, int64_t length) {
  std::vector<float> values(length);
  program.read(static_cast<double>(offset), static_cast<double>(length),
               [&](const void* from, std::size_t begin, std::size_t count) { std::memcpy(values.data() + begin, from, count * sizeof(float)); });
  return values;
}

/** An operand's root mean square, and that of the error; infinite where either has a NaN that the other has not. */
struct Deviation {
  std::string operand;
  double size, error;
};

Deviation deviation(const std::string& operand, const std::vector<float>& expected, const std::vector<float>& actual, const Rows& rows) {
  double squares = 0, total = 0;
  for (int64_t r = 0; r < rows.runs(); ++r) {
    for (int64_t i = rows.at(r); i < rows.at(r) + rows.length; ++i) {
      if (std::isfinite(expected[i]) != std::isfinite(actual[i])) return {operand, 0, INFINITY};
      if (!std::isfinite(expected[i])) continue;
      squares += (double{actual[i]} - expected[i]) * (double{actual[i]} - expected[i]);
      total += double{expected[i]} * expected[i];
    }
  }
  const double count = static_cast<double>(rows.runs() * rows.length);
  return {operand, std::sqrt(total / count), std::sqrt(squares / count)};
}

}  // namespace

void fillArena(Program& program, const std::vector<float>& arena) {
  program.write(0, static_cast<double>(arena.size()),
                [&](void* to, std::size_t begin, std::size_t count) { std::memcpy(to, arena.data() + begin, count * sizeof(float)); });
}

const char* nameOf(Products products) { return products == Products::float32 ? "float32" : products == Products::tf32 ? "tf32" : "bf16"; }

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out + '"';
}

/** As core/src/bench/timing/quantiles.ts: percentiles by nearest rank; of an even number the mean of the middle two is the median. */
void printTiming(const char* name, std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  const std::size_t last = seconds.size() - 1;
  const auto at = [&](double share) { return seconds[static_cast<std::size_t>(share * static_cast<double>(last) + 0.5)]; };
  const double median = (seconds[last / 2] + seconds[(last + 1) / 2]) / 2;
  std::printf("\"%s\":{\"median\":%.6g,\"p10\":%.6g,\"p90\":%.6g}", name, median, at(0.1), at(0.9));
}

namespace {

/** One of the products under test, and what was found so far. */
struct Candidate {
  Products products;
  std::unique_ptr<Program> program;
  std::map<std::string, double> worst;
  std::string failed;
  bool ran;  // the last instruction

  void fail(const std::string& what) {
    constexpr std::size_t kKept = 2000;  // characters: whoever reads them wants to know of every kernel that cannot run
    if (failed.size() < kKept) failed += (failed.empty() ? "" : "; ") + what;
  }
  void compare(const std::string& where, const std::vector<Deviation>& deviations, const std::string& op) {
    // Against the largest operand: a bias before a batch norm has the gradient 0, of which only rounding is left.
    double size = 1e-30;
    for (const Deviation& each : deviations) size = std::max(size, each.size);
    for (const Deviation& each : deviations) {
      double& most = worst[op];
      most = std::max(most, each.error / size);
      if (!(each.error <= bound(products) * size)) fail(where + " " + each.operand + ": " + std::to_string(each.error / size));
    }
  }
  void print(const std::string& name) const {
    std::printf("{\"program\":\"%s\",\"products\":\"%s\",\"bound\":%g,\"ok\":%s,\"failed\":%s,\"worst\":{", name.c_str(), nameOf(products),
                bound(products), failed.empty() ? "true" : "false", quoted(failed).c_str());
    const char* comma = "";
    for (const auto& [op, error] : worst) std::printf("%s\"%s\":%.3g", std::exchange(comma, ","), op.c_str(), std::isfinite(error) ? error : 1e30);
    std::printf("}}\n");
  }
};

/** After an instruction that failed: false where the error took the device's context with it, and not only this one could not be launched. */
bool stillWorks(Device* device) {
  if (device == nullptr) return false;
  try {
    device->synchronise();
  } catch (const NativeError&) {
    return false;
  }
  return true;
}

std::vector<float> readArena(const Program& program, const std::vector<float>& like) {
  return readRange(program, 0, static_cast<int64_t>(like.size()));
}

/** The first element whose bits differ, or −1. */
int64_t firstDifference(const std::vector<float>& a, const std::vector<float>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::memcmp(&a[i], &b[i], sizeof(float)) != 0) return static_cast<int64_t>(i);
  }
  return -1;
}

/** Numbers that differ from turn to turn. */
std::vector<float> pattern(int turn, std::size_t length) {
  std::vector<float> values(length);
  for (std::size_t i = 0; i < length; ++i) values[i] = static_cast<float>(turn) + static_cast<float>(i % 1000) * 1e-3f;
  return values;
}

/** Stages in turns, each while the one before is still to be taken over; what is wrong, or nothing. */
std::string stagingFault(Program& program, std::size_t arena) {
  constexpr int kTurns = 6;
  const auto lengthOf = [arena](int turn) { return std::min(arena, std::size_t{1} << (8 + 3 * turn)); };
  const auto stage = [&](int turn) {
    const std::vector<float> values = pattern(turn, lengthOf(turn));
    program.stage(0, static_cast<double>(values.size()),
                  [&](void* to, std::size_t begin, std::size_t count) { std::memcpy(to, values.data() + begin, count * sizeof(float)); });
  };
  stage(0);
  for (int turn = 0; turn < kTurns; ++turn) {
    const int set = program.handOverStaged();
    program.takeStaged(set);
    if (turn + 1 < kTurns) stage(turn + 1);
    const std::vector<float> wanted = pattern(turn, lengthOf(turn));
    const int64_t at = firstDifference(readRange(program, 0, static_cast<int64_t>(wanted.size())), wanted);
    if (at >= 0) return "staging, turn " + std::to_string(turn) + ": element " + std::to_string(at) + " is not what was staged";
  }
  return "";
}

/** Reads some elements, then writes them among zeros; what is wrong, or nothing. */
std::string placesFault(Program& program, std::size_t arena) {
  const std::vector<float> before = pattern(0, std::min(arena, std::size_t{1} << 20));
  fillArena(program, before);
  std::vector<float> wanted(before.size(), 0.0f), values;
  std::vector<int32_t> places;
  for (std::size_t i = 0; i < before.size(); i += 1 + i % 7) {
    places.push_back(static_cast<int32_t>(i));
    values.push_back(before[i]);
    wanted[i] = before[i];
  }
  const auto length = static_cast<double>(before.size());
  const Places some{places.data(), static_cast<int64_t>(places.size())};
  std::vector<float> read(values.size());
  program.readAt(0, length, some, read.data());
  if (const int64_t at = firstDifference(read, values); at >= 0) return "places: number " + std::to_string(at) + " is not what lies there";
  program.writeAt(0, length, some, values.data());
  const int64_t at = firstDifference(readArena(program, before), wanted);
  return at < 0 ? "" : "places: element " + std::to_string(at) + " is not what was written";
}

}  // namespace

bool checkProgram(const Registry& registry, const TextProgram& text, const CheckOptions& arguments, Team& team) {
  ProgramOptions plain = arguments.options;
  plain.device = nullptr;
  plain.fastKernels = !arguments.reference;
  const auto expected = makeProgram(registry, text.spec, plain);
  const std::vector<float> arena = initialArena(text);
  fillArena(*expected, arena);
  std::vector<Candidate> candidates;
  for (const Products products : arguments.products) {
    ProgramOptions options = arguments.options;
    options.products = products;
    candidates.push_back({products, makeProgram(registry, text.spec, options), {}, "", true});
    fillArena(*candidates.back().program, arena);
  }
  const std::atomic<bool> stop{false};
  for (int64_t i = 0; i < expected->instructions(); ++i) {
    const std::string where = expected->op(i) + " (" + expected->label(i) + ")";
    expected->run({i, i + 1}, team, stop);
    for (Candidate& candidate : candidates) {
      candidate.ran = true;
      try {
        candidate.program->run({i, i + 1}, team, stop);
      } catch (const NativeError& error) {
        candidate.fail(where + ": " + error.what());
        candidate.ran = false;
        if (!stillWorks(arguments.options.device.get())) {
          candidate.print(text.name);
          throw DeviceFailure{};
        }
      }
    }
    std::vector<std::vector<Deviation>> deviations(candidates.size());
    for (const WrittenRange& range : expected->written(i)) {
      const int64_t span = range.rows.span();
      const std::vector<float> wanted = readRange(*expected, range.offset, span);
      for (std::size_t c = 0; c < candidates.size(); ++c) {
        Program& actual = *candidates[c].program;
        deviations[c].push_back(deviation(range.operand, wanted, readRange(actual, range.offset, span), range.rows));
        actual.write(static_cast<double>(range.offset), static_cast<double>(span),
                     [&](void* to, std::size_t begin, std::size_t count) { std::memcpy(to, wanted.data() + begin, count * sizeof(float)); });
      }
    }
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      if (candidates[c].ran) candidates[c].compare(where, deviations[c], expected->op(i));
    }
  }
  for (const Candidate& candidate : candidates) candidate.print(text.name);
  return std::all_of(candidates.begin(), candidates.end(), [](const Candidate& candidate) { return candidate.failed.empty(); });
}

bool checkDevice(const Registry& registry, const TextProgram& text, const ProgramOptions& options, Team& team) {
  const std::atomic<bool> stop{false};
  std::string step = "making the program", failed;
  const auto print = [&] {
    std::printf("{\"program\":\"%s\",\"products\":\"%s\",\"ok\":%s,\"failed\":%s}\n", text.name.c_str(), nameOf(options.products),
                failed.empty() ? "true" : "false", quoted(failed).c_str());
  };
  try {
    const auto program = makeProgram(registry, text.spec, options);
    const std::vector<float> arena = initialArena(text);
    const Phase all{0, program->instructions()};
    const auto after = [&](const char* name, const std::function<void()>& body) {
      step = name;
      fillArena(*program, arena);
      body();
      return readArena(*program, arena);
    };
    const std::vector<float> first = after("the first step", [&] { program->run(all, team, stop); });
    if (!program->notRecorded().empty()) failed = "the step is launched instruction by instruction, not recorded: " + program->notRecorded();
    const std::vector<float> second = after("the same step again", [&] { program->run(all, team, stop); });
    const std::vector<float> single = after("instruction after instruction", [&] {
      for (int64_t i = 0; i < program->instructions(); ++i) program->run({i, i + 1}, team, stop);
    });
    if (const int64_t at = firstDifference(first, second); at >= 0 && failed.empty())
      failed = "a step gives other bits the second time, from element " + std::to_string(at) + " on";
    if (const int64_t at = firstDifference(first, single); at >= 0 && failed.empty())
      failed = "the recorded step gives other bits than its instructions, from element " + std::to_string(at) + " on";
    step = "staging";
    if (const std::string fault = stagingFault(*program, arena.size()); failed.empty()) failed = fault;
    step = "places";
    if (const std::string fault = placesFault(*program, arena.size()); failed.empty()) failed = fault;
  } catch (const NativeError& error) {
    failed = step + ": " + error.what();
    print();
    throw DeviceFailure{};
  }
  print();
  return failed.empty();
}

}  // namespace retroplume
