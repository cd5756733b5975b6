#include "ops/simd/gemm_tile.h"
#include "ops/simd/parallel.h"
#include "ops/simd/partial_sums.h"
#include "ops/upconv2x2/upconv2x2.h"
#include "ops/upconv2x2/upconv2x2_scratch.h"

/**
 * The 2x2 transposed convolution on the register tiles of simd/gemm_tile.h.
 *
 * Forward: four matrix products [cells, in] · [in, out], one for each (a, b), whose output cells are two apart. Data gradient: the two output cells
 * (2i+a, 2j), (2i+a, 2j+1) lie side by side, so it is one product over two segments (a) of length 2·out; where other channels lie between them, it
 * is two products, one for each b, that add up. Weight gradient: four outer products.
 * Threads share the grid rows; partial sums are added in the order of the threads.
 */
namespace retroplume::RETROPLUME_ISA {

namespace {

/** Calls body(row, first cell of a tile, cells) for the tiles of the grid rows in `rows`. */
template <class Body>
[[gnu::always_inline]] inline void forEachTile(Range rows, int64_t width, int64_t limit, Body body) {
  const int64_t tiles = tileCount(width, limit);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t first = t * width / tiles;
      body(row, first, static_cast<int>((t + 1) * width / tiles - first));
    }
  }
}

void forwardRows(const Upconv2x2Forward<float>& call, Range rows, const float* panel, const float* bias) {
  const Upconv2x2Params& p = call.params;
  const int64_t C = p.inChannels, O = p.outChannels;
  const ColumnBlocks blocks(O);
  const int64_t panelSize = C * blocks.vectors * kLanes;
  const bool streamed = !p.accumulate && streamsRows(call.output, 4 * p.batch * p.height * p.width, O, p.outputStride);
  forEachTile(rows, p.width, blocks.rowLimit(), [&](int64_t row, int64_t first, int cells) {
    RowTileCall tile{};
    tile.streamed = streamed;
    tile.x = call.input + (row * p.width + first) * C;
    tile.stride = C;
    tile.segments = 1;
    tile.length = C;
    tile.outStride = 2 * p.outputStride;
    tile.accumulate = p.accumulate;
    for (int64_t tap = 0; tap < 4; ++tap) {
      float* output = call.output + ((2 * row + tap / 2) * 2 * p.width + 2 * first + tap % 2) * p.outputStride;
      for (int64_t b = 0; b < blocks.count; ++b) {
        const int64_t column = blocks.begin(b) * kLanes;
        tile.panel = panel + tap * panelSize + column * C;
        tile.bias = bias != nullptr ? bias + column : nullptr;
        tile.out = output + column;
        tile.lastLanes = lastLanes(blocks, b, O);
        runRowTile(cells, blocks.size(b), tile);
      }
    }
  });
  finishStreams();
}

/** Products that the data gradient is made of: 2 where the two output cells of a row are apart. */
int64_t productsOf(const Upconv2x2Params& p) { return p.outputStride == p.outChannels ? 1 : 2; }

void backwardInputRows(const Upconv2x2BackwardInput<float>& call, Range rows, const float* panel, const float* slope) {
  const Upconv2x2Params& p = call.params;
  const int64_t C = p.inChannels, O = p.outChannels;
  const int64_t products = productsOf(p);
  const ColumnBlocks blocks(C);
  forEachTile(rows, p.width, blocks.rowLimit(), [&](int64_t row, int64_t first, int cells) {
    RowTileCall tile{};
    tile.stride = 2 * p.outputStride;
    tile.segmentStride = 2 * p.width * p.outputStride;
    tile.segments = 2;
    tile.length = 2 * O / products;
    tile.outStride = C;
    tile.activatedStride = call.derivative.stride;
    for (int64_t b = 0; b < blocks.count; ++b) {
      const int64_t column = blocks.begin(b) * kLanes, width = blocks.size(b) * kLanes;
      tile.out = call.gradInput + (row * p.width + first) * C + column;
      tile.lastLanes = lastLanes(blocks, b, C);
      tile.activated = call.derivative.activated + (row * p.width + first) * call.derivative.stride + column;
      tile.slope = slope != nullptr ? slope + column : nullptr;
      for (int64_t product = 0; product < products; ++product) {
        tile.x = call.gradOutput + (2 * row * 2 * p.width + 2 * first + product) * p.outputStride;
        tile.panel = panel + column * 4 * O + product * 2 * O * width;
        tile.accumulate = p.accumulate || product > 0;
        tile.derivative = product + 1 == products ? call.derivative.kind : 0;
        runRowTile(cells, blocks.size(b), tile);
      }
    }
  });
}

