#include "advection.h"

#include <algorithm>
#include <cmath>

#include "simd.h"

namespace retroplume::transport {
namespace {

// Twice the monotonised central half-slope: sign * min(2|l|, 2|r|, |l + r| / 2), zero at extrema (van Leer 1977, eq. 66).
RETROPLUME_INLINE double limited_slope(double left, double right) {
  const double central = 0.5 * std::fabs(left + right);
  const double edge = 2.0 * smaller(std::fabs(left), std::fabs(right));
  const double size = smaller(central, edge);
  return left * right > 0.0 ? std::copysign(size, left) : 0.0;
}

// Tracer flux through a face from the cells on both sides.
RETROPLUME_INLINE double tracer_flux(double courant, double q_left, double slope_left, double air_left, double q_right, double slope_right,
                                     double air_right, double diffusion) {
  const bool forward = courant >= 0.0;
  const double upwind = forward ? q_left + 0.5 * (1.0 - courant) * slope_left : q_right - 0.5 * (1.0 + courant) * slope_right;
  const double air = courant * (forward ? air_left : air_right);
  return air * upwind - diffusion * smaller(air_left, air_right) * (q_right - q_left);
}

RETROPLUME_ROW_KERNEL
void slope_row(int n, const double* below, const double* here, const double* above, double* __restrict slope) {
  for (int i = 0; i < n; ++i) slope[i] = limited_slope(here[i] - below[i], above[i] - here[i]);
}

RETROPLUME_ROW_KERNEL
void flux_row(int n, const double* courant, const double* q_left, const double* slope_left, const double* air_left, const double* q_right,
              const double* slope_right, const double* air_right, double diffusion, double* __restrict flux) {
  for (int i = 0; i < n; ++i) {
    flux[i] = tracer_flux(courant[i], q_left[i], slope_left[i], air_left[i], q_right[i], slope_right[i], air_right[i], diffusion);
  }
}

RETROPLUME_ROW_KERNEL
void update_row(int n, const double* air, const double* moved, const double* flux_in, const double* flux_out, double* __restrict q) {
  for (int i = 0; i < n; ++i) q[i] = (air[i] * q[i] - (flux_out[i] - flux_in[i])) / moved[i];
}

RETROPLUME_ROW_KERNEL
void air_row(int n, const double* courant_in, const double* courant_out, const double* before, const double* here, const double* after,
             double* __restrict moved) {
  for (int i = 0; i < n; ++i) {
    const double in = courant_in[i] * (courant_in[i] >= 0.0 ? before[i] : here[i]);
    const double out = courant_out[i] * (courant_out[i] >= 0.0 ? here[i] : after[i]);
    moved[i] = here[i] - (out - in);
  }
}

double sum(const double* values, int n) {
  double total = 0.0;
  for (int i = 0; i < n; ++i) total += values[i];
  return total;
}

// Copies a row between two ghost cells a side: padded[2 .. n+1] is the row.
void pad_row(const PlaneShape& shape, const double* row, int n, double outside, double* padded) {
  std::copy(row, row + n, padded + 2);
  const bool wraps = shape.boundary == Boundary::kPeriodic;
  const bool closed = shape.boundary == Boundary::kClosed;
  padded[1] = wraps ? row[n - 1] : closed ? row[0] : outside;
  padded[0] = wraps ? row[std::max(n - 2, 0)] : padded[1];
  padded[n + 2] = wraps ? row[0] : closed ? row[n - 1] : outside;
  padded[n + 3] = wraps ? row[std::min(1, n - 1)] : padded[n + 2];
}

double sweep_rows(const PlaneShape& shape, const double* courant, const double* air, const double* moved, double diffusion, double inflow, double* q,
                  double* scratch) {
  const int n = shape.cols;
  double* q_pad = scratch;
  double* air_pad = q_pad + n + 4;
  double* slope = air_pad + n + 4;  // cells -1 .. n
  double* flux = slope + n + 2;
  const double edge_diffusion = shape.boundary == Boundary::kPeriodic ? diffusion : 0.0;  // only air goes through an open edge
  double entered = 0.0;
  for (int j = 0; j < shape.rows; ++j) {
    const double* c = courant + static_cast<long>(j) * (n + 1);
    const double* m = air + static_cast<long>(j) * n;
    double* row = q + static_cast<long>(j) * n;
    pad_row(shape, row, n, inflow, q_pad);
    pad_row(shape, m, n, 0.0, air_pad);
    if (shape.boundary == Boundary::kOpen) air_pad[1] = m[0], air_pad[n + 2] = m[n - 1];
    slope_row(n + 2, q_pad, q_pad + 1, q_pad + 2, slope);
    flux_row(1, c, q_pad + 1, slope, air_pad + 1, q_pad + 2, slope + 1, air_pad + 2, edge_diffusion, flux);
    flux_row(n - 1, c + 1, q_pad + 2, slope + 1, air_pad + 2, q_pad + 3, slope + 2, air_pad + 3, diffusion, flux + 1);
    flux_row(1, c + n, q_pad + n + 1, slope + n, air_pad + n + 1, q_pad + n + 2, slope + n + 1, air_pad + n + 2, edge_diffusion, flux + n);
    update_row(n, m, moved + static_cast<long>(j) * n, flux, flux + 1, row);
    entered += flux[0] - flux[n];
  }
  return entered;
}

double sweep_columns(const PlaneShape& shape, const double* courant, const double* air, const double* moved, double diffusion, double inflow,
                     double* q, double* scratch) {
  const int n = shape.cols, rows = shape.rows;
  const bool wraps = shape.boundary == Boundary::kPeriodic;
  double* ghost_low = scratch;  // row -1
  double* ghost_high = ghost_low + n;
  double* ghost_low2 = ghost_high + n;  // row -2
  double* ghost_high2 = ghost_low2 + n;
  double* slope_left = ghost_high2 + n;
  double* slope_right = slope_left + n;
  double* flux_in = slope_right + n;
  double* flux_out = flux_in + n;
  auto row = [&](double* plane, int j) { return plane + static_cast<long>(j) * n; };
  auto air_at = [&](int j) {
    const int k = wraps ? (j + rows) % rows : std::clamp(j, 0, rows - 1);
    return air + static_cast<long>(k) * n;
  };
  const bool closed = shape.boundary == Boundary::kClosed;
  auto fill = [&](double* ghost, int wrapped, int edge) {
    if (wraps || closed) {
      std::copy_n(row(q, wraps ? (wrapped + 2 * rows) % rows : edge), n, ghost);
    } else {
      std::fill_n(ghost, n, inflow);
    }
  };
  fill(ghost_low, -1, 0), fill(ghost_low2, -2, 0), fill(ghost_high, rows, rows - 1), fill(ghost_high2, rows + 1, rows - 1);
  auto q_at = [&](int j) -> const double* {
    return j == -2 ? ghost_low2 : j == -1 ? ghost_low : j == rows ? ghost_high : j == rows + 1 ? ghost_high2 : row(q, j);
  };
  double entered = 0.0;
  slope_row(n, q_at(-2), q_at(-1), q_at(0), slope_left);
  for (int j = 0; j <= rows; ++j) {  // face j lies between rows j - 1 and j; row j - 1 is updated once both its faces are known
    slope_row(n, q_at(j - 1), q_at(j), q_at(j + 1), slope_right);
    const bool edge = (j == 0 || j == rows) && !wraps;
    flux_row(n, courant + static_cast<long>(j) * n, q_at(j - 1), slope_left, air_at(j - 1), q_at(j), slope_right, air_at(j), edge ? 0.0 : diffusion,
             flux_out);
    if (j == 0) entered += sum(flux_out, n);
    if (j == rows) entered -= sum(flux_out, n);
    if (j > 0) update_row(n, air_at(j - 1), moved + static_cast<long>(j - 1) * n, flux_in, flux_out, row(q, j - 1));
    std::swap(slope_left, slope_right);
    std::swap(flux_in, flux_out);
  }
  return entered;
}

}  // namespace

int transport_steps(double outflow, double diffusion) {
  int steps = 1;
  while (outflow / steps + std::sqrt(2.0 * diffusion / steps) > 0.95) ++steps;  // 0.95: some air stays in every cell
  return steps;
}

int sweep_scratch(const PlaneShape& shape) { return 8 * (shape.cols + 4); }

void sweep_air(const PlaneShape& shape, int axis, const double* courant, const double* air, double* moved) {
  const int n = shape.cols, rows = shape.rows;
  const bool wraps = shape.boundary == Boundary::kPeriodic;
  for (int j = 0; j < rows; ++j) {
    const double* here = air + static_cast<long>(j) * n;
    double* out = moved + static_cast<long>(j) * n;
    if (axis == 1) {  // air outside an open edge is as thick as just inside
      const int low = wraps ? (j + rows - 1) % rows : std::max(j - 1, 0), high = wraps ? (j + 1) % rows : std::min(j + 1, rows - 1);
      const double* c = courant + static_cast<long>(j) * n;
      air_row(n, c, c + n, air + static_cast<long>(low) * n, here, air + static_cast<long>(high) * n, out);
      continue;
    }
    const double* c = courant + static_cast<long>(j) * (n + 1);
    if (n > 2) air_row(n - 2, c + 1, c + 2, here, here + 1, here + 2, out + 1);
    const double west = wraps ? here[n - 1] : here[0], east = wraps ? here[0] : here[n - 1];
    air_row(1, c, c + 1, &west, here, n > 1 ? here + 1 : &east, out);
    if (n > 1) air_row(1, c + n - 1, c + n, here + n - 2, here + n - 1, &east, out + n - 1);
  }
}

double sweep_tracer(const PlaneShape& shape, int axis, const double* courant, const double* air, const double* moved, double diffusion, double inflow,
                    double* q, double* scratch) {
  return axis == 0 ? sweep_rows(shape, courant, air, moved, diffusion, inflow, q, scratch)
                   : sweep_columns(shape, courant, air, moved, diffusion, inflow, q, scratch);
}

}  // namespace retroplume::transport
