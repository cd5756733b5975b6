#include "ops/simd/amx.h"
#include "ops/simd/parallel.h"
#include "ops/upconv2x2/upconv2x2_scratch.h"

namespace retroplume::avx512 {
void upconv2x2Forward(const Upconv2x2Forward<float>& call, const Context& context);
void upconv2x2BackwardInput(const Upconv2x2BackwardInput<float>& call, const Context& context);
}  // namespace retroplume::avx512

/**
 * The 2x2 transposed convolution on the tile unit, forward and its data gradient: products [cells, in] · [in, (a, b, out)] and back, of 32 cells of a
 * grid row at a time. While those are multiplied, the next 32 are cut into their parts. The last of a row begin so early that they are whole, and are
 * then computed twice in part. Other shapes than whole tiles, and what is added to something or multiplied by a derivative, are left to the vector
 * units.
 */
namespace retroplume::RETROPLUME_ISA {

void upconv2x2Forward(const Upconv2x2Forward<float>& call, const Context& context);
void upconv2x2BackwardInput(const Upconv2x2BackwardInput<float>& call, const Context& context);

namespace {

bool fitsTiles(const Upconv2x2Params& p) {
  return p.width >= kUpconvBlockCells && p.inChannels % kOperandDepth == 0 && p.outChannels % kOperandDepth == 0;
}

/** What a cell has for the sum: `runs` times `runDepth`·32 consecutive floats. */
struct CellLayout {
  const float* first;  // of the first cell of grid row 0
  int64_t rowStride, cellStride;
  int64_t runs, runDepth, run[4];  // a run's first float, from the cell's
  int64_t depth() const { return runs * runDepth; }
};

/** A left operand of 32 cells, made two vectors at a time. */
class BlockOperand {
 public:
  BlockOperand(const CellLayout& layout) : layout_(layout) {}

  void start(const float* cells, float* left) {
    cells_ = cells;
    left_ = left;
    pairs_ = kUpconvBlockCells * layout_.depth();
    run_ = 0;
    startRun();
  }

  /** Makes `pairs` more, as long as there are. */
  [[gnu::always_inline]] void advance(int64_t pairs) {
    for (; pairs > 0 && pairs_ > 0; --pairs, --pairs_) next();
  }

  void finish() { advance(pairs_); }

 private:
  void startRun() {
    from_ = cells_ + layout_.run[run_];
    to_ = left_ + run_ * layout_.runDepth * kOperandFloats;
    cell_ = depth_ = 0;
  }

  [[gnu::always_inline]] void next() {
    storePairs(to_ + depth_ * kOperandFloats, Split(load(from_ + depth_ * kOperandDepth)), Split(load(from_ + depth_ * kOperandDepth + kLanes)));
    if (++depth_ < layout_.runDepth) return;
    depth_ = 0;
    from_ += layout_.cellStride;
    to_ += kOperandRows;
    if (++cell_ == kOperandRows) to_ += layout_.depth() * kOperandFloats - kTileFloats;
    if (cell_ == kUpconvBlockCells && ++run_ < layout_.runs) startRun();
  }

