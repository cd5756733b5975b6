#pragma once
#include <cstdint>

/**
 * Activations that other kernels apply on their way, and their derivatives.
 *
 *   0 none   1 relu: max(z, 0)   2 P-ReLU: z > 0 ? z : slope[c]·z, marked
 *
 * Marked: the lowest bit of the result is set where z > 0 and cleared elsewhere, which changes it by a unit in the last place at most. With a slope
 * below 0 the sign of the result does not say that of z; a reverse pass would need z, which then is written and read for nothing else. Marked are
 * all, so that a program gives the same bits with a reverse pass and without.
 */
namespace retroplume {

constexpr int kActivations = 3;

/** The derivative at z that a data gradient is multiplied by before it is stored, told by the activation's result. */
template <class T>
struct Derivative {
  int kind;            // the activation. relu: result > 0 ? 1 : 0; P-ReLU: marked ? 1 : slope[c]
  const T* activated;  // [cells, C], the result
  int64_t stride;      // from one cell of it to the next
  const T* slope;      // [C], with kind 2
};

}  // namespace retroplume
