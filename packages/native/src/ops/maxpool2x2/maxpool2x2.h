#pragma once
#include <cstdint>

#include "ops/activation/activation.h"
#include "runtime/context.h"

/**
 * 2x2 max-pool, stride 2. With `ceil` a last odd row or column makes a smaller window of its own; without, it is dropped.
 *
 *   output[n,i,j,c] = max over a, b ∈ {0,1} inside the grid of input[n, 2i+a, 2j+b, c]
 *
 * Backward: the gradient goes to the winner alone, which is found again from the input: the first maximum in row-major order, so ties
 * agree with PyTorch's. Other cells get 0. A NaN is kept: it wins over every number. Where there is `added`, it is added to that, and where the input
 * is the result of an activation, all may be multiplied by its derivative.
 *
 * `input`, `added` and `gradInput` may be channels of a larger array.
 */
namespace retroplume {

struct Maxpool2x2Params {
  int64_t batch, height, width, channels;  // of the input
  int64_t inputStride, gradInputStride;    // from one cell to the next
  int64_t addedStride;
  bool ceil;
  [[gnu::always_inline]] int64_t outHeight() const { return (height + (ceil ? 1 : 0)) / 2; }
  [[gnu::always_inline]] int64_t outWidth() const { return (width + (ceil ? 1 : 0)) / 2; }
};

template <class T>
struct Maxpool2x2Forward {
  Maxpool2x2Params params;
  const T* input;  // [N, H, W, C]
  T* output;       // [N, outHeight, outWidth, C]
};

template <class T>
struct Maxpool2x2Backward {
  Maxpool2x2Params params;
  const T* input;
  const T* gradOutput;
  const T* added;            // [N, H, W, C], may be gradInput; or null
  Derivative<T> derivative;  // `activated` is the input
  T* gradInput;
};

template <class T>
void maxpool2x2ForwardReference(const Maxpool2x2Forward<T>& call, const Context& context);
template <class T>
void maxpool2x2BackwardReference(const Maxpool2x2Backward<T>& call, const Context& context);

}  // namespace retroplume