  const CellLayout& layout_;
  const float *cells_ = nullptr, *from_ = nullptr;
  float *left_ = nullptr, *to_ = nullptr;
  int64_t pairs_ = 0, run_ = 0, cell_ = 0, depth_ = 0;
};

/**
 * Calls body(grid row, first cell, left operand, between) for the blocks of some grid rows. In each, `between` is to be called `calls` times; it
 * makes the next left operand in `operands`, which has room for two.
 */
template <class Body>
[[gnu::always_inline]] inline void forEachBlock(Range rows, int64_t width, const CellLayout& layout, float* operands, int64_t operandFloats,
                                                int64_t calls, Body body) {
  const int64_t blocks = ceilDivide(width, kUpconvBlockCells), end = rows.end * blocks;
  const int64_t pairs = ceilDivide(kUpconvBlockCells * layout.depth(), calls);
  const auto cellOf = [&](int64_t block) { return smaller(block % blocks * kUpconvBlockCells, width - kUpconvBlockCells); };
  BlockOperand next(layout);
  const auto start = [&](int64_t block) {
    next.start(layout.first + block / blocks * layout.rowStride + cellOf(block) * layout.cellStride, operands + block % 2 * operandFloats);
  };
  for (int64_t block = rows.begin * blocks; block < end; ++block) {
    if (block == rows.begin * blocks) start(block);
    next.finish();
    if (block + 1 < end) start(block + 1);
    body(block / blocks, cellOf(block), operands + block % 2 * operandFloats, [&] { next.advance(pairs); });
  }
}

/**
 * The four sums of 32 cells and 32 columns, from two columns of operand tiles at `right`, to rows `stride` floats apart. Their lines are fetched
 * meanwhile: 64 stores at once to lines that are in no cache would hold up all that comes after them.
 */
template <class Between>
[[gnu::always_inline]] inline void multiplyCells(const float* left, const float* right, int64_t depth, float* to, int64_t stride, Between between) {
  const int64_t linesAtOnce = ceilDivide(2 * kUpconvBlockCells, kProductTurns * depth);
  int64_t line = 0;
  multiplyBlock(left, left + depth * kOperandFloats, kOperandFloats, right, right + depth * kOperandFloats, kOperandFloats, depth, [&] {
    between();
    for (const int64_t end = smaller(line + linesAtOnce, 2 * kUpconvBlockCells); line < end; ++line) {
      __builtin_prefetch(to + line / 2 * stride + line % 2 * kLanes, 1);
    }
  });
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

/** Of some grid rows; so below. */
void forwardRows(const Upconv2x2Forward<float>& call, Range rows, const float* panel, float* operands, int64_t operandFloats) {
  const Upconv2x2Params& p = call.params;
  const CellLayout layout{call.input, p.width * p.inChannels, p.inChannels, 1, p.inChannels / kOperandDepth, {0}};
  const int64_t depth = layout.depth(), columns = p.outChannels / (2 * kLanes);
  alignas(64) static constexpr float kNoBias[kLanes] = {};
  forEachBlock(rows, p.width, layout, operands, operandFloats, 4 * columns * kProductTurns * depth,
               [&](int64_t row, int64_t cell, const float* left, auto between) {
                 for (int64_t tap = 0; tap < 4; ++tap) {
                   float* output = call.output + ((2 * row + tap / 2) * 2 * p.width + 2 * cell + tap % 2) * p.outputStride;
                   for (int64_t o = 0; o < p.outChannels; o += 2 * kLanes) {
                     const float* bias = call.bias != nullptr ? call.bias + o : kNoBias;
                     const float* bias1 = call.bias != nullptr ? bias + kLanes : kNoBias;
                     loadTile<0>(bias, 0);
                     loadTile<1>(bias1, 0);
                     loadTile<2>(bias, 0);
                     loadTile<3>(bias1, 0);
                     multiplyCells(left, panel + (tap * p.outChannels + o) / kLanes * depth * kOperandFloats, depth, output + o, 2 * p.outputStride,
                                   between);
                   }
                 }
               });
}

void backwardInputRows(const Upconv2x2BackwardInput<float>& call, Range rows, const float* panel, float* operands, int64_t operandFloats) {
  const Upconv2x2Params& p = call.params;
  const int64_t outputRow = 2 * p.width * p.outputStride, tapDepth = p.outChannels / kOperandDepth;
  CellLayout layout{call.gradOutput, 2 * outputRow, 2 * p.outputStride, 4, tapDepth, {0, p.outputStride, outputRow, outputRow + p.outputStride}};
  // Where nothing lies between the two taps of an output row they are one run.
  if (p.outputStride == p.outChannels) layout = {call.gradOutput, 2 * outputRow, 2 * p.outputStride, 2, 2 * tapDepth, {0, outputRow}};
  const int64_t depth = layout.depth(), columns = p.inChannels / (2 * kLanes);
  forEachBlock(rows, p.width, layout, operands, operandFloats, columns * kProductTurns * depth,
               [&](int64_t row, int64_t cell, const float* left, auto between) {
                 float* gradInput = call.gradInput + (row * p.width + cell) * p.inChannels;
                 for (int64_t c = 0; c < p.inChannels; c += 2 * kLanes) {
                   clearTile<0>();
                   clearTile<1>();
                   clearTile<2>();
                   clearTile<3>();
                   multiplyCells(left, panel + c / kLanes * depth * kOperandFloats, depth, gradInput + c, p.inChannels, between);
                 }
               });
}

/** Packs by taps, then takes the grid rows, each thread its share of both. */
template <class Pack, class Run>
void onAllThreads(const Upconv2x2Params& p, const Context& context, Pack pack, Run run) {
  const Upconv2x2Scratch layout(p, context.threads);
  float* panel = static_cast<float*>(context.scratch);
  inParallel(context, [&](const Worker& worker) {
    const Range taps = shareOf(4, worker.threads, worker.thread);
    for (int64_t tap = taps.begin; tap < taps.end; ++tap) pack(tap, panel);
    worker.barrier();
    const TileRegisters registers;
    run(shareOf(p.batch * p.height, worker.threads, worker.thread), panel, panel + layout.left + 2 * worker.thread * layout.leftFloats,
        layout.leftFloats);
  });
}

}  // namespace

void upconv2x2Forward(const Upconv2x2Forward<float>& call, const Context& context) {
  const Upconv2x2Params& p = call.params;
  if (!fitsTiles(p) || p.accumulate) return avx512::upconv2x2Forward(call, context);
  onAllThreads(
      p, context,
      [&](int64_t tap, float* panel) {
        packForward(p, call.weight + tap * p.inChannels * p.outChannels, panel + tap * operandFloats(p.outChannels, p.inChannels));
      },
      [&](Range rows, const float* panel, float* operands, int64_t floats) { forwardRows(call, rows, panel, operands, floats); });
}

void upconv2x2BackwardInput(const Upconv2x2BackwardInput<float>& call, const Context& context) {
  const Upconv2x2Params& p = call.params;
  if (!fitsTiles(p) || p.accumulate || call.derivative.kind != 0) return avx512::upconv2x2BackwardInput(call, context);
  onAllThreads(
      p, context, [&](int64_t tap, float* panel) { packBackward(p, call.weight + tap * p.inChannels * p.outChannels, tap, panel); },
      [&](Range rows, const float* panel, float* operands, int64_t floats) { backwardInputRows(call, rows, panel, operands, floats); });
}

}  // namespace retroplume::RETROPLUME_ISA
