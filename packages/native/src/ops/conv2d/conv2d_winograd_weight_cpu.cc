#include "ops/conv2d/conv2d.h"
#include "ops/conv2d/conv2d_winograd_scratch.h"
#include "ops/conv2d/winograd_tiles.h"
#include "ops/simd/elementwise.h"
#include "ops/simd/gemm_tile.h"
#include "ops/simd/parallel.h"
#include "ops/simd/partial_sums.h"

/**
 * The weight gradient of a 3x3 convolution in Winograd's form: windows of the input and tiles of gradOutput are transformed a block at a time,
 * 36 outer products over the tiles of a block are added to a partial sum, and only the sum is transformed back. Each thread has a partial of its own;
 * they are added in the order of the threads. As in conv2d_weight_cpu.cc the operand whose channels fill vectors better makes the vectors.
 */
namespace retroplume::RETROPLUME_ISA {

namespace {

struct WeightGradient {
  Image input, gradOutput;
  bool exchanged;  // gradOutput is broadcast and input makes the vectors
  WinogradWeightScratch layout;

  WeightGradient(const Conv2dBackwardWeight<float>& call, int threads)
      : input{call.input, call.params.batch, call.params.height, call.params.width, call.params.inChannels, call.params.inChannels},
        gradOutput{call.gradOutput, call.params.batch, call.params.height, call.params.width, call.params.outChannels, call.params.outChannels},
        exchanged(gradOutput.channels * ceilDivide(input.channels, kLanes) < input.channels * ceilDivide(gradOutput.channels, kLanes)),
        layout(input.channels, gradOutput.channels, threads) {}
  int64_t rows() const { return exchanged ? gradOutput.channels : input.channels; }  // broadcast
  int64_t columns() const { return exchanged ? input.channels : gradOutput.channels; }
  int64_t paddedColumns() const { return ceilDivide(columns(), kLanes) * kLanes; }
  int64_t sumStride() const { return winogradStride(rows(), paddedColumns()); }
};

/** A block's transformed windows, [36][tiles, channels]: tile t of product p at data + p·productStride + t·tileStride. */
struct Block {
  float* data;
  int64_t tileStride, productStride;
  Block(float* memory, const Image& image)
      : data(memory), tileStride(ceilDivide(image.channels, kLanes) * kLanes), productStride(winogradStride(kWinogradBlockTiles, tileStride)) {}
};

/** partial[product] += xᵀ · g over `tiles` tiles */
void addProducts(const WeightGradient& gradient, const Block& x, const Block& g, int64_t tiles, float* partial) {
  const ColumnBlocks blocks(gradient.columns());
  const int64_t rows = gradient.rows(), rowTiles = tileCount(rows, blocks.rowLimit());
  OuterTileCall call{};
  call.xStride = x.tileStride;
  call.gStride = g.tileStride;
  call.count = tiles;
  call.segments = 1;
  call.toStride = gradient.paddedColumns();
  for (int64_t product = 0; product < kWinogradProducts; ++product) {
    for (int64_t b = 0; b < blocks.count; ++b) {
      const int64_t column = blocks.begin(b) * kLanes;
      call.g = g.data + product * g.productStride + column;
      for (int64_t t = 0; t < rowTiles; ++t) {
        const int64_t first = t * rows / rowTiles, size = (t + 1) * rows / rowTiles - first;
        call.x = x.data + product * x.productStride + first;
        call.to = partial + product * gradient.sumStride() + first * call.toStride + column;
        runOuterTile(static_cast<int>(size), blocks.size(b), call);
      }
    }
  }
}

/** sums[o] += Σ of a window's cells */
void addCells(const Window& window, int64_t channels, float* sums) {
  for (int64_t c = 0; c < channels; c += kLanes) {
    Vector sum{};
    for (int64_t i = 0; i < kWinogradOutputs; ++i) {
      for (int64_t j = 0; j < kWinogradOutputs; ++j) sum += load(window.data + i * window.rowStride + j * window.cellStride + c);
    }
    store(sums + c, load(sums + c) + sum);
  }
}

/** Adds a block's sums to those of all, and clears them: all cells in one float after the other would lose digits (conv2d_weight_cpu.cc). */
void closeBlock(float* block, int64_t channels, float* sums) {
  for (int64_t c = 0; c < channels; c += kLanes) {
    store(sums + c, load(sums + c) + load(block + c));
    store(block + c, Vector{});
  }
}

/** Sums one thread's share of the tiles, a block at a time. `memory` is its scratch, the sums zero. */
void addShare(const WeightGradient& gradient, Range share, bool withBias, float* memory) {
  const WinogradWeightScratch& layout = gradient.layout;
  const TileGrid grid(gradient.input);
  const Block inputs(memory + layout.inputs, gradient.input), gradients(memory + layout.gradients, gradient.gradOutput);
  for (int64_t begin = share.begin; begin < share.end; begin += kWinogradBlockTiles) {
    const int64_t tiles = smaller(kWinogradBlockTiles, share.end - begin);
    for (int64_t t = 0; t < tiles; ++t) {
      const Tile tile = grid.at(begin + t);
      float* patch = memory + layout.patch;
      const Window window = windowAt(gradient.input, tile.sample, tile.i - 1, tile.j - 1, kWinogradPoints, patch);
      transformWindow<winograd::Input>(window, gradient.input.channels, inputs.data + t * inputs.tileStride, inputs.productStride);
      const Window cells = windowAt(gradient.gradOutput, tile.sample, tile.i, tile.j, kWinogradOutputs, patch);
      transformWindow<winograd::GradOutput>(cells, gradient.gradOutput.channels, gradients.data + t * gradients.tileStride, gradients.productStride);
      if (withBias) addCells(cells, gradient.gradOutput.channels, memory + layout.blockBias);
    }
    if (withBias) closeBlock(memory + layout.blockBias, gradient.gradOutput.channels, memory + layout.bias);
    addProducts(gradient, gradient.exchanged ? gradients : inputs, gradient.exchanged ? inputs : gradients, tiles, memory);
  }
}

/** The gradients of the weights between broadcast channel `row` and all others: the threads' partials added in order and transformed back. */
void reduceRow(const WeightGradient& gradient, const float* partials, int threads, int64_t row, bool accumulate, float* gradWeight) {
  const int64_t C = gradient.input.channels, O = gradient.gradOutput.channels, padded = gradient.paddedColumns();
  const int64_t productStride = gradient.sumStride();
  for (int64_t column = 0; column < gradient.columns(); column += kLanes) {
    const float* from = partials + row * padded + column;
    const int valid = static_cast<int>(smaller(kLanes, gradient.columns() - column));
    float* to = gradWeight + (gradient.exchanged ? column * O + row : row * O + column);
    transformTile<winograd::GradWeight>(
        [=](int i, int j) {
          Vector sum = load(from + (i * kWinogradPoints + j) * productStride);
          for (int t = 1; t < threads; ++t) sum += load(from + (i * kWinogradPoints + j) * productStride + t * gradient.layout.perThread);
          return sum;
        },
        [=](int i, int j, Vector sum) {
          float* tap = to + (3 * i + j) * C * O;
          if (!gradient.exchanged) return keep(tap, accumulate ? sum + fetch(tap, valid) : sum, valid);
          for (int lane = 0; lane < valid; ++lane) tap[lane * O] = accumulate ? tap[lane * O] + sum[lane] : sum[lane];
        });
  }
}

}  // namespace

void conv2dBackwardWeightWinograd(const Conv2dBackwardWeight<float>& call, const Context& context) {
  const WeightGradient gradient(call, context.threads);
  const WinogradWeightScratch& layout = gradient.layout;
  float* scratch = static_cast<float*>(context.scratch);
  const bool accumulate = call.params.accumulate;
  inParallel(context, [&](const Worker& worker) {
    const int thread = worker.thread, threads = worker.threads;
    float* memory = scratch + thread * layout.perThread;
    __builtin_memset(memory, 0, layout.patch * sizeof(float));
    addShare(gradient, shareOf(TileGrid(gradient.input).count, threads, thread), call.gradBias != nullptr, memory);
    worker.barrier();
    const Range rows = shareOf(gradient.rows(), threads, thread);
    for (int64_t row = rows.begin; row < rows.end; ++row) reduceRow(gradient, scratch, threads, row, accumulate, call.gradWeight);
    if (thread == 0 && call.gradBias != nullptr)
      reduceRows(scratch + layout.bias, layout.perThread, threads, {0, 1}, call.params.outChannels, accumulate, call.gradBias);
  });
}

}  // namespace retroplume::RETROPLUME_ISA
