// The reference chemical transport model: an Eulerian grid, a mixed layer and fixed layers above it, eleven species and those of kCO and kPMC that a
// run asks for, one hour at a time.
//
// An hour is `stepsPerHour` steps, each: horizontal transport (advection.h; as many sub-steps per layer as its winds ask for, x and y in
// alternating order: Strang 1968) -> vertical remapping and turbulence (layers.h) -> emissions and chemistry (photochemistry.h) -> deposition
// (deposition.h). Emissions and weather hold for the hour. Output is the mean of the hour's steps in layer 0.
//
// Winds: the 10 m wind is taken up by a power law with exponent 1/7 (Seinfeld & Pandis section 16.4.5) to the middle of the layer, between 20 m and
// 1000 m. Air density: ideal gas at 2 m temperature in layer 0, falling with a scale height of 8 km above. Temperature falls by 6.5 K km-1.
// Emissions: a share of each group leaves tall stacks (uniform between 150 and 450 m), the rest goes into layer 0; NOx is 10 % NO2.
//
// Threads share planes (horizontal) and rows (everything else); nothing is summed across threads in arrival order, so results
// are the same bits for any number of threads.
#pragma once

#include <array>
#include <vector>

#include "advection.h"
#include "deposition.h"
#include "layers.h"
#include "photochemistry.h"
#include "species.h"

namespace retroplume::transport {

struct GridShape {
  int rows = 0, cols = 0;
  double cellSizeX = 0, cellSizeY = 0;  // m
};

struct Processes {
  bool emission = true, transport = true, vertical = true, chemistry = true, dryDeposition = true, wetDeposition = true;
};

struct Options {
  std::vector<double> layerTops{1500.0, 3500.0};  // m, of the layers above the mixed layer
  int threads = 1;
  int stepsPerHour = 4;
  int chemistrySteps = 2;                 // per step
  double horizontalDiffusivity = 1000.0;  // m2 s-1
  double minimumMixedLayer = 100.0;       // m
  double windExponent = 1.0 / 7.0;        // 0: the given wind in every layer
  double no2Share = 0.1;
  std::vector<Group> groups{kGroupNOx, kGroupNH3, kGroupSO2, kGroupVOC, kGroupPM25};  // what is emitted; the others are not
  std::vector<Output> outputs{kOutNO2, kOutSO2, kOutO3, kOutPM25};
  std::array<double, kGroupCount> stackShare{0.3, 0.0, 0.5, 0.0, 0.15, 0.0, 0.1, 0.0};
  double biogenicVoc = 1.0;  // mg C m-2 h-1 of isoprene over land at 30 C in full light
  Boundary boundary = Boundary::open;
  Processes processes;
  ChemistryOptions chemistry;
  // Outside the domain and at the start: ppb, kPPM, kSOA and kPMC in ng mol-1 (24 ng mol-1 = 1 ug m-3).
  std::array<double, kSpeciesCount> background{0.02, 0.3, 38.0, 3.0, 0.5, 0.3, 0.3, 0.3, 0.8, 48.0, 24.0, 120.0, 72.0};
};

// Returns the options, or throws NativeError where they make no model (input_checks.cc).
Options checkedOptions(const GridShape& grid, const Options& options);

// One hour, all [rows][cols] row-major, south to north. Optional ones may be empty.
struct HourInputs {
  std::vector<double> emissions;            // [rows][cols][groups], mol s-1 per cell (PM2.5, PMC: g s-1)
  std::vector<double> windU, windV;         // m s-1 at 10 m, along the grid's axes
  std::vector<double> temperature;          // K at 2 m
  std::vector<double> boundaryLayerHeight;  // m
  std::vector<double> humidity;             // kg kg-1 at 2 m
  std::vector<double> radiation;            // W m-2 at the ground
  std::vector<double> rain;                 // mm h-1
  std::vector<double> pressure;             // Pa, optional: 101325
  std::vector<double> land;                 // 0..1, optional: all land
};

// The state in the layers of an hour, from the ground up, all [layers][rows][cols].
struct Profiles {
  std::vector<double> tops;    // m
  std::vector<double> air;     // mol m-2
  std::vector<double> values;  // [outputs] of them: gases in ppb, particles in ug m-3
};

// Mass budget since construction or restore, mol (PPM, SOA, PMC: g): start + emitted + inflow + top + reacted - dry - wet = mass now; all 0 of what
// is not carried.
struct Budget {
  std::array<double, kSpeciesCount> start{}, emitted{}, inflow{} /* edges: in less out */, top{} /* in less out */, reacted{}, dry{}, wet{}, mass{};
  double organicNitrate = 0.0;  // mol NOx that became organic nitrate
};

class TransportModel {
 public:
  TransportModel(const GridShape& grid, const Options& options);

