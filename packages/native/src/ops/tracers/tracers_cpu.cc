#include <math.h>

#include "ops/cpu_declarations.h"
#include "ops/simd/parallel.h"
#include "ops/simd/simd.h"
#include "ops/tracers/tracer_layers.h"

/**
 * The weather of an hour is shared by all tracers: rows of cells are worked on by all threads, then each thread advects tracers of its own, whose
 * planes stay in its cache over the steps of the hour.
 */
namespace retroplume::RETROPLUME_ISA {

namespace {

[[gnu::always_inline]] inline float most(float a, float b) { return a > b ? a : b; }

struct Fields {
  TracerPlane plane;
  float *windX, *windY, *surfaceX, *surfaceY;
  float *height, *up, *down;
  float *facesX[2], *facesY[2];  // Courant numbers of a step, [layer]
  float* rates;                  // [rate]
  float* masses;                 // [tracer][lower, upper]
  float* flux;                   // of this thread
  float* courant;                // largest of each thread, a cache line apart
  float* lower(int64_t tracer) const { return masses + 2 * tracer * plane.elements(); }
  float* upper(int64_t tracer) const { return lower(tracer) + plane.elements(); }
  float* rate(int64_t index) const { return rates + index * plane.elements(); }
};

Fields fieldsOf(const TracerParams& p, const Worker& worker) {
  Fields f{};
  f.plane = tracerPlane(p);
  float* next = p.scratch;
  const auto take = [&](int64_t planes) {
    float* const taken = next;
    next += planes * f.plane.elements();
    return taken;
  };
  f.windX = take(1), f.windY = take(1), f.surfaceX = take(1), f.surfaceY = take(1);
  f.height = take(1), f.up = take(1), f.down = take(1);
  f.facesX[0] = take(1), f.facesX[1] = take(1), f.facesY[0] = take(1), f.facesY[1] = take(1);
  f.rates = take(p.rateCount);
  f.masses = p.masses;
  f.flux = take(worker.threads) + worker.thread * f.plane.elements();
  f.courant = next;
  return f;
}

const float* weatherAt(const TracerParams& p, int64_t hour, int64_t cell) {
  return p.meteorology + ((p.follows ? hour + 1 : hour) * p.rows * p.cols + cell) * p.channels;
}

float heightAt(const TracerParams& p, int64_t hour, int64_t cell) { return mixedHeight(weatherAt(p, hour, cell)[p.height], p.inverseHeight); }

/** Height, exchange, winds and rates of some rows. @returns the largest Courant number of an hour's step in them */
float setWeather(const TracerParams& p, const Fields& f, int64_t hour, Range rows) {
  const float upperFactor = powf(kTracerUpperHeight / kTracerWindHeight, kTracerWindPower);
  float largest = 0;
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    for (int64_t c = 0; c < p.cols; ++c) {
      const int64_t cell = r * p.cols + c, at = f.plane.at(r, c);
      const float* own = weatherAt(p, hour, cell);
      const float before = heightAt(p, hour > 0 || p.follows ? hour - 1 : 0, cell), now = heightAt(p, hour, cell);
      const TracerExchange exchange = tracerExchange(before, now);
      f.height[at] = now, f.down[at] = exchange.down, f.up[at] = exchange.up;
      const float factor = powf(now / 2 / kTracerWindHeight, kTracerWindPower);
      f.surfaceX[at] = kTracerHour / p.sizeX * own[p.windX];
      f.surfaceY[at] = kTracerHour / p.sizeY * own[p.windY];
      f.windX[at] = factor * f.surfaceX[at];
      f.windY[at] = factor * f.surfaceY[at];
      for (int64_t k = 0; k < p.rateCount; ++k) f.rate(k)[at] = p.rates[(hour * p.rows * p.cols + cell) * p.rateCount + k];
      largest = most(largest, upperFactor * most(fabsf(f.surfaceX[at]), fabsf(f.surfaceY[at])));
    }
  }
  return largest;
}

/** Steps of the hour from what all threads found. */
int stepsOf(const Fields& f, int threads) {
  float largest = 0;
  for (int t = 0; t < threads; ++t) largest = most(largest, f.courant[16 * t]);
  return tracerSteps(largest);
}

/** Courant numbers at the faces of some rows: the mean of both cells, or the cell's own at the domain's edge. The last row brings the northern edge.
 */
void setFaces(const TracerParams& p, const Fields& f, int steps, Range rows) {
  const TracerPlane& plane = f.plane;
  const float upper = powf(kTracerUpperHeight / kTracerWindHeight, kTracerWindPower);
  const float *const x[2] = {f.windX, f.surfaceX}, *const y[2] = {f.windY, f.surfaceY};
  for (int layer = 0; layer < 2; ++layer) {
    const float scale = (layer == 0 ? 1.0f : upper) / static_cast<float>(steps);
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      for (int64_t c = 0; c <= p.cols; ++c) {
        const float west = x[layer][plane.at(r, c > 0 ? c - 1 : 0)], east = x[layer][plane.at(r, c < p.cols ? c : p.cols - 1)];
        f.facesX[layer][plane.at(r, c)] = scale * 0.5f * (west + east);
      }
    }
    for (int64_t r = rows.begin; r < (rows.end == p.rows ? p.rows + 1 : rows.end); ++r) {
      for (int64_t c = 0; c < p.cols; ++c) {
        const float south = y[layer][plane.at(r > 0 ? r - 1 : 0, c)], north = y[layer][plane.at(r < p.rows ? r : p.rows - 1, c)];
        f.facesY[layer][plane.at(r, c)] = scale * 0.5f * (south + north);
      }
    }
  }
}

