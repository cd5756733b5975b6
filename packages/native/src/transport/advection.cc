#include "advection.h"

#include <algorithm>
#include <cmath>

#include "simd.h"

namespace retroplume::transport {
namespace {

// Twice the monotonised central half-slope: sign * min(2|l|, 2|r|, |l + r| / 2), zero at extrema (van Leer 1977, eq. 66).
RETROPLUME_INLINE double limitedSlope(double left, double right) {
  const double central = 0.5 * std::fabs(left + right);
  const double edge = 2.0 * smaller(std::fabs(left), std::fabs(right));
  const double size = smaller(central, edge);
  return left * right > 0.0 ? std::copysign(size, left) : 0.0;
}

// Tracer flux through a face from the cells on both sides.
RETROPLUME_INLINE double tracerFlux(double courant, double qLeft, double slopeLeft, double airLeft, double qRight, double slopeRight, double airRight,
                                    double diffusion) {
  const bool forward = courant >= 0.0;
  const double upwind = forward ? qLeft + 0.5 * (1.0 - courant) * slopeLeft : qRight - 0.5 * (1.0 + courant) * slopeRight;
  const double air = courant * (forward ? airLeft : airRight);
  return air * upwind - diffusion * smaller(airLeft, airRight) * (qRight - qLeft);
}

RETROPLUME_ROW_KERNEL
void slopeRow(int n, const double* below, const double* here, const double* above, double* __restrict slope) {
  for (int i = 0; i < n; ++i) slope[i] = limitedSlope(here[i] - below[i], above[i] - here[i]);
}

RETROPLUME_ROW_KERNEL
void fluxRow(int n, const double* courant, const double* qLeft, const double* slopeLeft, const double* airLeft, const double* qRight,
             const double* slopeRight, const double* airRight, double diffusion, double* __restrict flux) {
  for (int i = 0; i < n; ++i) {
    flux[i] = tracerFlux(courant[i], qLeft[i], slopeLeft[i], airLeft[i], qRight[i], slopeRight[i], airRight[i], diffusion);
  }
}

RETROPLUME_ROW_KERNEL
void updateRow(int n, const double* air, const double* moved, const double* fluxIn, const double* fluxOut, double* __restrict q) {
  for (int i = 0; i < n; ++i) q[i] = (air[i] * q[i] - (fluxOut[i] - fluxIn[i])) / moved[i];
}

RETROPLUME_ROW_KERNEL
void airRow(int n, const double* courantIn, const double* courantOut, const double* before, const double* here, const double* after,
            double* __restrict moved) {
  for (int i = 0; i < n; ++i) {
    const double in = courantIn[i] * (courantIn[i] >= 0.0 ? before[i] : here[i]);
    const double out = courantOut[i] * (courantOut[i] >= 0.0 ? here[i] : after[i]);
    moved[i] = here[i] - (out - in);
  }
}

double sum(const double* values, int n) {
  double total = 0.0;
  for (int i = 0; i < n; ++i) total += values[i];
  return total;
}

// Copies a row between two ghost cells a side: padded[2 .. n+1] is the row.
void padRow(const PlaneShape& shape, const double* row, int n, double outside, double* padded) {
  std::copy(row, row + n, padded + 2);
  const bool wraps = shape.boundary == Boundary::periodic;
  const bool closed = shape.boundary == Boundary::closed;
  padded[1] = wraps ? row[n - 1] : closed ? row[0] : outside;
  padded[0] = wraps ? row[std::max(n - 2, 0)] : padded[1];
  padded[n + 2] = wraps ? row[0] : closed ? row[n - 1] : outside;
  padded[n + 3] = wraps ? row[std::min(1, n - 1)] : padded[n + 2];
}

double sweepRows(const PlaneShape& shape, const double* courant, const double* air, const double* moved, double diffusion, double inflow, double* q,
                 double* scratch) {
  const int n = shape.cols;
  double* qPad = scratch;
  double* airPad = qPad + n + 4;
  double* slope = airPad + n + 4;  // cells -1 .. n
  double* flux = slope + n + 2;
  const double edgeDiffusion = shape.boundary == Boundary::periodic ? diffusion : 0.0;  // only air goes through an open edge
  double entered = 0.0;
  for (int j = 0; j < shape.rows; ++j) {
    const double* c = courant + static_cast<long>(j) * (n + 1);
    const double* m = air + static_cast<long>(j) * n;
    double* row = q + static_cast<long>(j) * n;
    padRow(shape, row, n, inflow, qPad);
    padRow(shape, m, n, 0.0, airPad);
    if (shape.boundary == Boundary::open) airPad[1] = m[0], airPad[n + 2] = m[n - 1];
    slopeRow(n + 2, qPad, qPad + 1, qPad + 2, slope);
    fluxRow(1, c, qPad + 1, slope, airPad + 1, qPad + 2, slope + 1, airPad + 2, edgeDiffusion, flux);
    fluxRow(n - 1, c + 1, qPad + 2, slope + 1, airPad + 2, qPad + 3, slope + 2, airPad + 3, diffusion, flux + 1);
    fluxRow(1, c + n, qPad + n + 1, slope + n, airPad + n + 1, qPad + n + 2, slope + n + 1, airPad + n + 2, edgeDiffusion, flux + n);
    updateRow(n, m, moved + static_cast<long>(j) * n, flux, flux + 1, row);
    entered += flux[0] - flux[n];
  }
  return entered;
}

double sweepColumns(const PlaneShape& shape, const double* courant, const double* air, const double* moved, double diffusion, double inflow,
                    double* q, double* scratch) {
  const int n = shape.cols, rows = shape.rows;
  const bool wraps = shape.boundary == Boundary::periodic;
  double* ghostLow = scratch;  // row -1
  double* ghostHigh = ghostLow + n;
  double* ghostLow2 = ghostHigh + n;  // row -2
  double* ghostHigh2 = ghostLow2 + n;
  double* slopeLeft = ghostHigh2 + n;
  double* slopeRight = slopeLeft + n;
  double* fluxIn = slopeRight + n;
  double* fluxOut = fluxIn + n;
  auto row = [&](double* plane, int j) { return plane + static_cast<long>(j) * n; };
  auto airAt = [&](int j) {
    const int k = wraps ? (j + rows) % rows : std::clamp(j, 0, rows - 1);
    return air + static_cast<long>(k) * n;
  };
  const bool closed = shape.boundary == Boundary::closed;
  auto fill = [&](double* ghost, int wrapped, int edge) {
    if (wraps || closed) {
      std::copy_n(row(q, wraps ? (wrapped + 2 * rows) % rows : edge), n, ghost);
    } else {
      std::fill_n(ghost, n, inflow);
    }
  };
  fill(ghostLow, -1, 0), fill(ghostLow2, -2, 0), fill(ghostHigh, rows, rows - 1), fill(ghostHigh2, rows + 1, rows - 1);
  auto qAt = [&](int j) -> const double* {
    return j == -2 ? ghostLow2 : j == -1 ? ghostLow : j == rows ? ghostHigh : j == rows + 1 ? ghostHigh2 : row(q, j);
  };
  double entered = 0.0;
  slopeRow(n, qAt(-2), qAt(-1), qAt(0), slopeLeft);
  for (int j = 0; j <= rows; ++j) {  // face j lies between rows j - 1 and j; row j - 1 is updated once both its faces are known
    slopeRow(n, qAt(j - 1), qAt(j), qAt(j + 1), slopeRight);
    const bool edge = (j == 0 || j == rows) && !wraps;
    fluxRow(n, courant + static_cast<long>(j) * n, qAt(j - 1), slopeLeft, airAt(j - 1), qAt(j), slopeRight, airAt(j), edge ? 0.0 : diffusion,
            fluxOut);
    if (j == 0) entered += sum(fluxOut, n);
    if (j == rows) entered -= sum(fluxOut, n);
    if (j > 0) updateRow(n, airAt(j - 1), moved + static_cast<long>(j - 1) * n, fluxIn, fluxOut, row(q, j - 1));
    std::swap(slopeLeft, slopeRight);
    std::swap(fluxIn, fluxOut);
  }
  return entered;
}

}  // namespace

int transportSteps(double outflow, double diffusion) {
  int steps = 1;
  while (outflow / steps + std::sqrt(2.0 * diffusion / steps) > 0.95) ++steps;  // 0.95: some air stays in every cell
  return steps;
}

int sweepScratch(const PlaneShape& shape) { return 8 * (shape.cols + 4); }

void sweepAir(const PlaneShape& shape, int axis, const double* courant, const double* air, double* moved) {
  const int n = shape.cols, rows = shape.rows;
  const bool wraps = shape.boundary == Boundary::periodic;
  for (int j = 0; j < rows; ++j) {
    const double* here = air + static_cast<long>(j) * n;
    double* out = moved + static_cast<long>(j) * n;
    if (axis == 1) {  // air outside an open edge is as thick as just inside
      const int low = wraps ? (j + rows - 1) % rows : std::max(j - 1, 0), high = wraps ? (j + 1) % rows : std::min(j + 1, rows - 1);
      const double* c = courant + static_cast<long>(j) * n;
      airRow(n, c, c + n, air + static_cast<long>(low) * n, here, air + static_cast<long>(high) * n, out);
      continue;
    }
    const double* c = courant + static_cast<long>(j) * (n + 1);
    if (n > 2) airRow(n - 2, c + 1, c + 2, here, here + 1, here + 2, out + 1);
    const double west = wraps ? here[n - 1] : here[0], east = wraps ? here[0] : here[n - 1];
    airRow(1, c, c + 1, &west, here, n > 1 ? here + 1 : &east, out);
    if (n > 1) airRow(1, c + n - 1, c + n, here + n - 2, here + n - 1, &east, out + n - 1);
  }
}

double sweepTracer(const PlaneShape& shape, int axis, const double* courant, const double* air, const double* moved, double diffusion, double inflow,
                   double* q, double* scratch) {
  return axis == 0 ? sweepRows(shape, courant, air, moved, diffusion, inflow, q, scratch)
                   : sweepColumns(shape, courant, air, moved, diffusion, inflow, q, scratch);
}

}  // namespace retroplume::transport
