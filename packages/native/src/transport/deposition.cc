#include "deposition.h"

#include <algorithm>
#include <cmath>

#include "aerosol.h"
#include "simd.h"

namespace retroplume::transport {
namespace {

// Wesely (1989), table 2: ratio of diffusivities (water to gas), effective Henry constant, reactivity.
struct GasSurface {
  double diffusion, henry, reactivity;
};
constexpr GasSurface kGases[] = {
    {1.6, 0.01, 0.1},  // NO2
    {1.6, 0.01, 1.0},  // O3
    {1.3, 6e3, 0.0},   // formaldehyde
    {1.9, 1e5, 0.0},   // SO2
    {1.9, 1e14, 0.0},  // HNO3
    {1.0, 2e4, 0.0},   // NH3
};

// Surface resistance, s m-1: mixed land, between crops and forest of Wesely's table 1 (r_i 150, r_lu 3000, ground SO2 250, O3 250).
double surfaceResistance(const GasSurface& gas, double radiation, double celsius, double land) {
  if (land < 0.5) return 1.0 / (gas.henry / (1e5 * 10.0) + gas.reactivity / 2000.0 + 1e-6);
  const double g = std::max(radiation, 0.0) + 0.1;
  const double open = celsius > 0.5 && celsius < 39.5 ? celsius * (40.0 - celsius) / 400.0 : 0.0;
  const double stomata = open / (150.0 * (1.0 + (200.0 / g) * (200.0 / g)));
  const double leaf = stomata > 0.0 ? 1.0 / (gas.diffusion / stomata + 1.0 / (3.3e-4 * gas.henry + 100.0 * gas.reactivity)) : 0.0;
  const double cuticle = (1e-5 * gas.henry + gas.reactivity) / 3000.0;
  const double ground = gas.henry / (1e5 * 250.0) + gas.reactivity / 250.0;
  const double frost = celsius < -2.0 ? 0.5 : 1.0;  // snow and dormant surfaces take up less (Wesely's winter column)
  return 1.0 / (leaf + frost * (cuticle + ground) + 1e-6);
}

// Species -> class, for those that have one velocity whatever their partition.
constexpr int kClassOf[kSpeciesCount] = {-1, kDepNO2, kDepO3,       -1,           kDepOVOC, kDepSO2,   kDepParticle,
                                         -1, -1,      kDepParticle, kDepParticle, -1,       kDepCoarse};
// Scavenging ratio, millions.
constexpr double kScavenging[kSpeciesCount] = {0.0, 0.0, 0.0, 0.0, 0.1, 0.25, 0.8, 1.0, 1.0, 0.6, 0.6, 0.0, 0.9};

constexpr double kSettling = 2.7e-3;  // m s-1

RETROPLUME_ROW_KERNEL
double keepRow(int cols, const double* kept, const double* air, double* __restrict q) {
  double lost = 0.0;
#pragma omp simd reduction(+ : lost)
  for (int i = 0; i < cols; ++i) {
    const double left = q[i] * kept[i];
    lost += (q[i] - left) * air[i];
    q[i] = left;
  }
  return lost;
}

RETROPLUME_ROW_KERNEL
void keepPartitionedRow(int cols, const Removal& removal, const double* air, double* const* q, double* dry) {
  const double *hno3 = removal.kept[kDepHNO3], *nh3 = removal.kept[kDepNH3], *particle = removal.kept[kDepParticle];
  const double *constant = removal.nitrateConstant, *sulfate = q[kSO4];
  double* const __restrict nitrate = q[kTNO3];
  double* const __restrict ammonia = q[kTNH3];
  double lostNitrate = 0.0, lostAmmonia = 0.0;
#pragma omp simd reduction(+ : lostNitrate, lostAmmonia)
  for (int i = 0; i < cols; ++i) {
    const Partition p = partition(sulfate[i], nitrate[i], ammonia[i], constant[i]);
    const double n = (nitrate[i] - p.nitrate) * hno3[i] + p.nitrate * particle[i];
    const double a = (ammonia[i] - p.ammonium) * nh3[i] + p.ammonium * particle[i];
    lostNitrate += (nitrate[i] - n) * air[i];
    lostAmmonia += (ammonia[i] - a) * air[i];
    nitrate[i] = n;
    ammonia[i] = a;
  }
  dry[kTNO3] += lostNitrate;
  dry[kTNH3] += lostAmmonia;
}

RETROPLUME_ROW_KERNEL
double scavengeRow(int cols, const double* scavenging, double ratioTime, const double* air, double* __restrict q) {
  double lost = 0.0;
#pragma omp simd reduction(+ : lost)
  for (int i = 0; i < cols; ++i) {
    const double left = q[i] * expVector(-ratioTime * scavenging[i]);
    lost += (q[i] - left) * air[i];
    q[i] = left;
  }
  return lost;
}

RETROPLUME_ROW_KERNEL
void observeGasRow(int cols, const double* q, double* __restrict sum) {
#pragma omp simd
  for (int i = 0; i < cols; ++i) sum[i] += q[i];
}

// `molarMass` in g mol-1 of ppb; 1 of what is in ng per mol of air.
RETROPLUME_ROW_KERNEL
void observeMassRow(int cols, double molarMass, const double* q, const double* density, double* __restrict sum) {
#pragma omp simd
  for (int i = 0; i < cols; ++i) sum[i] += 1e-3 * density[i] * molarMass * q[i];
}

RETROPLUME_ROW_KERNEL
void observeFineRow(int cols, const double* const* q, const double* nitrateConstant, const double* density, double* __restrict sum) {
  const double *so4 = q[kSO4], *tno3 = q[kTNO3], *tnh3 = q[kTNH3], *ppm = q[kPPM], *soa = q[kSOA];
#pragma omp simd
  for (int i = 0; i < cols; ++i) {
    const Partition p = partition(so4[i], tno3[i], tnh3[i], nitrateConstant[i]);
    sum[i] += 1e-3 * density[i] * (ppm[i] + soa[i] + kMolarSO4 * so4[i] + kMolarNO3 * p.nitrate + kMolarNH4 * p.ammonium);
  }
}

// Ammonia left as gas, ppb.
RETROPLUME_ROW_KERNEL
void observeAmmoniaRow(int cols, const double* const* q, const double* nitrateConstant, double* __restrict sum) {
  const double *so4 = q[kSO4], *tno3 = q[kTNO3], *tnh3 = q[kTNH3];
#pragma omp simd
  for (int i = 0; i < cols; ++i) sum[i] += larger(tnh3[i] - partition(so4[i], tno3[i], tnh3[i], nitrateConstant[i]).ammonium, 0.0);
}

// Of the ions in particles, each with a molar mass (0: not counted).
RETROPLUME_ROW_KERNEL
void observeIonRow(int cols, double ofNitrate, double ofAmmonium, const double* const* q, const double* nitrateConstant, const double* density,
                   double* __restrict sum) {
  const double *so4 = q[kSO4], *tno3 = q[kTNO3], *tnh3 = q[kTNH3];
#pragma omp simd
  for (int i = 0; i < cols; ++i) {
    const Partition p = partition(so4[i], tno3[i], tnh3[i], nitrateConstant[i]);
    sum[i] += 1e-3 * density[i] * (ofNitrate * p.nitrate + ofAmmonium * p.ammonium);
  }
}

}  // namespace

void frictionRow(int cols, const double* wind, const double* land, double* friction) {
  const double overLand = kVonKarman / std::log(10.0 / 0.2), overSea = kVonKarman / std::log(10.0 / 2e-4);
  for (int i = 0; i < cols; ++i) friction[i] = std::max(wind[i], 0.5) * (land[i] < 0.5 ? overSea : overLand);
}

void velocityRow(int cols, const SurfaceWeather& w, const double* friction, double* const* velocity) {
  for (int i = 0; i < cols; ++i) {
    const double u = friction[i], wind = std::max(w.wind[i], 0.5);
    const double stability = w.land[i] < 0.5 ? 1.0 : w.radiation[i] < 10.0 ? 2.0 : w.radiation[i] > 300.0 ? 0.5 : 1.0;
    const double throughAir = stability * wind / (u * u) + 5.0 / u;
    for (int c = 0; c < kDepParticle; ++c) {
      velocity[c][i] = 1.0 / (throughAir + surfaceResistance(kGases[c], w.radiation[i], w.temperature[i] - 273.15, w.land[i]));
    }
    velocity[kDepParticle][i] = std::max(0.002 * u, 5e-4);
    if (velocity[kDepCoarse]) velocity[kDepCoarse][i] = -kSettling / std::expm1(-kSettling / velocity[kDepParticle][i]);
  }
}

void depositRow(int cols, const Removal& removal, const double* air, double timeStep, double* const* q, double* dry, double* wet) {
  if (removal.kept[0]) {
    keepPartitionedRow(cols, removal, air, q, dry);
    for (int s = 0; s < kSpeciesCount; ++s) {
      if (kClassOf[s] >= 0 && q[s]) dry[s] += keepRow(cols, removal.kept[kClassOf[s]], air, q[s]);
    }
  }
  if (!removal.scavenging) return;
  for (int s = 0; s < kSpeciesCount; ++s) {
    if (kScavenging[s] > 0.0 && q[s]) wet[s] += scavengeRow(cols, removal.scavenging, kScavenging[s] * timeStep, air, q[s]);
  }
}

void observeRow(int cols, Output output, const double* const* q, const double* nitrateConstant, const double* density, double* sum) {
  switch (output) {
    case kOutNO2:
      return observeGasRow(cols, q[kNO2], sum);
    case kOutSO2:
      return observeGasRow(cols, q[kSO2], sum);
    case kOutO3:
      return observeGasRow(cols, q[kO3], sum);
    case kOutCO:
      return observeGasRow(cols, q[kCO], sum);
    case kOutNO:
      return observeGasRow(cols, q[kNO], sum);
    case kOutHCHO:
      return observeGasRow(cols, q[kOVOC], sum);
    case kOutNH3:
      return observeAmmoniaRow(cols, q, nitrateConstant, sum);
    case kOutPM10:
      observeMassRow(cols, 1.0, q[kPMC], density, sum);
      [[fallthrough]];
    case kOutPM25:
      return observeFineRow(cols, q, nitrateConstant, density, sum);
    case kOutSO4:
      return observeMassRow(cols, kMolarSO4, q[kSO4], density, sum);
    case kOutNO3:
      return observeIonRow(cols, kMolarNO3, 0.0, q, nitrateConstant, density, sum);
    case kOutNH4:
      return observeIonRow(cols, 0.0, kMolarNH4, q, nitrateConstant, density, sum);
    case kOutOC:
      return observeMassRow(cols, 1.0 / kOrganicMassPerCarbon, q[kSOA], density, sum);
    case kOutputCount:
      return;
  }
}

}  // namespace retroplume::transport