  // Surface means of the hour, [rows][cols][outputs]: gases in ppb, particles in ug m-3.
  std::vector<float> advanceHour(const HourInputs& inputs);

  // The state after the hour of these inputs, which was the last one; or before it, of a fresh model, whose layers then have their air. Ammonia and
  // nitrate are shared out between gas and particles at the temperature of each layer. `outputs` of species that are carried, or NativeError.
  Profiles profiles(const HourInputs& inputs, const std::vector<Output>& outputs);

  // The species that the run carries, in the order of the state.
  const std::vector<int>& carried() const { return carried_; }

  // [carried + 1][layers][rows][cols]: mixing ratios, then air (mol m-2; zero before the first hour).
  const std::vector<double>& state() const { return state_; }
  void restore(const std::vector<double>& state);

  const Budget& budget();
  int layers() const { return layers_; }
  const GridShape& grid() const { return grid_; }

 private:
  void check(const HourInputs& inputs) const;                    // input_checks.cc
  void expectCarried(const std::vector<Output>& outputs) const;  // input_checks.cc
  bool carries(int species) const { return place_[species] >= 0; }
  double* plane(int species, int layer) { return state_.data() + (static_cast<long>(place_[species]) * layers_ + layer) * cells_; }
  double* air(int layer) { return plane(kSpeciesCount, layer); }

  double* row(int species, int layer, int j) { return plane(species, layer) + static_cast<long>(j) * grid_.cols; }
  std::array<double*, kSpeciesCount> rowsOf(int layer, int j);  // null where not carried
  double* emissionRow(int species, int layer, int j) {
    return emission_.data() + ((static_cast<long>(layer) * grid_.rows + j) * carried_.size() + place_[species]) * grid_.cols;
  }
  double* rateRows(int layer, int j) { return rates_.data() + (static_cast<long>(layer) * grid_.rows + j) * kRateCount * grid_.cols; }
  double* keptRow(int depositionClass, int j) { return kept_.data() + (static_cast<long>(j) * classes_ + depositionClass) * grid_.cols; }

  // hour_preparation.cc: what holds for the hour.
  void prepareHour(const HourInputs& inputs, double timeStep);
  void prepareAir(const HourInputs& inputs, int j);
  void fillWithAir();
  double middleOf(int layer, long cell) const;  // m, of what `prepareAir` has made
  void prepareRates(const HourInputs& inputs, int layer, int j);
  void prepareEmissions(const HourInputs& inputs, int j);
  void prepareDeposition(const HourInputs& inputs, int j, double timeStep);
  void prepareFaces(const HourInputs& inputs, int layer, double timeStep);
  void startBudget();

  // transport_model.cc: the processes of a step.
  void transport(double timeStep, bool xFirst);
  double transportPlane(int species, int layer, double timeStep, bool xFirst, double* scratch);
  void remapAndMix(double timeStep);
  void react(double timeStep);
  void deposit(double timeStep);
  void observe();
  void addRows(std::array<double, kSpeciesCount>& into, const std::vector<double>& rows);
  std::array<double, kSpeciesCount> mass();

  const GridShape grid_;
  const Options options_;
  const std::vector<int> carried_;            // Species
  std::array<int, kSpeciesCount + 1> place_;  // of each in `carried_`, then that of air; -1: not carried
  std::array<int, kGroupCount> groupPlace_;   // of each in the run's groups; -1: not emitted
  const int classes_;                         // of deposition
  const int layers_;
  const long cells_;
  const double toAmount_;  // q M of one cell (nmol m-2) -> mol
  const PlaneShape shape_;
  std::vector<double> state_;
  Budget budget_;

  // Of the hour.
  std::vector<double> target_, density_, exchange_;       // [layers][cells]: air mol m-2; mol m-3; E of the interface above, mol m-2 s-1
  std::vector<double> rates_;                             // [layers][rows][kRateCount][cols]
  std::vector<double> emission_;                          // [min(layers, 2)][rows][carried][cols], ppb s-1
  std::vector<double> kept_;                              // [rows][classes][cols]
  std::vector<double> nitrateConstant_, scavenging_;      // [cells]
  std::vector<char> rains_;                               // [rows]
  std::vector<double> windFactor_;                        // [layers][cells]
  std::vector<std::vector<double>> courantX_, courantY_;  // [layers][faces], of one sub-step
  std::vector<int> subSteps_;                             // [layers]
  std::vector<std::vector<double>> moved_;                // [layers][2 * sub-steps + 1][cells]: air before and after each sweep
  std::vector<double> observed_;                          // [rows][outputs][cols], sums over the hour's steps
};

}  // namespace retroplume::transport
