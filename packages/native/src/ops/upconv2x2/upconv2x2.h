#pragma once
#include <cstddef>
#include <cstdint>

#include "ops/activation/activation.h"
#include "runtime/context.h"

/**
 * Transposed convolution, kernel 2x2, stride 2: every input cell makes its own 2x2 block of outputs, blocks do not overlap.
 *
 *   output[n, 2i+a, 2j+b, o] = bias[o] + Σ_c weight[a,b,c,o] · input[n,i,j,c]          a, b ∈ {0, 1}; with `accumulate` added to what was there
 *
 * Backward, with G = gradOutput; each term is the plain transpose of that product:
 *
 *   gradInput[n,i,j,c]   = Σ_{a,b,o} weight[a,b,c,o] · G[n, 2i+a, 2j+b, o], with `accumulate` added to what was there, then times the derivative
 *                          of the activation that made the input (ops/activation/activation.h)
 *   gradWeight[a,b,c,o]  = Σ_{n,i,j} input[n,i,j,c] · G[n, 2i+a, 2j+b, o]
 *   gradBias[o]          = Σ over all output cells of G
 *
 * `output` and `gradOutput` may be channels of a larger array.
 */
namespace retroplume {

struct Upconv2x2Params {
  int64_t batch, height, width, inChannels, outChannels;  // height and width of the input
  int64_t outputStride;                                   // from one cell of output and gradOutput to the next
  bool accumulate;
};

template <class T>
struct Upconv2x2Forward {
  Upconv2x2Params params;
  const T* input;   // [N, H, W, Cin]
  const T* weight;  // [2, 2, Cin, Cout]
  const T* bias;    // [Cout] or null
  T* output;        // [N, 2H, 2W, Cout]
};

template <class T>
struct Upconv2x2BackwardInput {
  Upconv2x2Params params;
  const T* gradOutput;
  const T* weight;
  Derivative<T> derivative;
  T* gradInput;
};

template <class T>
struct Upconv2x2BackwardWeight {
  Upconv2x2Params params;
  const T* input;
  const T* gradOutput;
  T* gradWeight;
  T* gradBias;  // or null
};

template <class T>
void upconv2x2ForwardReference(const Upconv2x2Forward<T>& call, const Context& context);
template <class T>
void upconv2x2BackwardInputReference(const Upconv2x2BackwardInput<T>& call, const Context& context);
template <class T>
void upconv2x2BackwardWeightReference(const Upconv2x2BackwardWeight<T>& call, const Context& context);

/** Scratch bytes that the fast kernels need, whichever of the three. */
std::size_t upconv2x2Scratch(const Upconv2x2Params& params, int threads);

}  // namespace retroplume
