#include <math.h>

#include "ops/simd/parallel.h"
#include "ops/tracers/tracer_sweeps.h"
#include "ops/tracers/tracers.h"

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
  float* rows[4];                // of faces, of this thread, each between zeros
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
  for (int i = 0; i < kTracerFaceRows; ++i) {
    f.rows[i] = next + (worker.thread * kTracerFaceRows + i) * tracerFaceRow(f.plane) + kTracerRowEdge;
  }
  f.courant = next + worker.threads * kTracerFaceRows * tracerFaceRow(f.plane);
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

void losePlane(const Fields& f, const TracerKind& kind, float* __restrict mass) {
  const TracerPlane& plane = f.plane;
  const float* __restrict kept = kind.kept < 0 ? nullptr : f.rate(kind.kept);
  for (int64_t r = 0; r < plane.rows; ++r) {
    const int64_t begin = plane.at(r, 0);
    for (int64_t k = begin; k < begin + plane.cols; ++k) mass[k] *= kept == nullptr ? kind.decay : kind.decay * kept[k];
  }
}

/** A row of cells of one tracer. */
struct MassRow {
  float* __restrict lower;
  float* __restrict upper;
};

MassRow massRow(const Fields& f, int64_t tracer, int64_t row) {
  const int64_t begin = f.plane.at(row, 0);
  return {f.lower(tracer) + begin, f.upper(tracer) + begin};
}

/** Height and exchange of a row of cells. */
struct MixingRow {
  const float* __restrict height;
  const float* __restrict up;
  const float* __restrict down;
};

/** Exchange in a row, and what is emitted there or made of the precursor. Of the emissions all hours may share the factors; null: 1. */
void gain(const TracerParams& p, const Fields& f, const float* emissions, const float* factors, int64_t row) {
  const int64_t begin = f.plane.at(row, 0), first = row * p.cols;
  const MixingRow mixing{f.height + begin, f.up + begin, f.down + begin};
  float* __restrict emitted = f.rows[0];
  for (int64_t group = 0; group < p.groups; ++group) {
    for (int64_t c = 0; c < p.cols; ++c) {
      const int64_t source = (first + c) * p.groups + group;
      emitted[c] = kTracerHour * emissions[source] * (factors == nullptr ? 1.0f : factors[source]);
    }
    for (int64_t tracer = p.firsts[group]; tracer < p.firsts[group + 1]; ++tracer) {
      const TracerKind& kind = p.kinds[tracer];
      const MassRow mass = massRow(f, tracer, row);
      for (int64_t c = 0; c < p.cols; ++c) {
        const float moved = mixing.down[c] * mass.upper[c] - mixing.up[c] * mass.lower[c];
        mass.lower[c] += moved;
        mass.upper[c] -= moved;
      }
      if (kind.precursor >= 0) {
        const MassRow of = massRow(f, kind.precursor, row);
        const float* __restrict rate = f.rate(kind.rate) + begin;
        for (int64_t c = 0; c < p.cols; ++c) {
          mass.lower[c] += rate[c] * of.lower[c];
          mass.upper[c] += rate[c] * of.upper[c];
        }
      } else {
        for (int64_t c = 0; c < p.cols; ++c) {
          const float below = staysBelow(kind, mixing.height[c]) ? emitted[c] : 0.0f;
          mass.lower[c] += below;
          mass.upper[c] += emitted[c] - below;
        }
      }
    }
  }
}

/** The transpose of {@link gain}, added to the gradient with respect to the factors. */
void gainAdjoint(const TracerParams& p, const Fields& f, const float* emissions, float* gradient, int64_t row) {
  const int64_t begin = f.plane.at(row, 0), first = row * p.cols;
  const MixingRow mixing{f.height + begin, f.up + begin, f.down + begin};
  float* __restrict emitted = f.rows[0];
  for (int64_t group = 0; group < p.groups; ++group) {
    for (int64_t c = 0; c < p.cols; ++c) emitted[c] = 0;
    for (int64_t tracer = p.firsts[group + 1] - 1; tracer >= p.firsts[group]; --tracer) {
      const TracerKind& kind = p.kinds[tracer];
      const MassRow mass = massRow(f, tracer, row);
      if (kind.precursor >= 0) {
        const MassRow of = massRow(f, kind.precursor, row);
        const float* __restrict rate = f.rate(kind.rate) + begin;
        for (int64_t c = 0; c < p.cols; ++c) {
          of.lower[c] += rate[c] * mass.lower[c];
          of.upper[c] += rate[c] * mass.upper[c];
        }
      } else {
        for (int64_t c = 0; c < p.cols; ++c) emitted[c] += staysBelow(kind, mixing.height[c]) ? mass.lower[c] : mass.upper[c];
      }
      for (int64_t c = 0; c < p.cols; ++c) {
        const float moved = mass.lower[c] - mass.upper[c];
        mass.lower[c] -= mixing.up[c] * moved;
        mass.upper[c] += mixing.down[c] * moved;
      }
    }
    for (int64_t c = 0; c < p.cols; ++c) {
      const int64_t source = (first + c) * p.groups + group;
      gradient[source] += kTracerHour * emissions[source] * emitted[c];
    }
  }
}

