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
inline double ammonium_nitrate_constant(double temperature, double humidity) {
  const double log_t = std::log(temperature), per_t = 1.0 / temperature;
  const double dry = std::exp(118.87 - 24084.0 * per_t - 6.025 * log_t);
  const double deliquescence = std::exp(618.3 * per_t - 2.551);
  if (humidity < deliquescence) return dry;
  const double d = 1.0 - std::min(humidity, 0.98);
  const double p1 = std::exp(-135.94 + 8763.0 * per_t + 19.12 * log_t);
  const double p2 = std::exp(-122.65 + 9969.0 * per_t + 16.22 * log_t);
  const double p3 = std::exp(-182.61 + 13875.0 * per_t + 24.46 * log_t);
  return dry * std::max(p1 - p2 * d + p3 * d * d, 0.0) * std::pow(d, 1.75);
}

struct Partition {
  double ammonium, nitrate;  // in particles, ppb
};

RETROPLUME_INLINE Partition partition(double sulfate, double total_nitrate, double total_ammonia, double constant) {
  const double bound = smaller(total_ammonia, 2.0 * sulfate);
  const double free = total_ammonia - bound;
  const double difference = free - total_nitrate;
  const double x = 0.5 * (free + total_nitrate - std::sqrt(difference * difference + 4.0 * constant));
  const double nitrate = larger(0.0, smaller(x, smaller(free, total_nitrate)));
  return {bound + nitrate, nitrate};
}

}  // namespace retroplume::transport
