#pragma once
#include "ops/simd/simd.h"

/**
 * Winograd's F(4x4, 3x3): the 16 outputs of a tile of a 3x3 convolution by 36 products a channel pair instead of 144.
 *
 * A correlation of 6 inputs d with 3 weights g, giving 4 outputs, is y = Aᵀ[(G g) ⊙ (Bᵀ d)]: inputs, weights and outputs are polynomials, known by
 * their values at six points. In two dimensions each matrix is applied to the columns and to the rows; the products, summed over channels, are
 * 36 independent matrix products. The adjoint gives the weight gradient of a tile: Gᵀ[(A q) ⊙ (Bᵀ d)] with the output's gradient q.
 *
 * The points are 0, ±a, ±b, ∞ with a = √½, b = √2. The usual 0, ±1, ±2, ∞ lose three bits more: on random data the largest error, relative to the
 * output's largest value, is 8e-6 with them and 2e-6 with these (128 channels), 1e-6 for the sum without any transform. a·b = 1, a² + b² = 5/2.
 *
 * Lavin & Gray (2016), arXiv:1509.09308; on the choice of points Barabasz et al. (2020), doi:10.1145/3412380.
 */
namespace retroplume::RETROPLUME_ISA {

constexpr int kWinogradOutputs = 4, kWinogradPoints = 6, kWinogradProducts = 36;

namespace winograd {

constexpr float kA = 0.70710678118654752f, kB = 1.4142135623730951f, kA2 = 0.5f, kB2 = 2.0f, kA3 = kA * kA2, kB3 = kB * kB2;
constexpr float kScaleA = -2.0f / 3.0f, kScaleB = 1.0f / 6.0f;  // 1/Π(p − other finite points), for ±a and ±b; 1 for 0

/** Values at the points, in their order: at 0, at ±a and ±b from the polynomial's even and odd part there, and at ∞. */
[[gnu::always_inline]] inline void atPoints(Vector (&y)[6], Vector zero, Vector evenA, Vector oddA, Vector evenB, Vector oddB, Vector infinity) {
  y[0] = zero;
  y[1] = evenA + oddA;
  y[2] = evenA - oddA;
  y[3] = evenB + oddB;
  y[4] = evenB - oddB;
  y[5] = infinity;
}

/** Bᵀ: values of the input at the points. */
struct Input {
  static constexpr int kFrom = 6, kTo = 6;
  [[gnu::always_inline]] static void apply(const Vector (&x)[6], Vector (&y)[6]) {
    const Vector evenA = x[4] - kB2 * x[2], oddA = kA * (x[3] - kB2 * x[1]);
    const Vector evenB = x[4] - kA2 * x[2], oddB = kB * (x[3] - kA2 * x[1]);
    atPoints(y, x[0] - 2.5f * x[2] + x[4], evenA, oddA, evenB, oddB, x[1] - 2.5f * x[3] + x[5]);
  }
};

/** G: values of the weights at the points. */
struct Weight {
  static constexpr int kFrom = 3, kTo = 6;
  [[gnu::always_inline]] static void apply(const Vector (&x)[3], Vector (&y)[6]) {
    const Vector evenA = kScaleA * (x[0] + kA2 * x[2]), oddA = kScaleA * kA * x[1];
    const Vector evenB = kScaleB * (x[0] + kB2 * x[2]), oddB = kScaleB * kB * x[1];
    atPoints(y, x[0], evenA, oddA, evenB, oddB, x[2]);
  }
};

/** Aᵀ: outputs from the values of their products. */
struct Output {
  static constexpr int kFrom = 6, kTo = 4;
  [[gnu::always_inline]] static void apply(const Vector (&x)[6], Vector (&y)[4]) {
    const Vector evenA = x[1] + x[2], oddA = x[1] - x[2], evenB = x[3] + x[4], oddB = x[3] - x[4];
    y[0] = x[0] + evenA + evenB;
    y[1] = kA * oddA + kB * oddB;
    y[2] = kA2 * evenA + kB2 * evenB;
    y[3] = kA3 * oddA + kB3 * oddB + x[5];
  }
};

/** A: the adjoint of Output, for the output's gradient. */
struct GradOutput {
  static constexpr int kFrom = 4, kTo = 6;
  [[gnu::always_inline]] static void apply(const Vector (&x)[4], Vector (&y)[6]) {
    const Vector evenA = x[0] + kA2 * x[2], oddA = kA * x[1] + kA3 * x[3];
    const Vector evenB = x[0] + kB2 * x[2], oddB = kB * x[1] + kB3 * x[3];
    atPoints(y, x[0], evenA, oddA, evenB, oddB, x[3]);
  }
};

/** Gᵀ: the adjoint of Weight, for the weight gradient. */
struct GradWeight {
  static constexpr int kFrom = 6, kTo = 3;
  [[gnu::always_inline]] static void apply(const Vector (&x)[6], Vector (&y)[3]) {
    const Vector evenA = kScaleA * (x[1] + x[2]), oddA = kScaleA * kA * (x[1] - x[2]);
    const Vector evenB = kScaleB * (x[3] + x[4]), oddB = kScaleB * kB * (x[3] - x[4]);
    y[0] = x[0] + evenA + evenB;
    y[1] = oddA + oddB;
    y[2] = kA2 * evenA + kB2 * evenB + x[5];
  }
};

}  // namespace winograd

/** A transform of columns, then of rows: reads load(i, j), i and j below Transform::kFrom, and calls save(i, j, value) for those below kTo. */
template <class Transform, class Load, class Save>
[[gnu::always_inline]] inline void transformTile(Load read, Save save) {
  constexpr int kFrom = Transform::kFrom, kTo = Transform::kTo;
  Vector half[kTo][kFrom];
#pragma GCC unroll 6
  for (int j = 0; j < kFrom; ++j) {
    Vector x[kFrom], y[kTo];
#pragma GCC unroll 6
    for (int i = 0; i < kFrom; ++i) x[i] = read(i, j);
    Transform::apply(x, y);
#pragma GCC unroll 6
    for (int i = 0; i < kTo; ++i) half[i][j] = y[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < kTo; ++i) {
    Vector y[kTo];
    Transform::apply(half[i], y);
#pragma GCC unroll 6
    for (int j = 0; j < kTo; ++j) save(i, j, y[j]);
  }
}

}  // namespace retroplume::RETROPLUME_ISA