/** Weather, faces and the advection of all tracers in between what `before` and `after` do with rows of cells. */
template <class Before, class Carry, class After>
void passHour(const TracerParams& p, const Worker& worker, const Fields& f, int64_t hour, Before before, Carry carry, After after) {
  const Range rows = shareOf(p.rows, worker.threads, worker.thread);
  f.courant[16 * worker.thread] = setWeather(p, f, hour, rows);
  before(rows);
  worker.barrier();
  const int steps = stepsOf(f, worker.threads);
  setFaces(p, f, steps, rows);
  worker.barrier();
  const Range tracers = shareOf(p.count, worker.threads, worker.thread);
  for (int64_t tracer = tracers.begin; tracer < tracers.end; ++tracer) {
    for (int layer = 0; layer < 2; ++layer) carry(tracer, layer, steps, layer == 0 ? f.lower(tracer) : f.upper(tracer));
  }
  worker.barrier();
  after(rows);
}

/** Where the hours' fields lie, from the first hour on or from the last one back. */
class AskedFields {
 public:
  explicit AskedFields(const TracerParams& p) : asked_(p.asked), size_(p.rows * p.cols * p.count) {}

  /** @returns null where the hour has none */
  template <class Value>
  Value* next(Value* fields, int64_t hour) {
    return has(hour) ? fields + size_ * before_++ : nullptr;
  }

  /** After {@link toEnd}, the hours in reverse. */
  template <class Value>
  Value* previous(Value* fields, int64_t hour) {
    return has(hour) ? fields + size_ * --before_ : nullptr;
  }

  void toEnd(int64_t hours) {
    before_ = 0;
    for (int64_t hour = 0; hour < hours; ++hour) before_ += has(hour);
  }

 private:
  bool has(int64_t hour) const { return asked_ == nullptr || asked_[hour] != 0; }

  const uint8_t* asked_;
  int64_t size_;
  int64_t before_ = 0;
};

}  // namespace

void tracers(const Tracers& call, const Context& context) {
  const TracerParams& p = call.params;
  const int64_t cells = p.rows * p.cols, count = p.count;
  inParallel(context, [&](const Worker& worker) {
    const Fields f = fieldsOf(p, worker);
    AskedFields asked(p);
    for (int64_t hour = 0; hour < p.hours; ++hour) {
      float* field = asked.next(call.out, hour);
      const float* emissions = call.emissions + hour * cells * p.groups;
      const float* factors = call.factors == nullptr ? nullptr : call.factors + hour * p.factorStride;
      const auto emit = [&](Range rows) {
        for (int64_t r = rows.begin; r < rows.end; ++r) gain(p, f, emissions, factors, r);
      };
      const auto carry = [&](int64_t tracer, int layer, int steps, float* mass) {
        for (int step = 0; step < steps; ++step) {
          alongX(f.plane, f.facesX[layer], mass, f.rows[0]);
          alongY(f.plane, f.facesY[layer], mass);
        }
        losePlane(f, p.kinds[tracer], mass);
      };
      // Row by row: the tracers of a cell lie side by side, and their lines stay in a cache.
      const auto write = [&](Range rows) {
        for (int64_t r = rows.begin; field != nullptr && r < rows.end; ++r) {
          const float* __restrict height = f.height + f.plane.at(r, 0);
          float* __restrict out = field + r * p.cols * count;
          for (int64_t tracer = 0; tracer < count; ++tracer) {
            const float* __restrict lower = massRow(f, tracer, r).lower;
            for (int64_t c = 0; c < p.cols; ++c) out[c * count + tracer] = lower[c] / height[c];
          }
        }
      };
      passHour(p, worker, f, hour, emit, carry, write);
    }
  });
}

void tracersAdjoint(const TracersAdjoint& call, const Context& context) {
  const TracerParams& p = call.params;
  const int64_t cells = p.rows * p.cols, count = p.count;
  inParallel(context, [&](const Worker& worker) {
    const Fields f = fieldsOf(p, worker);
    AskedFields asked(p);
    asked.toEnd(p.hours);
    for (int64_t hour = p.hours - 1; hour >= 0; --hour) {
      const float* field = asked.previous(call.gradOut, hour);
      const float* emissions = call.emissions + hour * cells * p.groups;
      float* gradient = call.gradFactors + hour * p.factorStride;
      const auto read = [&](Range rows) {
        for (int64_t r = rows.begin; field != nullptr && r < rows.end; ++r) {
          const float* __restrict height = f.height + f.plane.at(r, 0);
          const float* __restrict grad = field + r * p.cols * count;
          for (int64_t tracer = 0; tracer < count; ++tracer) {
            float* __restrict lower = massRow(f, tracer, r).lower;
            for (int64_t c = 0; c < p.cols; ++c) lower[c] += grad[c * count + tracer] / height[c];
          }
        }
      };
      const auto carry = [&](int64_t tracer, int layer, int steps, float* mass) {
        losePlane(f, p.kinds[tracer], mass);
        for (int step = 0; step < steps; ++step) {
          alongYAdjoint(f.plane, f.facesY[layer], mass);
          alongXAdjoint(f.plane, f.facesX[layer], mass, f.rows);
        }
      };
      const auto collect = [&](Range rows) {
        for (int64_t r = rows.begin; r < rows.end; ++r) gainAdjoint(p, f, emissions, gradient, r);
      };
      passHour(p, worker, f, hour, read, carry, collect);
    }
  });
}

}  // namespace retroplume::RETROPLUME_ISA
