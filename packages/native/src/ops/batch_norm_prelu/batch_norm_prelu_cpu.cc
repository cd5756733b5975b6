#include "ops/batch_norm/synchronised.h"
#include "ops/batch_norm_prelu/batch_norm_prelu.h"
#include "ops/batch_norm_prelu/batch_norm_prelu_scratch.h"
#include "ops/dropout/dropout_factors.h"
#include "ops/simd/strips.h"

/**
 * Two passes each way, in strips. The backward pass leaves F in gradInput between its two, since making dropout's factors costs more than the memory
 * traffic.
 */
namespace retroplume::RETROPLUME_ISA {

namespace {

static_assert(kBatchNormPreluStrip == kStripPixels);

/** A call's scratch memory, and the ways of going through its pixels. */
class Strips {
 public:
  Strips(const BatchNormPreluParams& params, const float* step, const Context& context)
      : p_(params), step_(step != nullptr ? static_cast<uint64_t>(*step) : 0), context_(context), layout_(params, context.threads) {}

  /** Channel constants number `index`, f(c), in whole vectors. */
  template <class Function>
  const float* constants(int index, Function f) const {
    float* to = scratch() + index * layout_.constant;
    for (int64_t c = 0; c < layout_.constant; ++c) to[c] = c < p_.channels ? static_cast<float>(f(c)) : 0.0f;
    return to;
  }

  /** Calls body(strip, thread) for all strips, each thread taking one run of them. */
  template <class Body>
  void forEach(Body body) const {
    forEachStrip(p_.pixels, p_.channels, context_, body);
  }

  /** Dropout's factors of a strip, [pixels, C]; null without dropout. */
  const float* dropFactors(const Strip& strip, int thread) const {
    if (p_.probability == 0) return nullptr;
    float* factors = ofThread(thread) + layout_.factors;
    const DropoutParams dropout{p_.pixels * p_.channels, p_.probability, p_.seed, p_.place};
    const int64_t first = strip.first * p_.channels;
    if (!p_.place.whole()) {
      placedDropFactors(first, strip.pixels * p_.channels, step_, dropout, factors);
      return factors;
    }
    for (int64_t e = 0; e < strip.pixels * p_.channels; e += kDropGroup) RETROPLUME_ISA::dropFactors(first + e, step_, dropout, factors + e);
    return factors;
  }

  /** Clears the sums; between this and `totals` the threads add to theirs. */
  void clearSums() const {
    for (int t = 0; t < context_.threads; ++t) __builtin_memset(ofThread(t), 0, layout_.factors * sizeof(float));
  }

  /** The thread's float sums number `index`, in whole vectors, for the strip at hand. */
  float* sums(int thread, int index) const { return ofThread(thread) + layout_.sums + index * layout_.constant; }

  /** Ends a strip: its sums go to the thread's. */
  void fold(int thread) const {
    double* to = reinterpret_cast<double*>(ofThread(thread));
    for (int k = 0; k < BatchNormPreluScratch::kSums; ++k) foldSums(p_.channels, sums(thread, k), to + k * p_.channels);
  }

  /** The sums of all threads, [kSums, C]. */
  double* totals() const {
    double* total = reinterpret_cast<double*>(ofThread(0));
    for (int t = 1; t < context_.threads; ++t) {
      const double* other = reinterpret_cast<const double*>(ofThread(t));
      for (int64_t i = 0; i < BatchNormPreluScratch::kSums * p_.channels; ++i) total[i] += other[i];
    }
    return total;
  }

  const Collective* ranks() const { return p_.synchronised ? context_.ranks : nullptr; }

 private:
  float* scratch() const { return static_cast<float*>(context_.scratch); }
  float* ofThread(int thread) const { return scratch() + layout_.threadsBegin + thread * layout_.perThread; }

