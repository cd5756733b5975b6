#include "photochemistry.h"

#include <cmath>

#include "simd.h"

namespace retroplume::transport {
namespace {

// Second-order constants that hardly depend on temperature, cm3 s-1.
constexpr double kOhVoc = 1.0e-11, kOhOvoc = 1.2e-11, kOhSo2 = 9.5e-13, kOhCo = 2.4e-13, kNo3No = 2.6e-11, kNo3Voc = 2.0e-14;
// OH reactivity of 1850 ppb CH4 and 500 ppb H2, and, where it is not carried, of 200 ppb CO; ppb cm3 s-1.
constexpr double kOhMethane = 1850.0 * 6.3e-15;  // which makes formaldehyde
constexpr double kOhBackground = kOhMethane + 500.0 * 6.7e-15;
constexpr double kOhBackgroundWithCo = 200.0 * kOhCo + kOhMethane + 500.0 * 6.7e-15;
constexpr double kOvocPerVoc = 1.4;           // carbonyls per VOC, over its generations of products
constexpr double kNo3PhotolysisRatio = 25.0;  // j(NO3)/j(NO2), MCM

// Share of O(1D) that meets water, from JPL's constants at 298 K (they vary by a few per cent).
RETROPLUME_INLINE double waterShare(double water) { return 2.0e-10 * water / (2.0e-10 * water + 3.26e-11); }

// Sundqvist's (1989) idea of cloud by relative humidity: nothing below 60 %, all at saturation; rain means cloud.
RETROPLUME_INLINE double cloudShare(double humidity, double rain) {
  const double x = larger(0.0, smaller(1.0, (humidity - 0.6) / 0.4));
  return rain > 0.01 ? larger(x * x, 0.5) : x * x;
}

}  // namespace

RETROPLUME_ROW_KERNEL
void rateRow(int cols, const ChemistryWeather& w, const ChemistryOptions& options, double* const* rate) {
  const double honoRate = w.atGround ? options.honoRate : 0.0, gamma = options.n2o5Uptake, aqueous = options.aqueousRate;
  const double *temperature = w.temperature, *density = w.airDensity, *radiation = w.radiation, *water = w.water;
  const double *humidity = w.relativeHumidity, *rain = w.rain;
  double* const __restrict jNo2 = rate[kJNO2];
  double* const __restrict hono = rate[kHONO];
  double* const __restrict jO1d = rate[kJO1D];
  double* const __restrict jOvoc = rate[kJOVOC];
#pragma omp simd
  for (int i = 0; i < cols; ++i) {
    const double g = radiation[i] > 0.0 ? smaller(radiation[i], 1200.0) : 0.0;
    const double sun = larger(smaller(g / 1050.0, 1.0), 1e-3);
    const double lit = g > 1.0 ? 1.0 : 0.0;
    jNo2[i] = lit * 1.06 * (1.47e-5 * g - 4.84e-9 * g * g);
    hono[i] = honoRate * smaller(jNo2[i] / 2e-3, 1.0);
    const double sqrtSun = std::sqrt(sun);  // cos^1.743 as cos^1.75, cos^0.762 as cos^0.75: square roots only
    const double fourth = std::sqrt(sqrtSun);
    jO1d[i] = lit * 2.0 * 6.073e-5 * sun * sqrtSun * fourth * expVector(-0.474 / sun) * waterShare(water[i]);
    jOvoc[i] = lit * 0.8 * 4.642e-5 * sqrtSun * fourth * expVector(-0.353 / sun);
  }
  double* const __restrict noO3 = rate[kNOO3];
  double* const __restrict no2O3 = rate[kNO2O3];
  double* const __restrict ohNo2 = rate[kOHNO2];
  double* const __restrict rNo = rate[kRNO];
  double* const __restrict rR = rate[kRR];
  double* const __restrict scale = rate[kScale];
#pragma omp simd
  for (int i = 0; i < cols; ++i) {
    const double perT = 1.0 / temperature[i], n = density[i] * kMoleculesPerPpb;
    scale[i] = n;
    noO3[i] = n * 3.0e-12 * expVector(-1500.0 * perT);
    no2O3[i] = n * 1.2e-13 * expVector(-2450.0 * perT);
    ohNo2[i] = n * 1.06e-11 * expVector(500.0 * (perT - 1.0 / 298.0));
    rNo[i] = n * 3.0e-12 * expVector(310.0 * perT);
    rR[i] = n * 3.8e-13 * expVector(780.0 * perT);
  }
  double* const __restrict ohO3 = rate[kOHO3];
  double* const __restrict ho2O3 = rate[kHO2O3];
  double* const __restrict n2o5 = rate[kN2O5Equilibrium];
  double* const __restrict hydrolysis = rate[kN2O5Hydrolysis];
  double* const __restrict so2Aqueous = rate[kSO2Aqueous];
#pragma omp simd
  for (int i = 0; i < cols; ++i) {
    const double perT = 1.0 / temperature[i], n = density[i] * kMoleculesPerPpb;
    ohO3[i] = n * 1.7e-12 * expVector(-940.0 * perT);
    ho2O3[i] = n * 1.0e-14 * expVector(-490.0 * perT);
    n2o5[i] = n * 5.1e-27 * expVector(10871.0 * perT);
    // 13 m2 of surface per gram of particles (radius 0.15 um, 1.5 g cm-3), N2O5 at 238 m s-1; 1e-9 g per ng
    hydrolysis[i] = 0.25 * gamma * 238.0 * 13.0 * 1e-9 * density[i];
    so2Aqueous[i] = aqueous * cloudShare(humidity[i], rain[i]);
  }
}

namespace {

template <bool kCarriesCo>
RETROPLUME_INLINE void reactRowOf(int cols, const double* const* rate, const double* const* emission, const ChemistryOptions& options,
                                  double timeStep, int steps, double* const* q, double* organicNitrate) {
  const double dt = timeStep / steps, alpha = options.organicNitrateYield, soaPerPpb = options.soaYield * kMolarVOC;
  double* const __restrict noRow = q[kNO];
  double* const __restrict no2Row = q[kNO2];
  double* const __restrict o3Row = q[kO3];
  double* const __restrict vocRow = q[kVOC];
  double* const __restrict ovocRow = q[kOVOC];
  double* const __restrict so2Row = q[kSO2];
  double* const __restrict so4Row = q[kSO4];
  double* const __restrict tno3Row = q[kTNO3];
  double* const __restrict soaRow = q[kSOA];
  double* const __restrict nitrateRow = organicNitrate;
  double* const __restrict coRow = q[kCO];
  const double* const ppmRow = q[kPPM];
  const double *eNo = emission[kNO], *eNo2 = emission[kNO2], *eVoc = emission[kVOC], *eSo2 = emission[kSO2], *eOvoc = emission[kOVOC];
  const double* const eCo = emission[kCO];
  const double *rJno2 = rate[kJNO2], *rHono = rate[kHONO], *rJo1d = rate[kJO1D], *rJovoc = rate[kJOVOC], *rNoO3 = rate[kNOO3], *rNo2O3 = rate[kNO2O3];
  const double *rOhNo2 = rate[kOHNO2], *rRNo = rate[kRNO], *rRR = rate[kRR], *rOhO3 = rate[kOHO3], *rHo2O3 = rate[kHO2O3];
  const double *rN2o5 = rate[kN2O5Equilibrium], *rHydrolysis = rate[kN2O5Hydrolysis], *rAqueous = rate[kSO2Aqueous], *rScale = rate[kScale];
  for (int step = 0; step < steps; ++step) {
#pragma omp simd
    for (int i = 0; i < cols; ++i) {
      double no = noRow[i], no2 = no2Row[i], o3 = o3Row[i], voc = vocRow[i];
      const double ovoc = ovocRow[i], scale = rScale[i];
      // Radicals, with the NO that the last fast cycle left.
      const double xVoc = kOhVoc * scale * voc;
      double ohBackground = kOhBackgroundWithCo;
      if constexpr (kCarriesCo) ohBackground = kOhBackground + kOhCo * coRow[i];
      const double x = xVoc + scale * (kOhOvoc * ovoc + ohBackground);
      const double y = rOhNo2[i] * no2;
      const double beta = x / (x + xVoc);
      const double a = rRNo[i] * no;
      const double through = 1.0 / (x + y);
      const double pOh = rJo1d[i] * o3 + rHono[i] * no2;
      const double p = rJovoc[i] * ovoc + pOh * x * through;
      const double loss = a * (beta * y * through + alpha * (1.0 - beta));
      const double r = 2.0 * p / (loss + std::sqrt(loss * loss + 8.0 * rRR[i] * p) + 1e-30);
      const double oh = (pOh + beta * a * r) * through;
      // Fresh emissions, then the fast cycle.
      no += eNo[i] * dt;
      no2 += eNo2[i] * dt;
      voc += eVoc[i] * dt;
      const double so2 = so2Row[i] + eSo2[i] * dt;
      const double k = rNoO3[i], j = rJno2[i], byRadicals = rRNo[i] * r;
      const double nox = no + no2, ox = no2 + o3;
      const double source = (k * ox + byRadicals) * nox;
      const double b = k * (ox + nox) + byRadicals + j;
      const double s = larger(std::sqrt(larger(b * b - 4.0 * k * source, 0.0)), 1e-9);
      const double steady = 2.0 * source / (b + s);
      const double decay = expVector(-s * dt);
      const double away = no2 - steady;
      const double shrink = 1.0 - away * k * (1.0 - decay) / s;
      no2 = steady + away * decay / larger(shrink, 1e-12);
      no2 = larger(smaller(no2, smaller(nox, ox)), 0.0);
      no = nox - no2;
      o3 = ox - no2 + byRadicals * no * dt;
      // Night: NO3 and N2O5 in steady state.
      const double particles = ppmRow[i] + soaRow[i] + so4Row[i] * (kMolarSO4 + 2.0 * kMolarNH4) + tno3Row[i] * (kMolarNO3 + kMolarNH4);
      const double viaN2o5 = rHydrolysis[i] * particles * rN2o5[i] * no2;
      const double no3Other = kNo3PhotolysisRatio * j + scale * (kNo3No * no + kNo3Voc * voc);
      const double no3Loss = 1.0 / (no3Other + viaN2o5 + 1e-30);
      const double hydrolysed = viaN2o5 * no3Loss;
      const double no3 = rNo2O3[i] * no2 * o3 * no3Loss;
      // Slow losses, implicit.
      const double no2Kept = 1.0 / (1.0 + dt * (rOhNo2[i] * oh + 2.0 * rNo2O3[i] * o3 * hydrolysed));
      const double noKept = 1.0 / (1.0 + dt * alpha * (1.0 - beta) * byRadicals);
      o3 /= 1.0 + dt * (0.5 * rJo1d[i] + rOhO3[i] * oh + rHo2O3[i] * r + rNo2O3[i] * no2 * hydrolysed);
      const double vocKept = 1.0 / (1.0 + dt * scale * (kOhVoc * oh + kNo3Voc * no3));
      const double vocLost = voc * (1.0 - vocKept);
      const double so2Kept = 1.0 / (1.0 + dt * (scale * kOhSo2 * oh + rAqueous[i]));
      tno3Row[i] += no2 * (1.0 - no2Kept);
      nitrateRow[i] += no * (1.0 - noKept);
      noRow[i] = no * noKept;
      no2Row[i] = no2 * no2Kept;
      o3Row[i] = o3;
      vocRow[i] = voc * vocKept;
      const double ovocNow =
          (ovoc + eOvoc[i] * dt + kOvocPerVoc * vocLost + dt * scale * kOhMethane * oh) / (1.0 + dt * (scale * kOhOvoc * oh + rJovoc[i]));
      ovocRow[i] = ovocNow;
      if constexpr (kCarriesCo) {
        const double ovocLost = dt * (scale * kOhOvoc * oh + rJovoc[i]) * ovocNow;
        coRow[i] = (coRow[i] + eCo[i] * dt + ovocLost) / (1.0 + dt * scale * kOhCo * oh);
      }
      soaRow[i] += soaPerPpb * vocLost;
      so2Row[i] = so2 * so2Kept;
      so4Row[i] += so2 * (1.0 - so2Kept);
    }
  }
}

RETROPLUME_ROW_KERNEL
void reactRowWithCo(int cols, const double* const* rate, const double* const* emission, const ChemistryOptions& options, double timeStep, int steps,
                    double* const* q, double* organicNitrate) {
  reactRowOf<true>(cols, rate, emission, options, timeStep, steps, q, organicNitrate);
}

RETROPLUME_ROW_KERNEL
void reactRowWithoutCo(int cols, const double* const* rate, const double* const* emission, const ChemistryOptions& options, double timeStep,
                       int steps, double* const* q, double* organicNitrate) {
  reactRowOf<false>(cols, rate, emission, options, timeStep, steps, q, organicNitrate);
}

}  // namespace

void reactRow(int cols, const double* const* rate, const double* const* emission, const ChemistryOptions& options, double timeStep, int steps,
              double* const* q, double* organicNitrate) {
  (q[kCO] ? reactRowWithCo : reactRowWithoutCo)(cols, rate, emission, options, timeStep, steps, q, organicNitrate);
}

}  // namespace retroplume::transport
