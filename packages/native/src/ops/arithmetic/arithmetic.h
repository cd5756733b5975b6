#pragma once
#include <cstdint>

#include "runtime/context.h"

/**
 * Element-wise arithmetic: binary out = a + b, a − b or a·b; axpy output += alpha·input; scale output = alpha·input; fill output = value.
 * Outputs may be inputs. Their gradients are made of the same kernels by the graph. Arrays of a binary may be channels of larger ones.
 */
namespace retroplume {

enum class BinaryKind : int { add, subtract, multiply };

template <class T>
struct Binary {
  int64_t pixels, channels;
  int64_t aStride, bStride, outputStride;  // from one pixel to the next
  BinaryKind kind;
  const T* a;
  const T* b;
  T* output;
  /** Whether no array is spread out. */
  bool inOnePiece() const { return aStride == channels && bStride == channels && outputStride == channels; }
};

template <class T>
struct Axpy {
  int64_t elements;
  double alpha;
  const T* input;
  T* output;
};

template <class T>
struct Scale {
  int64_t elements;
  double alpha;
  const T* input;
  T* output;
};

template <class T>
struct Fill {
  int64_t elements;
  double value;
  T* output;
};

template <class T>
void binaryReference(const Binary<T>& call, const Context& context);
template <class T>
void axpyReference(const Axpy<T>& call, const Context& context);
template <class T>
void scaleReference(const Scale<T>& call, const Context& context);
template <class T>
void fillReference(const Fill<T>& call, const Context& context);

}  // namespace retroplume
