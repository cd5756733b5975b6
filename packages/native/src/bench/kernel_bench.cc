#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <utility>

#include "bench/check_program.h"
#include "bench/check_tracers.h"
#include "bench/check_windows.h"
#include "runtime/cpu_features.h"
#include "runtime/error.h"
#include "runtime/threads/team.h"

/**
 * Kernels and whole steps without Node: checks them against the CPU, and times them. Results are JSON on stdout, one line a program.
 *
 *   kernel_bench check FILE… [--device cuda] [--products float32,tf32,bf16] [--reference]
 *   kernel_bench device FILE… --device cuda [--products tf32]
 *   kernel_bench time FILE… [--device cuda] [--products tf32] [--rounds 20]
 *   kernel_bench fields NAME… --device cuda [--rounds 20]
 *   kernel_bench roofline FILE… [--products tf32] [--gflops 495000] [--gbytes 3000]
 *
 * `roofline` runs nothing: operations and bytes of each op, and the time that they would take at those rates, instruction by instruction.
 * `check` runs every instruction on the CPU (fast kernels, or with --reference the plain ones) and on the device, each from the CPU's results so far,
 * and compares all that it writes by the root mean square; the CPU's results serve all products. `device` checks what is not one kernel: recorded
 * steps, staging, the same bits twice. `time` gives whole steps as the host sees them, and every kernel many times in one graph, by the device's own
 * clock. `fields` checks and times what is done with fields in the device's memory: a batch's windows (windows-tiny, windows-surrogate,
 * windows-authors), tracers and their transpose (tracers-tiny, tracers-surrogate). Exit code 1 if anything differs (by more than the bound of the
 * products, or since it could not be launched), 2 on wrong usage, 3 if the device failed: the last line names the instruction, and the files after it
 * have not been looked at, 4 without the device.
 */
