#pragma once
#include <cstdint>
#include <vector>

/** For the plain kernels alone: the fast ones must not see the standard library's inline functions. */
namespace retroplume {

/** Mean of every channel, and sum of squares about it, [2, C], over [pixels, C]. */
template <class T>
std::vector<double> batchMoments(const T* input, int64_t pixels, int64_t C) {
  std::vector<double> moments(2 * C);
  for (int64_t c = 0; c < C; ++c) {
    double &mean = moments[c], &squares = moments[C + c];
    for (int64_t i = 0; i < pixels; ++i) mean += input[i * C + c];
    mean /= pixels;
    // Two passes: the sum of squares about the mean does not cancel.
    for (int64_t i = 0; i < pixels; ++i) squares += (input[i * C + c] - mean) * (input[i * C + c] - mean);
  }
  return moments;
}

}  // namespace retroplume
