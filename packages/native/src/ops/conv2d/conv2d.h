#pragma once
#include <cstddef>
#include <cstdint>

#include "ops/activation/activation.h"
#include "ops/cell_layout.h"
#include "runtime/context.h"

/**
 * 2-D cross-correlation, stride 1, odd kernel K, zero padding p = (K−1)/2, channels last:
 *
 *   z[n,i,j,o]   = bias[o] + Σ_{k,l,c} weight[k,l,c,o] · input[n, i+k−p, j+l−p, c]
 *   output       = activation(z)                             (ops/activation/activation.h)
 *
 * Backward (of z; the activation has ops of its own), with G = gradOutput. Each output cell (i,j) took input cell (i+k−p, j+l−p), so the
 * cell (a,b) of the input was used by output (a−k+p, b−l+p):
 *
 *   gradInput[n,a,b,c]    = Σ_{k,l,o} weight[k,l,c,o] · G[n, a−k+p, b−l+p, o]    a correlation of G with the weights turned by 180°,
 *                           with `accumulate` added to what was there, then times the derivative of the activation that made the input
 *   gradWeight[k,l,c,o]   = Σ_{n,i,j} input[n, i+k−p, j+l−p, c] · G[n,i,j,o]
 *   gradBias[o]           = Σ_{n,i,j} G[n,i,j,o]
 *
 * `output` may be channels of a larger array, and rows of its images; `gradInput` may be channels of one, and so may `input` where K = 1.
 *
 * Dumoulin & Visin (2016), arXiv:1603.07285.
 */
namespace retroplume {

struct Conv2dParams {
  int64_t batch, height, width, inChannels, outChannels, kernel;
  CellLayout output;
  int64_t inputStride;  // elements from one cell of the input, or of its gradient, to the next
  int activation;       // of the output
  bool accumulate;
  int algorithm;  // 0 by measured rule (conv2d_choice.h), 1 direct, 2 Winograd; the reference and CUDA kernels know no other than their own
};

template <class T>
struct Conv2dForward {
  Conv2dParams params;
  const T* input;   // [N, H, W, Cin]
  const T* weight;  // [K, K, Cin, Cout]
  const T* bias;    // [Cout] or null
  const T* slope;   // [Cout], of a P-ReLU
  T* output;        // [N, H, W, Cout]
};

template <class T>
struct Conv2dBackwardInput {
  Conv2dParams params;
  const T* gradOutput;
  const T* weight;
  Derivative<T> derivative;  // of the activation that made the input
  T* gradInput;
};

template <class T>
struct Conv2dBackwardWeight {
  Conv2dParams params;
  const T* input;
  const T* gradOutput;
  T* gradWeight;
  T* gradBias;  // or null
};

template <class T>
void conv2dForwardReference(const Conv2dForward<T>& call, const Context& context);
template <class T>
void conv2dBackwardInputReference(const Conv2dBackwardInput<T>& call, const Context& context);
template <class T>
void conv2dBackwardWeightReference(const Conv2dBackwardWeight<T>& call, const Context& context);

}  // namespace retroplume
