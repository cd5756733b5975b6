#include <cmath>

#include "ops/batch_norm/moments_reference.h"
#include "ops/batch_norm/synchronised.h"
#include "ops/batch_norm_prelu/batch_norm_prelu.h"
#include "ops/dropout/dropout.h"

namespace retroplume {

namespace {

/** Dropout's factor of one element. */
template <class T>
double dropFactor(const BatchNormPreluParams& p, const T* step, int64_t element) {
  if (p.probability == 0) return 1;
  return dropoutKeeps(p.place.of(element), step ? static_cast<uint64_t>(*step) : uint64_t{0}, p.seed, p.probability) ? 1 / (1 - p.probability) : 0;
}

}  // namespace

template <class T>
void batchNormPreluForwardReference(const BatchNormPreluForward<T>& call, const Context& context) {
  const BatchNormPreluParams& p = call.params;
  const int64_t C = p.channels;
  std::vector<double> moments = batchMoments(call.input, p.pixels, C);
  const double m = synchroniseMoments(p.synchronised ? context.ranks : nullptr, p.pixels, C, moments.data());
  for (int64_t c = 0; c < C; ++c) {
    const double mean = moments[c], squares = moments[C + c], invStd = 1 / std::sqrt(squares / m + p.epsilon);
    for (int64_t i = 0; i < p.pixels; ++i) {
      const double z = (call.input[i * C + c] - mean) * invStd * call.scale[c] + call.shift[c];
      const double factor = dropFactor(p, call.step, i * C + c);
      // A dropped value is 0 even where z is infinite.
      call.output[i * p.outputStride + c] = factor == 0 ? T(0) : static_cast<T>(factor * (z > 0 ? z : call.slope[c] * z));
    }
    call.savedMean[c] = static_cast<T>(mean);
    call.savedInvStd[c] = static_cast<T>(invStd);
    call.runningMean[c] = static_cast<T>((1 - p.momentum) * call.runningMean[c] + p.momentum * mean);
    call.runningVariance[c] = static_cast<T>((1 - p.momentum) * call.runningVariance[c] + p.momentum * squares / (m - 1));
  }
}

template <class T>
void batchNormPreluBackwardReference(const BatchNormPreluBackward<T>& call, const Context& context) {
  const BatchNormPreluParams& p = call.params;
  const int64_t C = p.channels;
  std::vector<double> sums(2 * C);  // of F and F·x̂
  const auto normalised = [&](int64_t i, int64_t c) {
    return (call.input[i * C + c] - static_cast<double>(call.savedMean[c])) * static_cast<double>(call.savedInvStd[c]);
  };
  for (int64_t c = 0; c < C; ++c) {
    const double slope = call.slope[c];
    double gradSlope = 0;
    for (int64_t i = 0; i < p.pixels; ++i) {
      const double z = normalised(i, c) * call.scale[c] + call.shift[c];
      const double kept = dropFactor(p, call.step, i * C + c) * call.gradOutput[i * p.outputStride + c];
      const double grad = z > 0 ? kept : slope * kept;
      sums[c] += grad;
      sums[C + c] += grad * normalised(i, c);
      if (!(z > 0)) gradSlope += kept * z;
      call.gradInput[i * C + c] = static_cast<T>(grad);
    }
    call.gradShift[c] = static_cast<T>(sums[c]);
    call.gradScale[c] = static_cast<T>(sums[C + c]);
    call.gradSlope[c] = static_cast<T>(gradSlope);
  }
  const double m = synchroniseSums(p.synchronised ? context.ranks : nullptr, p.pixels, C, sums.data());
  for (int64_t c = 0; c < C; ++c) {
    const double invStd = call.savedInvStd[c];
    for (int64_t i = 0; i < p.pixels; ++i) {
      const double centred = call.gradInput[i * C + c] - sums[c] / m - normalised(i, c) * sums[C + c] / m;
      call.gradInput[i * C + c] = static_cast<T>(call.scale[c] * invStd * centred);
    }
  }
}

template void batchNormPreluForwardReference(const BatchNormPreluForward<float>&, const Context&);
template void batchNormPreluForwardReference(const BatchNormPreluForward<double>&, const Context&);
template void batchNormPreluBackwardReference(const BatchNormPreluBackward<float>&, const Context&);
template void batchNormPreluBackwardReference(const BatchNormPreluBackward<double>&, const Context&);

}  // namespace retroplume
