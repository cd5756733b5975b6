#pragma once
#include <cstddef>
#include <cstdint>

#include "runtime/context.h"

/**
 * Weighted misfit with d = prediction − target:  loss = Σ weight·φ(d) / divisor
 *
 *   l1     φ = |d|                                  φ' = sign(d), sign(0) = 0
 *   l2     φ = d²/2                                 φ' = d
 *   huber  φ = |d| ≤ δ ? d²/2 : δ(|d| − δ/2)        φ' = d limited to [−δ, δ]          Huber (1964)
 *
 * gradPrediction = gradOutput·weight·φ'(d)/divisor. An element of weight 0 contributes exactly 0 to both, even where the target is NaN:
 * that is how missing observations are masked. Summed in double in a fixed order for a given number of threads.
 */
namespace retroplume {

enum class LossKind : int { l1, l2, huber };

struct LossParams {
  int64_t elements;
  LossKind kind;
  double delta, divisor;
};

template <class T>
struct LossForward {
  LossParams params;
  const T* prediction;
  const T* target;
  const T* weight;
  T* output;  // scalar
};

template <class T>
struct LossBackward {
  LossParams params;
  const T* prediction;
  const T* target;
  const T* weight;
  const T* gradOutput;  // scalar, or null: 1
  T* gradPrediction;
};

template <class T>
void lossForwardReference(const LossForward<T>& call, const Context& context);
template <class T>
void lossBackwardReference(const LossBackward<T>& call, const Context& context);

/** Scratch bytes for partial sums. */
std::size_t lossForwardScratch(int threads);

}  // namespace retroplume
