#pragma once
#include <cstddef>
#include <cstdint>

#include "ops/dropout/dropout.h"
#include "runtime/context.h"

/**
 * Batch normalisation with the batch's statistics, P-ReLU and dropout in one op, for training: what follows a convolution, without the passes over
 * memory in between. With μ, σ² the mean and biased variance over the m pixels of a channel, s = 1/√(σ² + ε), and k the factor of dropout, which is 0
 * or 1/(1 − p) (ops/dropout/dropout.h; the same numbers, from the element's place in [pixels, C]):
 *
 *   x̂ = (x − μ)·s,  z = scale·x̂ + shift,  output = k·(z > 0 ? z : slope·z);  running statistics as in ops/batch_norm/batch_norm.h
 *
 * Backward, with G = gradOutput. z and k are made again, so that of everything here only x has to be kept:
 *
 *   F = k·G·(z > 0 ? 1 : slope),  gradShift = Σ F,  gradScale = Σ F·x̂,  gradSlope = Σ over z ≤ 0 of k·G·z
 *   gradInput = scale·s·(F − gradShift/m − x̂·gradScale/m)
 *
 * Sums are taken in double, in a fixed order for a given number of threads. `output` and `gradOutput` may be channels of a larger array.
 */
namespace retroplume {

struct BatchNormPreluParams {
  int64_t pixels, channels;
  int64_t outputStride;  // from one pixel of output and gradOutput to the next
  double epsilon, momentum;
  double probability;  // of dropping; 0: no dropout
  uint64_t seed;
  bool synchronised;  // over all ranks, as in ops/batch_norm/batch_norm.h
  DropoutPlace place = {};
};

template <class T>
struct BatchNormPreluForward {
  BatchNormPreluParams params;
  const T* input;  // [pixels, C]
  const T* scale;
  const T* shift;
  const T* slope;
  const T* step;  // of dropout, or null: 0
  T* runningMean;
  T* runningVariance;
  T* output;  // [pixels, C]
  T* savedMean;
  T* savedInvStd;
};

template <class T>
struct BatchNormPreluBackward {
  BatchNormPreluParams params;
  const T* input;
  const T* scale;
  const T* shift;
  const T* slope;
  const T* step;
  const T* savedMean;
  const T* savedInvStd;
  const T* gradOutput;  // [pixels, C]
  T* gradInput;         // may be gradOutput
  T* gradScale;
  T* gradShift;
  T* gradSlope;
};

template <class T>
void batchNormPreluForwardReference(const BatchNormPreluForward<T>& call, const Context& context);
template <class T>
void batchNormPreluBackwardReference(const BatchNormPreluBackward<T>& call, const Context& context);

}  // namespace retroplume
