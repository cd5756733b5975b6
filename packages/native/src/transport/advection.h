// Horizontal transport of one layer: monotone, mass-conserving advection and diffusion in flux form, split into x and y sweeps.
//
// Air (M, mol m-2 in the layer) and tracers (mixing ratio q) are carried by the same fluxes:
//   F_j = c_j * M_upwind                               air through face j in the time step, c = u dt / dx (Courant number)
//   q_j = q_upwind +- (1 - |c_j|) / 2 * slope_upwind   van Leer's linear reconstruction, monotonised central slope
//   G_j = F_j q_j - d min(M_left, M_right) (qRight - qLeft),  d = K dt / dx^2
//   M' = M - (F_{j+1} - F_j);   q' = (M q - (G_{j+1} - G_j)) / M'
// A uniform q stays uniform whatever the winds do, since q' = q (M - dF) / M'; where winds diverge, M changes instead, and the vertical
// remapping (layers.h) brings the column back to its prescribed depth with air from above or below. q stays non-negative where
// c_out + sqrt(2 d) < 1 with c_out the sum of the outgoing Courant numbers of a cell: a fraction (1 - c_out)^2 or more of its tracer
// stays in the cell, and diffusion takes at most 2 d of it. The caller chooses the number of steps accordingly (`transportSteps`).
//
// van Leer (1977) J. Comput. Phys. 23, 276, doi:10.1016/0021-9991(77)90095-X (slopes, limiter)
// Lin & Rood (1996) Mon. Weather Rev. 124, 2046 (tracers carried by the fluxes of air); Walcek (2000) J. Geophys. Res. 105, 9335 (the same aim)
#pragma once

namespace retroplume::transport {

enum class Boundary { open, periodic, closed };

struct PlaneShape {
  int rows, cols;
  Boundary boundary;
};

// Number of equal steps for which the scheme stays positive; `outflow` is the largest sum of outgoing Courant numbers of a cell in one direction
// and `diffusion` K dt / dx^2, both for one step.
int transportSteps(double outflow, double diffusion);

// Air after an x sweep (`axis` 0) or y sweep (1): reads `air`, writes `moved`. Courant numbers of one step, positive to the east and north, of x
// faces [rows][cols + 1] or y faces [rows + 1][cols].
void sweepAir(const PlaneShape& shape, int axis, const double* courant, const double* air, double* moved);

// One sweep of one tracer, in place. `inflow` is the mixing ratio outside an open boundary, `diffusion` K dt / dx^2.
// Returns tracer that entered through the domain's edges less what left, in units of q M (per cell area).
double sweepTracer(const PlaneShape& shape, int axis, const double* courant, const double* air, const double* moved, double diffusion, double inflow,
                   double* q, double* scratch);

// Doubles of scratch that `sweepTracer` needs.
int sweepScratch(const PlaneShape& shape);

}  // namespace retroplume::transport
