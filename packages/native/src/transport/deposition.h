// Dry deposition by resistances and wet scavenging by rain, with the surface values that come out of the model.
//
// Dry: v_d = 1 / (R_a + R_b + R_c) (Wesely 1989, Atmos. Environ. 23, 1293). R_a = U/u_*^2, doubled at night and halved in strong sun (a stand-in for
// stability); R_b = 5/u_*; R_c of gases from Wesely's stomatal (eq. 3), cuticular and ground paths in parallel, with the diffusivities, H* and f0 of
// his table 2, for one mixed land surface or sea. Particles: v_d = 0.002 u_* (Wesely et al. 1985, Atmos. Environ. 19, 2093), at least 0.05 cm s-1.
// Coarse particles also settle: v_d = v_s / (1 - exp(-v_s / v_fine)) (Venkatram & Pleim 1999, Atmos. Environ. 33, 3075), v_s = 0.27 cm s-1 by Stokes
// of 2.65 g cm-3 with as much mass in each interval of ln d between 2.5 and 10 um. They settle out of layer 0 only. Wet: lambda = W P / (h rho_w), W
// the scavenging ratio by species (Simpson et al. 2012, Atmos. Chem. Phys. 12, 7825, table S20: in-cloud and sub-cloud merged; below clouds rain
// collects coarse particles four times as well as fine ones), h = 2000 m.
#pragma once

#include "species.h"

namespace retroplume::transport {

// Deposition classes: species share a velocity where Wesely's parameters are alike. TNO3 and TNH3 are weighed by their partition.
// kDepCoarse is only there where kPMC is carried.
enum DepositionClass { kDepNO2, kDepO3, kDepOVOC, kDepSO2, kDepHNO3, kDepNH3, kDepParticle, kDepCoarse, kDepositionClasses };

struct SurfaceWeather {
  const double* temperature;  // K
  const double* wind;         // m s-1 at 10 m
  const double* radiation;    // W m-2
  const double* land;         // 0 sea .. 1 land
};

// u_* (m s-1) by the neutral logarithmic profile, roughness 0.2 m on land, 0.2 mm at sea.
void frictionRow(int cols, const double* wind, const double* land, double* friction);

// Deposition velocities, m s-1: [kDepositionClasses][cols]; that of kDepCoarse may be null.
void velocityRow(int cols, const SurfaceWeather& weather, const double* friction, double* const* velocity);

// What is lost in a step: factors e^{-v dt/h} [kDepositionClasses] and scavenging frequency of W = 1e6 (s-1; null where it does not rain).
struct Removal {
  const double* kept[kDepositionClasses];  // null: dry deposition off or an upper layer
  const double* scavenging;
  const double* nitrateConstant;  // K of ammonium nitrate at the ground, ppb^2: read for dry deposition alone
};

// Applies both to all species of a row that are not null. `dry` and `wet` [kSpeciesCount] grow by what was lost (sum over the row of q M).
void depositRow(int cols, const Removal& removal, const double* air, double timeStep, double* const* q, double* dry, double* wet);

// Adds an output (gases in ppb, particles in ug m-3; density in mol m-3) to a running sum.
void observeRow(int cols, Output output, const double* const* q, const double* nitrateConstant, const double* density, double* sum);

}  // namespace retroplume::transport
