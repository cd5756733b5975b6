#include "ops/maxpool2x2/maxpool2x2.h"
#include "runtime/cuda/activation.h"
#include "runtime/cuda/divisor.h"
#include "runtime/cuda/packs.h"

/**
 * A thread has one channel of one window, or four where strides and addresses allow it; neighbouring threads have neighbouring channels. Memory is
 * the limit: for each element of the input 5 bytes forward and 9 backward, 13 with `added`. Windows do not overlap, so that nothing is added
 * by two threads; backward, cells that no window covers are windows of their own, with nothing to hand on.
 */
namespace retroplume::cuda {

namespace {

/** The windows that a kernel visits: those of the output forward, all that have a cell backward. */
struct Windows {
  int64_t work, height, width, outHeight, outWidth, channels, inputStride, gradInputStride, addedStride;
  Divisor packs, columns, rows;
  int derivative;  // as Derivative.kind
};

struct Window {
  int64_t sample, row, column, channel;
};

__device__ __forceinline__ Window windowOf(const Windows& p, int64_t index, int width) {
  const int64_t window = p.packs.quotient(index), line = p.columns.quotient(window), sample = p.rows.quotient(line);
  return {sample, p.rows.remainder(line), p.columns.remainder(window), p.packs.remainder(index) * width};
}

/** Where a window's four cells begin. Past the grid's edge the last row or column stands in, which never wins: it is no greater than itself. */
struct Cells {
  int64_t at[4];
  bool inside[4];
};

__device__ __forceinline__ Cells cellsOf(const Windows& p, const Window& window) {
  const int64_t row = 2 * window.row, column = 2 * window.column, first = (window.sample * p.height + row) * p.width + column;
  const bool below = row + 1 < p.height, right = column + 1 < p.width;
  const int64_t down = below ? p.width : 0, across = right ? 1 : 0;
  return {{first, first + across, first + down, first + down + across}, {true, right, below, below && right}};
}

template <int N>
struct Best {
  Pack<N> cells[4], value;  // what the cells hold, and the greatest of it
  int winner[N];
};

/** The first maximum of every channel, and which of the four cells has it; a NaN wins over every number. */
template <int N>
__device__ __forceinline__ Best<N> bestOf(const Windows& p, const Cells& cells, int64_t channel, const Global<const float>& input) {
  Best<N> best{};
  for (int k = 0; k < 4; ++k) best.cells[k] = fetch(Width<N>(), input, cells.at[k] * p.inputStride + channel);
  best.value = best.cells[0];
  for (int k = 1; k < 4; ++k) {
    for (int c = 0; c < N; ++c) {
      const float value = best.cells[k].at[c], champion = best.value.at[c];
      const bool wins = value > champion || (value != value && champion == champion);
      best.value.at[c] = wins ? value : champion;
      best.winner[c] = wins ? k : best.winner[c];
    }
  }
  return best;
}

__device__ __forceinline__ int64_t outputOf(const Windows& p, const Window& window) {
  return ((window.sample * p.outHeight + window.row) * p.outWidth + window.column) * p.channels + window.channel;
}

template <int N>
__global__ void __launch_bounds__(kElementThreads) maxpool2x2_forward_kernel(Windows p, Global<const float> input, Global<float> output) {
  forEachElement(p.work, [&](int64_t index) {
    const Window window = windowOf(p, index, N);
    keep(output, outputOf(p, window), bestOf<N>(p, cellsOf(p, window), window.channel, input).value);
  });
}

template <int N>
__global__ void __launch_bounds__(kElementThreads)
    maxpool2x2_backward_kernel(Windows p, Global<const float> input, Global<const float> gradOutput, Global<const float> added,
                               Global<const float> slope, Global<float> gradInput) {
  forEachElement(p.work, [&](int64_t index) {
    const Window window = windowOf(p, index, N);
    const bool covered = window.row < p.outHeight && window.column < p.outWidth;
    const Cells cells = cellsOf(p, window);
    const Best<N> best = bestOf<N>(p, cells, window.channel, input);
    Pack<N> gradient{}, slopes{}, sums[4]{};
    if (covered) gradient = fetch(Width<N>(), gradOutput, outputOf(p, window));
    if (slope) slopes = fetch(Width<N>(), slope, window.channel);
    for (int k = 0; k < 4 && added; ++k) sums[k] = fetch(Width<N>(), added, cells.at[k] * p.addedStride + window.channel);
    for (int k = 0; k < 4; ++k) {
      for (int c = 0; c < N; ++c) {
        float& sum = sums[k].at[c];
        if (best.winner[c] == k) sum += gradient.at[c];
        if (p.derivative != 0) sum = differentiated(sum, p.derivative, best.cells[k].at[c], slopes.at[c]);
      }
      if (cells.inside[k]) keep(gradInput, cells.at[k] * p.gradInputStride + window.channel, sums[k]);
    }
  });
}

Windows windowsOf(const Maxpool2x2Params& p, int64_t rows, int64_t columns, bool fours) {
  const int64_t packs = fours ? p.channels / 4 : p.channels;
  return {p.batch * rows * columns * packs,
          p.height,
          p.width,
          p.outHeight(),
          p.outWidth(),
          p.channels,
          p.inputStride,
          p.gradInputStride,
          p.addedStride,
          Divisor(packs),
          Divisor(columns),
          Divisor(rows),
          0};
}

int64_t length(const Maxpool2x2Params& p, int64_t stride) { return (p.batch * p.height * p.width - 1) * stride + p.channels; }
int64_t outputLength(const Maxpool2x2Params& p) { return p.batch * p.outHeight() * p.outWidth() * p.channels; }

}  // namespace

void maxpool2x2Forward(const Maxpool2x2Forward<float>& call, const Context& context) {
  const Maxpool2x2Params& p = call.params;
  const bool fours = p.channels % 4 == 0 && p.inputStride % 4 == 0 && aligned16(call.input, call.output);
  const Windows windows = windowsOf(p, p.outHeight(), p.outWidth(), fours);
  launch(context, fours ? maxpool2x2_forward_kernel<4> : maxpool2x2_forward_kernel<1>, elementBlocks(windows.work), kElementThreads, 0, windows,
         Global<const float>(call.input, length(p, p.inputStride)), Global<float>(call.output, outputLength(p)));
}

void maxpool2x2Backward(const Maxpool2x2Backward<float>& call, const Context& context) {
  const Maxpool2x2Params& p = call.params;
  const bool fours = (p.channels | p.inputStride | p.gradInputStride | p.addedStride) % 4 == 0 &&
                     aligned16(call.input, call.gradOutput, call.added, call.derivative.slope, call.gradInput);
  Windows windows = windowsOf(p, (p.height + 1) / 2, (p.width + 1) / 2, fours);
  windows.derivative = call.derivative.kind;
  launch(context, fours ? maxpool2x2_backward_kernel<4> : maxpool2x2_backward_kernel<1>, elementBlocks(windows.work), kElementThreads, 0, windows,
         Global<const float>(call.input, length(p, p.inputStride)), Global<const float>(call.gradOutput, outputLength(p)),
         Global<const float>(call.added, length(p, p.addedStride)), Global<const float>(call.derivative.slope, p.channels),
         Global<float>(call.gradInput, length(p, p.gradInputStride)));
}

}  // namespace retroplume::cuda
