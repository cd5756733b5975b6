#include <cmath>

#include "ops/batch_norm/batch_norm.h"

namespace retroplume {

template <class T>
void batchNormTrainForwardReference(const BatchNormTrainForward<T>& call, const Context&) {
  const auto& [pixels, C, epsilon, momentum] = call.params;
  for (int64_t c = 0; c < C; ++c) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < pixels; ++i) sum += call.input[i * C + c];
    const double mean = sum / pixels;
    // Two passes: the sum of squares about the mean does not cancel.
    for (int64_t i = 0; i < pixels; ++i) squares += (call.input[i * C + c] - mean) * (call.input[i * C + c] - mean);
    const double invStd = 1 / std::sqrt(squares / pixels + epsilon);
    for (int64_t i = 0; i < pixels; ++i) {
      call.output[i * C + c] = static_cast<T>((call.input[i * C + c] - mean) * invStd * call.scale[c] + call.shift[c]);
    }
    call.savedMean[c] = static_cast<T>(mean);
    call.savedInvStd[c] = static_cast<T>(invStd);
    call.runningMean[c] = static_cast<T>((1 - momentum) * call.runningMean[c] + momentum * mean);
    call.runningVariance[c] = static_cast<T>((1 - momentum) * call.runningVariance[c] + momentum * squares / (pixels - 1));
  }
}

template <class T>
void batchNormTrainBackwardReference(const BatchNormTrainBackward<T>& call, const Context&) {
  const auto& [pixels, C, epsilon, momentum] = call.params;
  for (int64_t c = 0; c < C; ++c) {
    const double mean = call.savedMean[c], invStd = call.savedInvStd[c];
    double sumG = 0, sumGx = 0;
    for (int64_t i = 0; i < pixels; ++i) {
      const double g = call.gradOutput[i * C + c];
      sumG += g;
      sumGx += g * (call.input[i * C + c] - mean) * invStd;
    }
    for (int64_t i = 0; i < pixels; ++i) {
      const double normalised = (call.input[i * C + c] - mean) * invStd;
      call.gradInput[i * C + c] = static_cast<T>(call.scale[c] * invStd * (call.gradOutput[i * C + c] - sumG / pixels - normalised * sumGx / pixels));
    }
    call.gradScale[c] = static_cast<T>(sumGx);
    call.gradShift[c] = static_cast<T>(sumG);
  }
}

template <class T>
void batchNormEvalForwardReference(const BatchNormEvalForward<T>& call, const Context&) {
  const auto& [pixels, C, epsilon, momentum] = call.params;
  for (int64_t c = 0; c < C; ++c) {
    const double invStd = 1 / std::sqrt(call.runningVariance[c] + epsilon);
    for (int64_t i = 0; i < pixels; ++i) {
      call.output[i * C + c] = static_cast<T>((call.input[i * C + c] - call.runningMean[c]) * invStd * call.scale[c] + call.shift[c]);
    }
  }
}

template <class T>
void batchNormEvalBackwardReference(const BatchNormEvalBackward<T>& call, const Context&) {
  const auto& [pixels, C, epsilon, momentum] = call.params;
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
