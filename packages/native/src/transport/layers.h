// The vertical: a mixed layer that follows the boundary-layer height, and layers with fixed tops above it.
//
// Layer 0 reaches from the ground to h = max(PBL, minimum); layer k >= 1 to max(top_k, top_{k-1} + 100 m). Their air (mol m-2) is the target that
// each step comes back to. After horizontal transport the air of a column has changed where winds diverge, and at full hours h has moved:
// `remapRow` then cuts the column anew at the target interfaces (vertically Lagrangian coordinate: Lin 2004, Mon. Weather Rev. 132, 2293, with
// piecewise-constant profiles). That one operation is subsidence, entrainment into a growing boundary layer and the residual layer left by a
// collapsing one. Air that lacks at the top of the column comes in with the background's mixing ratios; surplus air leaves.
//
// Turbulence across interfaces is implicit (backward Euler, tridiagonal, unconditionally positive):
//   M_k (q_k' - q_k) / dt = E_{k-1} (q_{k-1}' - q_k') - E_k (q_k' - q_{k+1}')
// with E_0 = n w_e, entrainment velocity w_e = 0.002 + 0.02 u_* (Tennekes 1973, J. Atmos. Sci. 30, 558: proportional to u_*), and
// E_k = n K / dz, K = 1 m2 s-1, in the free troposphere.
#pragma once

namespace retroplume::transport {

inline constexpr int kMaxLayers = 5;

// Planes of one row; index = layer. `air` is read, all targets are reached.
struct RowColumns {
  int cols, layers;
  const double* air[kMaxLayers];       // after transport, mol m-2
  const double* target[kMaxLayers];    // mol m-2
  const double* exchange[kMaxLayers];  // E of the interface above layer k (k < layers - 1), mol m-2 s-1
};

// What `prepareRow` finds and every species then uses: weights[k][j] is the share of new layer k that was old layer j (j = layers: background),
// vent[j] the air of old layer j that leaves at the top, and the factors of the tridiagonal solve.
struct RowWeights {
  double* weights[kMaxLayers][kMaxLayers + 1];
  double* vent[kMaxLayers];
  double* lower[kMaxLayers];  // E_{k-1} dt / M_k
  double* upper[kMaxLayers];  // back substitution: E_k dt / M_k over the pivot
  double* pivot[kMaxLayers];  // 1 / pivot
  double* scratch;
};

// Doubles of workspace for `layers` layers, and the pointers into it.
int rowWeightsSize(int cols, int layers);
RowWeights rowWeights(double* workspace, int cols, int layers);

void prepareRow(const RowColumns& row, double timeStep, const RowWeights& out);

// One species of one row, in place. `top` receives tracer that came in at the top less what left, summed over the row (units of q M).
void remapRow(const RowColumns& row, const RowWeights& w, double background, double* const* q, double* top);
void mixRow(const RowColumns& row, const RowWeights& w, double* const* q);

}  // namespace retroplume::transport
