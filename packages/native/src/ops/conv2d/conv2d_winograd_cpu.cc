#include "ops/conv2d/conv2d.h"
#include "ops/conv2d/conv2d_winograd_scratch.h"
#include "ops/conv2d/winograd_tiles.h"
#include "ops/simd/elementwise.h"
#include "ops/simd/gemm_tile.h"
#include "ops/simd/parallel.h"

/**
 * 3x3 convolution by Winograd's F(4x4, 3x3), a block of tiles at a time: their windows are transformed into scratch memory that stays in cache, 36
 * matrix products [tiles, in] · [in, out] run over it on the register tiles of simd/gemm_tile.h, and their results are transformed back with bias and
 * activation. Weights are transformed once a call, by all threads; they are few next to the cells. Threads share the tiles. The data gradient
 * is the same computation on turned and transposed weights.
 */
namespace retroplume::RETROPLUME_ISA {

namespace {

/** A convolution with transformed weights, forward or as a data gradient. */
struct WinogradConvolution {
  Image input;
  int64_t out;          // channels
  const float* panels;  // [36], each a panel of [in, out]
  float* output;
  CellLayout layout;  // of the output
  const float* bias = nullptr;
  const float* slope = nullptr;
  int activation = 0;
  Derivative<float> derivative = {};  // its slopes are those above
  bool accumulate = false;

