#include "bench/check_windows.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "bench/fields_report.h"
#include "bench/queued_time.h"
#include "ops/cpu_kernels.h"
#include "ops/window_mean/window_mean.h"
#include "runtime/device/device_fields.h"
#include "runtime/error.h"

namespace retroplume {

namespace {

enum class Taken { lastHour, hourly, severalRates };

/** One input of a batch. */
struct Input {
  const char* name;
  int64_t channels;
  bool halves;
  Taken taken;
  Augmentation by;
};

struct Set {
  const char* name;
  int64_t hours, rows, cols, crop, batch;
  std::vector<Input> inputs;
};

/** Pairs (first, last): the paper's 24 hours, or the steps of twelve, six and one hour that a case has by default. */
std::vector<int32_t> stepsOf(const Input& input) {
  std::vector<std::pair<int, int>> rates{{1, 1}};
  if (input.taken == Taken::hourly) rates = {{24, 1}};
  if (input.taken == Taken::severalRates) rates = {{6, 1}, {1, 6}, {1, 12}};
  std::vector<int32_t> steps;
  for (const auto& [count, hours] : rates) {
    for (int i = 0; i < count; ++i) {
      const int32_t first = steps.empty() ? 0 : steps.back() + 1;
      steps.insert(steps.end(), {first, first + hours - 1});
    }
  }
  return steps;
}

const std::vector<Set>& sets() {
  const Augmentation noise{0, -1, -1, 0.01f, 12345, 1}, turned{1, 0, 1, 0, 0, 1}, all{3, -1, -1, 0.1f, 7, 1.1f};
  static const std::vector<Set> known{
      {"windows-authors",
       48,
       182,
       232,
       0,
       8,
       {{"meteorology", 36, false, Taken::hourly, {}}, {"emissions", 5, false, Taken::hourly, noise}, {"target", 4, false, Taken::lastHour, {}}}},
      {"windows-surrogate",
       72,
       182,
       232,
       64,
       4,
       {{"meteorology", 14, false, Taken::severalRates, {}},
        {"emissions", 5, false, Taken::severalRates, {}},
        {"tracers", 50, true, Taken::lastHour, {}},
        {"target", 4, false, Taken::lastHour, {}}}},
      {"windows-tiny",
       70,
       9,
       11,
       7,
       2,
       {{"meteorology", 6, false, Taken::severalRates, turned},
        {"emissions", 5, false, Taken::hourly, all},
        {"tracers", 12, true, Taken::severalRates, all},
        {"target", 4, false, Taken::lastHour, turned}}},
  };
  return known;
}

/** Numbers from 0.5 to 1.5. */
std::vector<uint16_t> halvesOf(int64_t count) {
  std::vector<uint16_t> halves(static_cast<std::size_t>(count));
  for (int64_t i = 0; i < count; ++i) halves[i] = static_cast<uint16_t>(0x3800 + i * 2654435761u % 0x600);
  return halves;
}

/** Of a normal number. */
float floatOf(uint16_t half) { return std::ldexp(1 + static_cast<float>(half & 0x3ff) / 1024, (half >> 10) - 15); }

/** Of the CPU's kernels, whose numbers for noise are the same to 2e-6 of a standard deviation. */
constexpr double kBound = 1e-5;

/** The windows of one input, of all samples. */
class InputWindows {
 public:
  InputWindows(const Set& set, const Input& input, const ProgramOptions& options)
      : set_(set),
        input_(input),
        options_(options),
        steps_(stepsOf(input)),
        rows_(set.crop > 0 ? set.crop : set.rows),
        cols_(set.crop > 0 ? set.crop : set.cols),
        halves_(halvesOf(set.hours * set.rows * set.cols * input.channels)),
        fields_(options.device, {set.hours, set.rows, set.cols, input.channels}, input.halves ? 1 : 0),
        out_(static_cast<std::size_t>(set.batch * length()) * sizeof(float), options.device) {
    for (const uint16_t half : halves_) floats_.push_back(floatOf(half));
    if (input.halves)
      fields_.write(0, halves_.data(), fields_.elements());
    else
      fields_.write(0, floats_.data(), fields_.elements());
  }

  void launch() const {
    for (int64_t sample = 0; sample < set_.batch; ++sample) fields_.launchWindow(paramsOf(sample), nullptr, ofSample(sample));
  }

