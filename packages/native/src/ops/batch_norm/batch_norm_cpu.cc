#include "ops/batch_norm/batch_norm.h"
#include "ops/batch_norm/synchronised.h"
#include "ops/simd/channels.h"

/**
 * Two passes each way: sums, then the map. The variance comes from one pass over x − x₀, with x₀ the channel's first pixel: without the shift the
 * squares of a mean far from 0 would cancel.
 */
namespace retroplume::RETROPLUME_ISA {

namespace {

/** Pattern and scratch memory of one call. */
struct Channels {
  ChannelPattern pattern;
  ChannelScratch layout;
  float* scratch;
  int64_t elements;
  const Context& context;

  Channels(const BatchNormParams& p, const Context& where)
      : pattern(p.channels),
        layout(p.channels, 4, where.threads),
        scratch(static_cast<float*>(where.scratch)),
        elements(p.pixels * p.channels),
        context(where) {}

  /** Pattern number `index` of a channel parameter. */
  template <class Function>
  const float* make(int index, Function f) const {
    pattern.fill(scratch + index * layout.pattern, f);
    return scratch + index * layout.pattern;
  }

  template <class Body>
  void map(Body body) const {
    forEachShare(elements, pattern.length(), context, [&](Range range, int, int) { forEachChannelVector(range, pattern, body); });
  }

  /** Two sums a channel over everything, [2, C] in double, at the place of the first thread's. */
  template <class Terms>
  double* sum(Terms terms) const {
    int used = 1;
    float* work = scratch + layout.threadsBegin;
    forEachShare(elements, pattern.length(), context, [&](Range range, int thread, int threads) {
      if (thread == 0) used = threads;
      float* own = work + thread * layout.perThread;
      sumChannels(range, pattern, own + layout.sums, reinterpret_cast<double*>(own), terms);
    });
    double* total = reinterpret_cast<double*>(work);
    for (int t = 1; t < used; ++t) {
      const double* other = reinterpret_cast<double*>(work + t * layout.perThread);
      for (int64_t c = 0; c < 2 * pattern.channels; ++c) total[c] += other[c];
    }
    return total;
  }

  const Collective* ranks(const BatchNormParams& p) const { return p.synchronised ? context.ranks : nullptr; }

  /** output = (x − mean)·factor + shift */
  void normalise(const float* input, const float* mean, const float* factor, const float* shift, float* output) const {
    map([=](int64_t e, int64_t slot, int valid) {
      keep(output + e, (fetch(input + e, valid) - load(mean + slot)) * load(factor + slot) + load(shift + slot), valid);
    });
  }

