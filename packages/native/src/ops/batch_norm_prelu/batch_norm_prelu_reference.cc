#include <cmath>

#include "ops/batch_norm_prelu/batch_norm_prelu.h"
#include "ops/dropout/dropout.h"

namespace retroplume {

namespace {

/** Dropout's factor of one element. */
template <class T>
double dropFactor(const BatchNormPreluParams& p, const T* step, int64_t element) {
  if (p.probability == 0) return 1;
  return dropoutKeeps(element, step ? static_cast<uint64_t>(*step) : uint64_t{0}, p.seed, p.probability) ? 1 / (1 - p.probability) : 0;
}

}  // namespace

template <class T>
void batchNormPreluForwardReference(const BatchNormPreluForward<T>& call, const Context&) {
  const BatchNormPreluParams& p = call.params;
  const int64_t m = p.pixels, C = p.channels;
  for (int64_t c = 0; c < C; ++c) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < m; ++i) sum += call.input[i * C + c];
    const double mean = sum / m;
    for (int64_t i = 0; i < m; ++i) squares += (call.input[i * C + c] - mean) * (call.input[i * C + c] - mean);
    const double invStd = 1 / std::sqrt(squares / m + p.epsilon);
    for (int64_t i = 0; i < m; ++i) {
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
void batchNormPreluBackwardReference(const BatchNormPreluBackward<T>& call, const Context&) {
  const BatchNormPreluParams& p = call.params;
  const int64_t m = p.pixels, C = p.channels;
  for (int64_t c = 0; c < C; ++c) {
    const double mean = call.savedMean[c], invStd = call.savedInvStd[c], slope = call.slope[c];
    const auto normalised = [&](int64_t i) { return (call.input[i * C + c] - mean) * invStd; };
    double gradShift = 0, gradScale = 0, gradSlope = 0;
    for (int64_t i = 0; i < m; ++i) {
      const double z = normalised(i) * call.scale[c] + call.shift[c];
      const double kept = dropFactor(p, call.step, i * C + c) * call.gradOutput[i * p.outputStride + c];
      const double grad = z > 0 ? kept : slope * kept;
      gradShift += grad;
      gradScale += grad * normalised(i);
      if (!(z > 0)) gradSlope += kept * z;
      call.gradInput[i * C + c] = static_cast<T>(grad);
    }
    for (int64_t i = 0; i < m; ++i) {
      const double centred = call.gradInput[i * C + c] - gradShift / m - normalised(i) * gradScale / m;
      call.gradInput[i * C + c] = static_cast<T>(call.scale[c] * invStd * centred);
    }
    call.gradShift[c] = static_cast<T>(gradShift);
    call.gradScale[c] = static_cast<T>(gradScale);
    call.gradSlope[c] = static_cast<T>(gradSlope);
  }
}

template void batchNormPreluForwardReference(const BatchNormPreluForward<float>&, const Context&);
template void batchNormPreluForwardReference(const BatchNormPreluForward<double>&, const Context&);
template void batchNormPreluBackwardReference(const BatchNormPreluBackward<float>&, const Context&);
template void batchNormPreluBackwardReference(const BatchNormPreluBackward<double>&, const Context&);

}  // namespace retroplume
