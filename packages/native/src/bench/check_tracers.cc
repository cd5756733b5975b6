#include "bench/check_tracers.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "bench/fields_report.h"
#include "bench/queued_time.h"
#include "ops/cpu_kernels.h"
#include "ops/tracers/tracers.h"
#include "runtime/device/device_tracers.h"
#include "runtime/error.h"

namespace retroplume {

namespace {

struct Set {
  const char* name;
  int64_t hours, rows, cols, channels;
  /** tracers of each group */
  std::vector<int64_t> kinds;

  int64_t groups() const { return static_cast<int64_t>(kinds.size()); }
};

/** A few of the hours of a month on the paper's grid, with the tracers that a case has by default; and a small one with more than go through shared
 * memory together. */
const Set kSets[] = {{"tracers-surrogate", 24, 182, 232, 14, {7, 4, 7, 5, 4}}, {"tracers-tiny", 4, 9, 11, 6, {16, 14, 0, 20, 20}}};

constexpr int64_t kRates = 3;
constexpr float kCell = 27000;  // m

/** Of the largest number: sums are made in one order on both, and products and sums may be rounded together. */
constexpr double kBound = 1e-5;

/** Numbers from 0 to 1, the same everywhere. */
std::vector<float> numbers(int64_t count, uint32_t seed) {
  std::vector<float> of(static_cast<std::size_t>(count));
  uint32_t state = seed;
  for (float& each : of) state = state * 1664525u + 1013904223u, each = static_cast<float>(state >> 8) * 0x1p-24f;
  return of;
}

/** Where the tracers of each group begin, and where all end. */
std::vector<int64_t> firstsOf(const Set& set) {
  std::vector<int64_t> firsts{0};
  for (const int64_t count : set.kinds) firsts.push_back(firsts.back() + count);
  return firsts;
}

/** Of a group every other is made of the one before it, every third washed. */
std::vector<TracerKind> kindsOf(const std::vector<int64_t>& firsts) {
  std::vector<TracerKind> kinds;
  for (std::size_t group = 0; group + 1 < firsts.size(); ++group) {
    for (int64_t k = 0; k < firsts[group + 1] - firsts[group]; ++k) {
      const float lifetime = static_cast<float>(3 << (k % 6));
      const bool product = k % 2 == 1;
      const int64_t precursor = product ? firsts[group] + k - 1 : -1;
      kinds.push_back({std::exp(-1 / lifetime), precursor, product ? k % 4 / 2 : -1, k % 3 == 0 ? int64_t{2} : -1, k % 4 == 0});
    }
  }
  return kinds;
}

class TracerCase {
 public:
  TracerCase(const Set& set, const ProgramOptions& options)
      : options_(options),
        firsts_(firstsOf(set)),
        kinds_(kindsOf(firsts_)),
        params_(paramsOf(set)),
        weather_(weatherOf(set)),
        rates_(numbers(set.hours * cells() * kRates, 2)),
        emissions_(numbers(set.hours * sources(), 3)),
        factors_(numbers(sources(), 4)),
        gradient_(numbers(set.hours * cells() * count(), 5)),
        onDevice_(options.device, params_, fieldsOf(set.hours, set.channels, weather_), fieldsOf(set.hours, kRates, rates_)),
        deviceEmissions_(fieldsOf(set.hours, set.groups(), emissions_)),
        deviceFactors_(fieldsOf(1, set.groups(), factors_)),
        deviceGradient_(fieldsOf(set.hours, count(), gradient_)),
        out_(fieldsOf(set.hours, count(), {})),
        gradFactors_(fieldsOf(1, set.groups(), {})) {
    params_.meteorology = weather_.data(), params_.rates = rates_.data();
  }

  void carry() { onDevice_.carry(*deviceEmissions_, deviceFactors_.get(), *out_); }
  void addAdjoint() { onDevice_.addAdjoint(*deviceEmissions_, *deviceGradient_, *gradFactors_); }

  /** The largest difference of the tracers from the CPU's, of the largest of them. */
  double error(Team& team) {
    std::vector<float> expected(gradient_.size());
    const Memory memory = memoryOf();
    cpuKernels(options_.isa).tracers({memory.params, emissions_.data(), factors_.data(), expected.data()}, contextOf(team));
    return relativeError(expected, *out_);
  }

