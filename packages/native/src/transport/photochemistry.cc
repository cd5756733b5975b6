#include "photochemistry.h"

#include <cmath>

#include "simd.h"

namespace retroplume::transport {
namespace {

// Second-order constants that hardly depend on temperature, cm3 s-1.
constexpr double kOhVoc = 1.0e-11, kOhOvoc = 1.2e-11, kOhSo2 = 9.5e-13, kNo3No = 2.6e-11, kNo3Voc = 2.0e-14;
// OH reactivity of 200 ppb CO, 1850 ppb CH4 and 500 ppb H2, ppb cm3 s-1.
constexpr double kOhMethane = 1850.0 * 6.3e-15;  // which makes formaldehyde
constexpr double kOhBackground = 200.0 * 2.4e-13 + kOhMethane + 500.0 * 6.7e-15;
constexpr double kOvocPerVoc = 1.4;           // carbonyls per VOC, over its generations of products
constexpr double kNo3PhotolysisRatio = 25.0;  // j(NO3)/j(NO2), MCM

// Share of O(1D) that meets water, from JPL's constants at 298 K (they vary by a few per cent).
RETROPLUME_INLINE double water_share(double water) { return 2.0e-10 * water / (2.0e-10 * water + 3.26e-11); }

// Sundqvist's (1989) idea of cloud by relative humidity: nothing below 60 %, all at saturation; rain means cloud.
RETROPLUME_INLINE double cloud_share(double humidity, double rain) {
  const double x = larger(0.0, smaller(1.0, (humidity - 0.6) / 0.4));
  return rain > 0.01 ? larger(x * x, 0.5) : x * x;
}

}  // namespace

RETROPLUME_ROW_KERNEL
void rate_row(int cols, const ChemistryWeather& w, const ChemistryOptions& options, double* const* rate) {
  const double hono_rate = w.at_ground ? options.hono_rate : 0.0, gamma = options.n2o5_uptake, aqueous = options.aqueous_rate;
  const double *temperature = w.temperature, *density = w.air_density, *radiation = w.radiation, *water = w.water;
  const double *humidity = w.relative_humidity, *rain = w.rain;
  double* const __restrict j_no2 = rate[kJNO2];
  double* const __restrict hono = rate[kHONO];
  double* const __restrict j_o1d = rate[kJO1D];
  double* const __restrict j_ovoc = rate[kJOVOC];
#pragma omp simd
  for (int i = 0; i < cols; ++i) {
    const double g = radiation[i] > 0.0 ? smaller(radiation[i], 1200.0) : 0.0;
    const double sun = larger(smaller(g / 1050.0, 1.0), 1e-3);
    const double lit = g > 1.0 ? 1.0 : 0.0;
    j_no2[i] = lit * 1.06 * (1.47e-5 * g - 4.84e-9 * g * g);
    hono[i] = hono_rate * smaller(j_no2[i] / 2e-3, 1.0);
    const double sqrt_sun = std::sqrt(sun);  // cos^1.743 as cos^1.75, cos^0.762 as cos^0.75: square roots only
    const double fourth = std::sqrt(sqrt_sun);
    j_o1d[i] = lit * 2.0 * 6.073e-5 * sun * sqrt_sun * fourth * exp_vector(-0.474 / sun) * water_share(water[i]);
    j_ovoc[i] = lit * 0.8 * 4.642e-5 * sqrt_sun * fourth * exp_vector(-0.353 / sun);
  }
  double* const __restrict no_o3 = rate[kNOO3];
  double* const __restrict no2_o3 = rate[kNO2O3];
  double* const __restrict oh_no2 = rate[kOHNO2];
  double* const __restrict r_no = rate[kRNO];
  double* const __restrict r_r = rate[kRR];
  double* const __restrict scale = rate[kScale];
#pragma omp simd
  for (int i = 0; i < cols; ++i) {
    const double per_t = 1.0 / temperature[i], n = density[i] * kMoleculesPerPpb;
    scale[i] = n;
    no_o3[i] = n * 3.0e-12 * exp_vector(-1500.0 * per_t);
    no2_o3[i] = n * 1.2e-13 * exp_vector(-2450.0 * per_t);
    oh_no2[i] = n * 1.06e-11 * exp_vector(500.0 * (per_t - 1.0 / 298.0));
    r_no[i] = n * 3.0e-12 * exp_vector(310.0 * per_t);
    r_r[i] = n * 3.8e-13 * exp_vector(780.0 * per_t);
  }
  double* const __restrict oh_o3 = rate[kOHO3];
  double* const __restrict ho2_o3 = rate[kHO2O3];
  double* const __restrict n2o5 = rate[kN2O5Equilibrium];
  double* const __restrict hydrolysis = rate[kN2O5Hydrolysis];
  double* const __restrict so2_aqueous = rate[kSO2Aqueous];
#pragma omp simd
  for (int i = 0; i < cols; ++i) {
    const double per_t = 1.0 / temperature[i], n = density[i] * kMoleculesPerPpb;
    oh_o3[i] = n * 1.7e-12 * exp_vector(-940.0 * per_t);
    ho2_o3[i] = n * 1.0e-14 * exp_vector(-490.0 * per_t);
    n2o5[i] = n * 5.1e-27 * exp_vector(10871.0 * per_t);
    // 13 m2 of surface per gram of particles (radius 0.15 um, 1.5 g cm-3), N2O5 at 238 m s-1; 1e-9 g per ng
    hydrolysis[i] = 0.25 * gamma * 238.0 * 13.0 * 1e-9 * density[i];
    so2_aqueous[i] = aqueous * cloud_share(humidity[i], rain[i]);
  }
}

RETROPLUME_ROW_KERNEL
void react_row(int cols, const double* const* rate, const double* const* emission, const ChemistryOptions& options, double time_step, int steps,
               double* const* q, double* organic_nitrate) {
  const double dt = time_step / steps, alpha = options.organic_nitrate_yield, soa_per_ppb = options.soa_yield * kMolarVOC;
  double* const __restrict no_row = q[kNO];
  double* const __restrict no2_row = q[kNO2];
  double* const __restrict o3_row = q[kO3];
  double* const __restrict voc_row = q[kVOC];
  double* const __restrict ovoc_row = q[kOVOC];
  double* const __restrict so2_row = q[kSO2];
  double* const __restrict so4_row = q[kSO4];
  double* const __restrict tno3_row = q[kTNO3];
  double* const __restrict soa_row = q[kSOA];
  double* const __restrict nitrate_row = organic_nitrate;
  const double* const ppm_row = q[kPPM];
  const double *e_no = emission[kNO], *e_no2 = emission[kNO2], *e_voc = emission[kVOC], *e_so2 = emission[kSO2], *e_ovoc = emission[kOVOC];
  const double *r_jno2 = rate[kJNO2], *r_hono = rate[kHONO], *r_jo1d = rate[kJO1D], *r_jovoc = rate[kJOVOC], *r_no_o3 = rate[kNOO3],
               *r_no2_o3 = rate[kNO2O3];
  const double *r_oh_no2 = rate[kOHNO2], *r_r_no = rate[kRNO], *r_r_r = rate[kRR], *r_oh_o3 = rate[kOHO3], *r_ho2_o3 = rate[kHO2O3];
  const double *r_n2o5 = rate[kN2O5Equilibrium], *r_hydrolysis = rate[kN2O5Hydrolysis], *r_aqueous = rate[kSO2Aqueous], *r_scale = rate[kScale];
  for (int step = 0; step < steps; ++step) {
#pragma omp simd
    for (int i = 0; i < cols; ++i) {
      double no = no_row[i], no2 = no2_row[i], o3 = o3_row[i], voc = voc_row[i];
      const double ovoc = ovoc_row[i], scale = r_scale[i];
      // Radicals, with the NO that the last fast cycle left.
      const double x_voc = kOhVoc * scale * voc;
      const double x = x_voc + scale * (kOhOvoc * ovoc + kOhBackground);
      const double y = r_oh_no2[i] * no2;
      const double beta = x / (x + x_voc);
      const double a = r_r_no[i] * no;
      const double through = 1.0 / (x + y);
      const double p_oh = r_jo1d[i] * o3 + r_hono[i] * no2;
      const double p = r_jovoc[i] * ovoc + p_oh * x * through;
      const double loss = a * (beta * y * through + alpha * (1.0 - beta));
      const double r = 2.0 * p / (loss + std::sqrt(loss * loss + 8.0 * r_r_r[i] * p) + 1e-30);
      const double oh = (p_oh + beta * a * r) * through;
      // Fresh emissions, then the fast cycle.
      no += e_no[i] * dt;
      no2 += e_no2[i] * dt;
      voc += e_voc[i] * dt;
      const double so2 = so2_row[i] + e_so2[i] * dt;
      const double k = r_no_o3[i], j = r_jno2[i], k_r = r_r_no[i] * r;
      const double nox = no + no2, ox = no2 + o3;
      const double source = (k * ox + k_r) * nox;
      const double b = k * (ox + nox) + k_r + j;
      const double s = larger(std::sqrt(larger(b * b - 4.0 * k * source, 0.0)), 1e-9);
      const double steady = 2.0 * source / (b + s);
      const double decay = exp_vector(-s * dt);
      const double away = no2 - steady;
      const double shrink = 1.0 - away * k * (1.0 - decay) / s;
      no2 = steady + away * decay / larger(shrink, 1e-12);
      no2 = larger(smaller(no2, smaller(nox, ox)), 0.0);
      no = nox - no2;
      o3 = ox - no2 + k_r * no * dt;
      // Night: NO3 and N2O5 in steady state.
      const double particles = ppm_row[i] + soa_row[i] + so4_row[i] * (kMolarSO4 + 2.0 * kMolarNH4) + tno3_row[i] * (kMolarNO3 + kMolarNH4);
      const double via_n2o5 = r_hydrolysis[i] * particles * r_n2o5[i] * no2;
      const double no3_other = kNo3PhotolysisRatio * j + scale * (kNo3No * no + kNo3Voc * voc);
      const double no3_loss = 1.0 / (no3_other + via_n2o5 + 1e-30);
      const double hydrolysed = via_n2o5 * no3_loss;
      const double no3 = r_no2_o3[i] * no2 * o3 * no3_loss;
      // Slow losses, implicit.
      const double no2_kept = 1.0 / (1.0 + dt * (r_oh_no2[i] * oh + 2.0 * r_no2_o3[i] * o3 * hydrolysed));
      const double no_kept = 1.0 / (1.0 + dt * alpha * (1.0 - beta) * k_r);
      o3 /= 1.0 + dt * (0.5 * r_jo1d[i] + r_oh_o3[i] * oh + r_ho2_o3[i] * r + r_no2_o3[i] * no2 * hydrolysed);
      const double voc_kept = 1.0 / (1.0 + dt * scale * (kOhVoc * oh + kNo3Voc * no3));
      const double voc_lost = voc * (1.0 - voc_kept);
      const double so2_kept = 1.0 / (1.0 + dt * (scale * kOhSo2 * oh + r_aqueous[i]));
      tno3_row[i] += no2 * (1.0 - no2_kept);
      nitrate_row[i] += no * (1.0 - no_kept);
      no_row[i] = no * no_kept;
      no2_row[i] = no2 * no2_kept;
      o3_row[i] = o3;
      voc_row[i] = voc * voc_kept;
      ovoc_row[i] =
          (ovoc + e_ovoc[i] * dt + kOvocPerVoc * voc_lost + dt * scale * kOhMethane * oh) / (1.0 + dt * (scale * kOhOvoc * oh + r_jovoc[i]));
      soa_row[i] += soa_per_ppb * voc_lost;
      so2_row[i] = so2 * so2_kept;
      so4_row[i] += so2 * (1.0 - so2_kept);
    }
  }
}

}  // namespace retroplume::transport
