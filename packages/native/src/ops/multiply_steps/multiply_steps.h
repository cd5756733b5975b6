#pragma once
#include <cstdint>

#include "runtime/context.h"

/**
 * The product of an array that has an axis of steps, [N, T, P, C] with P the pixels of an image, and factors that have the steps among their
 * channels:
 *
 *   output[n, p, t·C + c] = input[n, t, p, c] · factors[n, p, t·C + c]
 *
 * Backward, with G = gradOutput: gradFactors[n, p, t·C + c] = G[n, p, t·C + c] · input[n, t, p, c],
 * gradInput[n, t, p, c] = G[n, p, t·C + c] · factors[n, p, t·C + c].
 *
 * `input` may be channels of a larger array.
 */
namespace retroplume {

struct MultiplyStepsParams {
  int64_t batch, steps, pixels, channels;
  int64_t inputStride;  // from one pixel of input to the next
};

template <class T>
struct MultiplyStepsForward {
  MultiplyStepsParams params;
  const T* input;
  const T* factors;
  T* output;  // may be factors
};

template <class T>
struct MultiplyStepsBackward {
  MultiplyStepsParams params;
  const T* input;    // null where gradFactors is
  const T* factors;  // null where gradInput is
  const T* gradOutput;
  T* gradFactors;  // may be gradOutput; or null
  T* gradInput;    // or null
};

template <class T>
void multiplyStepsForwardReference(const MultiplyStepsForward<T>& call, const Context& context);
template <class T>
void multiplyStepsBackwardReference(const MultiplyStepsBackward<T>& call, const Context& context);

}  // namespace retroplume
