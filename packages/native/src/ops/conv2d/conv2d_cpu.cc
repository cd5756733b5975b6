#include "ops/conv2d/conv2d.h"
#include "ops/conv2d/conv2d_scratch.h"
#include "ops/simd/gemm_tile.h"
#include "ops/simd/parallel.h"

/**
 * Convolution as a matrix product without the matrix (implicit GEMM), on the register tiles of simd/gemm_tile.h.
 *
 * With channels last, the window of a cell is K runs of K·C consecutive floats, one a grid row, and the window of the next cell starts C
 * floats further: a tile of neighbouring cells is a rowTile with K segments of length K·C and stride C, read where it lies. Only tiles at the left
 * and right border, whose windows leave the grid, are first copied into a small patch with zeros around; rows above and below are left out of
 * the sum. Weights are packed once a call, by all threads; a single output channel would fill one lane of a vector, so there the vectors run along
 * the sum (dotTile) and the weights stay as they are. The data gradient is the same computation on turned and transposed weights.
 */
namespace retroplume::RETROPLUME_ISA {

namespace {

/** A convolution with packed weights, forward or as a data gradient. */
struct RowConvolution {
  int64_t batch, height, width, in, out, kernel;
  const float* input;
  int64_t inputStride;  // from one cell of it to the next; `in`, unless the kernel is 1
  const float* panel;
  float* output;
  CellLayout layout;  // of the output
  const float* bias = nullptr;
  const float* slope = nullptr;
  int activation = 0;
  Derivative<float> derivative = {};  // its slopes are those above
  bool accumulate = false, streamed = false;
};

/** All columns of the `cells` cells from number `cell` on, whose windows' first rows start at x. */
void computeTile(const RowConvolution& conv, const float* x, int64_t segmentStride, int64_t kBegin, int64_t kEnd, int64_t cell, int cells) {
  const ColumnBlocks blocks(conv.out);
  RowTileCall call{};
  call.x = x;
  call.stride = conv.inputStride;
  call.segmentStride = segmentStride;
  call.segments = kEnd - kBegin;
  call.length = conv.kernel * conv.in;
  call.activation = conv.activation;
  call.derivative = conv.derivative.kind;
  call.activatedStride = conv.derivative.stride;
  call.accumulate = conv.accumulate;
  call.streamed = conv.streamed;
  call.outStride = conv.layout.stride;
  float* output = conv.output + conv.layout.at(cell);
  const float* activated = conv.derivative.activated + cell * conv.derivative.stride;
  if (conv.out == 1) {
    call.panel = conv.panel + kBegin * call.length;
    call.bias = conv.bias;
    call.slope = conv.slope;
    call.activated = activated;
    call.out = output;
    return runDotTile(cells, call);
  }
  for (int64_t b = 0; b < blocks.count; ++b) {
    const int64_t first = blocks.begin(b) * kLanes;
    call.panel = conv.panel + first * conv.kernel * call.length + kBegin * call.length * blocks.size(b) * kLanes;
    call.bias = conv.bias != nullptr ? conv.bias + first : nullptr;
    call.slope = conv.slope != nullptr ? conv.slope + first : nullptr;
    call.activated = activated + first;
    call.out = output + first;
    call.lastLanes = lastLanes(blocks, b, conv.out);
    runRowTile(cells, blocks.size(b), call);
  }
}

/** Window rows kBegin … kEnd of the cells [first, first + cells) of a row into `patch`, zeros where they leave the grid. `row` is the first of them.
 */
void copyPatch(const RowConvolution& conv, const float* row, int64_t rows, int64_t first, int64_t cells, float* patch) {
  const int64_t pad = (conv.kernel - 1) / 2, span = cells + conv.kernel - 1;
  const int64_t left = larger(0, pad - first), right = smaller(span, conv.width - first + pad);
  for (int64_t k = 0; k < rows; ++k) {
    float* to = patch + k * span * conv.in;
    __builtin_memset(to, 0, left * conv.in * sizeof(float));
    __builtin_memcpy(to + left * conv.in, row + (k * conv.width + first - pad + left) * conv.in, (right - left) * conv.in * sizeof(float));
    __builtin_memset(to + right * conv.in, 0, (span - right) * conv.in * sizeof(float));
  }
}

void computeRow(const RowConvolution& conv, int64_t sample, int64_t i, float* patch) {
  const int64_t pad = (conv.kernel - 1) / 2;
  const int64_t kBegin = larger(0, pad - i), kEnd = smaller(conv.kernel, conv.height + pad - i);
  const float* top = conv.input + (sample * conv.height + i + kBegin - pad) * conv.width * conv.inputStride;
  const int64_t rowBegin = (sample * conv.height + i) * conv.width;
  const int64_t tiles = tileCount(conv.width, ColumnBlocks(conv.out).rowLimit());
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t first = t * conv.width / tiles, cells = (t + 1) * conv.width / tiles - first;
    const float* x = top + (first - pad) * conv.inputStride;
    int64_t segmentStride = conv.width * conv.inputStride;
    if (first < pad || first + cells + pad > conv.width) {
      copyPatch(conv, top, kEnd - kBegin, first, cells, patch);
      x = patch;
      segmentStride = (cells + conv.kernel - 1) * conv.in;
    }
    computeTile(conv, x, segmentStride, kBegin, kEnd, rowBegin + first, static_cast<int>(cells));
  }
}

/** Kernel 1 has no borders: all cells in one row. */
void computePointwise(const RowConvolution& conv, Range cells) {
  const int64_t count = cells.end - cells.begin, tiles = tileCount(count, ColumnBlocks(conv.out).rowLimit());
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t first = cells.begin + t * count / tiles, size = cells.begin + (t + 1) * count / tiles - first;
    computeTile(conv, conv.input + first * conv.inputStride, 0, 0, 1, first, static_cast<int>(size));
  }
}

