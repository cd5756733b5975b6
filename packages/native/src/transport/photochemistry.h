// Gas chemistry of one layer, one row at a time: NO-NO2-O3 solved exactly, radicals in steady state, slow reactions semi-implicit.
//
// Fast cycle.  NO + O3 -> NO2 (k), NO2 + hv -> NO + O3 (j), R + NO -> NO2 (k_R; R = HO2 + RO2). With NOx = NO + NO2 and Ox = NO2 + O3 kept
//   d NO2/dt = k (Ox - NO2)(NOx - NO2) + k_R R (NOx - NO2) - j NO2,
// a Riccati equation, solved in closed form over the step. Without R its steady state is Leighton's: NO2/NO = k O3/j
// (Seinfeld & Pandis 2016, Atmospheric Chemistry and Physics, 3rd ed., eq. 6.6). At night it is titration by fresh NO. Each R + NO makes one Ox.
//
// Radicals (Seinfeld & Pandis section 6.3; Kleinman 2005, Atmos. Environ. 39, 575): with X = OH's reactivity towards VOC, OVOC, CO, CH4, H2,
// Y = k_OH+NO2 NO2, a = k_R NO, beta = the share of R + NO that gives OH (each VOC makes two NO -> NO2, of which one gives OH), alpha = yield of
// organic nitrates,
//   OH:  P_OH + beta a R = (X + Y) OH
//   R:   P_R + X OH = beta a R + alpha (1 - beta) a R + 2 k_RR R^2
// give one quadratic for R:  2 k_RR R^2 + a s R = P,  s = beta Y/(X + Y) + alpha (1 - beta),  P = P_R + P_OH X/(X + Y). Where Y is large (cities,
// winter) radicals end as HNO3 and ozone rises with VOC and falls with NOx; where it is small they end as peroxides and ozone rises with NOx.
//   P_OH = 2 j(O1D) phi O3 + k_h NO2, phi = share of O(1D) that meets H2O, k_h the daytime source of HONO at surfaces (layer 0 only; Sarwar et al.
//   2008, Atmos. Environ. 42, 5760, for its size), which photolyses within minutes and gives the NO back;  P_R = j_V OVOC.
//
// Slow reactions, each implicit in its own species: NO2 + OH -> HNO3; NO2 + O3 -> NO3 <-> N2O5 -> 2 HNO3 on particles (NO3 and N2O5 in steady state,
// NO3 lost to light, NO, VOC); VOC + OH -> 1.4 OVOC + SOA; CH4 + OH -> OVOC; OVOC + OH, hv; O3 + OH, HO2, O(1D) + H2O; SO2 + OH -> sulfate; SO2 ->
// sulfate in cloud and haze water (proxy: relative humidity).  Nitrogen and sulfur are kept exactly (organic nitrate is counted on its own).
// CO, where it is carried: OVOC + OH, hv -> CO, as formaldehyde does; CO + OH, and X has this CO. Where it is not, X has 200 ppb.
//
// Rate constants: JPL Publication 19-5 (Burkholder et al. 2020). Photolysis: j(NO2) from global radiation by Trebs et al. (2009) Atmos. Meas. Tech.
// 2, 725; j(O1D), j(HCHO) by the MCM's l cos^m exp(-n sec) (Saunders et al. 2003, Atmos. Chem. Phys. 3, 161), with the sun's cosine taken as G / 1050
// W m-2, so that cloud dims them too. N2O5 on particles: 1/4 gamma v S, gamma 0.02 (Brown & Stutz 2012, Chem. Soc. Rev. 41, 6405). Lumped VOC: k_OH
// 1e-11, OVOC 1.2e-11 cm3 s-1.
#pragma once

#include "species.h"

namespace retroplume::transport {

struct ChemistryOptions {
  double soaYield = 0.06;             // g SOA per g VOC that reacted (Seinfeld & Pandis ch. 14: 0.02-0.15 by precursor)
  double organicNitrateYield = 0.05;  // alpha
  double aqueousRate = 5e-5;          // s-1, SO2 -> sulfate where the air is saturated (lifetime of SO2 in cloud 6 h)
  double honoRate = 1e-5;             // s-1, NO2 -> HONO at the ground in daylight
  double n2o5Uptake = 0.02;           // gamma
};

// Rates that hold for an hour; each a plane of the layer, here at a row. Constants in ppb-1 s-1, photolysis and aqueous rate in s-1.
enum Rate {
  kJNO2,
  kHONO /* s-1 per NO2 */,
  kJO1D /* 2 j phi */,
  kJOVOC,
  kNOO3,
  kNO2O3,
  kOHNO2,
  kRNO,
  kRR,
  kOHO3,
  kHO2O3,
  kN2O5Equilibrium /* ppb-1 */,
  kN2O5Hydrolysis /* s-1 per ng mol-1 of particles */,
  kSO2Aqueous,
  kScale /* ppb-1 s-1 of 1 cm3 s-1 */,
  kRateCount
};

// Weather of one row of a layer -> rates [kRateCount][cols].
struct ChemistryWeather {
  const double* temperature;       // K
  const double* airDensity;        // mol m-3
  const double* water;             // mol H2O per mol air
  const double* relativeHumidity;  // 0..1
  const double* radiation;         // W m-2
  const double* rain;              // mm h-1
  bool atGround;
};
void rateRow(int cols, const ChemistryWeather& weather, const ChemistryOptions& options, double* const* rate);

// Emission into the layer, [kSpeciesCount] rows of ppb s-1. q[kCO] may be null: not carried. `organicNitrate` (ppb) grows by what left NOx that way.
void reactRow(int cols, const double* const* rate, const double* const* emission, const ChemistryOptions& options, double timeStep, int steps,
              double* const* q, double* organicNitrate);

}  // namespace retroplume::transport
