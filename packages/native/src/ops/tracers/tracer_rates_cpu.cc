#include <math.h>

#include "ops/simd/parallel.h"
#include "ops/tracers/tracer_rates.h"

namespace retroplume::RETROPLUME_ISA {

namespace {

constexpr double kPressure = 1e5;    // Pa
constexpr double kMillimetres = 10;  // in a centimetre

// Not a number stays so.
[[gnu::always_inline]] inline double positive(double x) { return x < 0 ? 0 : x; }
[[gnu::always_inline]] inline double atMostOne(double x) { return x > 1 ? 1 : x; }

double cloudShare(double temperature, double mixingRatio, double rain) {
  const double celsius = temperature - 273.15;
  const double saturation = 611.2 * exp(17.67 * celsius / (celsius + 243.5));
  const double vapour = kPressure * mixingRatio / (0.622 + mixingRatio);
  const double x = atMostOne(positive((vapour / saturation - 0.6) / 0.4)), share = x * x;
  return rain > 0.01 && share < 0.5 ? 0.5 : share;
}

}  // namespace

void tracerRates(const TracerRates& call, const Context& context) {
  inParallel(context, [&](const Worker& worker) {
    const Range points = shareOf(call.points, worker.threads, worker.thread);
    for (int64_t i = points.begin; i < points.end; ++i) {
      const float* weather = call.meteorology + i * call.channels;
      float* out = call.out + i * kTracerRates;
      const double rain = call.rain < 0 ? 0 : weather[call.rain];
      out[0] = call.radiation < 0 ? 0 : static_cast<float>(atMostOne(positive(weather[call.radiation]) / (12 * 500)));
      const bool clouds = call.temperature >= 0 && call.mixingRatio >= 0;
      out[1] = clouds ? static_cast<float>(cloudShare(weather[call.temperature], weather[call.mixingRatio], rain) / 6) : 0;
      out[2] = call.rain < 0 ? 0 : static_cast<float>(exp(-0.5 * kMillimetres * positive(rain)));
    }
  });
}

}  // namespace retroplume::RETROPLUME_ISA
