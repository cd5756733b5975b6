#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <utility>

#include "bench/check_program.h"
#include "runtime/cpu_features.h"
#include "runtime/error.h"
#include "runtime/team.h"

/**
 * Kernels and whole steps without Node: checks them against the CPU, and times them. Results are JSON on stdout, one line a program.
 *
 *   kernel_bench check FILE… [--device cuda] [--products tf32] [--reference]
 *   kernel_bench time FILE… [--device cuda] [--products tf32] [--rounds 20]
 *   kernel_bench roofline FILE… [--gflops 495000] [--gbytes 3000]
 *
 * `roofline` runs nothing: operations and bytes of each op, and the time that they would take at those rates, instruction by instruction.
 * `check` runs every instruction on the CPU (fast kernels, or with --reference the plain ones) and on the device, each from the CPU's results so far,
 * and compares all that it writes by the root mean square. Exit code 1 if anything differs by more than the bound of the products, 2 on wrong usage,
 * 4 without the device.
 */
namespace retroplume {

namespace {

struct Arguments {
  std::string mode;
  std::vector<std::string> files;
  ProgramOptions options;
  std::string device = "cpu", products = "float32";
  bool reference = false;
  int rounds = 20;
  double gflops = 495000, gbytes = 3000;  // of an H100 (SXM): TF32 without sparsity; memory as copies reach it
};

[[noreturn]] void usage() {
  std::fprintf(stderr,
               "usage: kernel_bench check|time|roofline FILE... [--device cpu|cuda] [--products float32|tf32|bf16] [--rounds N] [--reference] "
               "[--threads N] [--gflops N] [--gbytes N]\n");
  std::exit(2);
}

Arguments parse(int count, char** words) {
  Arguments arguments;
  if (count < 3) usage();
  arguments.mode = words[1];
  if (arguments.mode != "check" && arguments.mode != "time" && arguments.mode != "roofline") usage();
  arguments.options.threads = defaultThreads();
  arguments.options.isa = detectIsa();
  for (int i = 2; i < count; ++i) {
    const std::string word = words[i];
    const auto next = [&]() -> std::string { return ++i < count ? words[i] : (usage(), ""); };
    if (word == "--device")
      arguments.device = next();
    else if (word == "--products")
      arguments.products = next();
    else if (word == "--rounds")
      arguments.rounds = std::max(1, std::atoi(next().c_str()));
    else if (word == "--threads")
      arguments.options.threads = std::max(1, std::atoi(next().c_str()));
    else if (word == "--gflops")
      arguments.gflops = std::atof(next().c_str());
    else if (word == "--gbytes")
      arguments.gbytes = std::atof(next().c_str());
    else if (word == "--reference")
      arguments.reference = true;
    else if (word[0] == '-')
      usage();
    else
      arguments.files.push_back(word);
  }
  if (arguments.files.empty() || (arguments.device != "cpu" && arguments.device != "cuda")) usage();
  if (arguments.products == "tf32")
    arguments.options.products = Products::tf32;
  else if (arguments.products == "bf16")
    arguments.options.products = Products::bf16;
  else if (arguments.products != "float32")
    usage();
  return arguments;
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
}

void printTiming(const char* name, const std::vector<double>& seconds) {
  std::printf("\"%s\":{\"median\":%.6g,\"p10\":%.6g,\"p90\":%.6g}", name, quantile(seconds, 0.5), quantile(seconds, 0.1), quantile(seconds, 0.9));
}

void time(const Registry& registry, const TextProgram& text, const Arguments& arguments, Team& team) {
  const auto program = makeProgram(registry, text.spec, arguments.options);
  fillArena(*program, initialArena(text));
  const std::atomic<bool> stop{false};
  const Phase all{0, program->instructions()};
  for (int i = 0; i < 3; ++i) program->run(all, team, stop);
  std::vector<double> steps;
  std::vector<std::vector<double>> each(program->instructions());
  for (int i = 0; i < arguments.rounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    program->run(all, team, stop);
    steps.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::vector<InstructionProfile> last;
  for (int i = 0; i < std::min(arguments.rounds, 7); ++i) {
    last = program->profile(all, team, stop);
    for (std::size_t n = 0; n < last.size(); ++n) each[n].push_back(last[n].seconds);
  }
  std::printf("{\"program\":\"%s\",\"device\":\"%s\",\"products\":\"%s\",\"bytes\":%.0f,", text.name.c_str(), arguments.device.c_str(),
              arguments.products.c_str(), static_cast<double>(program->bytes()));
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
    const TextProgram text = readTextProgram(file);
    if (arguments.mode == "check")
      right = checkProgram(registry, text, {arguments.options, arguments.products, arguments.reference}, team) && right;
    else if (arguments.mode == "roofline")
      roofline(registry, text, arguments);
    else
      time(registry, text, arguments, team);
    std::fflush(stdout);
  }
  return right ? 0 : 1;
}

}  // namespace

}  // namespace retroplume

int main(int count, char** words) {
  try {
    return retroplume::run(count, words);
  } catch (const retroplume::NativeError& error) {
    std::fprintf(stderr, "%s: %s\n", error.code().c_str(), error.what());
    return error.code() == "DEVICE_CUDA_MISSING" ? 4 : 1;
  }
}
