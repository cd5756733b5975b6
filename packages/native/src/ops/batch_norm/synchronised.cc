#include "ops/batch_norm/synchronised.h"

namespace retroplume {

double synchroniseMoments(const Collective* ranks, int64_t pixels, int64_t channels, double* moments) {
  const auto own = static_cast<double>(pixels);
  if (ranks == nullptr) return own;
  const double* all = gatherFromRanks(*ranks, moments, 2 * channels);
  double seen = 0;
  for (int rank = 0; rank < ranks->size; ++rank, all += 2 * channels) {
    const double share = own / (seen + own);
    for (int64_t c = 0; c < channels; ++c) {
      double &mean = moments[c], &squares = moments[channels + c];
      if (rank == 0) mean = squares = 0;
      const double delta = all[c] - mean;
      mean += delta * share;
      squares += all[channels + c] + delta * delta * seen * share;
    }
    seen += own;
  }
  return seen;
}

double synchroniseSums(const Collective* ranks, int64_t pixels, int64_t channels, double* sums) {
  const auto own = static_cast<double>(pixels);
  if (ranks == nullptr) return own;
  sumOverRanks(*ranks, sums, 2 * channels);
  return own * ranks->size;
}

}  // namespace retroplume