  /** The largest difference from the CPU's kernels: all numbers are about 1. */
  double error(Team& team) const {
    std::vector<float> expected(length()), actual(length());
    double worst = 0;
    for (int64_t sample = 0; sample < set_.batch; ++sample) {
      const Context context{options_.threads, nullptr, &team};
      const uint16_t* block = halves_.data();
      if (input_.halves)
        cpuKernels(options_.isa).windowMeanOfHalves({paramsOf(sample), &block, set_.hours, 1, expected.data()}, context);
      else
        cpuKernels(options_.isa).windowMean({paramsOf(sample), floats_.data(), nullptr, expected.data()}, context);
      download(*options_.device, actual.data(), ofSample(sample), actual.size() * sizeof(float));
      worst = std::max(worst, largestDifference(expected, actual));
    }
    return worst;
  }

  /** The same of the transpose, which takes the first sample's window for a gradient. */
  double adjointError(Team& team) const {
    WindowMeanParams params = paramsOf(0);
    params.augmentation = {};
    params.factorStride = set_.rows * set_.cols * input_.channels;
    std::vector<float> grad(length()), expected(fields_.elements(), 0.0f), actual(fields_.elements());
    download(*options_.device, grad.data(), out_.data(), grad.size() * sizeof(float));
    cpuKernels(options_.isa).windowMeanAdjoint({params, nullptr, grad.data(), expected.data()}, {options_.threads, nullptr, &team});
    DeviceFields sums(options_.device, fields_.shape(), 0);
    sums.launchAdjoint(params, nullptr, static_cast<const float*>(out_.data()));
    sums.read(0, actual.data(), sums.elements());
    return largestDifference(expected, actual);
  }

  /** Read and written. */
  double bytes() const {
    double hours = 0;
    for (std::size_t s = 0; s < steps_.size(); s += 2) hours += steps_[s + 1] - steps_[s] + 1;
    const auto elements = static_cast<double>(set_.batch * length());
    return elements * 4 + elements / (static_cast<double>(steps_.size()) / 2) * hours * (input_.halves ? 2 : 4);
  }

 private:
  int64_t length() const { return static_cast<int64_t>(steps_.size()) / 2 * rows_ * cols_ * input_.channels; }
  float* ofSample(int64_t sample) const { return static_cast<float*>(out_.data()) + sample * length(); }
  /** Crops from corner to corner of the grid. */
  WindowMeanParams paramsOf(int64_t sample) const {
    const auto place = [&](int64_t left) { return left * sample / std::max<int64_t>(1, set_.batch - 1); };
    const auto steps = static_cast<int64_t>(steps_.size()) / 2;
    return {set_.rows,
            set_.cols,
            input_.channels,
            set_.hours - 1 - sample % 2,
            steps_.data(),
            steps,
            place(set_.rows - rows_),
            place(set_.cols - cols_),
            rows_,
            cols_,
            0,
            input_.by};
  }

  const Set& set_;
  const Input& input_;
  const ProgramOptions& options_;
  std::vector<int32_t> steps_;
  int64_t rows_, cols_;
  std::vector<uint16_t> halves_;
  std::vector<float> floats_;
  DeviceFields fields_;
  Buffer out_;
};

FieldsOutcome checkInput(const Set& set, const Input& input, const ProgramOptions& options, int rounds, Team& team) {
  const InputWindows windows(set, input, options);
  options.device->select();
  windows.launch();
  options.device->synchronise();
  FieldsOutcome outcome{input.name, std::max(windows.error(team), windows.adjointError(team)), windows.bytes(), {}};
  QueuedTime timer(options.device);
  for (int i = 0; i < rounds; ++i) outcome.seconds.push_back(timer.secondsOf([&] { windows.launch(); }));
  return outcome;
}

}  // namespace

bool isWindows(const std::string& name) {
  return std::any_of(sets().begin(), sets().end(), [&](const Set& set) { return set.name == name; });
}

bool checkWindows(const std::string& name, const ProgramOptions& options, int rounds, Team& team) {
  const Set& set = *std::find_if(sets().begin(), sets().end(), [&](const Set& each) { return each.name == name; });
  std::vector<FieldsOutcome> outcomes;
  try {
    for (const Input& input : set.inputs) outcomes.push_back(checkInput(set, input, options, rounds, team));
  } catch (const NativeError& error) {
    reportFailure(name, error);
  }
  return reportFields(name, "windowMeanOnDevice", kBound, outcomes);
}

}  // namespace retroplume