namespace retroplume {

namespace {

struct Arguments {
  std::string mode;
  std::vector<std::string> files;
  ProgramOptions options;
  std::string device = "cpu";
  std::vector<Products> products{Products::float32};
  bool reference = false;
  int rounds = 20;
  double gflops = 495000, gbytes = 3000;  // of an H100 (SXM): TF32 without sparsity; memory as copies reach it
};

constexpr const char* kUsage =
    "usage: kernel_bench check|device|time|roofline FILE... | fields NAME... [--device cpu|cuda] [--products float32,tf32,bf16] [--rounds N] "
    "[--reference] [--threads N] [--isa baseline|avx2|avx512|amx] [--gflops N] [--gbytes N]\n"
    "       device and fields need --device cuda; NAME: windows-tiny, windows-surrogate, windows-authors, tracers-tiny, tracers-surrogate\n";

[[noreturn]] void usage() {
  std::fputs(kUsage, stderr);
  std::exit(2);
}

/** Of an option: a number from `least` on, and nothing behind it. */
double numberOf(const std::string& option, const std::string& text, double least, double most) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (!text.empty() && *end == '\0' && value >= least && value <= most) return value;
  std::fprintf(stderr, "kernel_bench: %s: expected a number from %g to %g but received \"%s\"\n", option.c_str(), least, most, text.c_str());
  usage();
}

int wholeNumberOf(const std::string& option, const std::string& text, int most) {
  const double value = numberOf(option, text, 1, most);
  if (value == std::floor(value)) return static_cast<int>(value);
  std::fprintf(stderr, "kernel_bench: %s: expected a whole number but received \"%s\"\n", option.c_str(), text.c_str());
  usage();
}

/** Names with commas between them. */
std::vector<Products> productsOf(const std::string& names) {
  std::vector<Products> all;
  for (std::size_t begin = 0; begin <= names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    const std::string name = names.substr(begin, end - begin);
    if (name != "float32" && name != "tf32" && name != "bf16") usage();
    all.push_back(name == "float32" ? Products::float32 : name == "tf32" ? Products::tf32 : Products::bf16);
    begin = end + 1;
  }
  return all;
}

Arguments parse(int count, char** words) {
  Arguments arguments;
  if (count == 2 && std::string(words[1]) == "--help") {
    std::fputs(kUsage, stdout);
    std::exit(0);
  }
  if (count < 3) usage();
  arguments.mode = words[1];
  const std::vector<std::string> modes{"check", "device", "time", "fields", "roofline"};
  if (std::find(modes.begin(), modes.end(), arguments.mode) == modes.end()) usage();
  arguments.options.threads = defaultThreads();
  arguments.options.isa = detectIsa();
  for (int i = 2; i < count; ++i) {
    const std::string word = words[i];
    const auto next = [&]() -> std::string { return ++i < count ? words[i] : (usage(), ""); };
    if (word == "--device")
      arguments.device = next();
    else if (word == "--products")
      arguments.products = productsOf(next());
    else if (word == "--rounds")
      arguments.rounds = wholeNumberOf(word, next(), 1000000);
    else if (word == "--threads")
      arguments.options.threads = wholeNumberOf(word, next(), 1024);
    else if (word == "--isa")
      arguments.options.isa = parseIsa(next());
    else if (word == "--gflops")
      arguments.gflops = numberOf(word, next(), 1e-3, 1e12);
    else if (word == "--gbytes")
      arguments.gbytes = numberOf(word, next(), 1e-3, 1e12);
    else if (word == "--reference")
      arguments.reference = true;
    else if (word[0] == '-')
      usage();
    else
      arguments.files.push_back(word);
  }
  if (arguments.files.empty() || (arguments.device != "cpu" && arguments.device != "cuda")) usage();
  const bool fields = arguments.mode == "fields";
  if ((arguments.mode == "device" || fields) && arguments.device != "cuda") usage();
  const auto isKnown = [](const std::string& name) { return isWindows(name) || isTracers(name); };
  if (fields && !std::all_of(arguments.files.begin(), arguments.files.end(), isKnown)) usage();
  if (arguments.mode != "check" && arguments.products.size() > 1) usage();
  arguments.options.products = arguments.products.front();
  return arguments;
}

void time(const Registry& registry, const TextProgram& text, const Arguments& arguments, Team& team) {
  const auto program = makeProgram(registry, text.spec, arguments.options);
  fillArena(*program, initialArena(text));
  const std::atomic<bool> stop{false};
  const Phase all{0, program->instructions()};
  const auto now = [] { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); };
  // A GPU that was idle takes a while to come to its clock.
  const double warm = now() + (arguments.options.device ? 0.2 : 0);
  for (int i = 0; i < 3 || now() < warm; ++i) program->run(all, team, stop);
  std::vector<double> steps;
  const double least = now() + (arguments.options.device ? 0.1 : 0);
  for (int i = 0; i < arguments.rounds || now() < least; ++i) {
    const double start = now();
    program->run(all, team, stop);
    steps.push_back(now() - start);
  }
  std::vector<std::vector<double>> each(program->instructions());
  const std::vector<InstructionProfile> last = program->profile(all, team, stop);
  for (std::size_t n = 0; n < last.size(); ++n) {
    // So many in one graph that its start does not count.
    const double once = program->secondsOf(static_cast<int64_t>(n), 1, team);
    const int repeats = std::max(1, std::min(50, static_cast<int>(1e-3 / once)));
    for (int i = 0; i < std::min(arguments.rounds, 7); ++i) each[n].push_back(program->secondsOf(static_cast<int64_t>(n), repeats, team));
  }
  std::printf("{\"program\":\"%s\",\"device\":\"%s\",\"products\":\"%s\",\"bytes\":%.0f,", text.name.c_str(), arguments.device.c_str(),
              nameOf(arguments.options.products), static_cast<double>(program->bytes()));
  printTiming("step", steps);
  std::printf(",\"kernels\":[");
  for (std::size_t n = 0; n < last.size(); ++n) {
    std::printf("%s{\"op\":\"%s\",\"label\":\"%s\",\"flops\":%.6g,\"bytes\":%.6g,", n == 0 ? "" : ",", last[n].op.c_str(), last[n].label.c_str(),
                last[n].flops, last[n].bytes);
    printTiming("seconds", each[n]);
    std::printf("}");
  }
  std::printf("]}\n");
}

