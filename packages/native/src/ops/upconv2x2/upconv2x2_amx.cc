#include "ops/simd/amx.h"
#include "ops/simd/parallel.h"
#include "ops/upconv2x2/upconv2x2_scratch.h"

namespace retroplume::avx512 {
void upconv2x2Forward(const Upconv2x2Forward<float>& call, const Context& context);
void upconv2x2BackwardInput(const Upconv2x2BackwardInput<float>& call, const Context& context);
}  // namespace retroplume::avx512

/**
 * The 2x2 transposed convolution on the tile unit, forward and its data gradient: products [cells, in] · [in, (a, b, out)] and back. A thread makes a
 * left operand of a run of cells of a grid row, then all its products, whose tiles go where they belong. The last 32 cells of a run begin so early
 * that they are whole, and are then computed twice in part. Other shapes than whole tiles, and gradients that are added to others, are left to the
 * vector units.
 */
namespace retroplume::RETROPLUME_ISA {

void upconv2x2Forward(const Upconv2x2Forward<float>& call, const Context& context);
void upconv2x2BackwardInput(const Upconv2x2BackwardInput<float>& call, const Context& context);

namespace {

constexpr int64_t kBlockCells = 2 * kOperandRows;

bool fitsTiles(const Upconv2x2Params& p) { return p.width >= kBlockCells && p.inChannels % kOperandDepth == 0 && p.outChannels % kOperandDepth == 0; }

/** Calls body(grid row, first cell, cells) for runs of at most kUpconvRunCells. */
template <class Body>
[[gnu::always_inline]] inline void forEachRun(Range rows, int64_t width, Body body) {
  const int64_t runs = ceilDivide(width, kUpconvRunCells);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    for (int64_t r = 0; r < runs; ++r) body(row, r * width / runs, (r + 1) * width / runs - r * width / runs);
  }
}

/** Calls body(block, its first cell) for the blocks of 32 cells of a run. */
template <class Body>
[[gnu::always_inline]] inline void forEachBlock(int64_t cells, Body body) {
  for (int64_t block = 0; block * kBlockCells < cells; ++block) body(block, smaller(block * kBlockCells, cells - kBlockCells));
}

/** Cells of `count`·32 consecutive floats, `stride` apart, as the columns of a run's left operand from depth `first` on. */
inline void splitCells(const float* x, int64_t stride, int64_t cells, int64_t first, int64_t count, int64_t depth, float* left) {
  forEachBlock(cells, [&](int64_t block, int64_t cell) {
    for (int64_t m = 0; m < kBlockCells; ++m) {
      const float* from = x + (cell + m) * stride;
      float* row = left + leftRow(block * kBlockCells + m, depth) + first * kOperandFloats;
      for (int64_t d = 0; d < count; ++d, from += kOperandDepth, row += kOperandFloats)
        storePairs(row, Split(load(from)), Split(load(from + kLanes)));
    }
  });
}

/** The four sums of 32 cells and 32 columns, from two columns of operand tiles at `right`. */
[[gnu::always_inline]] inline void multiplyCells(const float* left, int64_t block, const float* right, int64_t depth) {
  const float* rows = left + leftRow(block * kBlockCells, depth);
  multiplyBlock(rows, rows + depth * kOperandFloats, kOperandFloats, right, right + depth * kOperandFloats, kOperandFloats, depth);
}

/** Sums 0 … 3 to rows `stride` floats apart. */
[[gnu::always_inline]] inline void storeBlock(float* to, int64_t stride) {
  const int64_t bytes = stride * sizeof(float);
  storeTile<0>(to, bytes);
  storeTile<1>(to + kLanes, bytes);
  storeTile<2>(to + kOperandRows * stride, bytes);
  storeTile<3>(to + kOperandRows * stride + kLanes, bytes);
}

/** Weights of a tap as right operands [16 outputs][depth of inputs]. */
void packForward(const Upconv2x2Params& p, const float* weight, float* panel) {
  for (int64_t o = 0; o < p.outChannels; o += kLanes) {
    for (int64_t c = 0; c < p.inChannels; c += kOperandDepth, panel += kOperandFloats) {
      for (int64_t j = 0; j < kLanes; ++j) {
        const float* row = weight + (c + j) * p.outChannels + o;
        storePairs(panel + j * kLanes, Split(load(row)), Split(load(row + kLanes * p.outChannels)));
      }
    }
  }
}

/** Weights of a tap, transposed, as its part of the right operands [16 inputs][depth of (tap, output)]. */
void packBackward(const Upconv2x2Params& p, const float* weight, int64_t tap, float* panel) {
  const int64_t tapDepth = p.outChannels / kOperandDepth;
  for (int64_t c = 0; c < p.inChannels; c += kLanes) {
    for (int64_t d = 0; d < tapDepth; ++d) {
      Vector even[16], odd[16];
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        const float* row = weight + (c + lane) * p.outChannels + d * kOperandDepth;
        even[lane] = load(row);
        odd[lane] = load(row + kLanes);
      }
      transpose(even);
      transpose(odd);
      float* to = panel + (c / kLanes * 4 * tapDepth + tap * tapDepth + d) * kOperandFloats;
      for (int64_t j = 0; j < kLanes; ++j) storePairs(to + j * kLanes, Split(even[j]), Split(odd[j]));
    }
  }
}

