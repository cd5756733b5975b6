// Partition of total ammonia and nitrate between gas and particles.
//
// Sulfate takes ammonia first, up to (NH4)2SO4; what is left (A) and total nitrate (N) form NH4NO3 (x) until the gases' product meets the
// dissociation constant: (A - x)(N - x) = K  ->  x = ((A + N) - sqrt((A - N)^2 + 4 K)) / 2, or 0 where A N <= K (Seinfeld & Pandis 2016,
// section 10.4.3). K (ppb^2) by Mozurkewich (1993) Atmos. Environ. 27A, 261: solid below the deliquescence humidity, falling with water activity
// above it.
#pragma once

#include <algorithm>
#include <cmath>

#include "simd.h"

namespace retroplume::transport {

// ppb^2; `temperature` K, `humidity` 0..1.
inline double ammoniumNitrateConstant(double temperature, double humidity) {
  const double logT = std::log(temperature), perT = 1.0 / temperature;
  const double dry = std::exp(118.87 - 24084.0 * perT - 6.025 * logT);
  const double deliquescence = std::exp(618.3 * perT - 2.551);
  if (humidity < deliquescence) return dry;
  const double d = 1.0 - std::min(humidity, 0.98);
  const double p1 = std::exp(-135.94 + 8763.0 * perT + 19.12 * logT);
  const double p2 = std::exp(-122.65 + 9969.0 * perT + 16.22 * logT);
  const double p3 = std::exp(-182.61 + 13875.0 * perT + 24.46 * logT);
  return dry * std::max(p1 - p2 * d + p3 * d * d, 0.0) * std::pow(d, 1.75);
}

struct Partition {
  double ammonium, nitrate;  // in particles, ppb
};

RETROPLUME_INLINE Partition partition(double sulfate, double totalNitrate, double totalAmmonia, double constant) {
  const double bound = smaller(totalAmmonia, 2.0 * sulfate);
  const double free = totalAmmonia - bound;
  const double difference = free - totalNitrate;
  const double x = 0.5 * (free + totalNitrate - std::sqrt(difference * difference + 4.0 * constant));
  const double nitrate = larger(0.0, smaller(x, smaller(free, totalNitrate)));
  return {bound + nitrate, nitrate};
}

}  // namespace retroplume::transport
