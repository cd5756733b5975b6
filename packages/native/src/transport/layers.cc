#include "layers.h"

#include <algorithm>
#include <utility>

#include "simd.h"

namespace retroplume::transport {
namespace {

RETROPLUME_ROW_KERNEL
void overlap_row(int cols, const double* low_new, const double* high_new, const double* low_old, const double* high_old, const double* per,
                 double* __restrict weight) {
  for (int i = 0; i < cols; ++i) {
    const double overlap = smaller(high_new[i], high_old[i]) - larger(low_new[i], low_old[i]);
    weight[i] = larger(overlap, 0.0) / (per ? per[i] : 1.0);
  }
}

RETROPLUME_ROW_KERNEL
void accumulate_row(int cols, const double* thickness, const double* below, double* __restrict height) {
  for (int i = 0; i < cols; ++i) height[i] = below[i] + thickness[i];
}

RETROPLUME_ROW_KERNEL
void factor_row(int cols, double time_step, const double* target, const double* below, const double* above, const double* upper_below,
                double* __restrict lower, double* __restrict upper, double* __restrict pivot) {
  for (int i = 0; i < cols; ++i) {
    const double down = below ? below[i] * time_step / target[i] : 0.0;
    const double up = above ? above[i] * time_step / target[i] : 0.0;
    const double p = 1.0 / (1.0 + down + up - (upper_below ? down * upper_below[i] : 0.0));
    pivot[i] = p;
    lower[i] = down;
    upper[i] = up * p;
  }
}

RETROPLUME_ROW_KERNEL
void combine_row(int cols, const double* weight, const double* q, double* __restrict out, bool first) {
  if (first) {
    for (int i = 0; i < cols; ++i) out[i] = weight[i] * q[i];
  } else {
    for (int i = 0; i < cols; ++i) out[i] += weight[i] * q[i];
  }
}

RETROPLUME_ROW_KERNEL
void add_background_row(int cols, const double* weight, double background, double* __restrict out) {
  for (int i = 0; i < cols; ++i) out[i] += weight[i] * background;
}

RETROPLUME_ROW_KERNEL
double dot_row(int cols, const double* a, const double* b) {
  double total = 0.0;
#pragma omp simd reduction(+ : total)
  for (int i = 0; i < cols; ++i) total += a[i] * b[i];
  return total;
}

RETROPLUME_ROW_KERNEL
void eliminate_row(int cols, const double* lower, const double* pivot, const double* below, double* __restrict q) {
  for (int i = 0; i < cols; ++i) q[i] = (q[i] + (below ? lower[i] * below[i] : 0.0)) * pivot[i];
}

RETROPLUME_ROW_KERNEL
void substitute_row(int cols, const double* upper, const double* above, double* __restrict q) {
  for (int i = 0; i < cols; ++i) q[i] += upper[i] * above[i];
}

}  // namespace

int row_weights_size(int cols, int layers) { return cols * (layers * (layers + 1) + 4 * layers + 2 * (layers + 1) + 2 * layers); }

RowWeights row_weights(double* workspace, int cols, int layers) {
  RowWeights w{};
  double* next = workspace + static_cast<long>(cols) * (2 * (layers + 1) + 2 * layers);  // the front is scratch for interfaces
  auto take = [&] { return std::exchange(next, next + cols); };
  for (int k = 0; k < layers; ++k) {
    for (int j = 0; j <= layers; ++j) w.weights[k][j] = take();
    w.vent[k] = take(), w.lower[k] = take(), w.upper[k] = take(), w.pivot[k] = take();
  }
  w.scratch = workspace;
  return w;
}

void prepare_row(const RowColumns& row, double time_step, const RowWeights& out) {
  const int cols = row.cols, layers = row.layers;
  double* old_height = out.scratch;  // interfaces in mol m-2 above the ground: [layers + 1][cols]
  double* new_height = out.scratch + (layers + 1) * cols;
  std::fill_n(old_height, cols, 0.0);
  std::fill_n(new_height, cols, 0.0);
  for (int k = 0; k < layers; ++k) {
    accumulate_row(cols, row.air[k], old_height + k * cols, old_height + (k + 1) * cols);
    accumulate_row(cols, row.target[k], new_height + k * cols, new_height + (k + 1) * cols);
  }
  const double* old_top = old_height + layers * cols;
  const double* new_top = new_height + layers * cols;
  for (int k = 0; k < layers; ++k) {
    const double *low = new_height + k * cols, *high = low + cols;
    for (int j = 0; j < layers; ++j)
      overlap_row(cols, low, high, old_height + j * cols, old_height + (j + 1) * cols, row.target[k], out.weights[k][j]);
    overlap_row(cols, low, high, old_top, new_top, row.target[k], out.weights[k][layers]);
    overlap_row(cols, new_top, old_top, old_height + k * cols, old_height + (k + 1) * cols, nullptr, out.vent[k]);
    factor_row(cols, time_step, row.target[k], k > 0 ? row.exchange[k - 1] : nullptr, k + 1 < layers ? row.exchange[k] : nullptr,
               k > 0 ? out.upper[k - 1] : nullptr, out.lower[k], out.upper[k], out.pivot[k]);
  }
}

void remap_row(const RowColumns& row, const RowWeights& w, double background, double* const* q, double* top) {
  const int cols = row.cols, layers = row.layers;
  for (int j = 0; j < layers; ++j) *top -= dot_row(cols, w.vent[j], q[j]);
  double* mixed = w.scratch;
  for (int k = 0; k < layers; ++k) {
    for (int j = 0; j < layers; ++j) combine_row(cols, w.weights[k][j], q[j], mixed + k * cols, j == 0);
    add_background_row(cols, w.weights[k][layers], background, mixed + k * cols);
    *top += background * dot_row(cols, w.weights[k][layers], row.target[k]);
  }
  for (int k = 0; k < layers; ++k) std::copy_n(mixed + k * cols, cols, q[k]);
}

void mix_row(const RowColumns& row, const RowWeights& w, double* const* q) {
  for (int k = 0; k < row.layers; ++k) eliminate_row(row.cols, w.lower[k], w.pivot[k], k > 0 ? q[k - 1] : nullptr, q[k]);
  for (int k = row.layers - 2; k >= 0; --k) substitute_row(row.cols, w.upper[k], q[k + 1], q[k]);
}

}  // namespace retroplume::transport
