#pragma once
#include <cstddef>
#include <cstdint>

#include "runtime/context.h"

/**
 * Updates of parameters in place. Learning rate and step are scalars of the arena, so that the host changes them without a new program.
 *
 * adam (Kingma & Ba 2015, arXiv:1412.6980) with L2 added to the gradient, before the moments; t is the 1-based step:
 *   g = gradient + l2·p;  m = β1·m + (1−β1)·g;  v = β2·v + (1−β2)·g²
 *   p −= rate · (m/(1−β1ᵗ)) / (√(v/(1−β2ᵗ)) + ε)
 *
 * sgdProject: value = limit(value − rate·gradient, lower, upper); a bound that is not given does not limit.
 *
 * clipNorm: gradient ·= min(1, maxNorm/‖gradient‖₂); `output` takes the norm before. The norm is summed in double in a fixed order.
 */
namespace retroplume {

template <class T>
struct Adam {
  int64_t elements;
  double beta1, beta2, epsilon, l2;
  T* parameter;
  const T* gradient;
  T* firstMoment;
  T* secondMoment;
  const T* learningRate;  // scalar
  const T* step;          // scalar, 1-based
};

template <class T>
struct SgdProject {
  int64_t elements;
  T* value;
  const T* gradient;
  const T* lower;         // or null
  const T* upper;         // or null
  const T* learningRate;  // scalar
};

template <class T>
struct ClipNorm {
  int64_t elements;
  double maxNorm;
  T* gradient;
  T* output;  // scalar or null
};

template <class T>
void adamReference(const Adam<T>& call, const Context& context);
template <class T>
void sgdProjectReference(const SgdProject<T>& call, const Context& context);
template <class T>
void clipNormReference(const ClipNorm<T>& call, const Context& context);

/** Scratch bytes for partial sums. */
std::size_t clipNormScratch(int threads);

}  // namespace retroplume
