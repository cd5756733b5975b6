// Refuses options that make no model, and an hour that would poison the run, naming the field and the cell.
#include <algorithm>
#include <cmath>
#include <sstream>

#include "runtime/error.h"
#include "transport_model.h"

namespace retroplume::transport {
namespace {

struct Field {
  const char* name;
  const std::vector<double>& values;
  double low, high;
  const char* expected;
  bool optional;
};

constexpr double kStrongestWind = 120.0;  // m s-1

[[noreturn]] void refuse(const char* code, const std::string& text) { throw NativeError(code, "transport model: " + text); }

[[noreturn]] void refuseOption(const std::string& text) { refuse("TRANSPORT_BAD_OPTIONS", text); }

}  // namespace

Options checkedOptions(const GridShape& grid, const Options& options) {
  if (grid.rows < 1 || grid.cols < 1 || !(grid.cellSizeX > 0) || !(grid.cellSizeY > 0) || !std::isfinite(grid.cellSizeX * grid.cellSizeY)) {
    refuseOption("expected a grid with rows and cols of 1 or more and cell sizes above 0 m");
  }
  constexpr int kMostCells = 1000000;  // along one axis: what is computed of rows and columns then fits
  if (grid.rows > kMostCells || grid.cols > kMostCells) refuseOption("expected a grid with rows and cols of a million or less");
  if (options.layerTops.size() + 1 > kMaxLayers)
    refuseOption("expected at most 4 layers above the mixed layer but received " + std::to_string(options.layerTops.size()));
  for (std::size_t k = 0; k < options.layerTops.size(); ++k) {
    if (!(options.layerTops[k] > (k ? options.layerTops[k - 1] : options.minimumMixedLayer)) || !std::isfinite(options.layerTops[k]))
      refuseOption("expected finite layer tops that rise from above the minimum mixed layer");
  }
  if (options.threads < 1 || options.stepsPerHour < 1 || options.chemistrySteps < 1)
    refuseOption("expected threads, steps per hour and chemistry steps of 1 or more");
  if (!(options.horizontalDiffusivity >= 0) || !(options.minimumMixedLayer >= 10))
    refuseOption("expected a diffusivity of 0 m2 s-1 or more and a minimum mixed layer of 10 m or more");
  if (!(options.no2Share >= 0 && options.no2Share <= 1)) refuseOption("expected a share of NO2 in NOx between 0 and 1");
  for (double share : options.stackShare) {
    if (!(share >= 0 && share <= 1)) refuseOption("expected stack shares between 0 and 1");
  }
  const ChemistryOptions& c = options.chemistry;
  for (double value : {options.windExponent, options.biogenicVoc, c.soaYield, c.organicNitrateYield, c.aqueousRate, c.honoRate, c.n2o5Uptake}) {
    if (!(value >= 0) || !std::isfinite(value)) refuseOption("expected exponents, yields, rates and uptake of 0 or more");
  }
  for (double value : options.background) {
    if (!(value >= 0) || !std::isfinite(value)) refuseOption("expected background mixing ratios of 0 or more");
  }
  // Of a step in the strongest wind that there may be (TransportModel::check), 1000 m up: transportSteps needs no more than that.
  const double step = 3600.0 / options.stepsPerHour, size = std::min(grid.cellSizeX, grid.cellSizeY);
  const double outflow = 2.0 * kStrongestWind * std::pow(100.0, options.windExponent) * step / size;
  const double diffusion = options.horizontalDiffusivity * step / (size * size);
  if (!(3.0 * outflow + 9.0 * diffusion <= 1e6))
    refuseOption("expected a diffusivity, a wind exponent and cells with which a step is less than a million sub-steps of transport");
  return options;
}

void TransportModel::expectCarried(const std::vector<Output>& outputs) const {
  for (Output output : outputs) {
    const int species = output == kOutCO ? kCO : output == kOutPM10 ? kPMC : kNO2;  // the others are made of what is always carried
    if (carries(species)) continue;
    const std::string name = kOutputNames[output];
    refuseOption("profiles: " + name + " is not carried: name it among the species of the run");
  }
}

void TransportModel::check(const HourInputs& in) const {
  const Field fields[] = {
      {"wind u", in.windU, -kStrongestWind, kStrongestWind, "-120 to 120 m s-1", false},
      {"wind v", in.windV, -kStrongestWind, kStrongestWind, "-120 to 120 m s-1", false},
      {"temperature", in.temperature, 180, 340, "180 to 340 K", false},
      {"boundary-layer height", in.boundaryLayerHeight, 0, 10000, "0 to 10000 m", false},
      {"humidity", in.humidity, 0, 0.1, "0 to 0.1 kg kg-1", false},
      {"radiation", in.radiation, 0, 1500, "0 to 1500 W m-2", false},
      {"rain", in.rain, 0, 500, "0 to 500 mm h-1", false},
      {"pressure", in.pressure, 20000, 115000, "20000 to 115000 Pa", true},
      {"land", in.land, 0, 1, "0 to 1", true},
  };
  auto expectSize = [&](const char* name, std::size_t size, std::size_t expected) {
    if (size == expected) return;
    std::ostringstream text;
    text << name << ": expected " << expected << " values but received " << size << ": pass fields of " << grid_.rows << " x " << grid_.cols
         << " cells";
    refuse("TRANSPORT_BAD_SHAPE", text.str());
  };
  auto at = [&](std::size_t cell) { return " at row " + std::to_string(cell / grid_.cols) + ", column " + std::to_string(cell % grid_.cols); };
  const std::size_t groups = options_.groups.size();
  if (in.emissions.size() != cells_ * groups) {
    std::ostringstream text;
    text << "emissions: expected " << cells_ * groups << " values but received " << in.emissions.size() << ": pass " << grid_.rows << " x "
         << grid_.cols << " cells x " << groups << " groups";
    refuse("TRANSPORT_BAD_SHAPE", text.str());
  }
  for (const Field& f : fields) {
    if (!(f.optional && f.values.empty())) expectSize(f.name, f.values.size(), cells_);
  }
  for (std::size_t e = 0; e < in.emissions.size(); ++e) {
    if (in.emissions[e] >= 0.0 && std::isfinite(in.emissions[e])) continue;
    std::ostringstream text;
    text << "emissions: expected finite values of 0 or more but received " << in.emissions[e] << " for " << kGroupNames[options_.groups[e % groups]]
         << at(e / groups) << ": mend the emission file";
    refuse("TRANSPORT_BAD_EMISSIONS", text.str());
  }
  for (const Field& f : fields) {
    for (std::size_t c = 0; c < f.values.size(); ++c) {
      if (f.values[c] >= f.low && f.values[c] <= f.high) continue;
      std::ostringstream text;
      text << f.name << ": expected " << f.expected << " but received " << f.values[c] << at(c) << ": mend the meteorology file";
      refuse("TRANSPORT_BAD_METEOROLOGY", text.str());
    }
  }
}

}  // namespace retroplume::transport
