#include "layers.h"

#include <algorithm>
#include <utility>

#include "simd.h"

namespace retroplume::transport {
namespace {

RETROPLUME_ROW_KERNEL
void overlapRow(int cols, const double* lowNew, const double* highNew, const double* lowOld, const double* highOld, const double* per,
                double* __restrict weight) {
  for (int i = 0; i < cols; ++i) {
    const double overlap = smaller(highNew[i], highOld[i]) - larger(lowNew[i], lowOld[i]);
    weight[i] = larger(overlap, 0.0) / (per ? per[i] : 1.0);
  }
}

RETROPLUME_ROW_KERNEL
void accumulateRow(int cols, const double* thickness, const double* below, double* __restrict height) {
  for (int i = 0; i < cols; ++i) height[i] = below[i] + thickness[i];
}

RETROPLUME_ROW_KERNEL
void factorRow(int cols, double timeStep, const double* target, const double* below, const double* above, const double* upperBelow,
               double* __restrict lower, double* __restrict upper, double* __restrict pivot) {
  for (int i = 0; i < cols; ++i) {
    const double down = below ? below[i] * timeStep / target[i] : 0.0;
    const double up = above ? above[i] * timeStep / target[i] : 0.0;
    const double p = 1.0 / (1.0 + down + up - (upperBelow ? down * upperBelow[i] : 0.0));
    pivot[i] = p;
    lower[i] = down;
    upper[i] = up * p;
  }
}

RETROPLUME_ROW_KERNEL
void combineRow(int cols, const double* weight, const double* q, double* __restrict out, bool first) {
  if (first) {
    for (int i = 0; i < cols; ++i) out[i] = weight[i] * q[i];
  } else {
    for (int i = 0; i < cols; ++i) out[i] += weight[i] * q[i];
  }
}

RETROPLUME_ROW_KERNEL
void addBackgroundRow(int cols, const double* weight, double background, double* __restrict out) {
  for (int i = 0; i < cols; ++i) out[i] += weight[i] * background;
}

RETROPLUME_ROW_KERNEL
double dotRow(int cols, const double* a, const double* b) {
  double total = 0.0;
#pragma omp simd reduction(+ : total)
  for (int i = 0; i < cols; ++i) total += a[i] * b[i];
  return total;
}

RETROPLUME_ROW_KERNEL
void eliminateRow(int cols, const double* lower, const double* pivot, const double* below, double* __restrict q) {
  for (int i = 0; i < cols; ++i) q[i] = (q[i] + (below ? lower[i] * below[i] : 0.0)) * pivot[i];
}

RETROPLUME_ROW_KERNEL
void substituteRow(int cols, const double* upper, const double* above, double* __restrict q) {
  for (int i = 0; i < cols; ++i) q[i] += upper[i] * above[i];
}

}  // namespace

int rowWeightsSize(int cols, int layers) { return cols * (layers * (layers + 1) + 4 * layers + 2 * (layers + 1) + 2 * layers); }

RowWeights rowWeights(double* workspace, int cols, int layers) {
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

void prepareRow(const RowColumns& row, double timeStep, const RowWeights& out) {
  const int cols = row.cols, layers = row.layers;
  double* oldHeight = out.scratch;  // interfaces in mol m-2 above the ground: [layers + 1][cols]
  double* newHeight = out.scratch + (layers + 1) * cols;
  std::fill_n(oldHeight, cols, 0.0);
  std::fill_n(newHeight, cols, 0.0);
  for (int k = 0; k < layers; ++k) {
    accumulateRow(cols, row.air[k], oldHeight + k * cols, oldHeight + (k + 1) * cols);
    accumulateRow(cols, row.target[k], newHeight + k * cols, newHeight + (k + 1) * cols);
  }
  const double* oldTop = oldHeight + layers * cols;
  const double* newTop = newHeight + layers * cols;
  for (int k = 0; k < layers; ++k) {
    const double *low = newHeight + k * cols, *high = low + cols;
    for (int j = 0; j < layers; ++j) overlapRow(cols, low, high, oldHeight + j * cols, oldHeight + (j + 1) * cols, row.target[k], out.weights[k][j]);
    overlapRow(cols, low, high, oldTop, newTop, row.target[k], out.weights[k][layers]);
    overlapRow(cols, newTop, oldTop, oldHeight + k * cols, oldHeight + (k + 1) * cols, nullptr, out.vent[k]);
    factorRow(cols, timeStep, row.target[k], k > 0 ? row.exchange[k - 1] : nullptr, k + 1 < layers ? row.exchange[k] : nullptr,
              k > 0 ? out.upper[k - 1] : nullptr, out.lower[k], out.upper[k], out.pivot[k]);
  }
}

void remapRow(const RowColumns& row, const RowWeights& w, double background, double* const* q, double* top) {
  const int cols = row.cols, layers = row.layers;
  for (int j = 0; j < layers; ++j) *top -= dotRow(cols, w.vent[j], q[j]);
  double* mixed = w.scratch;
  for (int k = 0; k < layers; ++k) {
    for (int j = 0; j < layers; ++j) combineRow(cols, w.weights[k][j], q[j], mixed + k * cols, j == 0);
    addBackgroundRow(cols, w.weights[k][layers], background, mixed + k * cols);
    *top += background * dotRow(cols, w.weights[k][layers], row.target[k]);
  }
  for (int k = 0; k < layers; ++k) std::copy_n(mixed + k * cols, cols, q[k]);
}

void mixRow(const RowColumns& row, const RowWeights& w, double* const* q) {
  for (int k = 0; k < row.layers; ++k) eliminateRow(row.cols, w.lower[k], w.pivot[k], k > 0 ? q[k - 1] : nullptr, q[k]);
  for (int k = row.layers - 2; k >= 0; --k) substituteRow(row.cols, w.upper[k], q[k + 1], q[k]);
}

}  // namespace retroplume::transport