  double adjointError(Team& team) {
    std::vector<float> expected(factors_.size());
    const Memory memory = memoryOf();
    cpuKernels(options_.isa).tracersAdjoint({memory.params, emissions_.data(), gradient_.data(), expected.data()}, contextOf(team));
    return relativeError(expected, *gradFactors_);
  }

  /** Read and written, in each direction: masses in every sweep, in the exchange and at the hour's end, and once the tracers and emissions. */
  double bytes() const {
    const auto masses = static_cast<double>(2 * cells() * count()), hours = static_cast<double>(params_.hours);
    double passes = 0;
    for (const int steps : onDevice_.steps()) passes += 2 * steps + 2;
    return 4 * (2 * masses * passes + hours * static_cast<double>(cells() * (count() + params_.groups)));
  }

 private:
  struct Memory {
    TracerParams params;
    std::vector<float> masses, scratch;
  };

  int64_t cells() const { return params_.rows * params_.cols; }
  int64_t sources() const { return cells() * params_.groups; }
  int64_t count() const { return params_.count; }

  TracerParams paramsOf(const Set& set) const {
    TracerParams p{};
    p.hours = set.hours, p.rows = set.rows, p.cols = set.cols;
    p.groups = set.groups(), p.count = firsts_.back(), p.kinds = kinds_.data(), p.firsts = firsts_.data();
    p.rateCount = kRates, p.sizeX = kCell, p.sizeY = kCell;
    p.channels = set.channels, p.windX = 0, p.windY = 1, p.height = 2;
    return p;
  }

  /** Winds up to 12 m s-1, and mixed layers up to 2000 m. */
  static std::vector<float> weatherOf(const Set& set) {
    std::vector<float> of = numbers(set.hours * set.rows * set.cols * set.channels, 1);
    for (std::size_t i = 0; i < of.size(); ++i) of[i] = i % static_cast<std::size_t>(set.channels) == 2 ? 2000 * of[i] : 24 * of[i] - 12;
    return of;
  }

  std::shared_ptr<DeviceFields> fieldsOf(int64_t hours, int64_t channels, const std::vector<float>& data) const {
    auto fields = std::make_shared<DeviceFields>(options_.device, DeviceFields::Shape{hours, params_.rows, params_.cols, channels}, 0);
    if (!data.empty()) fields->write(0, data.data(), fields->elements());
    return fields;
  }

  Memory memoryOf() const {
    Memory memory{params_, std::vector<float>(tracerMasses(params_)), std::vector<float>(tracerScratch(params_, options_.threads))};
    memory.params.masses = memory.masses.data(), memory.params.scratch = memory.scratch.data();
    return memory;
  }

  Context contextOf(Team& team) const { return {options_.threads, nullptr, &team}; }

  static double relativeError(const std::vector<float>& expected, const DeviceFields& of) {
    std::vector<float> actual(expected.size());
    of.read(0, actual.data(), of.elements());
    return largestDifference(expected, actual) / *std::max_element(expected.begin(), expected.end());
  }

  const ProgramOptions& options_;
  std::vector<int64_t> firsts_;
  std::vector<TracerKind> kinds_;
  TracerParams params_;
  std::vector<float> weather_, rates_, emissions_, factors_, gradient_;
  DeviceTracers onDevice_;
  std::shared_ptr<DeviceFields> deviceEmissions_, deviceFactors_, deviceGradient_, out_, gradFactors_;
};

}  // namespace

bool isTracers(const std::string& name) {
  return std::any_of(std::begin(kSets), std::end(kSets), [&](const Set& set) { return set.name == name; });
}

bool checkTracers(const std::string& name, const ProgramOptions& options, int rounds, Team& team) {
  const Set& set = *std::find_if(std::begin(kSets), std::end(kSets), [&](const Set& each) { return each.name == name; });
  std::vector<FieldsOutcome> outcomes;
  try {
    TracerCase tracers(set, options);
    tracers.carry(), tracers.addAdjoint();
    outcomes = {{"carry", tracers.error(team), tracers.bytes(), {}}, {"transpose", tracers.adjointError(team), tracers.bytes(), {}}};
    QueuedTime timer(options.device);
    for (int i = 0; i < rounds; ++i) {
      outcomes[0].seconds.push_back(timer.secondsOf([&] { tracers.carry(); }));
      outcomes[1].seconds.push_back(timer.secondsOf([&] { tracers.addAdjoint(); }));
    }
  } catch (const NativeError& error) {
    reportFailure(name, error);
  }
  return reportFields(name, "tracersOnDevice", kBound, outcomes);
}

}  // namespace retroplume
