#include "ops/random/normal.h"
#include "ops/random/philox.h"
#include "ops/window_mean/window_mean.h"
#include "runtime/cuda/divisor.h"
#include "runtime/cuda/packs.h"

/**
 * A thread makes one element of the output, or four neighbours: it reads its cell's hours one after the other, neighbours next to each other. Memory
 * is the limit, 4 bytes written for 4 read an hour. Noise costs a counter's four words for each element, of which three are another element's: some
 * 100 instructions, for a twelfth of what a sample has.
 */
namespace retroplume::cuda {

namespace {

/** Of one launch: they are a kernel's arguments, of which there are 4 KB. */
constexpr int kMostSteps = 256;

struct Steps {
  int first[kMostSteps], last[kMostSteps];
};

struct Window {
  int64_t cols, channels, hourSize, hour;
  int64_t cropRow, cropCol, cropRows, cropCols;
  /** of the output, in packs of channels */
  Divisor packs, across;
  /** step of the whole window with which this launch begins */
  int64_t firstStep;
  Augmentation by;
  float one;
  /** between two hours of the factors; 0: all hours share them */
  int64_t factorStride;
};

__device__ __forceinline__ float valueOf(float x) { return x; }

__device__ __forceinline__ float valueOf(uint16_t half) { return halfToFloat(half); }

template <int N, class T>
__device__ __forceinline__ Pack<N> fetchValues(const Global<const T>& from, int64_t index) {
  if constexpr (N == 4 && sizeof(T) == 4) {
    return fetch(Width<4>(), from, index);
  } else {
    Pack<N> values;
    for (int k = 0; k < N; ++k) values.at[k] = valueOf(from[index + k]);
    return values;
  }
}

/** The normal number of an element of a row. */
__device__ __forceinline__ float normalOf(int64_t element, int64_t row, uint64_t key) {
  const auto place = static_cast<int>(element % kNormalBlock), j = place / static_cast<int>(kNormalCounters);
  const auto counter = static_cast<uint32_t>(element / kNormalBlock * kNormalCounters + place % kNormalCounters);
  uint32_t words[4];
  philox4x32(static_cast<uint64_t>(row) << 32 | counter, 0, key, words);
  float cosine, sine;
  normalPair<OneNumber>(j < 2 ? words[0] : words[2], j < 2 ? words[1] : words[3], cosine, sine);
  return j % 2 == 0 ? cosine : sine;
}

template <int N, class T>
__global__ void __launch_bounds__(kElementThreads)
    window_mean_kernel(Window p, Steps steps, int64_t packsOfStep, Global<const T> fields, Global<const float> factors, Global<float> out) {
  const int first = steps.first[blockIdx.y], last = steps.last[blockIdx.y];
  const float scale = 1.0f / static_cast<float>(last - first + 1) * p.one;
  const int64_t step = p.firstStep + blockIdx.y;
  forEachElement(packsOfStep, [&](int64_t i) {
    const int64_t cell = p.packs.quotient(i), channel = N * (i - cell * p.packs.divisor());
    const int64_t row = p.across.quotient(cell), col = cell - row * p.across.divisor();
    const CropCell from = cellBeforeTurns(p.by.turns, p.cropRows, p.cropCols, row, col);
    const TurnedChannel source = N == 1 ? channelBeforeTurns(p.by, channel) : TurnedChannel{channel, 1.0f};
    const int64_t place = ((p.cropRow + from.row) * p.cols + p.cropCol + from.col) * p.channels + source.channel;
    Pack<N> sum = {};
    for (int64_t hour = p.hour - last; hour <= p.hour - first; ++hour) {
      Pack<N> values = fetchValues<N>(fields, hour * p.hourSize + place);
      if (factors) values = mapPacks([](float a, float b) { return a * b; }, values, fetch(Width<N>(), factors, hour * p.factorStride + place));
      for (int k = 0; k < N; ++k) sum.at[k] += values.at[k];
    }
    const int64_t rowOfAll = step * p.cropRows + row, inRow = col * p.channels + channel;
    for (int k = 0; k < N; ++k) {
      sum.at[k] *= scale * source.sign;
      if (p.by.noise != 0.0f) {
        const float by = 1.0f + p.by.noise * normalOf(inRow + k, rowOfAll, p.by.key);
        sum.at[k] *= by < 0.0f ? 0.0f : by;
      }
      sum.at[k] *= p.by.factor;
    }
    keep(out, rowOfAll * p.cropCols * p.channels + inRow, sum);
  });
}

/** @param n - channels of a pack */
Window windowOf(const WindowMeanParams& p, int n, float one, int64_t factorHours) {
  return {p.cols,
          p.channels,
          p.rows * p.cols * p.channels,
          p.hour,
          p.cropRow,
          p.cropCol,
          p.cropRows,
          p.cropCols,
          Divisor(p.channels / n),
          Divisor(p.cropCols),
          0,
          p.augmentation,
          one,
          factorHours == 1 ? 0 : p.rows * p.cols * p.channels};
}

/** Calls body(first step, steps, which) for as many steps at a time as a launch takes. */
template <class Body>
void forEachSlice(const WindowMeanParams& p, Body body) {
  for (int64_t begin = 0; begin < p.stepCount; begin += kMostSteps) {
    const int64_t count = p.stepCount - begin < kMostSteps ? p.stepCount - begin : kMostSteps;
    Steps steps{};
    for (int64_t s = 0; s < count; ++s) steps.first[s] = p.steps[2 * (begin + s)], steps.last[s] = p.steps[2 * (begin + s) + 1];
    body(begin, static_cast<int>(count), steps);
  }
}

template <int N, class T>
void launchSteps(const WindowMeanOnDevice& call, const T* fields, const Context& context) {
  const WindowMeanParams& p = call.params;
  const int64_t packsOfStep = p.cropRows * p.cropCols * p.channels / N, elements = p.stepCount * packsOfStep * N;
  Window window = windowOf(p, N, call.one, call.factorHours);
  forEachSlice(p, [&](int64_t begin, int count, const Steps& steps) {
    window.firstStep = begin;
    dim3 blocks = elementBlocks(packsOfStep);
    blocks.y = static_cast<unsigned>(count);
    launch(context, window_mean_kernel<N, T>, blocks, kElementThreads, 0, window, steps, packsOfStep,
           Global<const T>(fields, call.hours * window.hourSize), Global<const float>(call.factors, call.factorHours * window.hourSize),
           Global<float>(call.out, elements));
  });
}

template <class T>
void launchOf(const WindowMeanOnDevice& call, const T* fields, const Context& context) {
  const WindowMeanParams& p = call.params;
  const bool vectorTurns = p.augmentation.turns != 0 && p.augmentation.u >= 0;
  if (p.channels % 4 == 0 && !vectorTurns && aligned16(fields, call.out) && aligned16(call.factors))
    launchSteps<4>(call, fields, context);
  else
    launchSteps<1>(call, fields, context);
}

/** Where pack `i` of a step lies in the fields of an hour. */
template <int N>
__device__ __forceinline__ int64_t placeIn(const Window& p, int64_t i) {
  const int64_t cell = p.packs.quotient(i), channel = N * (i - cell * p.packs.divisor());
  const int64_t row = p.across.quotient(cell), col = cell - row * p.across.divisor();
  return ((p.cropRow + row) * p.cols + p.cropCol + col) * p.channels + channel;
}

/** Of one launch, the hours that a window sees. */
struct SeenHours {
  int step[kMostSteps], hour[kMostSteps];
  float scale[kMostSteps];
};

/** A thread adds to one element of an hour, or to four neighbours: no two write to one. */
template <int N>
__global__ void __launch_bounds__(kElementThreads)
    window_mean_adjoint_kernel(Window p, SeenHours seen, int64_t packsOfStep, Global<const float> fields, Global<const float> gradOut,
                               Global<float> gradFactors) {
  const int64_t from = seen.step[blockIdx.y] * packsOfStep * N, hour = seen.hour[blockIdx.y] * p.hourSize;
  const float scale = seen.scale[blockIdx.y];
  forEachElement(packsOfStep, [&](int64_t i) {
    const int64_t place = hour + placeIn<N>(p, i);
    Pack<N> grad = fetch(Width<N>(), gradOut, from + N * i);
    if (fields) grad = mapPacks([](float a, float b) { return a * b; }, grad, fetch(Width<N>(), fields, place));
    keep(gradFactors, place, mapPacks([=](float sum, float g) { return sum + scale * g; }, fetch(Width<N>(), gradFactors, place), grad));
  });
}

/** The same where all hours share the factors: a thread goes through all hours of its element. */
template <int N>
__global__ void __launch_bounds__(kElementThreads)
    window_mean_shared_adjoint_kernel(Window p, Steps steps, int count, int64_t packsOfStep, Global<const float> fields, Global<const float> gradOut,
                                      Global<float> gradFactors) {
  forEachElement(packsOfStep, [&](int64_t i) {
    const int64_t place = placeIn<N>(p, i);
    Pack<N> sum = fetch(Width<N>(), gradFactors, place);
    for (int step = 0; step < count; ++step) {
      const int first = steps.first[step], last = steps.last[step];
      const float scale = 1.0f / static_cast<float>(last - first + 1);
      const Pack<N> grad = fetch(Width<N>(), gradOut, (p.firstStep + step) * packsOfStep * N + N * i);
      Pack<N> hours = {};
      for (int64_t hour = p.hour - last; hour <= p.hour - first; ++hour) {
        for (int k = 0; k < N; ++k) hours.at[k] += fields ? 0.0f : 1.0f;
        if (fields) hours = mapPacks([](float a, float b) { return a + b; }, hours, fetch(Width<N>(), fields, hour * p.hourSize + place));
      }
      for (int k = 0; k < N; ++k) sum.at[k] += scale * grad.at[k] * hours.at[k];
    }
    keep(gradFactors, place, sum);
  });
}

template <int N>
void launchHours(const WindowMeanAdjointOnDevice& call, const Context& context) {
  const WindowMeanParams& p = call.params;
  const Window window = windowOf(p, N, 1, call.factorHours);
  const int64_t packsOfStep = p.cropRows * p.cropCols * p.channels / N;
  SeenHours seen{};
  int count = 0;
  const auto launchSeen = [&] {
    dim3 blocks = elementBlocks(packsOfStep);
    blocks.y = static_cast<unsigned>(count);
    if (count > 0)
      launch(context, window_mean_adjoint_kernel<N>, blocks, kElementThreads, 0, window, seen, packsOfStep,
             Global<const float>(call.fields, call.hours * window.hourSize), Global<const float>(call.gradOut, p.stepCount * packsOfStep * N),
             Global<float>(call.gradFactors, call.factorHours * window.hourSize));
    count = 0;
  };
  for (int64_t step = 0; step < p.stepCount; ++step) {
    const int first = p.steps[2 * step], last = p.steps[2 * step + 1];
    for (int back = first; back <= last; ++back) {
      // Hours that several steps see are added to by launches of their own, one after the other.
      for (int i = 0; i < count; ++i) {
        if (seen.hour[i] == p.hour - back) launchSeen();
      }
      seen.step[count] = static_cast<int>(step), seen.hour[count] = static_cast<int>(p.hour - back);
      seen.scale[count] = 1.0f / static_cast<float>(last - first + 1);
      if (++count == kMostSteps) launchSeen();
    }
  }
  launchSeen();
}

template <int N>
void launchShared(const WindowMeanAdjointOnDevice& call, const Context& context) {
  const WindowMeanParams& p = call.params;
  Window window = windowOf(p, N, 1, call.factorHours);
  const int64_t packsOfStep = p.cropRows * p.cropCols * p.channels / N;
  forEachSlice(p, [&](int64_t begin, int count, const Steps& steps) {
    window.firstStep = begin;
    launch(context, window_mean_shared_adjoint_kernel<N>, elementBlocks(packsOfStep), kElementThreads, 0, window, steps, count, packsOfStep,
           Global<const float>(call.fields, call.hours * window.hourSize), Global<const float>(call.gradOut, p.stepCount * packsOfStep * N),
           Global<float>(call.gradFactors, window.hourSize));
  });
}

template <int N>
void launchAdjoint(const WindowMeanAdjointOnDevice& call, const Context& context) {
  if (call.factorHours == 1)
    launchShared<N>(call, context);
  else
    launchHours<N>(call, context);
}

}  // namespace

void windowMeanAdjointOnDevice(const WindowMeanAdjointOnDevice& call, const Context& context) {
  if (call.params.channels % 4 == 0 && aligned16(call.fields, call.gradOut, call.gradFactors))
    launchAdjoint<4>(call, context);
  else
    launchAdjoint<1>(call, context);
}

void windowMeanOnDevice(const WindowMeanOnDevice& call, const Context& context) {
  if (call.fields != nullptr)
    launchOf(call, call.fields, context);
  else
    launchOf(call, call.halves, context);
}

}  // namespace retroplume::cuda
