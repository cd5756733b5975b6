#pragma once
#include <cstdint>

#include "runtime/context.h"

/**
 * Element-wise functions y = f(x) and their reverse gradInput = gradOutput·f'(x), with f' written in x or y, whichever is exact and cheap:
 *
 *   relu      max(x, 0)               x > 0
 *   softplus  log(1 + eˣ)             1/(1 + e⁻ˣ), computed as 1 − e^(−y)
 *   sigmoid   1/(1 + e⁻ˣ)             y(1 − y)
 *   tanh      tanh x                  1 − y²
 *   exp       eˣ                      y
 *   abs       |x|                     sign(x), sign(0) = 0
 *   square    x²                      2x
 *
 * softplus is max(x, 0) + log1p(e^(−|x|)), which neither overflows nor loses small values.
 */
namespace retroplume {

enum class UnaryKind : int { relu, softplus, sigmoid, tanh, exp, abs, square };
constexpr int kUnaryKinds = 7;

struct UnaryParams {
  int64_t elements;
  UnaryKind kind;
  bool accumulate;
};

template <class T>
struct UnaryForward {
  UnaryParams params;
  const T* input;
  T* output;  // may be the input
};

template <class T>
struct UnaryBackward {
  UnaryParams params;
  const T* input;
  const T* output;
  const T* gradOutput;
  T* gradInput;  // may be gradOutput
};

template <class T>
void unaryForwardReference(const UnaryForward<T>& call, const Context& context);
template <class T>
void unaryBackwardReference(const UnaryBackward<T>& call, const Context& context);

}  // namespace retroplume
