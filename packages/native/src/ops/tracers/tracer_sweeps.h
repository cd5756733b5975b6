#pragma once
#include "ops/simd/simd.h"
#include "ops/tracers/tracer_layers.h"

/**
 * Advection of one plane by one step on a processor. The equations are those of TracerFace, with one side chosen:
 *   F = ν·(q + ¼(1 − |ν|)·(d − b)),   q the cell before the wind, d the one behind it, b the one before q
 * Along x, what faces have between them lies in a few rows of memory; along y in registers, as a vector of columns is gone through row by row.
 */
namespace retroplume::RETROPLUME_ISA {

[[gnu::always_inline]] inline Vector magnitude(Vector x) { return x < 0.0f ? -x : x; }

/** Of faces between the cells `one` and `own`; `two` is before, `next` behind them. */
[[gnu::always_inline]] inline Vector fluxOf(Vector c, Vector two, Vector one, Vector own, Vector next) {
  const auto forth = c > 0.0f;
  const Vector upwind = forth ? one : own, downwind = forth ? own : one, beyond = forth ? two : next;
  return c * (upwind + (0.25f - 0.25f * magnitude(c)) * (downwind - beyond));
}

/** @param flux - room for a row of faces */
inline void alongX(const TracerPlane& plane, const float* courant, float* mass, float* flux) {
  for (int64_t r = 0; r < plane.rows; ++r) {
    const float* const faces = courant + plane.at(r, 0);
    float* const row = mass + plane.at(r, 0);
    for (int64_t k = 0; k <= plane.cols; k += kLanes) {
      store(flux + k, fluxOf(load(faces + k), load(row + k - 2), load(row + k - 1), load(row + k), load(row + k + 1)));
    }
    for (int64_t k = 0; k < plane.cols; k += kLanes) {
      keep(row + k, load(row + k) - (load(flux + k + 1) - load(flux + k)), static_cast<int>(smaller(kLanes, plane.cols - k)));
    }
  }
}

inline void alongY(const TracerPlane& plane, const float* courant, float* mass) {
  for (int64_t c = 0; c < plane.cols; c += kLanes) {
    const int valid = static_cast<int>(smaller(kLanes, plane.cols - c));
    const float* face = courant + plane.at(0, c);
    float* row = mass + plane.at(0, c);
    Vector two = {}, one = {}, own = fetch(row, valid), before = {};
    for (int64_t r = 0; r <= plane.rows; ++r, row += plane.stride, face += plane.stride) {
      const Vector next = fetch(row + plane.stride, valid), flux = fluxOf(fetch(face, valid), two, one, own, next);
      if (r > 0) keep(row - plane.stride, one - (flux - before), valid);
      two = one, one = own, own = next, before = flux;
    }
  }
}

/** What faces give back to the cells before and behind them, and to those further. */
struct FaceShares {
  Vector two, one, own, next;
};

[[gnu::always_inline]] inline FaceShares sharesOf(Vector c, Vector one, Vector own) {
  const Vector whole = c * (own - one), part = (0.25f - 0.25f * magnitude(c)) * whole, none = {};
  const auto forth = c > 0.0f;
  return {forth ? part : none, forth ? whole : part, forth ? part : whole, forth ? none : part};
}

/**
 * The transpose of {@link alongX}. Faces outside have the Courant number 0 of the ghost cells, so their shares are none.
 * @param rows - four, each between zeros
 */
inline void alongXAdjoint(const TracerPlane& plane, const float* courant, float* mass, float* const (&rows)[4]) {
  const auto [two, one, own, next] = rows;
  for (int64_t r = 0; r < plane.rows; ++r) {
    const float* const faces = courant + plane.at(r, 0);
    float* const row = mass + plane.at(r, 0);
    for (int64_t k = 0; k < plane.cols + 2; k += kLanes) {
      const FaceShares shares = sharesOf(load(faces + k), load(row + k - 1), load(row + k));
      store(two + k, shares.two), store(one + k, shares.one), store(own + k, shares.own), store(next + k, shares.next);
    }
    for (int64_t k = 0; k < plane.cols; k += kLanes) {
      const Vector sum = (load(own + k) - load(next + k - 1)) + (load(one + k + 1) - load(two + k + 2));
      keep(row + k, load(row + k) + sum, static_cast<int>(smaller(kLanes, plane.cols - k)));
    }
  }
}

inline void alongYAdjoint(const TracerPlane& plane, const float* courant, float* mass) {
  for (int64_t c = 0; c < plane.cols; c += kLanes) {
    const int valid = static_cast<int>(smaller(kLanes, plane.cols - c));
    const float* face = courant + plane.at(0, c);
    float* row = mass + plane.at(0, c);
    // The cells around a face, and with what the faces before have given back to them.
    Vector one = {}, own = fetch(row, valid), newTwo = {}, newOne = {}, newOwn = own;
    for (int64_t r = 0; r <= plane.rows; ++r, row += plane.stride, face += plane.stride) {
      const FaceShares shares = sharesOf(fetch(face, valid), one, own);
      const Vector next = fetch(row + plane.stride, valid);
      if (r > 1) keep(row - 2 * plane.stride, newTwo - shares.two, valid);
      newTwo = newOne + shares.one, newOne = newOwn + shares.own, newOwn = next - shares.next;
      one = own, own = next;
    }
    keep(row - 2 * plane.stride, newTwo, valid);
  }
}

}  // namespace retroplume::RETROPLUME_ISA
