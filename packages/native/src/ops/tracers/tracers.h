#pragma once
#include <cstdint>

#include "runtime/context.h"

/**
 * Tracers of emissions: what the weather alone makes of each emitted group, linear in the emissions. They are inputs of the surrogate beside
 * the emissions themselves; not an instruction of programs, since they pass over all hours of a period.
 *
 * A tracer has two masses (kg m-2) in every cell: in the mixed layer, 0 … h, and above it up to 1500 m, h = PBL between 100 and 1500 m. Every hour:
 *
 *   exchange    as h grows from h0 to h1, (h1 − h0) / (1500 m − h0) of the upper mass joins the lower; as it falls, (h0 − h1) / h0 of the lower stays
 *               above
 *   emission    lower += 3600 s · factor · emission; of an `aloft` tracer upper where h is below 300 m
 *   or product  both += rate · those of the precursor, which does not lose it: a tracer of what is made of the group underway
 *   advection   by the 10 m wind times (z / 10 m)^(1/7), z = h / 2 in the lower and 1000 m in the upper layer; along x and then y, in as many equal
 *               steps as keep the Courant number below 0.8, with Fromm's second-order fluxes. No limiter, which would not be linear; nothing flows in
 *   loss        · exp(−1 h / lifetime), and · a part that is kept in the cell this hour
 *
 * and the tracer is the concentration at the ground, lower / h (kg m-3). Fromm (1968) J. Comput. Phys. 3, 176, doi:10.1016/0021-9991(68)90015-6
 */
namespace retroplume {

/** One of a group's tracers. Indices are −1 where it has no such thing. */
struct TracerKind {
  /** exp(−1 h / lifetime) */
  float decay;
  /** the tracer of the group, before it in the list of all, that it is made of, and the plane of `rates` with the part that is made in an hour;
   * emitted if there is none */
  int64_t precursor, rate;
  /** the plane of `rates` with the part that is kept in an hour */
  int64_t kept;
  bool aloft;
};

struct TracerParams {
  /** hours that are carried; the hour before them is in the meteorology too where `follows`, and else the heights begin as those of the first */
  int64_t hours, rows, cols;
  bool follows;
  /** emitted groups, and their tracers, group after group: those of group g are firsts[g] … firsts[g + 1] − 1 */
  int64_t groups, count;
  const TracerKind* kinds;  // [count]
  const int64_t* firsts;    // [groups + 1]
  /** [hours, rows, cols, rateCount], parts in an hour */
  const float* rates;
  int64_t rateCount;
  /** of a cell, m */
  float sizeX, sizeY;
  /** [hours (+ 1 where `follows`), rows, cols, channels]; the places of 10 m wind along x and y (m s-1) and of PBL (m), or of 1 / PBL where
   * `inverseHeight` */
  const float* meteorology;
  int64_t channels, windX, windY, height;
  bool inverseHeight;
  /** elements between two hours of `factors`: 0 where all hours share [H, W, groups] */
  int64_t factorStride;
  /** on a CPU: [hours], whether an hour has a field in `out` or `gradOut`, one after the other; null: all do */
  const uint8_t* asked;
  /** tracerMasses() floats, as the hours before (in the transpose: after) left them, or zeros */
  float* masses;
  /** tracerScratch() zeros */
  float* scratch;
};

/** out[asked hour, r, c, tracer]; `factors` may be null (all 1). */
struct Tracers {
  TracerParams params;
  /** [hours, rows, cols, groups], kg m-2 s-1 */
  const float* emissions;
  const float* factors;
  float* out;
};

/** The transpose with respect to the factors, added to `gradFactors`. */
struct TracersAdjoint {
  TracerParams params;
  const float* emissions;
  const float* gradOut;
  float* gradFactors;
};

/** largest[hour]: the Courant number of an hour's step, of the upper layer, which is the faster. All that it points to lies in a device's memory. */
struct TracerCourants {
  TracerParams params;
  float* largest;
};

/**
 * The same in a device's memory, from the first hour of a period on. Of the parameters, `masses` are tracerMasses() zeros and as many more of which
 * the borders are zeros, `scratch` tracerDeviceScratch() numbers that were zeros before the first call.
 */
struct TracersOnDevice {
  Tracers call;
  /** sweeps along both axes of each hour, in the host's memory */
  const int* steps;
};

struct TracersAdjointOnDevice {
  TracersAdjoint call;
  const int* steps;
};

/** A field with two ghost cells on every side, which stay 0. */
struct TracerPlane {
  int64_t rows, cols, stride;
  RETROPLUME_HOST_DEVICE int64_t at(int64_t row, int64_t col) const { return (row + 2) * stride + col + 2; }
  RETROPLUME_HOST_DEVICE int64_t elements() const { return (rows + 4) * stride; }
};

[[gnu::always_inline]] inline TracerPlane tracerPlane(const TracerParams& p) { return {p.rows, p.cols, (p.cols + 4 + 15) / 16 * 16}; }

/** Weather: wind along x and y of the lower layer and at 10 m, height, both exchanges, faces along x and y of both layers. */
constexpr int64_t kTracerWeatherPlanes = 11;

/** Two masses a tracer. */
[[gnu::always_inline]] inline int64_t tracerMasses(const TracerParams& p) { return tracerPlane(p).elements() * 2 * p.count; }

/** Planes of a device's scratch: height, both exchanges, faces along x and y of both layers. */
constexpr int64_t kTracerDevicePlanes = 7;

[[gnu::always_inline]] inline int64_t tracerDeviceScratch(const TracerParams& p) { return tracerPlane(p).elements() * kTracerDevicePlanes; }

/** Zeros at either end of a row of faces: a vector of the widest. */
constexpr int64_t kTracerRowEdge = 16;

/** Rows of faces that a thread keeps, and the floats of one. */
constexpr int kTracerFaceRows = 4;
[[gnu::always_inline]] inline int64_t tracerFaceRow(const TracerPlane& plane) { return plane.stride + 2 * kTracerRowEdge; }

/** Floats of scratch for `threads` threads: the weather, the rates, the faces of each thread, and its largest Courant number. */
[[gnu::always_inline]] inline int64_t tracerScratch(const TracerParams& p, int threads) {
  return tracerPlane(p).elements() * (kTracerWeatherPlanes + p.rateCount) + (kTracerFaceRows * tracerFaceRow(tracerPlane(p)) + 16) * threads;
}

}  // namespace retroplume
