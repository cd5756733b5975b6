#include "transport_model.h"

#include <algorithm>

#include "simd.h"

namespace retroplume::transport {
namespace {

RETROPLUME_ROW_KERNEL
double dotRow(int cols, const double* a, const double* b) {
  double total = 0.0;
#pragma omp simd reduction(+ : total)
  for (int i = 0; i < cols; ++i) total += a[i] * b[i];
  return total;
}

RETROPLUME_ROW_KERNEL
void addRow(int cols, const double* rate, double timeStep, double* __restrict q) {
  for (int i = 0; i < cols; ++i) q[i] += rate[i] * timeStep;
}

bool untouchedByChemistry(int s) { return s == kTNH3 || s == kPPM || s == kPMC; }  // only emitted; `reactRow` leaves them alone

}  // namespace

std::vector<float> TransportModel::advanceHour(const HourInputs& inputs) {
  check(inputs);
  const double timeStep = 3600.0 / options_.stepsPerHour;
  prepareHour(inputs, timeStep);
  std::fill(observed_.begin(), observed_.end(), 0.0);
  for (int step = 0; step < options_.stepsPerHour; ++step) {
    if (options_.processes.transport) transport(timeStep, step % 2 == 0);
    if (options_.processes.vertical) remapAndMix(timeStep);
    react(timeStep);
    deposit(timeStep);
    observe();
  }
  const int outputs = static_cast<int>(options_.outputs.size());
  std::vector<float> means(cells_ * outputs);
  for (int j = 0; j < grid_.rows; ++j) {
    for (int i = 0; i < grid_.cols; ++i) {
      for (int o = 0; o < outputs; ++o) {
        const double total = observed_[(static_cast<long>(j) * outputs + o) * grid_.cols + i];
        means[(static_cast<long>(j) * grid_.cols + i) * outputs + o] = static_cast<float>(total / options_.stepsPerHour);
      }
    }
  }
  return means;
}

void TransportModel::transport(double timeStep, bool xFirst) {
#pragma omp parallel for num_threads(options_.threads) schedule(dynamic)
  for (int layer = 0; layer < layers_; ++layer) {
    double* moved = moved_[layer].data();
    std::copy_n(air(layer), cells_, moved);
    for (int sweep = 0; sweep < 2 * subSteps_[layer]; ++sweep, moved += cells_) {
      const int axis = ((sweep / 2 + sweep) % 2 == 0) == xFirst ? 0 : 1;
      sweepAir(shape_, axis, axis == 0 ? courantX_[layer].data() : courantY_[layer].data(), moved, moved + cells_);
    }
  }
  const int tracers = static_cast<int>(carried_.size());
  std::vector<double> entered(tracers * layers_);
#pragma omp parallel num_threads(options_.threads)
  {
    std::vector<double> scratch(sweepScratch(shape_));
#pragma omp for schedule(dynamic)
    for (int task = 0; task < tracers * layers_; ++task) {
      entered[task] = transportPlane(carried_[task % tracers], task / tracers, timeStep, xFirst, scratch.data());
    }
  }
  for (int layer = 0; layer < layers_; ++layer) {
    std::copy_n(moved_[layer].data() + 2 * subSteps_[layer] * cells_, cells_, air(layer));
    for (int t = 0; t < tracers; ++t) budget_.inflow[carried_[t]] += entered[layer * tracers + t] * toAmount_;
  }
}

std::array<double*, kSpeciesCount> TransportModel::rowsOf(int layer, int j) {
  std::array<double*, kSpeciesCount> rows{};
  for (int s : carried_) rows[s] = row(s, layer, j);
  return rows;
}

double TransportModel::transportPlane(int species, int layer, double timeStep, bool xFirst, double* scratch) {
  const double dt = timeStep / subSteps_[layer];
  const double size[2] = {grid_.cellSizeX, grid_.cellSizeY};
  const double* moved = moved_[layer].data();
  double entered = 0.0;
  for (int sweep = 0; sweep < 2 * subSteps_[layer]; ++sweep, moved += cells_) {
    const int axis = ((sweep / 2 + sweep) % 2 == 0) == xFirst ? 0 : 1;  // x y, y x, x y ...
    const double diffusion = options_.horizontalDiffusivity * dt / (size[axis] * size[axis]);
    entered += sweepTracer(shape_, axis, axis == 0 ? courantX_[layer].data() : courantY_[layer].data(), moved, moved + cells_, diffusion,
                           options_.background[species], plane(species, layer), scratch);
  }
  return entered;
}

void TransportModel::remapAndMix(double timeStep) {
  const int rows = grid_.rows, cols = grid_.cols;
  std::vector<double> top(static_cast<long>(rows) * kSpeciesCount, 0.0);
#pragma omp parallel num_threads(options_.threads)
  {
    std::vector<double> workspace(rowWeightsSize(cols, layers_));
    const RowWeights weights = rowWeights(workspace.data(), cols, layers_);
#pragma omp for schedule(static)
    for (int j = 0; j < rows; ++j) {
      RowColumns columns{cols, layers_, {}, {}, {}};
      for (int k = 0; k < layers_; ++k) {
        const long at = k * cells_ + static_cast<long>(j) * cols;
        columns.air[k] = row(kSpeciesCount, k, j), columns.target[k] = &target_[at], columns.exchange[k] = &exchange_[at];
      }
      prepareRow(columns, timeStep, weights);
      for (int s : carried_) {
        double* q[kMaxLayers];
        for (int k = 0; k < layers_; ++k) q[k] = row(s, k, j);
        remapRow(columns, weights, options_.background[s], q, &top[static_cast<long>(j) * kSpeciesCount + s]);
        mixRow(columns, weights, q);
      }
      for (int k = 0; k < layers_; ++k) std::copy_n(columns.target[k], cols, row(kSpeciesCount, k, j));
    }
  }
  addRows(budget_.top, top);
}

void TransportModel::react(double timeStep) {
  const int rows = grid_.rows, cols = grid_.cols;
  std::vector<double> emitted(static_cast<long>(rows) * kSpeciesCount, 0.0), reacted(emitted), nitrate(rows, 0.0);
#pragma omp parallel num_threads(options_.threads)
  {
    const std::vector<double> none(cols, 0.0);
    std::vector<double> organicNitrate(cols);
#pragma omp for schedule(static)
    for (int j = 0; j < rows; ++j) {
      for (int k = 0; k < layers_; ++k) {
        const bool emits = options_.processes.emission && k < 2;
        const double *mass = row(kSpeciesCount, k, j), *emission[kSpeciesCount]{};
        double *rate[kRateCount], before[kSpeciesCount];
        const auto q = rowsOf(k, j);
        for (int s : carried_) {
          emission[s] = emits ? emissionRow(s, k, j) : none.data();
          before[s] = dotRow(cols, q[s], mass);
          if (emits) emitted[j * kSpeciesCount + s] += timeStep * dotRow(cols, emission[s], mass);
          if (emits && (untouchedByChemistry(s) || !options_.processes.chemistry)) addRow(cols, emission[s], timeStep, q[s]);
        }
        if (!options_.processes.chemistry) continue;
        for (int r = 0; r < kRateCount; ++r) rate[r] = rateRows(k, j) + r * cols;
        std::fill(organicNitrate.begin(), organicNitrate.end(), 0.0);
        reactRow(cols, rate, emission, options_.chemistry, timeStep, options_.chemistrySteps, q.data(), organicNitrate.data());
        nitrate[j] += dotRow(cols, organicNitrate.data(), mass);
        for (int s : carried_) {
          if (untouchedByChemistry(s)) continue;
          const double gain = emits ? timeStep * dotRow(cols, emission[s], mass) : 0.0;
          reacted[j * kSpeciesCount + s] += dotRow(cols, q[s], mass) - before[s] - gain;
        }
      }
    }
  }
  addRows(budget_.emitted, emitted);
  addRows(budget_.reacted, reacted);
  for (int j = 0; j < rows; ++j) budget_.organicNitrate += nitrate[j] * toAmount_;
}

void TransportModel::deposit(double timeStep) {
  const int rows = grid_.rows, cols = grid_.cols;
  std::vector<double> dry(static_cast<long>(rows) * kSpeciesCount, 0.0), wet(dry);
#pragma omp parallel for num_threads(options_.threads) schedule(static)
  for (int j = 0; j < rows; ++j) {
    const long at = static_cast<long>(j) * cols;
    const bool rains = options_.processes.wetDeposition && rains_[j];
    for (int k = 0; k < layers_; ++k) {
      Removal removal{{}, rains ? &scavenging_[at] : nullptr, &nitrateConstant_[at]};
      for (int c = 0; c < classes_ && k == 0 && options_.processes.dryDeposition; ++c) removal.kept[c] = keptRow(c, j);
      depositRow(cols, removal, row(kSpeciesCount, k, j), timeStep, rowsOf(k, j).data(), &dry[static_cast<long>(j) * kSpeciesCount],
                 &wet[static_cast<long>(j) * kSpeciesCount]);
    }
  }
  addRows(budget_.dry, dry);
  addRows(budget_.wet, wet);
}

void TransportModel::observe() {
  const int cols = grid_.cols;
  const std::size_t outputs = options_.outputs.size();
#pragma omp parallel for num_threads(options_.threads) schedule(static)
  for (int j = 0; j < grid_.rows; ++j) {
    const long at = static_cast<long>(j) * cols;
    const auto q = rowsOf(0, j);
    for (std::size_t o = 0; o < outputs; ++o) {
      observeRow(cols, options_.outputs[o], q.data(), &nitrateConstant_[at], &density_[at], &observed_[(j * outputs + o) * cols]);
    }
  }
}

// Sums in row order: the same bits for any number of threads.
void TransportModel::addRows(std::array<double, kSpeciesCount>& into, const std::vector<double>& rows) {
  for (int s = 0; s < kSpeciesCount; ++s) {
    double total = 0.0;
    for (int j = 0; j < grid_.rows; ++j) total += rows[static_cast<long>(j) * kSpeciesCount + s];
    into[s] += total * toAmount_;
  }
}

std::array<double, kSpeciesCount> TransportModel::mass() {
  std::array<double, kSpeciesCount> total{};
  for (int s : carried_) {
    for (int k = 0; k < layers_; ++k) {
      for (int j = 0; j < grid_.rows; ++j) total[s] += dotRow(grid_.cols, row(s, k, j), row(kSpeciesCount, k, j)) * toAmount_;
    }
  }
  return total;
}

const Budget& TransportModel::budget() {
  budget_.mass = mass();
  return budget_;
}

void TransportModel::startBudget() {
  budget_ = Budget{};
  budget_.start = mass();
}

}  // namespace retroplume::transport