/** One sweep along an axis, whose neighbours lie `s` elements apart. */
void sweep(const TracerPlane& plane, const float* __restrict courant, bool alongX, float* __restrict mass, float* __restrict flux) {
  const int64_t s = alongX ? 1 : plane.stride;
  const int64_t faceRows = plane.rows + (alongX ? 0 : 1), faceCols = plane.cols + (alongX ? 1 : 0);
  for (int64_t r = 0; r < faceRows; ++r) {
    const int64_t begin = plane.at(r, 0);
    for (int64_t k = begin; k < begin + faceCols; ++k) {
      flux[k] = TracerFace(courant[k]).flux(mass[k - 2 * s], mass[k - s], mass[k], mass[k + s]);
    }
  }
  for (int64_t r = 0; r < plane.rows; ++r) {
    const int64_t begin = plane.at(r, 0);
    for (int64_t k = begin; k < begin + plane.cols; ++k) mass[k] -= flux[k + s] - flux[k];
  }
}

/** The transpose of {@link sweep}. Faces outside have the Courant number 0 of the ghost cells, so their terms vanish. */
void sweepAdjoint(const TracerPlane& plane, const float* __restrict courant, bool alongX, float* __restrict mass, float* __restrict flux) {
  const int64_t s = alongX ? 1 : plane.stride;
  const int64_t faceRows = plane.rows + (alongX ? 0 : 1), faceCols = plane.cols + (alongX ? 1 : 0);
  for (int64_t r = 0; r < faceRows; ++r) {
    const int64_t begin = plane.at(r, 0);
    for (int64_t k = begin; k < begin + faceCols; ++k) flux[k] = mass[k] - mass[k - s];
  }
  for (int64_t r = 0; r < plane.rows; ++r) {
    const int64_t begin = plane.at(r, 0);
    for (int64_t k = begin; k < begin + plane.cols; ++k) {
      const TracerFace before(courant[k - s]), own(courant[k]), after(courant[k + s]), twoAfter(courant[k + 2 * s]);
      mass[k] += (own.minus + own.a) * flux[k] + (after.plus + after.b) * flux[k + s] - twoAfter.a * flux[k + 2 * s] - before.b * flux[k - s];
    }
  }
}

void losePlane(const Fields& f, const TracerKind& kind, float* __restrict mass) {
  const TracerPlane& plane = f.plane;
  const float* __restrict kept = kind.kept < 0 ? nullptr : f.rate(kind.kept);
  for (int64_t r = 0; r < plane.rows; ++r) {
    const int64_t begin = plane.at(r, 0);
    for (int64_t k = begin; k < begin + plane.cols; ++k) mass[k] *= kept == nullptr ? kind.decay : kind.decay * kept[k];
  }
}

/** Calls body(tracer's lower mass, upper mass, index in a plane, cell) for the cells of some rows. */
template <class Body>
void forEachMass(const TracerParams& p, const Fields& f, int64_t tracer, Range rows, Body body) {
  float *const lower = f.lower(tracer), *const upper = f.upper(tracer);
  for (int64_t r = rows.begin; r < rows.end; ++r)
    for (int64_t c = 0; c < p.cols; ++c) body(lower[f.plane.at(r, c)], upper[f.plane.at(r, c)], f.plane.at(r, c), r * p.cols + c);
}

/** Weather, faces and the advection of all tracers in between what `before` and `after` do with rows of cells. */
template <class Before, class Advect, class After>
void passHour(const TracerParams& p, const Worker& worker, const Fields& f, int64_t hour, Before before, Advect advect, After after) {
  const Range rows = shareOf(p.rows, worker.threads, worker.thread);
  f.courant[16 * worker.thread] = setWeather(p, f, hour, rows);
  before(rows);
  worker.barrier();
  const int steps = stepsOf(f, worker.threads);
  setFaces(p, f, steps, rows);
  worker.barrier();
  const Range tracers = shareOf(p.groups * p.kindCount, worker.threads, worker.thread);
  for (int64_t tracer = tracers.begin; tracer < tracers.end; ++tracer) {
    for (int layer = 0; layer < 2; ++layer) advect(tracer, layer, steps, layer == 0 ? f.lower(tracer) : f.upper(tracer));
  }
  worker.barrier();
  after(rows);
}

}  // namespace

