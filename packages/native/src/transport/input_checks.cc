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

constexpr const char* kGroupNames[kGroupCount] = {"NOx", "NH3", "SO2", "VOC", "PM2.5"};

[[noreturn]] void refuse(const char* code, const std::string& text) { throw NativeError(code, "transport model: " + text); }

[[noreturn]] void refuse_option(const std::string& text) { refuse("TRANSPORT_BAD_OPTIONS", text); }

}  // namespace

Options checked_options(const GridShape& grid, const Options& options) {
  if (grid.rows < 1 || grid.cols < 1 || !(grid.cell_size_x > 0) || !(grid.cell_size_y > 0) || !std::isfinite(grid.cell_size_x * grid.cell_size_y)) {
    refuse_option("expected a grid with rows and cols of 1 or more and cell sizes above 0 m");
  }
  constexpr int kMostCells = 1000000;  // along one axis: what is computed of rows and columns then fits
  if (grid.rows > kMostCells || grid.cols > kMostCells) refuse_option("expected a grid with rows and cols of a million or less");
  if (options.layer_tops.size() + 1 > kMaxLayers)
    refuse_option("expected at most 4 layers above the mixed layer but received " + std::to_string(options.layer_tops.size()));
  for (std::size_t k = 0; k < options.layer_tops.size(); ++k) {
    if (!(options.layer_tops[k] > (k ? options.layer_tops[k - 1] : options.minimum_mixed_layer)) || !std::isfinite(options.layer_tops[k]))
      refuse_option("expected finite layer tops that rise from above the minimum mixed layer");
  }
  if (options.threads < 1 || options.steps_per_hour < 1 || options.chemistry_steps < 1)
    refuse_option("expected threads, steps per hour and chemistry steps of 1 or more");
  if (!(options.horizontal_diffusivity >= 0) || !(options.minimum_mixed_layer >= 10))
    refuse_option("expected a diffusivity of 0 m2 s-1 or more and a minimum mixed layer of 10 m or more");
  if (!(options.no2_share >= 0 && options.no2_share <= 1)) refuse_option("expected a share of NO2 in NOx between 0 and 1");
  for (double share : options.stack_share) {
    if (!(share >= 0 && share <= 1)) refuse_option("expected stack shares between 0 and 1");
  }
  const ChemistryOptions& c = options.chemistry;
  for (double value :
       {options.wind_exponent, options.biogenic_voc, c.soa_yield, c.organic_nitrate_yield, c.aqueous_rate, c.hono_rate, c.n2o5_uptake}) {
    if (!(value >= 0) || !std::isfinite(value)) refuse_option("expected exponents, yields, rates and uptake of 0 or more");
  }
  for (double value : options.background) {
    if (!(value >= 0) || !std::isfinite(value)) refuse_option("expected background mixing ratios of 0 or more");
  }
  // Of a step in the strongest wind that there may be (TransportModel::check), 1000 m up: transport_steps needs no more than that.
  const double step = 3600.0 / options.steps_per_hour, size = std::min(grid.cell_size_x, grid.cell_size_y);
  const double outflow = 2.0 * kStrongestWind * std::pow(100.0, options.wind_exponent) * step / size;
  const double diffusion = options.horizontal_diffusivity * step / (size * size);
  if (!(3.0 * outflow + 9.0 * diffusion <= 1e6))
    refuse_option("expected a diffusivity, a wind exponent and cells with which a step is less than a million sub-steps of transport");
  return options;
}

void TransportModel::check(const HourInputs& in) const {
  const Field fields[] = {
      {"wind u", in.wind_u, -kStrongestWind, kStrongestWind, "-120 to 120 m s-1", false},
      {"wind v", in.wind_v, -kStrongestWind, kStrongestWind, "-120 to 120 m s-1", false},
      {"temperature", in.temperature, 180, 340, "180 to 340 K", false},
      {"boundary-layer height", in.boundary_layer_height, 0, 10000, "0 to 10000 m", false},
      {"humidity", in.humidity, 0, 0.1, "0 to 0.1 kg kg-1", false},
      {"radiation", in.radiation, 0, 1500, "0 to 1500 W m-2", false},
      {"rain", in.rain, 0, 500, "0 to 500 mm h-1", false},
      {"pressure", in.pressure, 20000, 115000, "20000 to 115000 Pa", true},
      {"land", in.land, 0, 1, "0 to 1", true},
  };
  auto expect_size = [&](const char* name, std::size_t size, std::size_t expected) {
    if (size == expected) return;
    std::ostringstream text;
    text << name << ": expected " << expected << " values but received " << size << ": pass fields of " << grid_.rows << " x " << grid_.cols
         << " cells";
    refuse("TRANSPORT_BAD_SHAPE", text.str());
  };
  auto at = [&](std::size_t cell) { return " at row " + std::to_string(cell / grid_.cols) + ", column " + std::to_string(cell % grid_.cols); };
  expect_size("emissions", in.emissions.size(), cells_ * kGroupCount);
  for (const Field& f : fields) {
    if (!(f.optional && f.values.empty())) expect_size(f.name, f.values.size(), cells_);
  }
  for (std::size_t e = 0; e < in.emissions.size(); ++e) {
    if (in.emissions[e] >= 0.0 && std::isfinite(in.emissions[e])) continue;
    std::ostringstream text;
    text << "emissions: expected finite values of 0 or more but received " << in.emissions[e] << " for " << kGroupNames[e % kGroupCount]
         << at(e / kGroupCount) << ": mend the emission file";
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