  /** Σ G and Σ G·(x − mean) a channel */
  double* gradientSums(const float* input, const float* gradOutput, const float* mean) const {
    return sum([=](int64_t e, int64_t slot, int valid, Vector& sumG, Vector& sumGx) {
      const Vector grad = fetch(gradOutput + e, valid);
      sumG += grad;
      sumGx += grad * (fetch(input + e, valid) - load(mean + slot));
    });
  }
};

double inverseRoot(double x) { return 1 / __builtin_sqrt(x); }

}  // namespace

void batchNormTrainForward(const BatchNormTrainForward<float>& call, const Context& context) {
  const Channels channels(call.params, context);
  const int64_t C = call.params.channels;
  const double own = static_cast<double>(call.params.pixels), momentum = call.params.momentum;
  const float* origin = channels.make(0, [&](int64_t c) { return call.input[c]; });
  double* sums = channels.sum([=](int64_t e, int64_t slot, int valid, Vector& sum, Vector& squares) {
    const Vector d = fetch(call.input + e, valid) - fetch(origin + slot, valid);  // idle lanes: 0 − 0
    sum += d;
    squares += d * d;
  });
  for (int64_t c = 0; c < C; ++c) {
    const double shifted = sums[c] / own;
    sums[C + c] -= shifted * sums[c];
    sums[c] = call.input[c] + shifted;
  }
  const double m = synchroniseMoments(channels.ranks(call.params), call.params.pixels, C, sums);
  for (int64_t c = 0; c < C; ++c) {
    const double mean = sums[c], squares = sums[C + c];
    call.savedMean[c] = static_cast<float>(mean);
    call.savedInvStd[c] = static_cast<float>(inverseRoot(squares / m + call.params.epsilon));
    call.runningMean[c] = static_cast<float>((1 - momentum) * call.runningMean[c] + momentum * mean);
    call.runningVariance[c] = static_cast<float>((1 - momentum) * call.runningVariance[c] + momentum * squares / (m - 1));
  }
  const float* mean = channels.make(1, [&](int64_t c) { return call.savedMean[c]; });
  const float* factor = channels.make(2, [&](int64_t c) { return call.savedInvStd[c] * call.scale[c]; });
  const float* shift = channels.make(3, [&](int64_t c) { return call.shift[c]; });
  channels.normalise(call.input, mean, factor, shift, call.output);
}

void batchNormTrainBackward(const BatchNormTrainBackward<float>& call, const Context& context) {
  const Channels channels(call.params, context);
  const int64_t C = call.params.channels;
  const float* mean = channels.make(0, [&](int64_t c) { return call.savedMean[c]; });
  double* sums = channels.gradientSums(call.input, call.gradOutput, mean);
  for (int64_t c = 0; c < C; ++c) {
    call.gradShift[c] = static_cast<float>(sums[c]);
    call.gradScale[c] = static_cast<float>(sums[C + c] * call.savedInvStd[c]);
  }
  const double m = synchroniseSums(channels.ranks(call.params), call.params.pixels, C, sums);
  const float* factor = channels.make(1, [&](int64_t c) { return call.scale[c] * call.savedInvStd[c]; });
  const float* meanGrad = channels.make(2, [&](int64_t c) { return static_cast<float>(sums[c] / m); });
  const float* slope = channels.make(3, [&](int64_t c) { return static_cast<float>(sums[C + c] / m * call.savedInvStd[c] * call.savedInvStd[c]); });
  channels.map([=](int64_t e, int64_t slot, int valid) {
    const Vector centred = fetch(call.input + e, valid) - load(mean + slot);
    const Vector grad = fetch(call.gradOutput + e, valid) - load(meanGrad + slot) - centred * load(slope + slot);
    keep(call.gradInput + e, load(factor + slot) * grad, valid);
  });
}

void batchNormEvalForward(const BatchNormEvalForward<float>& call, const Context& context) {
  const Channels channels(call.params, context);
  const double epsilon = call.params.epsilon;
  const float* mean = channels.make(0, [&](int64_t c) { return call.runningMean[c]; });
  const float* factor =
      channels.make(1, [&](int64_t c) { return static_cast<float>(call.scale[c] * inverseRoot(call.runningVariance[c] + epsilon)); });
  const float* shift = channels.make(2, [&](int64_t c) { return call.shift[c]; });
  channels.normalise(call.input, mean, factor, shift, call.output);
}

void batchNormEvalBackward(const BatchNormEvalBackward<float>& call, const Context& context) {
  const Channels channels(call.params, context);
  const int64_t C = call.params.channels;
  const double epsilon = call.params.epsilon;
  const float* mean = channels.make(0, [&](int64_t c) { return call.runningMean[c]; });
  const float* factor =
      channels.make(1, [&](int64_t c) { return static_cast<float>(call.scale[c] * inverseRoot(call.runningVariance[c] + epsilon)); });
  if (call.gradScale != nullptr || call.gradShift != nullptr) {
    const double* sums = channels.gradientSums(call.input, call.gradOutput, mean);
    for (int64_t c = 0; c < C; ++c) {
      if (call.gradShift != nullptr) call.gradShift[c] = static_cast<float>(sums[c]);
      if (call.gradScale != nullptr) call.gradScale[c] = static_cast<float>(sums[C + c] * inverseRoot(call.runningVariance[c] + epsilon));
    }
  }
  channels.map([=](int64_t e, int64_t slot, int valid) { keep(call.gradInput + e, fetch(call.gradOutput + e, valid) * load(factor + slot), valid); });
}

}  // namespace retroplume::RETROPLUME_ISA