  const BatchNormPreluParams& p_;
  uint64_t step_;
  const Context& context_;
  BatchNormPreluScratch layout_;
};

/** Moments of the batch into savedMean and savedInvStd, and on into the running statistics. Squares are of x − x₀, x₀ the channel's first pixel:
 * without that shift they would cancel for a mean far from 0. */
void statistics(const BatchNormPreluForward<float>& call, const Strips& strips) {
  const BatchNormPreluParams& p = call.params;
  const int64_t C = p.channels;
  const float* origin = strips.constants(0, [&](int64_t c) { return call.input[c]; });
  strips.clearSums();
  strips.forEach([&](const Strip& strip, int thread) {
    const float* x = call.input + strip.first * C;
    float *sum = strips.sums(thread, 0), *squares = strips.sums(thread, 1);
    forEachStripVector(strip, C, [&](int64_t i, int64_t c, int valid) {
      const Vector d = fetch(x + i * C + c, valid) - load(origin + c);
      addTo(sum + c, d);
      addTo(squares + c, d * d);
    });
    strips.fold(thread);
  });
  double* sums = strips.totals();
  const double own = static_cast<double>(p.pixels);
  for (int64_t c = 0; c < C; ++c) {
    const double shifted = sums[c] / own;
    sums[C + c] -= shifted * sums[c];
    sums[c] = call.input[c] + shifted;
  }
  const double m = synchroniseMoments(strips.ranks(), p.pixels, C, sums);
  for (int64_t c = 0; c < C; ++c) {
    const double mean = sums[c], squares = sums[C + c];
    call.savedMean[c] = static_cast<float>(mean);
    call.savedInvStd[c] = static_cast<float>(1 / __builtin_sqrt(squares / m + p.epsilon));
    call.runningMean[c] = static_cast<float>((1 - p.momentum) * call.runningMean[c] + p.momentum * mean);
    call.runningVariance[c] = static_cast<float>((1 - p.momentum) * call.runningVariance[c] + p.momentum * squares / (m - 1));
  }
}

/** What the normalisation needs of every channel: z = (x − mean)·factor + shift, the same both ways. */
struct Normalisation {
  const float *mean, *factor, *shift, *slope;
  template <class Call>
  Normalisation(const Call& call, const Strips& strips)
      : mean(strips.constants(0, [&](int64_t c) { return call.savedMean[c]; })),
        factor(strips.constants(1, [&](int64_t c) { return call.savedInvStd[c] * call.scale[c]; })),
        shift(strips.constants(2, [&](int64_t c) { return call.shift[c]; })),
        slope(strips.constants(3, [&](int64_t c) { return call.slope[c]; })) {}
  [[gnu::always_inline]] Vector centred(Vector x, int64_t c) const { return x - load(mean + c); }
  [[gnu::always_inline]] Vector apply(Vector centred, int64_t c) const { return centred * load(factor + c) + load(shift + c); }
};

/** F into gradInput; its sums, in the order of the header: Σ F, Σ F·(x − μ), Σ k·G·z where z ≤ 0. */
void backwardSums(const BatchNormPreluBackward<float>& call, const Strips& strips) {
  const int64_t C = call.params.channels, stride = call.params.outputStride;
  const Normalisation norm(call, strips);
  strips.clearSums();
  strips.forEach([&](const Strip& strip, int thread) {
    const float* factors = strips.dropFactors(strip, thread);
    const float *x = call.input + strip.first * C, *gradOutput = call.gradOutput + strip.first * stride;
    float* gradInput = call.gradInput + strip.first * C;
    float *sum = strips.sums(thread, 0), *sumCentred = strips.sums(thread, 1), *sumSlope = strips.sums(thread, 2);
    forEachStripVector(strip, C, [&](int64_t i, int64_t c, int valid) {
      const Vector centred = norm.centred(fetch(x + i * C + c, valid), c), z = norm.apply(centred, c);
      Vector kept = fetch(gradOutput + i * stride + c, valid);
      if (factors != nullptr) kept *= fetch(factors + i * C + c, valid);
      const Vector grad = z > 0.0f ? kept : kept * load(norm.slope + c);
      addTo(sum + c, grad);
      addTo(sumCentred + c, grad * centred);
      addTo(sumSlope + c, z > 0.0f ? Vector{} : kept * z);
      keep(gradInput + i * C + c, grad, valid);
    });
    strips.fold(thread);
  });
}

}  // namespace

void batchNormPreluForward(const BatchNormPreluForward<float>& call, const Context& context) {
  const int64_t C = call.params.channels, stride = call.params.outputStride;
  const Strips strips(call.params, call.step, context);
  statistics(call, strips);
  const Normalisation norm(call, strips);
  strips.forEach([&](const Strip& strip, int thread) {
    const float* factors = strips.dropFactors(strip, thread);
    const float* x = call.input + strip.first * C;
    float* output = call.output + strip.first * stride;
    forEachStripVector(strip, C, [&](int64_t i, int64_t c, int valid) {
      const Vector z = norm.apply(norm.centred(fetch(x + i * C + c, valid), c), c);
      Vector y = z > 0.0f ? z : z * load(norm.slope + c);
      if (factors != nullptr) {
        const Vector factor = fetch(factors + i * C + c, valid);
        y = factor == 0.0f ? Vector{} : y * factor;  // a dropped value is 0 even where z is infinite
      }
      keep(output + i * stride + c, y, valid);
    });
  });
}

void batchNormPreluBackward(const BatchNormPreluBackward<float>& call, const Context& context) {
  const int64_t C = call.params.channels;
  const Strips strips(call.params, call.step, context);
  backwardSums(call, strips);
  double* sums = strips.totals();
  for (int64_t c = 0; c < C; ++c) {
    call.gradShift[c] = static_cast<float>(sums[c]);
    call.gradScale[c] = static_cast<float>(sums[C + c] * call.savedInvStd[c]);
    call.gradSlope[c] = static_cast<float>(sums[2 * C + c]);
  }
  const double m = synchroniseSums(strips.ranks(), call.params.pixels, C, sums);
  const float* factor = strips.constants(4, [&](int64_t c) { return call.scale[c] * call.savedInvStd[c]; });
  const float* meanGrad = strips.constants(5, [&](int64_t c) { return sums[c] / m; });
  const float* share = strips.constants(6, [&](int64_t c) { return sums[C + c] / m * call.savedInvStd[c] * call.savedInvStd[c]; });
  const float* mean = strips.constants(0, [&](int64_t c) { return call.savedMean[c]; });
  strips.forEach([&](const Strip& strip, int) {
    const float* x = call.input + strip.first * C;
    float* gradInput = call.gradInput + strip.first * C;
    forEachStripVector(strip, C, [&](int64_t i, int64_t c, int valid) {
      const Vector centred = fetch(x + i * C + c, valid) - load(mean + c);
      const Vector grad = fetch(gradInput + i * C + c, valid) - load(meanGrad + c) - centred * load(share + c);
      keep(gradInput + i * C + c, grad * load(factor + c), valid);
    });
  });
}

}  // namespace retroplume::RETROPLUME_ISA
