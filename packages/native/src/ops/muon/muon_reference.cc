#include <cmath>
#include <vector>

#include "ops/muon/muon.h"

namespace retroplume {

namespace {

/** left · right for [n, m] and [m, k]. */
template <class T>
std::vector<T> product(const std::vector<T>& left, const std::vector<T>& right, int64_t n, int64_t m, int64_t k) {
  std::vector<T> out(n * k, T(0));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < m; ++j) {
      for (int64_t l = 0; l < k; ++l) out[i * k + l] += left[i * m + j] * right[j * k + l];
    }
  }
  return out;
}

template <class T>
std::vector<T> transposed(const std::vector<T>& x, int64_t rows, int64_t columns) {
  std::vector<T> out(rows * columns);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) out[c * rows + r] = x[r * columns + c];
  }
  return out;
}

/** Brings the singular values of x, [L, S], near 1. */
template <class T>
void orthogonalise(std::vector<T>& x, int64_t L, int64_t S) {
  double squares = 0;
  for (const T value : x) squares += static_cast<double>(value) * value;
  if (squares == 0) return;
  for (T& value : x) value = static_cast<T>(value / std::sqrt(squares));
  for (int step = 0; step < kMuonIterations; ++step) {
    const std::vector<T> gram = product(transposed(x, L, S), x, S, L, S), square = product(gram, gram, S, S, S);
    std::vector<T> factor(S * S);
    for (int64_t i = 0; i < S * S; ++i) {
      factor[i] = static_cast<T>(kMuonCubic) * gram[i] + static_cast<T>(kMuonQuintic) * square[i];
      if (i % (S + 1) == 0) factor[i] += static_cast<T>(kMuonLinear);
    }
    x = product(x, factor, L, S, S);
  }
}

}  // namespace

template <class T>
void muonReference(const Muon<T>& call, const Context&) {
  const T beta = static_cast<T>(call.momentum), rest = static_cast<T>(1 - call.momentum), l2 = static_cast<T>(call.l2);
  for (int k = 0; k < call.count; ++k) {
    const MuonMatrix& matrix = call.matrices[k];
    const int64_t L = matrix.larger(), S = matrix.smaller();
    std::vector<T> x(L * S);
    for (int64_t l = 0; l < L; ++l) {
      for (int64_t s = 0; s < S; ++s) {
        const int64_t i = matrix.place(l, s);
        const T g = call.gradient[i] + l2 * call.parameter[i];
        call.moment[i] = beta * call.moment[i] + rest * g;
        x[l * S + s] = beta * call.moment[i] + rest * g;
      }
    }
    orthogonalise(x, L, S);
    const T step = *call.learningRate * static_cast<T>(call.scale * std::sqrt(static_cast<double>(L)));
    for (int64_t l = 0; l < L; ++l) {
      for (int64_t s = 0; s < S; ++s) call.parameter[matrix.place(l, s)] -= step * x[l * S + s];
    }
  }
}

template void muonReference(const Muon<float>&, const Context&);
template void muonReference(const Muon<double>&, const Context&);

}  // namespace retroplume
