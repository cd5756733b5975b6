#include "transport_model.h"

#include <algorithm>

#include "simd.h"

namespace retroplume::transport {
namespace {

RETROPLUME_ROW_KERNEL
double dot_row(int cols, const double* a, const double* b) {
  double total = 0.0;
#pragma omp simd reduction(+ : total)
  for (int i = 0; i < cols; ++i) total += a[i] * b[i];
  return total;
}

RETROPLUME_ROW_KERNEL
void add_row(int cols, const double* rate, double time_step, double* __restrict q) {
  for (int i = 0; i < cols; ++i) q[i] += rate[i] * time_step;
}

bool untouched_by_chemistry(int s) { return s == kTNH3 || s == kPPM; }  // only emitted; `react_row` leaves them alone

}  // namespace

std::vector<float> TransportModel::advance_hour(const HourInputs& inputs) {
  check(inputs);
  const double time_step = 3600.0 / options_.steps_per_hour;
  prepare_hour(inputs, time_step);
  std::fill(observed_.begin(), observed_.end(), 0.0);
  for (int step = 0; step < options_.steps_per_hour; ++step) {
    if (options_.processes.transport) transport(time_step, step % 2 == 0);
    if (options_.processes.vertical) remap_and_mix(time_step);
    react(time_step);
    deposit(time_step);
    observe();
  }
  std::vector<float> means(cells_ * kOutputCount);
  for (int j = 0; j < grid_.rows; ++j) {
    for (int i = 0; i < grid_.cols; ++i) {
      for (int o = 0; o < kOutputCount; ++o) {
        const double total = observed_[(static_cast<long>(j) * kOutputCount + o) * grid_.cols + i];
        means[(static_cast<long>(j) * grid_.cols + i) * kOutputCount + o] = static_cast<float>(total / options_.steps_per_hour);
      }
    }
  }
  return means;
}

void TransportModel::transport(double time_step, bool x_first) {
#pragma omp parallel for num_threads(options_.threads) schedule(dynamic)
  for (int layer = 0; layer < layers_; ++layer) {
    double* moved = moved_[layer].data();
    std::copy_n(air(layer), cells_, moved);
    for (int sweep = 0; sweep < 2 * sub_steps_[layer]; ++sweep, moved += cells_) {
      const int axis = ((sweep / 2 + sweep) % 2 == 0) == x_first ? 0 : 1;
      sweep_air(shape_, axis, axis == 0 ? courant_x_[layer].data() : courant_y_[layer].data(), moved, moved + cells_);
    }
  }
  std::vector<double> entered(kSpeciesCount * layers_);
#pragma omp parallel num_threads(options_.threads)
  {
    std::vector<double> scratch(sweep_scratch(shape_));
#pragma omp for schedule(dynamic)
    for (int task = 0; task < kSpeciesCount * layers_; ++task) {
      entered[task] = transport_plane(task % kSpeciesCount, task / kSpeciesCount, time_step, x_first, scratch.data());
    }
  }
  for (int layer = 0; layer < layers_; ++layer) {
    std::copy_n(moved_[layer].data() + 2 * sub_steps_[layer] * cells_, cells_, air(layer));
    for (int s = 0; s < kSpeciesCount; ++s) budget_.inflow[s] += entered[layer * kSpeciesCount + s] * to_amount_;
  }
}

double TransportModel::transport_plane(int species, int layer, double time_step, bool x_first, double* scratch) {
  const double dt = time_step / sub_steps_[layer];
  const double size[2] = {grid_.cell_size_x, grid_.cell_size_y};
  const double* moved = moved_[layer].data();
  double entered = 0.0;
  for (int sweep = 0; sweep < 2 * sub_steps_[layer]; ++sweep, moved += cells_) {
    const int axis = ((sweep / 2 + sweep) % 2 == 0) == x_first ? 0 : 1;  // x y, y x, x y ...
    const double diffusion = options_.horizontal_diffusivity * dt / (size[axis] * size[axis]);
    entered += sweep_tracer(shape_, axis, axis == 0 ? courant_x_[layer].data() : courant_y_[layer].data(), moved, moved + cells_, diffusion,
                            options_.background[species], plane(species, layer), scratch);
  }
  return entered;
}

void TransportModel::remap_and_mix(double time_step) {
  const int rows = grid_.rows, cols = grid_.cols;
  std::vector<double> top(static_cast<long>(rows) * kSpeciesCount, 0.0);
#pragma omp parallel num_threads(options_.threads)
  {
    std::vector<double> workspace(row_weights_size(cols, layers_));
    const RowWeights weights = row_weights(workspace.data(), cols, layers_);
#pragma omp for schedule(static)
    for (int j = 0; j < rows; ++j) {
      RowColumns columns{cols, layers_, {}, {}, {}};
      for (int k = 0; k < layers_; ++k) {
        const long at = k * cells_ + static_cast<long>(j) * cols;
        columns.air[k] = row(kSpeciesCount, k, j), columns.target[k] = &target_[at], columns.exchange[k] = &exchange_[at];
      }
      prepare_row(columns, time_step, weights);
      for (int s = 0; s < kSpeciesCount; ++s) {
        double* q[kMaxLayers];
        for (int k = 0; k < layers_; ++k) q[k] = row(s, k, j);
        remap_row(columns, weights, options_.background[s], q, &top[static_cast<long>(j) * kSpeciesCount + s]);
        mix_row(columns, weights, q);
      }
      for (int k = 0; k < layers_; ++k) std::copy_n(columns.target[k], cols, row(kSpeciesCount, k, j));
    }
  }
  add_rows(budget_.top, top);
}

void TransportModel::react(double time_step) {
  const int rows = grid_.rows, cols = grid_.cols;
  std::vector<double> emitted(static_cast<long>(rows) * kSpeciesCount, 0.0), reacted(emitted), nitrate(rows, 0.0);
#pragma omp parallel num_threads(options_.threads)
  {
    const std::vector<double> none(cols, 0.0);
    std::vector<double> organic_nitrate(cols);
#pragma omp for schedule(static)
    for (int j = 0; j < rows; ++j) {
      for (int k = 0; k < layers_; ++k) {
        const bool emits = options_.processes.emission && k < 2;
        const double *mass = row(kSpeciesCount, k, j), *emission[kSpeciesCount];
        double *q[kSpeciesCount], *rate[kRateCount], before[kSpeciesCount];
        for (int s = 0; s < kSpeciesCount; ++s) {
          q[s] = row(s, k, j);
          emission[s] = emits ? emission_row(k, j) + s * cols : none.data();
          before[s] = dot_row(cols, q[s], mass);
          if (emits) emitted[j * kSpeciesCount + s] += time_step * dot_row(cols, emission[s], mass);
          if (emits && (untouched_by_chemistry(s) || !options_.processes.chemistry)) add_row(cols, emission[s], time_step, q[s]);
        }
        if (!options_.processes.chemistry) continue;
        for (int r = 0; r < kRateCount; ++r) rate[r] = rate_rows(k, j) + r * cols;
        std::fill(organic_nitrate.begin(), organic_nitrate.end(), 0.0);
        react_row(cols, rate, emission, options_.chemistry, time_step, options_.chemistry_steps, q, organic_nitrate.data());
        nitrate[j] += dot_row(cols, organic_nitrate.data(), mass);
        for (int s = 0; s < kSpeciesCount; ++s) {
          if (untouched_by_chemistry(s)) continue;
          const double gain = emits ? time_step * dot_row(cols, emission[s], mass) : 0.0;
          reacted[j * kSpeciesCount + s] += dot_row(cols, q[s], mass) - before[s] - gain;
        }
      }
    }
  }
  add_rows(budget_.emitted, emitted);
  add_rows(budget_.reacted, reacted);
  for (int j = 0; j < rows; ++j) budget_.organic_nitrate += nitrate[j] * to_amount_;
}

void TransportModel::deposit(double time_step) {
  const int rows = grid_.rows, cols = grid_.cols;
  std::vector<double> dry(static_cast<long>(rows) * kSpeciesCount, 0.0), wet(dry);
#pragma omp parallel for num_threads(options_.threads) schedule(static)
  for (int j = 0; j < rows; ++j) {
    const long at = static_cast<long>(j) * cols;
    const bool rains = options_.processes.wet_deposition && rains_[j];
    for (int k = 0; k < layers_; ++k) {
      Removal removal{{}, rains ? &scavenging_[at] : nullptr, &nitrate_constant_[at]};
      for (int c = 0; c < kDepositionClasses && k == 0 && options_.processes.dry_deposition; ++c) removal.kept[c] = kept_rows(j) + c * cols;
      double* q[kSpeciesCount];
      for (int s = 0; s < kSpeciesCount; ++s) q[s] = row(s, k, j);
      deposit_row(cols, removal, row(kSpeciesCount, k, j), time_step, q, &dry[static_cast<long>(j) * kSpeciesCount],
                  &wet[static_cast<long>(j) * kSpeciesCount]);
    }
  }
  add_rows(budget_.dry, dry);
  add_rows(budget_.wet, wet);
}

void TransportModel::observe() {
  const int cols = grid_.cols;
#pragma omp parallel for num_threads(options_.threads) schedule(static)
  for (int j = 0; j < grid_.rows; ++j) {
    const double* q[kSpeciesCount];
    double* sums[kOutputCount];
    for (int s = 0; s < kSpeciesCount; ++s) q[s] = row(s, 0, j);
    for (int o = 0; o < kOutputCount; ++o) sums[o] = &observed_[(static_cast<long>(j) * kOutputCount + o) * cols];
    const long at = static_cast<long>(j) * cols;
    observe_row(cols, q, &nitrate_constant_[at], &density_[at], sums);
  }
}

// Sums in row order: the same bits for any number of threads.
void TransportModel::add_rows(std::array<double, kSpeciesCount>& into, const std::vector<double>& rows) {
  for (int s = 0; s < kSpeciesCount; ++s) {
    double total = 0.0;
    for (int j = 0; j < grid_.rows; ++j) total += rows[static_cast<long>(j) * kSpeciesCount + s];
    into[s] += total * to_amount_;
  }
}

std::array<double, kSpeciesCount> TransportModel::mass() {
  std::array<double, kSpeciesCount> total{};
  for (int s = 0; s < kSpeciesCount; ++s) {
    for (int k = 0; k < layers_; ++k) {
      for (int j = 0; j < grid_.rows; ++j) total[s] += dot_row(grid_.cols, row(s, k, j), row(kSpeciesCount, k, j)) * to_amount_;
    }
  }
  return total;
}

const Budget& TransportModel::budget() {
  budget_.mass = mass();
  return budget_;
}

void TransportModel::start_budget() {
  budget_ = Budget{};
  budget_.start = mass();
}

}  // namespace retroplume::transport