/** @throws DeviceFailure after a line that names the program; NativeError for a file that is no whole program */
void timeOrTell(const Registry& registry, const TextProgram& text, const Arguments& arguments, Team& team) {
  try {
    time(registry, text, arguments, team);
  } catch (const NativeError& error) {
    if (error.code() != "CUDA_FAILED" && error.code() != "DEVICE_OUT_OF_MEMORY") throw;
    std::printf("{\"program\":\"%s\",\"products\":\"%s\",\"ok\":false,\"failed\":%s}\n", text.name.c_str(), nameOf(arguments.options.products),
                quoted(error.what()).c_str());
    throw DeviceFailure{};
  }
}

/** One line of a Markdown table an op, the longest first, and their sum. Ops without products of matrices are held to the bytes alone. */
void roofline(const Registry& registry, const TextProgram& text, const Arguments& arguments) {
  struct Row {
    int calls = 0;
    double flops = 0, bytes = 0, seconds = 0;
  };
  const auto program = makeProgram(registry, text.spec, arguments.options);
  std::map<std::string, Row> rows;
  Row total;
  for (int64_t i = 0; i < program->instructions(); ++i) {
    const auto [flops, bytes] = program->work(i);
    const std::string& op = program->op(i);
    const bool products = op.rfind("conv2d", 0) == 0 || op.rfind("upconv", 0) == 0 || op.rfind("lstm", 0) == 0;
    const double seconds = std::max(products ? flops / (1e9 * arguments.gflops) : 0, bytes / (1e9 * arguments.gbytes));
    for (Row* row : {&rows[op], &total}) *row = {row->calls + 1, row->flops + flops, row->bytes + bytes, row->seconds + seconds};
  }
  std::vector<std::pair<std::string, Row>> sorted(rows.begin(), rows.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  sorted.push_back({"all", total});
  std::printf("%s: memory %.2f GB\n\n| kernel | calls | GFLOP | GB | ms |\n|---|---|---|---|---|\n", text.name.c_str(),
              1e-9 * static_cast<double>(program->bytes()));
  for (const auto& [op, row] : sorted)
    std::printf("| %s | %d | %.2f | %.3f | %.3f |\n", op.c_str(), row.calls, 1e-9 * row.flops, 1e-9 * row.bytes, 1e3 * row.seconds);
  std::printf("\n");
}

int run(int count, char** words) {
  Arguments arguments = parse(count, words);
  if (arguments.device == "cuda") arguments.options.device = openDevice(0);
  const Registry registry = makeRegistry();
  Team team;
  bool right = true;
  for (const std::string& file : arguments.files) {
    if (arguments.mode == "fields") {
      const auto check = isWindows(file) ? checkWindows : checkTracers;
      right = check(file, arguments.options, arguments.rounds, team) && right;
      std::fflush(stdout);
      continue;
    }
    const TextProgram text = readTextProgram(file);
    try {
      if (arguments.mode == "check")
        right = checkProgram(registry, text, {arguments.options, arguments.products, arguments.reference}, team) && right;
      else if (arguments.mode == "device")
        right = checkDevice(registry, text, arguments.options, team) && right;
      else if (arguments.mode == "roofline")
        roofline(registry, text, arguments);
      else
        timeOrTell(registry, text, arguments, team);
    } catch (const NativeError& error) {
      throw NativeError(error.code(), file + ": " + error.what());
    }
    std::fflush(stdout);
  }
  return right ? 0 : 1;
}

}  // namespace

}  // namespace retroplume

int main(int count, char** words) {
  try {
    return retroplume::run(count, words);
  } catch (const retroplume::DeviceFailure&) {
    std::fflush(stdout);
    return 3;
  } catch (const retroplume::NativeError& error) {
    std::fprintf(stderr, "%s: %s\n", error.code().c_str(), error.what());
    return error.code() == "DEVICE_CUDA_MISSING" ? 4 : 1;
  }
}
