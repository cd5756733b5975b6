#pragma once
#include <cstddef>
#include <cstdint>

#include "runtime/context.h"

/**
 * Steps of Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon; the size of the step after Liu et al. 2025, arXiv:2502.16982) for the
 * matrices of a network: the momentum of the gradient with all its singular values brought near 1, so that no direction of a matrix is left behind.
 * For each matrix P, [R, C], with gradient G and momentum M:
 *
 *   g = G + l2·P;   M = β·M + (1−β)·g;   U = β·M + (1−β)·g        (Nesterov's momentum)
 *   X = U / ‖U‖, five times X ← a·X + X·(b·A + c·A²), A = XᵀX      (a, b, c = 3.4445, −4.7750, 2.0315)
 *   P −= rate · scale · √max(R, C) · X
 *
 * Each iteration maps every singular value s in (0, 1] to a·s + b·s³ + c·s⁵: five bring those above 0.002 between 0.68 and 1.21. With A = X·Xᵀ
 * from the left where R < C, it is the same X; kernels compute that of the smaller side. A gradient of zeros, with no momentum, moves nothing.
 *
 * One instruction serves all matrices, one after the other in the same three arrays, each beginning at a multiple of kMuonAlignment: they are small,
 * and threads, or blocks of a device, find enough to do only in all of them together.
 */
namespace retroplume {

constexpr double kMuonLinear = 3.4445, kMuonCubic = -4.7750, kMuonQuintic = 2.0315;
constexpr int kMuonIterations = 5;
constexpr int kMostMuonMatrices = 64;
constexpr int64_t kMuonAlignment = 16;

struct MuonMatrix {
  int64_t offset, rows, columns;
  [[gnu::always_inline]] int64_t elements() const { return rows * columns; }
  [[gnu::always_inline]] int64_t smaller() const { return rows < columns ? rows : columns; }
  [[gnu::always_inline]] int64_t larger() const { return rows < columns ? columns : rows; }
  /** Where element (l, s) of [larger, smaller] lies. */
  [[gnu::always_inline]] int64_t place(int64_t l, int64_t s) const { return offset + (rows < columns ? s * columns + l : l * columns + s); }
};

template <class T>
struct Muon {
  int count;
  MuonMatrix matrices[kMostMuonMatrices];
  int64_t elements;  // of each array, from the first matrix to the end of the last
  double momentum, scale, l2;
  T* parameter;
  const T* gradient;
  T* moment;              // M
  const T* learningRate;  // scalar
};

template <class T>
void muonReference(const Muon<T>& call, const Context& context);

/** Scratch bytes of the fast kernel. */
std::size_t muonScratch(const Muon<float>& call);

}  // namespace retroplume
