#pragma once
#include <cstddef>
#include <cstdint>

#include "ops/cell_layout.h"
#include "runtime/context.h"

/**
 * P-ReLU with one slope a channel (He et al. 2015, arXiv:1502.01852): output = x > 0 ? x : slope[c]·x.
 *
 * Backward, with G = gradOutput: gradInput = G·(x > 0 ? 1 : slope[c]) (at x = 0 the slope, as PyTorch);
 * gradSlope[c] = Σ over pixels with x ≤ 0 of G·x, summed in a fixed order for a given number of threads.
 * Where a convolution has applied the P-ReLU and marked its result (ops/activation/activation.h), that can be given instead of x; then there is no
 * gradSlope.
 *
 * `output` and `gradOutput`, and a marked result, may be channels of a larger array, the former two also rows of its images.
 */
namespace retroplume {

struct PreluParams {
  int64_t images, pixels, channels;  // pixels of all images
  CellLayout output;                 // and of gradOutput
  int64_t inputStride;               // of a marked result
  bool marked;
};

template <class T>
struct PreluForward {
  PreluParams params;
  const T* input;
  const T* slope;
  T* output;  // may be the input
};

template <class T>
struct PreluBackward {
  PreluParams params;
  const T* input;  // or the marked result
  const T* slope;
  const T* gradOutput;
  T* gradInput;  // may be gradOutput
  T* gradSlope;  // or null
};

template <class T>
void preluForwardReference(const PreluForward<T>& call, const Context& context);
template <class T>
void preluBackwardReference(const PreluBackward<T>& call, const Context& context);

/** Scratch bytes that the fast kernels need. */
std::size_t preluScratch(const PreluParams& params, int threads);

}  // namespace retroplume
