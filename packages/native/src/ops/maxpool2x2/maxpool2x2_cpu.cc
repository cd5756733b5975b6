#include "ops/maxpool2x2/maxpool2x2.h"
#include "ops/simd/activation.h"
#include "ops/simd/elementwise.h"

// Channels are the vectors. Threads share the rows of windows.
namespace retroplume::RETROPLUME_ISA {

namespace {

/** The up to four cells of a window; one at an odd edge has fewer. */
struct Window {
  int64_t cells[4];
  int count;
};

Window windowAt(const Maxpool2x2Params& p, int64_t sample, int64_t i, int64_t j) {
  Window window{};
  for (int64_t row = 2 * i; row < smaller(2 * i + 2, p.height); ++row) {
    for (int64_t column = 2 * j; column < smaller(2 * j + 2, p.width); ++column) {
      window.cells[window.count++] = (sample * p.height + row) * p.width + column;
    }
  }
  return window;
}

/** True where x beats the best so far: greater, or the first NaN. */
[[gnu::always_inline]] inline IntVector beats(Vector x, Vector best) { return (x > best) | ((x != x) & (best == best)); }

/** Calls body(sample, i, j, index of the window's output) for a share of the window rows. */
template <class Body>
[[gnu::always_inline]] inline void forEachWindow(const Maxpool2x2Params& p, const Context& context, Body body) {
  const int64_t outHeight = p.outHeight(), outWidth = p.outWidth(), rows = p.batch * outHeight;
  inParallel(context, threadsFor(p.batch * p.height * p.width * p.channels, context), [&](const Worker& worker) {
    const Range share = shareOf(rows, worker.threads, worker.thread);
    for (int64_t row = share.begin; row < share.end; ++row) {
      for (int64_t j = 0; j < outWidth; ++j) body(row / outHeight, row % outHeight, j, (row * outWidth + j) * p.channels);
    }
  });
}

/** What a cell gets whose share of the windows' gradient is `part`. */
[[gnu::always_inline]] inline void finishCell(const Maxpool2x2Backward<float>& call, int64_t cell, int64_t c, Vector part, int valid) {
  const Maxpool2x2Params& p = call.params;
  if (call.added != nullptr) part += fetch(call.added + cell * p.addedStride + c, valid);
  if (call.derivative.kind != 0) {
    const float* slope = call.derivative.slope;
    const Vector slopes = slope != nullptr ? fetch(slope + c, valid) : Vector{};
    part = differentiate(part, call.derivative.kind, fetch(call.input + cell * p.inputStride + c, valid), slopes);
  }
  keep(call.gradInput + cell * p.gradInputStride + c, part, valid);
}

/** Without ceil a last odd row or column belongs to no window. */
void finishUncovered(const Maxpool2x2Backward<float>& call) {
  const Maxpool2x2Params& p = call.params;
  if (p.ceil) return;
  for (int64_t row = 0; row < p.batch * p.height; ++row) {
    const bool whole = p.height % 2 == 1 && row % p.height == p.height - 1;
    for (int64_t column = whole ? 0 : p.width - p.width % 2; column < p.width; ++column) {
      forEachVector({0, p.channels}, [&](int64_t c, int valid) { finishCell(call, row * p.width + column, c, Vector{}, valid); });
    }
  }
}

}  // namespace

void maxpool2x2Forward(const Maxpool2x2Forward<float>& call, const Context& context) {
  const Maxpool2x2Params& p = call.params;
  forEachWindow(p, context, [&](int64_t sample, int64_t i, int64_t j, int64_t out) {
    const Window window = windowAt(p, sample, i, j);
    forEachVector({0, p.channels}, [&](int64_t c, int valid) {
      Vector best = fetch(call.input + window.cells[0] * p.inputStride + c, valid);
      for (int k = 1; k < window.count; ++k) {
        const Vector x = fetch(call.input + window.cells[k] * p.inputStride + c, valid);
        best = beats(x, best) ? x : best;
      }
      keep(call.output + out + c, best, valid);
    });
  });
}

void maxpool2x2Backward(const Maxpool2x2Backward<float>& call, const Context& context) {
  const Maxpool2x2Params& p = call.params;
  finishUncovered(call);
  forEachWindow(p, context, [&](int64_t sample, int64_t i, int64_t j, int64_t out) {
    const Window window = windowAt(p, sample, i, j);
    forEachVector({0, p.channels}, [&](int64_t c, int valid) {
      Vector best = fetch(call.input + window.cells[0] * p.inputStride + c, valid);
      IntVector winner = {};
      for (int k = 1; k < window.count; ++k) {
        const Vector x = fetch(call.input + window.cells[k] * p.inputStride + c, valid);
        const IntVector better = beats(x, best);
        best = better ? x : best;
        winner = better ? IntVector{} + k : winner;
      }
      const Vector grad = fetch(call.gradOutput + out + c, valid);
      for (int k = 0; k < window.count; ++k) finishCell(call, window.cells[k], c, winner == k ? grad : Vector{}, valid);
    });
  });
}

}  // namespace retroplume::RETROPLUME_ISA
