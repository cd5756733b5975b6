#pragma once
#include <cstdint>

#include "runtime/collective.h"

/** Batch norm over the pixels of several ranks. Functions of their own, so that code for several instruction sets sees no inline ones. */
namespace retroplume {

/**
 * Moments of all ranks' pixels from those of each: with δ = μ_r − μ, of the ranks in their order,
 *   μ ← μ + δ·m_r/(m + m_r),  M ← M + M_r + δ²·m·m_r/(m + m_r),  m ← m + m_r          Chan, Golub & LeVeque (1983),
 * doi:10.1080/00031305.1983.10483115
 *
 * @param moments - [2, channels]: means, and sums of squares about them; those of the rank become those of all
 * @param ranks - null: this process alone
 * @returns pixels of all ranks
 */
double synchroniseMoments(const Collective* ranks, int64_t pixels, int64_t channels, double* moments);

/** Sums of the backward pass over all ranks, [2, channels], in place. @returns pixels of all ranks */
double synchroniseSums(const Collective* ranks, int64_t pixels, int64_t channels, double* sums);

}  // namespace retroplume