  int64_t paddedIn() const { return ceilDivide(input.channels, kLanes) * kLanes; }
  int64_t paddedOut() const { return ceilDivide(out, kLanes) * kLanes; }
};

/** A 3x3 kernel as the transform reads it: tap t, row r, column c at first[t·tapStride + r·rowStride + c·columnStride]. */
struct Taps {
  const float* first;
  int64_t tapStride, rowStride, columnStride;
};

[[gnu::always_inline]] inline Vector loadStrided(const float* from, int64_t stride, int count) {
  if (stride == 1) return loadPartial(from, count);
  Vector v = {};
  for (int lane = 0; lane < count; ++lane) v[lane] = from[lane * stride];
  return v;
}

/** Transforms the rows `share` of the weights into 36 panels of `rows` rows, laid out as packPanel does. */
void transformWeights(const Taps& taps, int64_t rows, int64_t columns, Range share, float* panels) {
  const ColumnBlocks blocks(columns);
  const int64_t panelStride = winogradStride(rows, blocks.vectors * kLanes);
  for (int64_t b = 0; b < blocks.count; ++b) {
    const int64_t width = blocks.size(b) * kLanes, first = blocks.begin(b) * kLanes;
    for (int64_t v = 0; v < width; v += kLanes) {
      const int valid = static_cast<int>(smaller(kLanes, columns - first - v));
      for (int64_t r = share.begin; r < share.end; ++r) {
        const float* from = taps.first + r * taps.rowStride + (first + v) * taps.columnStride;
        float* to = panels + first * rows + r * width + v;
        transformTile<winograd::Weight>([=](int i, int j) { return loadStrided(from + (3 * i + j) * taps.tapStride, taps.columnStride, valid); },
                                        [=](int i, int j, Vector x) { store(to + (i * kWinogradPoints + j) * panelStride, x); });
      }
    }
  }
}

/** outputs[product] = inputs[product] · panels[product], for `tiles` tiles */
void multiply(const WinogradConvolution& conv, const float* inputs, int64_t inputStride, int64_t tiles, float* outputs, int64_t outputStride) {
  const ColumnBlocks blocks(conv.out);
  const int64_t in = conv.input.channels, rowTiles = tileCount(tiles, blocks.rowLimit());
  ProductTileCall call{};
  call.stride = conv.paddedIn();
  call.length = in;
  call.outStride = conv.paddedOut();
  for (int64_t product = 0; product < kWinogradProducts; ++product) {
    const float* panel = conv.panels + product * winogradStride(in, conv.paddedOut());
    for (int64_t b = 0; b < blocks.count; ++b) {
      const int64_t column = blocks.begin(b) * kLanes;
      call.panel = panel + column * in;
      for (int64_t t = 0; t < rowTiles; ++t) {
        const int64_t first = t * tiles / rowTiles, size = (t + 1) * tiles / rowTiles - first;
        call.x = inputs + product * inputStride + first * call.stride;
        call.out = outputs + product * outputStride + first * call.outStride + column;
        runProductTile(static_cast<int>(size), blocks.size(b), call);
      }
    }
  }
}

/** Transforms one tile's products back and writes those of its cells that lie in the grid. */
void writeTile(const WinogradConvolution& conv, const Tile& tile, const float* products, int64_t productStride) {
  const Image& grid = conv.input;
  const int64_t rows = grid.height - tile.i, columns = grid.width - tile.j;
  const int64_t first = (tile.sample * grid.height + tile.i) * grid.width + tile.j;
  float* cells = conv.output + conv.layout.at(first);
  const float* activated = conv.derivative.activated + first * conv.derivative.stride;
  for (int64_t c = 0; c < conv.out; c += kLanes) {
    const Vector bias = conv.bias != nullptr ? load(conv.bias + c) : Vector{};
    const int valid = static_cast<int>(smaller(kLanes, conv.out - c));
    transformTile<winograd::Output>([=](int i, int j) { return load(products + (i * kWinogradPoints + j) * productStride + c); },
                                    [=](int i, int j, Vector z) {
                                      if (i >= rows || j >= columns) return;
                                      float* to = cells + (i * grid.width + j) * conv.layout.stride + c;
                                      z += bias;
                                      if (conv.accumulate) z += fetch(to, valid);
                                      if (conv.derivative.kind != 0) {
                                        const float* at = activated + (i * grid.width + j) * conv.derivative.stride + c;
                                        z = differentiate(z, conv.derivative.kind, fetch(at, valid), conv.slope + c);
                                      }
                                      keep(to, activate(z, conv.activation, conv.slope + c), valid);
                                    });
  }
}

/** The tiles `share`, a block at a time. `memory` is one thread's scratch. */
void computeTiles(const WinogradConvolution& conv, Range share, const WinogradScratch& layout, float* memory) {
  const TileGrid grid(conv.input);
  const int64_t pad = 1, paddedIn = conv.paddedIn(), paddedOut = conv.paddedOut();
  const int64_t inputStride = winogradStride(kWinogradBlockTiles, paddedIn), outputStride = winogradStride(kWinogradBlockTiles, paddedOut);
  float *inputs = memory + layout.inputs, *outputs = memory + layout.outputs;
  for (int64_t begin = share.begin; begin < share.end; begin += kWinogradBlockTiles) {
    const int64_t tiles = smaller(kWinogradBlockTiles, share.end - begin);
    for (int64_t t = 0; t < tiles; ++t) {
      const Tile tile = grid.at(begin + t);
      const Window window = windowAt(conv.input, tile.sample, tile.i - pad, tile.j - pad, kWinogradPoints, memory);
      transformWindow<winograd::Input>(window, conv.input.channels, inputs + t * paddedIn, inputStride);
    }
    multiply(conv, inputs, inputStride, tiles, outputs, outputStride);
    for (int64_t t = 0; t < tiles; ++t) writeTile(conv, grid.at(begin + t), outputs + t * paddedOut, outputStride);
  }
}

void convolve(const WinogradConvolution& conv, const Taps& taps, const WinogradScratch& layout, const Context& context) {
  float* scratch = static_cast<float*>(context.scratch);
  const int64_t in = conv.input.channels, tiles = TileGrid(conv.input).count;
  inParallel(context, [&](const Worker& worker) {
    const int thread = worker.thread, threads = worker.threads;
    transformWeights(taps, in, conv.out, shareOf(in, threads, thread), scratch);
    worker.barrier();
    computeTiles(conv, shareOf(tiles, threads, thread), layout, scratch + layout.threadsBegin + thread * layout.perThread);
  });
}

}  // namespace

void conv2dForwardWinograd(const Conv2dForward<float>& call, const Context& context) {
  const Conv2dParams& p = call.params;
  const int64_t C = p.inChannels, O = p.outChannels;
  const WinogradScratch layout(C, O, context.threads);
  float* scratch = static_cast<float*>(context.scratch);
  WinogradConvolution conv{{call.input, p.batch, p.height, p.width, C, C}, O, scratch, call.output, p.output};
  conv.bias = packVector(call.bias, O, scratch + layout.bias);
  conv.slope = packVector(call.slope, O, scratch + layout.slope);
  conv.activation = p.activation;
  convolve(conv, {call.weight, C * O, O, 1}, layout, context);
}

void conv2dBackwardInputWinograd(const Conv2dBackwardInput<float>& call, const Context& context) {
  const Conv2dParams& p = call.params;
  const int64_t C = p.inChannels, O = p.outChannels;
  const WinogradScratch layout(O, C, context.threads);
  float* scratch = static_cast<float*>(context.scratch);
  const int64_t cells = p.batch * p.height * p.width;
  WinogradConvolution conv{
      {call.gradOutput, p.batch, p.height, p.width, O, O}, C, scratch, call.gradInput, {cells, p.inputStride, cells * p.inputStride}};
  conv.slope = packVector(call.derivative.slope, C, scratch + layout.slope);
  conv.derivative = call.derivative;
  conv.accumulate = p.accumulate;
  const Taps turned{call.weight + 8 * C * O, -C * O, 1, O};
  convolve(conv, turned, layout, context);
}

}  // namespace retroplume::RETROPLUME_ISA
