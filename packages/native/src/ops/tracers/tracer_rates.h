#pragma once
#include <cstdint>

/**
 * What happens to tracers underway besides transport, from the weather at the ground, as parts in an hour:
 *
 *   light   R / (12 h · 500 W m-2)        products of sunlight, whose radicals go with the radiation R
 *   cloud   x² / 6 h, x = (rh − 0.6) / 0.4 within 0 and 1, and x² = 0.5 at least where it rains: products in clouds and haze, whose share of the air
 *           grows so with relative humidity (Sundqvist et al. 1989, Mon. Weather Rev. 117, 1641); water takes up and oxidises SO2 within hours
 *   kept    exp(−0.5 · P / 1 mm)          what is left after rain P (scavenging ratios of Simpson et al. 2012, doi:10.5194/acp-12-7825-2012, in a
 * column of 2 km)
 *
 * Tracers are scaled by their size before the surrogate sees them, so only the shapes matter; saturation vapour by Magnus' formula at 1000 hPa.
 */
namespace retroplume {

constexpr int64_t kTracerRates = 3;

/** out[point] = light, cloud, kept; 0 where the channels that it needs are not given (−1). */
struct TracerRates {
  /** hours times cells */
  int64_t points, channels;
  /** places in the meteorology: W m-2, K, kg/kg, cm in an hour */
  int64_t radiation, temperature, mixingRatio, rain;
  const float* meteorology;
  float* out;
};

}  // namespace retroplume
