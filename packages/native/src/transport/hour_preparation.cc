// What holds for an hour: air and layers, winds at faces, rates, emissions, deposition velocities.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "aerosol.h"
#include "runtime/error.h"
#include "transport_model.h"

namespace retroplume::transport {
namespace {

constexpr double kScaleHeight = 8000.0, kLapse = 6.5e-3, kWaterScaleHeight = 2000.0;  // m, K m-1, m
constexpr double kAloftTemperature = 285.0;              // K: density above the mixed layer, where 2 m temperature and its daily cycle say little
constexpr double kStackLow = 150.0, kStackHigh = 450.0;  // m
constexpr double kFreeDiffusivity = 1.0;                 // m2 s-1

double pressureAt(const HourInputs& in, long c) { return in.pressure.empty() ? kStandardPressure : in.pressure[c]; }
double temperatureAt(const HourInputs& in, long c, double height) { return std::max(in.temperature[c] - kLapse * height, 220.0); }
double landAt(const HourInputs& in, long c) { return in.land.empty() ? 1.0 : in.land[c]; }

constexpr double kOvocPerIsoprene = 2.0;  // methacrolein or methyl vinyl ketone, and formaldehyde

// Isoprene emission, nmol m-2 s-1 (Guenther et al. 1993, J. Geophys. Res. 98, 12609: light and temperature corrections, eq. 9 and 10);
// `standard` mg C m-2 h-1 at 30 C and 1000 umol photons m-2 s-1 (2 umol per J of global radiation).
double isoprene(double standard, double temperature, double radiation) {
  const double light = 2.0 * std::max(radiation, 0.0), rt = kGasConstant * temperature, dt = (temperature - 303.0) / (rt * 303.0);
  const double byLight = 0.0027 * 1.066 * light / std::sqrt(1.0 + 0.0027 * 0.0027 * light * light);
  const double byHeat = std::exp(95000.0 * dt) / (1.0 + std::exp(230000.0 * (temperature - 314.0) / (rt * 303.0)));
  return standard * byLight * byHeat * 1e6 / (5.0 * 12.011 * 3600.0);
}

// Bolton (1980), Mon. Weather Rev. 108, 1046, eq. 10. `mixingRatio` of water vapour to dry air.
double relativeHumidity(double temperature, double mixingRatio, double pressure) {
  const double celsius = temperature - 273.15;
  const double saturation = 611.2 * std::exp(17.67 * celsius / (celsius + 243.5));
  const double vapour = pressure * mixingRatio / (0.622 + mixingRatio);
  return std::clamp(vapour / saturation, 0.0, 1.0);
}

// The first eleven always; of the others, what the run emits or gives out.
std::vector<int> carriedBy(const Options& options) {
  const auto emits = [&](Group group) { return std::find(options.groups.begin(), options.groups.end(), group) != options.groups.end(); };
  const auto gives = [&](Output output) { return std::find(options.outputs.begin(), options.outputs.end(), output) != options.outputs.end(); };
  std::vector<int> species(kCO);
  std::iota(species.begin(), species.end(), 0);
  if (emits(kGroupCO) || gives(kOutCO)) species.push_back(kCO);
  if (emits(kGroupPMC) || gives(kOutPM10)) species.push_back(kPMC);
  return species;
}

// Where each of 0 .. Count - 1 stands in the list; -1: nowhere.
template <std::size_t Count, class List>
std::array<int, Count> placesIn(const List& list) {
  std::array<int, Count> place;
  place.fill(-1);
  for (std::size_t i = 0; i < list.size(); ++i) place[list[i]] = static_cast<int>(i);
  return place;
}

}  // namespace

TransportModel::TransportModel(const GridShape& grid, const Options& options)
    : grid_(grid),
      options_(checkedOptions(grid, options)),
      carried_(carriedBy(options)),
      place_(placesIn<kSpeciesCount + 1>(carried_)),
      groupPlace_(placesIn<kGroupCount>(options.groups)),
      classes_(carries(kPMC) ? kDepositionClasses : kDepCoarse),
      layers_(static_cast<int>(options.layerTops.size()) + 1),
      cells_(static_cast<long>(grid.rows) * grid.cols),
      toAmount_(1e-9 * grid.cellSizeX * grid.cellSizeY),
      shape_{grid.rows, grid.cols, options.boundary},
      state_((carried_.size() + 1) * layers_ * cells_),
      target_(layers_ * cells_),
      density_(layers_ * cells_),
      exchange_(layers_ * cells_),
      rates_(layers_ * kRateCount * cells_),
      emission_(std::min(layers_, 2) * carried_.size() * cells_),
      kept_(classes_ * cells_),
      nitrateConstant_(cells_),
      scavenging_(cells_),
      rains_(grid.rows),
      windFactor_(layers_ * cells_),
      courantX_(layers_),
      courantY_(layers_),
      subSteps_(layers_),
      moved_(layers_),
      observed_(options.outputs.size() * cells_) {
  place_[kSpeciesCount] = static_cast<int>(carried_.size());
  for (int s : carried_) std::fill_n(plane(s, 0), layers_ * cells_, options_.background[s]);
}

void TransportModel::restore(const std::vector<double>& state) {
  if (state.size() != state_.size()) {
    throw NativeError("TRANSPORT_BAD_STATE", "transport model: expected a state of " + std::to_string(state_.size()) + " values but received " +
                                                 std::to_string(state.size()) +
                                                 ": restore what a model of the same grid, layers, groups and species gave");
  }
  const auto airBegin = state.begin() + carried_.size() * layers_ * cells_;
  const bool fresh = std::all_of(airBegin, state.end(), [](double m) { return m == 0.0; });
  const bool sound = std::all_of(state.begin(), state.end(), [](double v) { return std::isfinite(v) && v >= 0.0; });
  if (!sound || (!fresh && std::any_of(airBegin, state.end(), [](double m) { return !(m > 0.0); }))) {
    throw NativeError("TRANSPORT_BAD_STATE", "transport model: the state holds negative or non-finite values: restore an undamaged one");
  }
  state_ = state;
  startBudget();
}

void TransportModel::prepareHour(const HourInputs& inputs, double timeStep) {
#pragma omp parallel for num_threads(options_.threads) schedule(static)
  for (int j = 0; j < grid_.rows; ++j) {
    prepareAir(inputs, j);
    for (int k = 0; k < layers_; ++k) prepareRates(inputs, k, j);
    prepareEmissions(inputs, j);
    prepareDeposition(inputs, j, timeStep);
  }
#pragma omp parallel for num_threads(options_.threads) schedule(dynamic)
  for (int k = 0; k < layers_; ++k) prepareFaces(inputs, k, timeStep);
  // Not by the threads: what a parallel region throws ends the process.
  for (int k = 0; k < layers_; ++k) moved_[k].resize((2L * subSteps_[k] + 1) * cells_);
  fillWithAir();
}

// The layers of a fresh state, in its first hour.
void TransportModel::fillWithAir() {
  if (air(0)[0] != 0.0) return;
  std::copy(target_.begin(), target_.end(), air(0));
  startBudget();
}

Profiles TransportModel::profiles(const HourInputs& inputs, const std::vector<Output>& outputs) {
  check(inputs);
  expectCarried(outputs);
  const int cols = grid_.cols;
  const long size = layers_ * cells_;
  for (int j = 0; j < grid_.rows; ++j) prepareAir(inputs, j);
  fillWithAir();
  Profiles result{std::vector<double>(size), std::vector<double>(air(0), air(0) + size), std::vector<double>(outputs.size() * size)};
  std::vector<double> constant(cols);
  for (int k = 0; k < layers_; ++k) {
    for (int j = 0; j < grid_.rows; ++j) {
      const long first = static_cast<long>(j) * cols, at = k * cells_ + first;
      for (int i = 0; i < cols; ++i) {
        const long c = first + i;
        result.tops[at + i] = (k > 0 ? result.tops[at + i - cells_] : 0.0) + target_[at + i] / density_[at + i];
        const double humidity = relativeHumidity(inputs.temperature[c], inputs.humidity[c], pressureAt(inputs, c));
        constant[i] = ammoniumNitrateConstant(temperatureAt(inputs, c, middleOf(k, c)), humidity);
      }
      const auto q = rowsOf(k, j);
      for (std::size_t o = 0; o < outputs.size(); ++o) {
        observeRow(cols, outputs[o], q.data(), constant.data(), &density_[at], &result.values[o * size + at]);
      }
    }
  }
  return result;
}

// Layers, their air, and what turbulence exchanges across their tops.
void TransportModel::prepareAir(const HourInputs& in, int j) {
  std::vector<double> wind(grid_.cols), land(grid_.cols), friction(grid_.cols);
  const long first = static_cast<long>(j) * grid_.cols;
  for (int i = 0; i < grid_.cols; ++i) {
    wind[i] = std::hypot(in.windU[first + i], in.windV[first + i]);
    land[i] = landAt(in, first + i);
  }
  frictionRow(grid_.cols, wind.data(), land.data(), friction.data());
  for (int i = 0; i < grid_.cols; ++i) {
    const long c = first + i;
    const double pressure = pressureAt(in, c), aloft = pressure / (kGasConstant * kAloftTemperature);
    double bottom = 0.0, top = std::max(in.boundaryLayerHeight[c], options_.minimumMixedLayer), thicknessBelow = 0.0;
    for (int k = 0; k < layers_; ++k) {
      if (k > 0) top = std::max(options_.layerTops[k - 1], bottom + 100.0);
      const double middle = 0.5 * (bottom + top), thickness = top - bottom;
      const double n = k == 0 ? pressure / (kGasConstant * in.temperature[c]) : aloft * std::exp(-middle / kScaleHeight);
      density_[k * cells_ + c] = n;
      target_[k * cells_ + c] = n * thickness;
      exchange_[k * cells_ + c] = 0.0;
      if (k > 0) {
        const double velocity = k == 1 ? 0.002 + 0.02 * friction[i] : kFreeDiffusivity / (0.5 * (thickness + thicknessBelow));
        exchange_[(k - 1) * cells_ + c] = n * velocity;
      }
      windFactor_[k * cells_ + c] = std::pow(std::clamp(middle, 20.0, 1000.0) / 10.0, options_.windExponent);
      bottom = top, thicknessBelow = thickness;
    }
  }
}

// Of layer 0 the ground, where the weather is that of 2 m.
double TransportModel::middleOf(int layer, long c) const {
  if (layer == 0) return 0.0;
  double bottom = 0.0;
  for (int k = 0; k < layer; ++k) bottom += target_[k * cells_ + c] / density_[k * cells_ + c];
  return bottom + 0.5 * target_[layer * cells_ + c] / density_[layer * cells_ + c];
}

void TransportModel::prepareRates(const HourInputs& in, int layer, int j) {
  const int cols = grid_.cols;
  const long first = static_cast<long>(j) * cols;
  std::vector<double> work(3 * cols);
  double *temperature = work.data(), *water = temperature + cols, *humidity = water + cols;
  for (int i = 0; i < cols; ++i) {
    const long c = first + i;
    const double middle = middleOf(layer, c);
    temperature[i] = temperatureAt(in, c, middle);
    water[i] = 1.6077 * in.humidity[c] * std::exp(-middle / kWaterScaleHeight);
    humidity[i] = relativeHumidity(in.temperature[c], in.humidity[c], pressureAt(in, c));
    if (layer == 0) nitrateConstant_[c] = ammoniumNitrateConstant(temperature[i], humidity[i]);
  }
  double* rate[kRateCount];
  for (int r = 0; r < kRateCount; ++r) rate[r] = rateRows(layer, j) + r * cols;
  const ChemistryWeather weather{temperature, &density_[layer * cells_ + first], water, humidity, &in.radiation[first], &in.rain[first], layer == 0};
  rateRow(cols, weather, options_.chemistry, rate);
}

// Groups -> species, stacks -> layers: mol s-1 per cell -> ppb s-1 of the layer.
void TransportModel::prepareEmissions(const HourInputs& in, int j) {
  const int cols = grid_.cols, emitting = std::min(layers_, 2);
  const double perArea = 1.0 / toAmount_;  // nmol m-2 s-1 of one mol s-1
  for (int k = 0; k < emitting; ++k) std::fill_n(emissionRow(0, k, j), carried_.size() * cols, 0.0);
  for (int i = 0; i < cols; ++i) {
    const long c = static_cast<long>(j) * cols + i;
    const double height = target_[c] / density_[c];
    const double stacksInLayer0 = emitting == 1 ? 1.0 : std::clamp((height - kStackLow) / (kStackHigh - kStackLow), 0.0, 1.0);
    const double* e = in.emissions.data() + c * options_.groups.size();
    auto add = [&](int species, int group, double share) {
      if (groupPlace_[group] < 0) return;
      const double low = 1.0 - options_.stackShare[group] * (1.0 - stacksInLayer0), amount = e[groupPlace_[group]] * share * perArea;
      emissionRow(species, 0, j)[i] += amount * low / target_[c];
      if (emitting > 1) emissionRow(species, 1, j)[i] += amount * (1.0 - low) / target_[cells_ + c];
    };
    add(kNO, kGroupNOx, 1.0 - options_.no2Share);
    add(kNO2, kGroupNOx, options_.no2Share);
    add(kTNH3, kGroupNH3, 1.0);
    add(kSO2, kGroupSO2, 1.0);
    add(kVOC, kGroupVOC, 1.0);
    add(kVOC, kGroupISOP, 1.0);
    add(kPPM, kGroupPM25, 1.0);
    add(kCO, kGroupCO, 1.0);
    add(kPMC, kGroupPMC, 1.0);
    emissionRow(kOVOC, 0, j)[i] = isoprene(options_.biogenicVoc, in.temperature[c], in.radiation[c]) * landAt(in, c) * kOvocPerIsoprene / target_[c];
  }
}

void TransportModel::prepareDeposition(const HourInputs& in, int j, double timeStep) {
  const int cols = grid_.cols;
  const long first = static_cast<long>(j) * cols;
  std::vector<double> wind(cols), land(cols), friction(cols);
  bool rains = false;
  for (int i = 0; i < cols; ++i) {
    const long c = first + i;
    wind[i] = std::hypot(in.windU[c], in.windV[c]);
    land[i] = landAt(in, c);
    scavenging_[c] = 1e6 * in.rain[c] / 3600.0 / (2000.0 * 1000.0);
    rains = rains || in.rain[c] > 0.0;
  }
  rains_[j] = rains;
  double* velocity[kDepositionClasses]{};
  for (int d = 0; d < classes_; ++d) velocity[d] = keptRow(d, j);
  frictionRow(cols, wind.data(), land.data(), friction.data());
  velocityRow(cols, {&in.temperature[first], wind.data(), &in.radiation[first], land.data()}, friction.data(), velocity);
  for (int d = 0; d < classes_; ++d) {
    for (int i = 0; i < cols; ++i) velocity[d][i] = std::exp(-velocity[d][i] * timeStep * density_[first + i] / target_[first + i]);
  }
}

// Winds at faces are means of both cells, or the cell's own at an open edge; then the number of sub-steps and their Courant numbers.
void TransportModel::prepareFaces(const HourInputs& in, int layer, double timeStep) {
  const int rows = grid_.rows, cols = grid_.cols;
  const bool wraps = options_.boundary == Boundary::periodic, closed = options_.boundary == Boundary::closed;
  auto wind = [&](const std::vector<double>& component, int j, int i) {
    const long c = static_cast<long>((j + rows) % rows) * cols + (i + cols) % cols;
    return component[c] * windFactor_[layer * cells_ + c];
  };
  auto face = [&](const std::vector<double>& component, int j, int i, int dj, int di) {  // between cell (j - dj, i - di) and cell (j, i)
    const bool low = j - dj < 0 || i - di < 0, high = j == rows || i == cols;
    if ((low || high) && closed) return 0.0;
    if ((low || high) && !wraps) return low ? wind(component, j, i) : wind(component, j - dj, i - di);
    return 0.5 * (wind(component, j - dj, i - di) + wind(component, j, i));
  };
  auto& x = courantX_[layer];
  auto& y = courantY_[layer];
  x.resize(static_cast<long>(rows) * (cols + 1));
  y.resize(static_cast<long>(rows + 1) * cols);
  const double perX = timeStep / grid_.cellSizeX, perY = timeStep / grid_.cellSizeY;
  for (int j = 0; j < rows; ++j) {
    for (int i = 0; i <= cols; ++i) x[static_cast<long>(j) * (cols + 1) + i] = perX * face(in.windU, j, i, 0, 1);
  }
  for (int j = 0; j <= rows; ++j) {
    for (int i = 0; i < cols; ++i) y[static_cast<long>(j) * cols + i] = perY * face(in.windV, j, i, 1, 0);
  }
  double outflow = 0.0;
  for (int j = 0; j < rows; ++j) {
    for (int i = 0; i < cols; ++i) {
      const double* fx = &x[static_cast<long>(j) * (cols + 1) + i];
      const double* fy = &y[static_cast<long>(j) * cols + i];
      outflow = std::max({outflow, std::max(fx[1], 0.0) - std::min(fx[0], 0.0), std::max(fy[cols], 0.0) - std::min(fy[0], 0.0)});
    }
  }
  const double diffusion = options_.horizontalDiffusivity * std::max(perX / grid_.cellSizeX, perY / grid_.cellSizeY);
  const int steps = transportSteps(outflow, diffusion);
  for (double& c : x) c /= steps;
  for (double& c : y) c /= steps;
  subSteps_[layer] = steps;
}

}  // namespace retroplume::transport
