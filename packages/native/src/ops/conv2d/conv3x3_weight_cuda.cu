#include "ops/conv2d/conv3x3_weight_cuda.h"
#include "runtime/cuda/gemm_output.h"
#include "runtime/cuda/packs.h"

/**
 * The sum goes over cells, eight neighbours of a row at a time. What a warp has read of a row of the input (three fragments, for the three taps side
 * by side) it multiplies with the rows of the output's gradient above, beside and below, which it keeps. Shared memory holds the tile's cells twice,
 * the next ones on their way.
 */
namespace retroplume {

namespace {

constexpr int kSide = 3, kTaps = kSide * kSide;
constexpr int kTileSide = 8, kBorderedSide = kTileSide + kSide - 1;
constexpr int kChannels = 32;
/** From cell to cell: 8 more than a multiple of 32, so that a fragment's four cells by eight channels lie in all banks. */
constexpr int kStride = kChannels + 8;
constexpr int kCells = kBorderedSide * kBorderedSide, kGradients = kTileSide * kTileSide, kPlaces = kCells + kGradients;
constexpr int kTileFloats = kPlaces * kStride;
constexpr int kQuarter = kGradients / (kTileThreads / kChannels);
constexpr int kBytes = 4 * (2 * kTileFloats + 2 * kPlaces);

/** Two warps down, each with 16 channels for nine taps, and two across. */
using TapsTile = Tile<2 * kTaps * 16, kChannels, kTaps * 16, 16, 3>;

struct Arguments {
  Global<const float> input, gradient;
  IndexDivisor tilesAcross, tilesOfImage;
  int height, width, channels, columns, tiles;
  Destination to;
  Global<float> gradBias;  // or null
};

/** A row of eight cells as fragments: of the input with 16 channels for one tap, of the gradient with the warp's columns. */
template <Products P, int kAcross>
struct Rows;

template <int kAcross>
struct Rows<Products::tf32, kAcross> {
  uint32_t b[kSide][kAcross][2];

  __device__ __forceinline__ void setGradient(int row, int j, float upper, float lower) {
    b[row % kSide][j][0] = toTf32(upper), b[row % kSide][j][1] = toTf32(lower);
  }
  /** `cells`: channels g and g + 8 of cell t, and of cell t + 4. Multiplies with the rows that it is a neighbour of. */
  template <class Sums>
  __device__ __forceinline__ void addInput(int row, int side, const float (&cells)[4], Sums& sums) {
    const uint32_t a[4] = {toTf32(cells[0]), toTf32(cells[1]), toTf32(cells[2]), toTf32(cells[3])};
#pragma unroll
    for (int k = 0; k < kSide; ++k) {
      if (row - k >= 0 && row - k < kTileSide) sums.multiplyRow(k * kSide + side, a, b[(row - k) % kSide]);
    }
  }
};

/** Two rows make the sixteen depths of a product. */
template <int kAcross>
struct Rows<Products::bf16, kAcross> {
  static constexpr int kKept = kSide + 1;
  uint32_t a[kKept][kSide][2], b[kKept][kAcross];

