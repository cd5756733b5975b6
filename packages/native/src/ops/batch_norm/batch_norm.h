#pragma once
#include <cstddef>
#include <cstdint>

#include "runtime/context.h"

/**
 * Batch normalisation per channel over all m pixels (samples and cells), Ioffe & Szegedy (2015), arXiv:1502.03167.
 *
 * Train: with mean μ and BIASED variance σ² of the batch, s = 1/√(σ² + ε), x̂ = (x − μ)·s:
 *   output = scale·x̂ + shift;  running = (1 − momentum)·running + momentum·batch, with the UNBIASED variance σ²·m/(m−1)
 *   savedMean = μ, savedInvStd = s are kept for the backward pass.
 * Backward, with G = gradOutput. μ and σ depend on every x; collecting both dependences gives
 *   gradShift = Σ G;  gradScale = Σ G·x̂;  gradInput = scale·s·(G − gradShift/m − x̂·gradScale/m)
 *
 * Eval: μ and σ² are the running ones and constants: output = scale·(x − μ)·s + shift; gradInput = scale·s·G; gradScale, gradShift as above.
 *
 * Sums are taken in double, in a fixed order for a given number of threads.
 *
 * Synchronised, the batch is that of all ranks, which have as many pixels each: m, μ and σ² are of all (ops/batch_norm/synchronised.h), and so are
 * the two sums in gradInput. gradScale and gradShift stay those of the rank's own pixels, as all gradients of parameters do, which are added up
 * later.
 */
namespace retroplume {

struct BatchNormParams {
  int64_t pixels, channels;
  double epsilon, momentum;
  bool synchronised;  // over all ranks
};

template <class T>
struct BatchNormTrainForward {
  BatchNormParams params;
  const T* input;  // [pixels, C]
  const T* scale;
  const T* shift;
  T* runningMean;
  T* runningVariance;
  T* output;
  T* savedMean;
  T* savedInvStd;
};

template <class T>
struct BatchNormTrainBackward {
  BatchNormParams params;
  const T* input;
  const T* scale;
  const T* savedMean;
  const T* savedInvStd;
  const T* gradOutput;
  T* gradInput;
  T* gradScale;
  T* gradShift;
};

template <class T>
struct BatchNormEvalForward {
  BatchNormParams params;
  const T* input;
  const T* scale;
  const T* shift;
  const T* runningMean;
  const T* runningVariance;
  T* output;
};

template <class T>
struct BatchNormEvalBackward {
  BatchNormParams params;
  const T* input;
  const T* scale;
  const T* runningMean;
  const T* runningVariance;
  const T* gradOutput;
  T* gradInput;
  T* gradScale;  // or null
  T* gradShift;  // or null
};

template <class T>
void batchNormTrainForwardReference(const BatchNormTrainForward<T>& call, const Context& context);
template <class T>
void batchNormTrainBackwardReference(const BatchNormTrainBackward<T>& call, const Context& context);
template <class T>
void batchNormEvalForwardReference(const BatchNormEvalForward<T>& call, const Context& context);
template <class T>
void batchNormEvalBackwardReference(const BatchNormEvalBackward<T>& call, const Context& context);

/** Scratch bytes for partial sums. */
std::size_t batchNormScratch(const BatchNormParams& params, int threads);

}  // namespace retroplume