/** Adds one grid row to the partial sums of the weights [4, C, O padded] and the bias. */
void addRow(const Upconv2x2BackwardWeight<float>& call, int64_t row, float* partial, float* partialBias) {
  const Upconv2x2Params& p = call.params;
  const int64_t C = p.inChannels, O = p.outChannels;
  const ColumnBlocks blocks(O);
  const int64_t tiles = tileCount(C, blocks.rowLimit()), padded = blocks.vectors * kLanes;
  OuterTileCall tile{};
  tile.xStride = C;
  tile.gStride = 2 * p.outputStride;
  tile.count = p.width;
  tile.segments = 1;
  tile.toStride = padded;
  for (int64_t tap = 0; tap < 4; ++tap) {
    const float* g = call.gradOutput + ((2 * row + tap / 2) * 2 * p.width + tap % 2) * p.outputStride;
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t first = t * C / tiles;
      tile.x = call.input + row * p.width * C + first;
      for (int64_t b = 0; b < blocks.count; ++b) {
        tile.g = g + blocks.begin(b) * kLanes;
        tile.to = partial + (tap * C + first) * padded + blocks.begin(b) * kLanes;
        runOuterTile(static_cast<int>((t + 1) * C / tiles - first), blocks.size(b), tile);
      }
    }
    if (call.gradBias == nullptr) continue;
    for (int64_t v = 0; v < blocks.vectors; ++v) {
      // A row by itself: all cells in one float after the other would lose digits.
      Vector sum{};
      for (int64_t j = 0; j < p.width; ++j) sum += load(g + j * 2 * p.outputStride + v * kLanes);
      store(partialBias + v * kLanes, load(partialBias + v * kLanes) + sum);
    }
  }
}

}  // namespace

void upconv2x2Forward(const Upconv2x2Forward<float>& call, const Context& context) {
  const Upconv2x2Params& p = call.params;
  const int64_t C = p.inChannels, O = p.outChannels, panelSize = C * ColumnBlocks(O).vectors * kLanes;
  float* scratch = static_cast<float*>(context.scratch);
  const float* bias = packVector(call.bias, O, scratch + Upconv2x2Scratch(p, context.threads).bias);
  inParallel(context, [&](const Worker& worker) {
    const int thread = worker.thread, threads = worker.threads;
    const Range taps = shareOf(4, threads, thread);
    for (int64_t tap = taps.begin; tap < taps.end; ++tap) packPanel(call.weight + tap * C * O, C, O, O, 1, 0, C, scratch + tap * panelSize);
    worker.barrier();
    forwardRows(call, shareOf(p.batch * p.height, threads, thread), scratch, bias);
  });
}

void upconv2x2BackwardInput(const Upconv2x2BackwardInput<float>& call, const Context& context) {
  const Upconv2x2Params& p = call.params;
  const int64_t C = p.inChannels, O = p.outChannels;
  float* scratch = static_cast<float*>(context.scratch);
  const float* slope = packVector(call.derivative.slope, C, scratch + Upconv2x2Scratch(p, context.threads).bias);
  inParallel(context, [&](const Worker& worker) {
    const int thread = worker.thread, threads = worker.threads;
    const Range taps = shareOf(4, threads, thread);
    for (int64_t tap = taps.begin; tap < taps.end; ++tap) {
      const int64_t place = productsOf(p) == 1 ? tap : tap % 2 * 2 + tap / 2;  // by (a, b), or by (b, a)
      packPanel(call.weight + tap * C * O, O, C, 1, O, place * O, 4 * O, scratch);
    }
    worker.barrier();
    backwardInputRows(call, shareOf(p.batch * p.height, threads, thread), scratch, slope);
  });
}

void upconv2x2BackwardWeight(const Upconv2x2BackwardWeight<float>& call, const Context& context) {
  const Upconv2x2Params& p = call.params;
  const Upconv2x2Scratch layout(p, context.threads);
  float* scratch = static_cast<float*>(context.scratch);
  inParallel(context, [&](const Worker& worker) {
    const int thread = worker.thread, threads = worker.threads;
    float* partial = scratch + thread * layout.partial;
    __builtin_memset(partial, 0, layout.partial * sizeof(float));
    const Range rows = shareOf(p.batch * p.height, threads, thread);
    for (int64_t row = rows.begin; row < rows.end; ++row) addRow(call, row, partial, partial + layout.bias);
    worker.barrier();
    reduceRows(scratch, layout.partial, threads, shareOf(4 * p.inChannels, threads, thread), p.outChannels, p.accumulate, call.gradWeight);
    if (thread == 0 && call.gradBias != nullptr)
      reduceRows(scratch + layout.bias, layout.partial, threads, {0, 1}, p.outChannels, p.accumulate, call.gradBias);
  });
}

}  // namespace retroplume::RETROPLUME_ISA