void tracers(const Tracers& call, const Context& context) {
  const TracerParams& p = call.params;
  const int64_t cells = p.rows * p.cols, count = p.groups * p.kindCount;
  inParallel(context, [&](const Worker& worker) {
    const Fields f = fieldsOf(p, worker);
    for (int64_t hour = 0; hour < p.hours; ++hour) {
      const float* emissions = call.emissions + hour * cells * p.groups;
      const float* factors = call.factors == nullptr ? nullptr : call.factors + hour * p.factorStride;
      const auto emit = [&](Range rows) {
        for (int64_t tracer = 0; tracer < count; ++tracer) {
          const int64_t group = tracer / p.kindCount;
          const TracerKind& kind = p.kinds[tracer % p.kindCount];
          forEachMass(p, f, tracer, rows, [&](float& lower, float& upper, int64_t at, int64_t) {
            const float moved = f.down[at] * upper - f.up[at] * lower;
            lower += moved;
            upper -= moved;
          });
          if (kind.precursor >= 0) {
            const int64_t precursor = group * p.kindCount + kind.precursor;
            const float *const rate = f.rate(kind.rate), *const lowerOf = f.lower(precursor), *const upperOf = f.upper(precursor);
            forEachMass(p, f, tracer, rows, [&](float& lower, float& upper, int64_t at, int64_t) {
              lower += rate[at] * lowerOf[at];
              upper += rate[at] * upperOf[at];
            });
          } else {
            forEachMass(p, f, tracer, rows, [&](float& lower, float& upper, int64_t at, int64_t cell) {
              const int64_t source = cell * p.groups + group;
              const float emitted = kTracerHour * emissions[source] * (factors == nullptr ? 1.0f : factors[source]);
              (staysBelow(kind, f.height[at]) ? lower : upper) += emitted;
            });
          }
        }
      };
      const auto advect = [&](int64_t tracer, int layer, int steps, float* mass) {
        for (int step = 0; step < steps; ++step) {
          sweep(f.plane, f.facesX[layer], true, mass, f.flux);
          sweep(f.plane, f.facesY[layer], false, mass, f.flux);
        }
        losePlane(f, p.kinds[tracer % p.kindCount], mass);
      };
      const auto write = [&](Range rows) {
        float* out = call.out + hour * cells * count;
        for (int64_t tracer = 0; tracer < count; ++tracer)
          forEachMass(p, f, tracer, rows, [&](float& lower, float&, int64_t at, int64_t cell) { out[cell * count + tracer] = lower / f.height[at]; });
      };
      passHour(p, worker, f, hour, emit, advect, write);
    }
  });
}

void tracersAdjoint(const TracersAdjoint& call, const Context& context) {
  const TracerParams& p = call.params;
  const int64_t cells = p.rows * p.cols, count = p.groups * p.kindCount;
  inParallel(context, [&](const Worker& worker) {
    const Fields f = fieldsOf(p, worker);
    for (int64_t hour = p.hours - 1; hour >= 0; --hour) {
      const float* emissions = call.emissions + hour * cells * p.groups;
      float* gradient = call.gradFactors + hour * p.factorStride;
      const auto read = [&](Range rows) {
        const float* grad = call.gradOut + hour * cells * count;
        for (int64_t tracer = 0; tracer < count; ++tracer)
          forEachMass(p, f, tracer, rows,
                      [&](float& lower, float&, int64_t at, int64_t cell) { lower += grad[cell * count + tracer] / f.height[at]; });
      };
      const auto advect = [&](int64_t tracer, int layer, int steps, float* mass) {
        losePlane(f, p.kinds[tracer % p.kindCount], mass);
        for (int step = 0; step < steps; ++step) {
          sweepAdjoint(f.plane, f.facesY[layer], false, mass, f.flux);
          sweepAdjoint(f.plane, f.facesX[layer], true, mass, f.flux);
        }
      };
      const auto collect = [&](Range rows) {
        for (int64_t tracer = count - 1; tracer >= 0; --tracer) {
          const int64_t group = tracer / p.kindCount;
          const TracerKind& kind = p.kinds[tracer % p.kindCount];
          if (kind.precursor >= 0) {
            const int64_t precursor = group * p.kindCount + kind.precursor;
            const float* const rate = f.rate(kind.rate);
            float *const lowerOf = f.lower(precursor), *const upperOf = f.upper(precursor);
            forEachMass(p, f, tracer, rows, [&](float& lower, float& upper, int64_t at, int64_t) {
              lowerOf[at] += rate[at] * lower;
              upperOf[at] += rate[at] * upper;
            });
          } else {
            forEachMass(p, f, tracer, rows, [&](float& lower, float& upper, int64_t at, int64_t cell) {
              const int64_t source = cell * p.groups + group;
              gradient[source] += kTracerHour * emissions[source] * (staysBelow(kind, f.height[at]) ? lower : upper);
            });
          }
          forEachMass(p, f, tracer, rows, [&](float& lower, float& upper, int64_t at, int64_t) {
            const float moved = lower - upper;
            lower -= f.up[at] * moved;
            upper += f.down[at] * moved;
          });
        }
      };
      passHour(p, worker, f, hour, read, advect, collect);
    }
  });
}

}  // namespace retroplume::RETROPLUME_ISA
