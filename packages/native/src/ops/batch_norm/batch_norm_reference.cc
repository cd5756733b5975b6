#include <cmath>

#include "ops/batch_norm/batch_norm.h"
#include "ops/batch_norm/moments_reference.h"
#include "ops/batch_norm/synchronised.h"

namespace retroplume {

template <class T>
void batchNormTrainForwardReference(const BatchNormTrainForward<T>& call, const Context& context) {
  const auto& [pixels, C, epsilon, momentum, synchronised] = call.params;
  std::vector<double> moments = batchMoments(call.input, pixels, C);
  const double m = synchroniseMoments(synchronised ? context.ranks : nullptr, pixels, C, moments.data());
  for (int64_t c = 0; c < C; ++c) {
    const double mean = moments[c], squares = moments[C + c], invStd = 1 / std::sqrt(squares / m + epsilon);
    for (int64_t i = 0; i < pixels; ++i) {
      call.output[i * C + c] = static_cast<T>((call.input[i * C + c] - mean) * invStd * call.scale[c] + call.shift[c]);
    }
    call.savedMean[c] = static_cast<T>(mean);
    call.savedInvStd[c] = static_cast<T>(invStd);
    call.runningMean[c] = static_cast<T>((1 - momentum) * call.runningMean[c] + momentum * mean);
    call.runningVariance[c] = static_cast<T>((1 - momentum) * call.runningVariance[c] + momentum * squares / (m - 1));
  }
}

template <class T>
void batchNormTrainBackwardReference(const BatchNormTrainBackward<T>& call, const Context& context) {
  const auto& [pixels, C, epsilon, momentum, synchronised] = call.params;
  std::vector<double> sums(2 * C);  // of G and G·x̂
  for (int64_t c = 0; c < C; ++c) {
    const double mean = call.savedMean[c], invStd = call.savedInvStd[c];
    for (int64_t i = 0; i < pixels; ++i) {
      const double g = call.gradOutput[i * C + c];
      sums[c] += g;
      sums[C + c] += g * (call.input[i * C + c] - mean) * invStd;
    }
    call.gradScale[c] = static_cast<T>(sums[C + c]);
    call.gradShift[c] = static_cast<T>(sums[c]);
  }
  const double m = synchroniseSums(synchronised ? context.ranks : nullptr, pixels, C, sums.data());
  for (int64_t c = 0; c < C; ++c) {
    const double mean = call.savedMean[c], invStd = call.savedInvStd[c];
    for (int64_t i = 0; i < pixels; ++i) {
      const double normalised = (call.input[i * C + c] - mean) * invStd;
      call.gradInput[i * C + c] = static_cast<T>(call.scale[c] * invStd * (call.gradOutput[i * C + c] - sums[c] / m - normalised * sums[C + c] / m));
    }
  }
}

template <class T>
void batchNormEvalForwardReference(const BatchNormEvalForward<T>& call, const Context&) {
  const int64_t pixels = call.params.pixels, C = call.params.channels;
  const double epsilon = call.params.epsilon;
  for (int64_t c = 0; c < C; ++c) {
    const double invStd = 1 / std::sqrt(call.runningVariance[c] + epsilon);
    for (int64_t i = 0; i < pixels; ++i) {
      call.output[i * C + c] = static_cast<T>((call.input[i * C + c] - call.runningMean[c]) * invStd * call.scale[c] + call.shift[c]);
    }
  }
}

template <class T>
void batchNormEvalBackwardReference(const BatchNormEvalBackward<T>& call, const Context&) {
  const int64_t pixels = call.params.pixels, C = call.params.channels;
  const double epsilon = call.params.epsilon;
  for (int64_t c = 0; c < C; ++c) {
    const double invStd = 1 / std::sqrt(call.runningVariance[c] + epsilon);
    double sumG = 0, sumGx = 0;
    for (int64_t i = 0; i < pixels; ++i) {
      const double g = call.gradOutput[i * C + c];
      sumG += g;
      sumGx += g * (call.input[i * C + c] - call.runningMean[c]) * invStd;
      call.gradInput[i * C + c] = static_cast<T>(g * call.scale[c] * invStd);
    }
    if (call.gradScale) call.gradScale[c] = static_cast<T>(sumGx);
    if (call.gradShift) call.gradShift[c] = static_cast<T>(sumG);
  }
}

template void batchNormTrainForwardReference(const BatchNormTrainForward<float>&, const Context&);
template void batchNormTrainForwardReference(const BatchNormTrainForward<double>&, const Context&);
template void batchNormTrainBackwardReference(const BatchNormTrainBackward<float>&, const Context&);
template void batchNormTrainBackwardReference(const BatchNormTrainBackward<double>&, const Context&);
template void batchNormEvalForwardReference(const BatchNormEvalForward<float>&, const Context&);
template void batchNormEvalForwardReference(const BatchNormEvalForward<double>&, const Context&);
template void batchNormEvalBackwardReference(const BatchNormEvalBackward<float>&, const Context&);
template void batchNormEvalBackwardReference(const BatchNormEvalBackward<double>&, const Context&);

}  // namespace retroplume