void forwardRun(const Upconv2x2Forward<float>& call, int64_t row, int64_t first, int64_t cells, const float* panel, float* left) {
  const Upconv2x2Params& p = call.params;
  const int64_t depth = p.inChannels / kOperandDepth;
  const float* input = call.input + (row * p.width + first) * p.inChannels;
  alignas(64) static constexpr float kNoBias[kLanes] = {};
  splitCells(input, p.inChannels, cells, 0, depth, depth, left);
  for (int64_t tap = 0; tap < 4; ++tap) {
    float* output = call.output + ((2 * row + tap / 2) * 2 * p.width + 2 * first + tap % 2) * p.outputStride;
    for (int64_t o = 0; o < p.outChannels; o += 2 * kLanes) {
      const float* right = panel + (tap * p.outChannels + o) / kLanes * depth * kOperandFloats;
      const float *bias0 = call.bias != nullptr ? call.bias + o : kNoBias, *bias1 = call.bias != nullptr ? call.bias + o + kLanes : kNoBias;
      forEachBlock(cells, [&](int64_t block, int64_t cell) {
        loadTile<0>(bias0, 0);
        loadTile<1>(bias1, 0);
        loadTile<2>(bias0, 0);
        loadTile<3>(bias1, 0);
        multiplyCells(left, block, right, depth);
        storeBlock(output + 2 * cell * p.outputStride + o, 2 * p.outputStride);
      });
    }
  }
}

void backwardInputRun(const Upconv2x2BackwardInput<float>& call, int64_t row, int64_t first, int64_t cells, const float* panel, float* left) {
  const Upconv2x2Params& p = call.params;
  const int64_t tapDepth = p.outChannels / kOperandDepth, depth = 4 * tapDepth;
  for (int64_t tap = 0; tap < 4; ++tap) {
    const float* grad = call.gradOutput + ((2 * row + tap / 2) * 2 * p.width + 2 * first + tap % 2) * p.outputStride;
    splitCells(grad, 2 * p.outputStride, cells, tap * tapDepth, tapDepth, depth, left);
  }
  for (int64_t c = 0; c < p.inChannels; c += 2 * kLanes) {
    forEachBlock(cells, [&](int64_t block, int64_t cell) {
      clearTile<0>();
      clearTile<1>();
      clearTile<2>();
      clearTile<3>();
      multiplyCells(left, block, panel + c / kLanes * depth * kOperandFloats, depth);
      storeBlock(call.gradInput + (row * p.width + first + cell) * p.inChannels + c, p.inChannels);
    });
  }
}

/** Packs by taps, then takes the runs of the grid rows, each thread its share of both. */
template <class Pack, class Run>
void onAllThreads(const Upconv2x2Params& p, const Context& context, Pack pack, Run run) {
  const Upconv2x2Scratch layout(p, context.threads);
  float* panel = static_cast<float*>(context.scratch);
  inParallel(context, [&](const Worker& worker) {
    const Range taps = shareOf(4, worker.threads, worker.thread);
    for (int64_t tap = taps.begin; tap < taps.end; ++tap) pack(tap, panel);
    worker.barrier();
    const TileRegisters registers;
    float* left = panel + layout.left + worker.thread * layout.leftFloats;
    forEachRun(shareOf(p.batch * p.height, worker.threads, worker.thread), p.width,
               [&](int64_t row, int64_t first, int64_t cells) { run(row, first, cells, panel, left); });
  });
}

}  // namespace

void upconv2x2Forward(const Upconv2x2Forward<float>& call, const Context& context) {
  const Upconv2x2Params& p = call.params;
  if (!fitsTiles(p)) return avx512::upconv2x2Forward(call, context);
  onAllThreads(
      p, context,
      [&](int64_t tap, float* panel) {
        packForward(p, call.weight + tap * p.inChannels * p.outChannels, panel + tap * operandFloats(p.outChannels, p.inChannels));
      },
      [&](int64_t row, int64_t first, int64_t cells, const float* panel, float* left) { forwardRun(call, row, first, cells, panel, left); });
}

void upconv2x2BackwardInput(const Upconv2x2BackwardInput<float>& call, const Context& context) {
  const Upconv2x2Params& p = call.params;
  if (!fitsTiles(p) || p.accumulate) return avx512::upconv2x2BackwardInput(call, context);
  onAllThreads(
      p, context, [&](int64_t tap, float* panel) { packBackward(p, call.weight + tap * p.inChannels * p.outChannels, tap, panel); },
      [&](int64_t row, int64_t first, int64_t cells, const float* panel, float* left) { backwardInputRun(call, row, first, cells, panel, left); });
}

}  // namespace retroplume::RETROPLUME_ISA