/** The part of a convolution that thread `thread` of `threads` computes. */
void computeShare(const RowConvolution& conv, int thread, int threads, float* patch) {
  if (conv.kernel == 1 && !conv.layout.apart()) {
    computePointwise(conv, shareOf(conv.batch * conv.height * conv.width, threads, thread));
  } else {
    const Range rows = shareOf(conv.batch * conv.height, threads, thread);
    for (int64_t row = rows.begin; row < rows.end; ++row) computeRow(conv, row / conv.height, row % conv.height, patch);
  }
  finishStreams();
}

int64_t cellsOf(const Conv2dParams& p) { return p.batch * p.height * p.width; }

}  // namespace

void conv2dForward(const Conv2dForward<float>& call, const Context& context) {
  const Conv2dParams& p = call.params;
  const Conv2dRowScratch layout(p.kernel, p.inChannels, p.outChannels, context.threads);
  float* scratch = static_cast<float*>(context.scratch);
  RowConvolution conv{p.batch, p.height, p.width, p.inChannels, p.outChannels, p.kernel, call.input, p.inputStride, scratch, call.output, p.output};
  conv.activation = p.activation;
  conv.streamed = !p.output.apart() && streamsRows(call.output, cellsOf(p), p.outChannels, p.output.stride);
  conv.bias = packVector(call.bias, p.outChannels, scratch + layout.bias);
  conv.slope = packVector(call.slope, p.outChannels, scratch + layout.slope);
  const int64_t panelRows = p.kernel * p.kernel * p.inChannels;
  inParallel(context, [&](const Worker& worker) {
    const int thread = worker.thread, threads = worker.threads;
    const Range rows = shareOf(panelRows, threads, thread);
    if (p.outChannels == 1)
      __builtin_memcpy(scratch + rows.begin, call.weight + rows.begin, (rows.end - rows.begin) * sizeof(float));
    else
      packPanel(call.weight + rows.begin * p.outChannels, rows.end - rows.begin, p.outChannels, p.outChannels, 1, rows.begin, panelRows, scratch);
    worker.barrier();
    computeShare(conv, thread, threads, scratch + layout.patches + thread * layout.patch);
  });
}

void conv2dBackwardInput(const Conv2dBackwardInput<float>& call, const Context& context) {
  const Conv2dParams& p = call.params;
  const Conv2dRowScratch layout(p.kernel, p.outChannels, p.inChannels, context.threads);
  float* scratch = static_cast<float*>(context.scratch);
  const CellLayout gradients{cellsOf(p), p.inputStride, cellsOf(p) * p.inputStride};
  RowConvolution conv{p.batch,         p.height,      p.width, p.outChannels,  p.inChannels, p.kernel,
                      call.gradOutput, p.outChannels, scratch, call.gradInput, gradients};
  conv.slope = packVector(call.derivative.slope, p.inChannels, scratch + layout.slope);
  conv.derivative = call.derivative;
  conv.accumulate = p.accumulate;
  conv.streamed = !p.accumulate && streamsRows(call.gradInput, cellsOf(p), p.inChannels, p.inputStride);
  const int64_t taps = p.kernel * p.kernel, C = p.inChannels, O = p.outChannels;
  inParallel(context, [&](const Worker& worker) {
    const int thread = worker.thread, threads = worker.threads;
    // Shares of output channels: a 1x1 kernel has one tap, but the work must be divided there too.
    const Range outputs = shareOf(O, threads, thread);
    for (int64_t tap = 0; tap < taps; ++tap) {
      const float* turned = call.weight + (taps - 1 - tap) * C * O + outputs.begin;
      if (C == 1)
        __builtin_memcpy(scratch + tap * O + outputs.begin, turned, (outputs.end - outputs.begin) * sizeof(float));
      else
        packPanel(turned, outputs.end - outputs.begin, C, 1, O, tap * O + outputs.begin, taps * O, scratch);
    }
    worker.barrier();
    computeShare(conv, thread, threads, scratch + layout.patches + thread * layout.patch);
  });
}

}  // namespace retroplume::RETROPLUME_ISA
