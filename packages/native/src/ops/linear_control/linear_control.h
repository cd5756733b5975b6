#pragma once
#include <cstdint>

/**
 * A control whose elements e are emissions in some unit, with the prior's p in the same, where f = e / p are the factors: a step of projected
 * gradient descent (Huang et al. 2021, doi:10.5194/gmd-14-4641-2021, sect. 2.4),
 *
 *   e ← e − (rate / p) · dJ/df,     then  0 ≤ e ≤ bound · p
 *
 * Where p is 0 nothing is emitted: f is 1 there, and e stays. A step of the paper's moves all hours that a window sees, 5 million elements of a
 * domain of 182 x 232 cells, so that it is memory's speed that counts. Not instructions of programs: the control is JavaScript's, in double.
 */
namespace retroplume {

struct LinearFactors {
  int64_t elements;
  const double* control;
  const double* prior;
  float* factors;
};

struct LinearDescent {
  int64_t elements;
  double rate;
  const double* prior;
  const float* gradFactors;
  double* control;
};

struct LinearBounds {
  int64_t elements;
  double bound;
  const double* prior;
  double* control;
};

/** Whether a number is NaN or infinite among those of each thread: `found` has room for one answer a thread. */
struct FindNonFinite {
  int64_t elements;
  const float* values;
  bool* found;
};

}  // namespace retroplume