  __device__ __forceinline__ void setGradient(int row, int j, float upper, float lower) { b[row % kKept][j] = packBf16(upper, lower); }
  template <class Sums>
  __device__ __forceinline__ void addInput(int row, int side, const float (&cells)[4], Sums& sums) {
    a[row % kKept][side][0] = packBf16(cells[0], cells[2]), a[row % kKept][side][1] = packBf16(cells[1], cells[3]);
    const int first = row - kSide;
    if (first < 0 || first % 2 != 0) return;
    uint32_t both[kAcross][2];
#pragma unroll
    for (int j = 0; j < kAcross; ++j) both[j][0] = b[first % kKept][j], both[j][1] = b[(first + 1) % kKept][j];
#pragma unroll
    for (int k = 0; k < kSide; ++k) {
      const uint32_t(&upper)[2] = a[(first + k) % kKept][side], (&lower)[2] = a[(first + k + 1) % kKept][side];
      sums.multiplyRow(k * kSide + side, {upper[0], upper[1], lower[0], lower[1]}, both);
    }
  }
};

template <Products P>
__global__ void __launch_bounds__(kTileThreads, TapsTile::kBlocks) conv3x3_weight_kernel(Arguments conv, Output output) {
  using Sums = Accumulators<TapsTile, P, true>;
  SharedMemory memory;
  const Shared<float> cells = memory.take<float>(2 * kTileFloats);
  const Shared<int> places = memory.take<int>(2 * kPlaces);  // of two tiles: in the image, −1 outside

  const int t = static_cast<int>(threadIdx.x);
  const int across = (conv.columns + kChannels - 1) / kChannels;
  const int firstChannel = static_cast<int>(blockIdx.x) / across * kChannels, firstColumn = static_cast<int>(blockIdx.x) % across * kChannels;
  const int begin = static_cast<int>(int64_t{conv.tiles} * blockIdx.y / gridDim.y);
  const int end = static_cast<int>(int64_t{conv.tiles} * (blockIdx.y + 1) / gridDim.y);

  const auto prepare = [&](int tile) {
    const int image = conv.tilesOfImage.quotient(tile), inImage = tile - image * conv.tilesOfImage.divisor;
    const int down = conv.tilesAcross.quotient(inImage), y0 = down * kTileSide, x0 = (inImage - down * conv.tilesAcross.divisor) * kTileSide;
#pragma unroll
    for (int i = 0; i < kPlaces; i += kTileThreads) {
      const int place = t + i;
      if (place >= kPlaces) break;
      const bool ofInput = place < kCells;
      const int y = y0 + (ofInput ? place / kBorderedSide - 1 : (place - kCells) / kTileSide);
      const int x = x0 + (ofInput ? place % kBorderedSide - 1 : (place - kCells) % kTileSide);
      const bool inside =
          static_cast<unsigned>(y) < static_cast<unsigned>(conv.height) && static_cast<unsigned>(x) < static_cast<unsigned>(conv.width);
      places[tile % 2 * kPlaces + place] = inside ? (image * conv.height + y) * conv.width + x : -1;
    }
  };
  // A thread copies four channels of a cell, and of every 16th from there on.
  constexpr int kFours = kChannels / 4, kStep = kTileThreads / kFours;
  const int four = t % kFours * 4, firstPlace = t / kFours;
  const auto fetch = [&](int tile) {
    const Shared<int> of = places.from(tile % 2 * kPlaces + firstPlace);
    const Shared<float> to = cells.from(tile % 2 * kTileFloats + firstPlace * kStride + four);
    const bool inInput = firstChannel + four < conv.channels, inGradient = firstColumn + four < conv.columns;
#pragma unroll
    for (int i = 0; i < kCells; i += kStep) {
      if (firstPlace + i >= kCells) break;
      const int cell = of[i];
      copyAsync16(to, i * kStride, conv.input, int64_t{cell} * conv.channels + firstChannel + four, cell >= 0 && inInput);
    }
#pragma unroll
    for (int i = kCells; i < kPlaces; i += kStep) {
      const int cell = of[i];
      copyAsync16(to, i * kStride, conv.gradient, int64_t{cell} * conv.columns + firstColumn + four, cell >= 0 && inGradient);
    }
  };

  prepare(begin);
  __syncthreads();
  if (begin < end) fetch(begin);
  commitCopies();
  prepare(begin + 1);
  Sums sums;
  const int g = t % 32 / 4, cell = t % 4, channel = sums.row() / TapsTile::kWarpRows * 16;
  const bool busy = firstChannel + channel < conv.channels && firstColumn + sums.column() < conv.columns;
  // The bias's gradient: a thread has a column and a quarter of the tile's cells.
  const bool sumsColumns = conv.gradBias && firstChannel == 0;
  float columnSum = 0.0f;
  const int inputOfLane = cell * kStride + channel + g, gradientOfLane = (kCells + cell) * kStride + sums.column() + g;
  for (int tile = begin; tile < end; ++tile) {
    waitCopies<0>();
    __syncthreads();  // the tile and the next one's places are there for all, and all are done with what comes in their place
    if (tile + 1 < end) fetch(tile + 1);
    commitCopies();
    prepare(tile + 2);
    if (sumsColumns) {
      const Shared<float> gradients = cells.from(tile % 2 * kTileFloats + (kCells + t / kChannels * kQuarter) * kStride + t % kChannels);
      float sum = 0.0f;
#pragma unroll
      for (int i = 0; i < kQuarter; ++i) sum += gradients[i * kStride];
      columnSum += sum;
    }
    if (!busy) continue;
    const Shared<float> a = cells.from(tile % 2 * kTileFloats + inputOfLane), b = cells.from(tile % 2 * kTileFloats + gradientOfLane);
    Rows<P, Sums::kAcross> rows;
#pragma unroll
    for (int row = 0; row < kBorderedSide; ++row) {
      if (row < kTileSide) {
#pragma unroll
        for (int j = 0; j < Sums::kAcross; ++j) {
          const int at = row * kTileSide * kStride + 8 * j;
          rows.setGradient(row, j, b[at], b[at + 4 * kStride]);
        }
      }
#pragma unroll
      for (int side = 0; side < kSide; ++side) {
        const int at = (row * kBorderedSide + side) * kStride;
        rows.addInput(row, side, {a[at], a[at + 8], a[at + 4 * kStride], a[at + 4 * kStride + 8]}, sums);
      }
    }
  }
  const auto rowOf = [&](int row) {
    const int tap = row % TapsTile::kWarpRows / 16, own = firstChannel + row / TapsTile::kWarpRows * 16 + row % 16;
    return own < conv.channels ? tap * conv.channels + own : kNoRow;
  };
  output.store(conv.to, rowOf, firstColumn, sums);
  if (!sumsColumns) return;
  __syncthreads();
  cells[t] = columnSum;
  __syncthreads();
  if (t >= kChannels) return;
  for (int quarter = 1; quarter < 4; ++quarter) columnSum += cells[quarter * kChannels + t];
  output.storeColumnSum(conv.gradBias, conv.to.accumulate, firstColumn + t, columnSum);
}

int64_t tilesOf(const Conv2dParams& p) { return p.batch * partsOf(p.height, kTileSide) * partsOf(p.width, kTileSide); }
int64_t blocksOf(const Conv2dParams& p) { return partsOf(p.inChannels, kChannels) * partsOf(p.outChannels, kChannels); }

int sharesOf(const Conv2dParams& p) {
  constexpr int64_t kLeastTiles = 4;  // with fewer, partial sums are more than what they are sums of
  return sharesFor(blocksOf(p), partsOf(tilesOf(p), kLeastTiles));
}

/** Of a share: weights and bias. */
int64_t sumsOf(const Conv2dParams& p) { return (kTaps * p.inChannels + 1) * p.outChannels; }

}  // namespace

bool takesConv3x3Weight(const Conv2dBackwardWeight<float>& call, Products products) {
  const Conv2dParams& p = call.params;
  return products != Products::float32 && p.kernel == kSide && p.inChannels % 4 == 0 && p.outChannels % 4 == 0 &&
         aligned16(call.input, call.gradOutput);
}

int64_t conv3x3WeightScratch(const Conv2dParams& p) { return p.kernel == kSide && sharesOf(p) > 1 ? sharesOf(p) * sumsOf(p) : 0; }

void conv3x3Weight(const Conv2dBackwardWeight<float>& call, float* scratch, const Context& context) {
  const Conv2dParams& p = call.params;
  const int64_t pixels = p.batch * p.height * p.width;
  const int shares = sharesOf(p);
  const int features = counted(kTaps * p.inChannels, "features"), rows = call.gradBias != nullptr ? features + 1 : features;
  const int64_t partials = shares > 1 ? int64_t{shares} * rows * p.outChannels : 0;
  counted(pixels, "cells");
  Destination to(call.gradWeight, kTaps * p.inChannels, p.outChannels, p.outChannels);
  to.accumulate = p.accumulate;
  to.vector = to.vector && aligned16(call.gradBias);
  const int columns = counted(p.outChannels, "channels");
  const Arguments arguments{Global<const float>(call.input, pixels * p.inChannels),
                            Global<const float>(call.gradOutput, pixels * p.outChannels),
                            IndexDivisor(partsOf(p.width, kTileSide)),
                            IndexDivisor(partsOf(p.height, kTileSide) * partsOf(p.width, kTileSide)),
                            static_cast<int>(p.height),
                            static_cast<int>(p.width),
                            counted(p.inChannels, "channels"),
                            columns,
                            counted(tilesOf(p), "tiles"),
                            to,
                            Global<float>(call.gradBias, p.outChannels)};
  const Output output{Global<float>(partials > 0 ? scratch : nullptr, partials), rows, columns};
  const dim3 grid(static_cast<unsigned>(blocksOf(p)), static_cast<unsigned>(shares));
  if (context.products == Products::tf32) {
    launch(context, conv3x3_weight_kernel<Products::tf32>, grid, kTileThreads, kBytes, arguments, output);
  } else {
    launch(context, conv3x3_weight_kernel<Products::bf16>, grid, kTileThreads, kBytes, arguments, output);
  }
  if (shares > 1) addShares(Global<const float>(scratch, partials), shares, features, columns, to, arguments.gradBias, context);
}

}  // namespace retroplume
