#include "ops/conv2d/conv3x3_cuda.h"
#include "runtime/cuda/gemm_output.h"
#include "runtime/cuda/packs.h"

/**
 * Shared memory holds twice the cells of a tile with their border (the next 16 channels are on their way while nine taps are multiplied) and twice
 * the weights of three taps. Both lie as tensor cores read them, in planes of four channels: eight neighbouring cells, wherever they begin, or
 * columns are 128 bytes side by side. A small kernel has packed the weights so before, in the order in which blocks come to them. What is rounded
 * for tf32 is rounded once: weights by that kernel, cells by the thread that has copied them.
 */
namespace retroplume {

namespace {

constexpr int kSide = 3, kTaps = kSide * kSide;
/** A tile is sixteen cells wide: rows g and g + 8 of a fragment are neighbours in the image. */
constexpr int kTileWidth = 16, kBorderedWidth = kTileWidth + kSide - 1;
constexpr int kPlanes = kTileDepth / 4;

template <class T>
struct Layout {
  static constexpr int kHeight = T::kRows / kTileWidth, kCells = (kHeight + kSide - 1) * kBorderedWidth;
  /** Floats of a plane of cells: 8 more than a multiple of 32, so that four planes of two cells, which neighbours copy, lie in all banks. */
  static constexpr int kPlane = (4 * kCells + 23) / 32 * 32 + 8;
  static constexpr int kImage = kPlanes * kPlane;
  static constexpr int kColumnPlane = 4 * T::kColumns, kTap = kPlanes * kColumnPlane, kWeights = kSide * kTap;
  static constexpr int kBytes = 4 * (2 * kImage + 2 * kWeights + kCells + 4);
};

struct Arguments {
  Global<const float> image, weights;
  IndexDivisor tilesAcross, tilesOfImage;
  int height, width, channels, columns;
  Destination to;
};

/** Three taps side by side, of 16 channels or of the first eight. */
template <int kChannels, class L, class Sums>
__device__ __forceinline__ void addTaps(Sums& sums, const Shared<float>& a, const Shared<float>& b) {
#pragma unroll
  for (int tap = 0; tap < kSide; ++tap) {
    const auto left = [&](int from, float(&first)[4], float(&second)[4]) {
      const int cell = from / kTileWidth * kBorderedWidth + tap;
      loadMatrices(first, a, cell * 4);
      if (kChannels > 8) loadMatrices(second, a, cell * 4 + 2 * L::kPlane);
    };
    sums.template addDepths<kChannels, true>(left, [&](int from, float(&depths)[4]) { loadMatrices(depths, b, tap * L::kTap + from * 4); });
  }
}

template <class T, Products P>
__global__ void __launch_bounds__(kTileThreads, T::kBlocks) conv3x3_kernel(Arguments conv, Output output) {
  using L = Layout<T>;
  SharedMemory memory;
  const Shared<float> image = memory.take<float>(2 * L::kImage), weights = memory.take<float>(2 * L::kWeights);
  const Shared<int> cells = memory.take<int>(L::kCells);  // in the image, −1 outside
  // Where the tile goes, for which the loop between has no registers: its first cell, rows and columns of the image from there on, first column.
  const Shared<int> corner = memory.take<int>(4);

  const int t = static_cast<int>(threadIdx.x);
  const int across = (conv.columns + T::kColumns - 1) / T::kColumns;
  const int tile = static_cast<int>(blockIdx.x) / across, columnTile = static_cast<int>(blockIdx.x) % across;
  {
    const int number = conv.tilesOfImage.quotient(tile), inImage = tile - number * conv.tilesOfImage.divisor;
    const int down = conv.tilesAcross.quotient(inImage), y0 = down * L::kHeight;
    const int x0 = (inImage - down * conv.tilesAcross.divisor) * kTileWidth;
    for (int cell = t; cell < L::kCells; cell += kTileThreads) {
      const int y = y0 + cell / kBorderedWidth - 1, x = x0 + cell % kBorderedWidth - 1;
      const bool inside =
          static_cast<unsigned>(y) < static_cast<unsigned>(conv.height) && static_cast<unsigned>(x) < static_cast<unsigned>(conv.width);
      cells[cell] = inside ? (number * conv.height + y) * conv.width + x : -1;
    }
    if (t == 0) {
      corner[0] = (number * conv.height + y0) * conv.width + x0, corner[1] = conv.height - y0, corner[2] = conv.width - x0;
      corner[3] = columnTile * T::kColumns;
    }
  }
  const int slabs = (conv.channels + kTileDepth - 1) / kTileDepth;
  const int begin = slabs * static_cast<int>(blockIdx.y) / static_cast<int>(gridDim.y);
  const int end = slabs * static_cast<int>(blockIdx.y + 1) / static_cast<int>(gridDim.y);

  // A thread copies four channels of a cell, and of every 32nd from there on.
  constexpr int kCellStep = kTileThreads / kPlanes;
  const int plane = t % kPlanes, firstCell = t / kPlanes, ownIndex = plane * L::kPlane + firstCell * 4;
  const auto fetchImage = [&](int slab, const Shared<float>& to) {
#pragma unroll
    for (int i = 0; i < L::kCells; i += kCellStep) {
      if (firstCell + i >= L::kCells) break;
      const int cell = cells[firstCell + i];
      const int channel = slab * kTileDepth + plane * 4;
      copyAsync16(to, ownIndex + i * 4, conv.image, int64_t{cell} * conv.channels + channel, cell >= 0 && channel < conv.channels);
    }
  };
  const auto roundImage = [&](const Shared<float>& at) {
#pragma unroll
    for (int i = 0; i < L::kCells; i += kCellStep) {
      if (firstCell + i >= L::kCells) break;
      const float4 x = load4(at, ownIndex + i * 4);
      store4(at, ownIndex + i * 4, make_float4(roundedToTf32(x.x), roundedToTf32(x.y), roundedToTf32(x.z), roundedToTf32(x.w)));
    }
  };
  // Three taps after the other, slab by slab.
  int64_t source = (int64_t{columnTile} * slabs + begin) * (kTaps * L::kTap) + t * 4;
  const auto fetchWeights = [&](const Shared<float>& to) {
#pragma unroll
    for (int i = 0; i < L::kWeights; i += kTileThreads * 4) {
      if (i + t * 4 < L::kWeights) copyAsync16Cached(to, i + t * 4, conv.weights, source + i, true);
    }
    source += L::kWeights;
  };

  __syncthreads();
  fetchImage(begin, image);
  fetchWeights(weights);
  commitCopies();
  Accumulators<T, P, true> sums;
  // Where a lane finds the rows that it names for the warp: two by two planes of two by eight cells, and four planes of eight columns.
  const int lane = t % 32, cellOfLane = sums.row() / kTileWidth * kBorderedWidth + lane % 8 + (lane & 8);
  const int imageOfLane = (lane / 16) * L::kPlane + cellOfLane * 4;
  const int weightsOfLane = (lane / 8) * L::kColumnPlane + (sums.column() + lane % 8) * 4;
  int halfOfImage = 0, halfOfWeights = 0;
  for (int slab = begin; slab < end; ++slab) {
#pragma unroll 1
    for (int row = 0; row < kSide; ++row) {
      waitCopies<0>();
      if (P == Products::tf32 && row == 0) roundImage(image.from(halfOfImage));
      __syncthreads();  // what comes now is there for all, and all are done with the halves that are written next
      const Shared<float> a = image.from(halfOfImage + imageOfLane + row * kBorderedWidth * 4), b = weights.from(halfOfWeights + weightsOfLane);
      halfOfWeights = L::kWeights - halfOfWeights;
      if (row < kSide - 1 || slab + 1 < end) fetchWeights(weights.from(halfOfWeights));
      if (row == 0 && slab + 1 < end) fetchImage(slab + 1, image.from(L::kImage - halfOfImage));
      commitCopies();
      if (P != Products::tf32 || slab * kTileDepth + 8 < conv.channels) {
        addTaps<kTileDepth, L>(sums, a, b);
      } else {
        if constexpr (P == Products::tf32) addTaps<8, L>(sums, a, b);
      }
    }
    halfOfImage = L::kImage - halfOfImage;
  }
  const auto rowOf = [&](int row) {
    const int y = row / kTileWidth, x = row % kTileWidth;
    return y < corner[1] && x < corner[2] ? corner[0] + y * conv.width + x : kNoRow;
  };
  output.store(conv.to, rowOf, corner[3], sums);
}

/** Where weight (tap, channel, column) lies. */
struct Weights {
  Global<const float> data;
  int channels, columns;
  bool gradient;
  __device__ __forceinline__ float at(int tap, int channel, int column) const {
    if (gradient) return data[(int64_t{kTaps - 1 - tap} * columns + column) * channels + channel];
    return data[(int64_t{tap} * channels + channel) * columns + column];
  }
};

constexpr int kPackThreads = 256;

/** to[column / width][channel / 16][tap][plane][column % width][channel % 4], zero where there is no column or channel; a thread makes four floats.
 */
__global__ void __launch_bounds__(kPackThreads)
    pack_weights_kernel(Weights weights, Global<float> to, int fours, IndexDivisor width, IndexDivisor slabs, bool tf32) {
  const int index = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (index >= fours) return;
  const int row = width.quotient(index), plane = row % kPlanes, tap = row / kPlanes % kTaps, slab = row / (kPlanes * kTaps);
  const int tile = slabs.quotient(slab), column = tile * width.divisor + index - row * width.divisor;
  const int channel = (slab - tile * slabs.divisor) * kTileDepth + plane * 4;
  float four[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float x = column < weights.columns && channel < weights.channels ? weights.at(tap, channel + i, column) : 0.0f;
    four[i] = tf32 ? roundedToTf32(x) : x;
  }
  store4(to, int64_t{index} * 4, make_float4(four[0], four[1], four[2], four[3]));
}

/** How a convolution is cut up. */
struct Plan {
  int64_t down, across, columnTiles;
  int shares;

  template <class T>
  static Plan with(const Conv2dParams& p, int64_t channels, int64_t columns) {
    Plan plan{partsOf(p.height, Layout<T>::kHeight), partsOf(p.width, kTileWidth), partsOf(columns, T::kColumns), 1};
    plan.shares = sharesFor(plan.blocks(p), partsOf(channels, kTileDepth));  // each of nine slabs of 16 or more
    return plan;
  }
  int64_t blocks(const Conv2dParams& p) const { return p.batch * down * across * columnTiles; }
};

/** The widest tile that adds few empty columns; the tall one where it fills the device nonetheless. */
template <class Visit>
auto withTile(const Conv2dParams& p, int64_t columns, Visit visit) {
  const int width = tileColumns(columns);
  if (width == WideTile::kColumns) return visit(WideTile());
  if (width == NarrowTile::kColumns) return visit(NarrowTile());
  return p.batch * p.height * p.width < kTallRows ? visit(MiddleTile()) : visit(TallTile());
}

/** Floats of packed weights and of partial sums. */
template <class T>
int64_t packedFloats(int64_t channels, int64_t columns) {
  return partsOf(columns, T::kColumns) * partsOf(channels, kTileDepth) * kTileDepth * kTaps * T::kColumns;
}
int64_t partialFloats(const Plan& plan, const Conv2dParams& p, int64_t columns) {
  return plan.shares > 1 ? plan.shares * p.batch * p.height * p.width * columns : 0;
}

}  // namespace

bool takesConv3x3(const Conv2dParams& p, const Conv3x3& conv, Products products) {
  return products != Products::float32 && p.kernel == kSide && conv.channels % 4 == 0 && aligned16(conv.image);
}

int64_t conv3x3Packed(const Conv2dParams& p, int64_t channels, int64_t columns) {
  return withTile(p, columns, [&](auto tile) { return packedFloats<decltype(tile)>(channels, columns); });
}

int64_t conv3x3Scratch(const Conv2dParams& p, int64_t channels, int64_t columns) {
  return withTile(p, columns, [&](auto tile) { return partialFloats(Plan::with<decltype(tile)>(p, channels, columns), p, columns); });
}

void conv3x3Pack(const Conv2dParams& p, const Conv3x3& conv, float* packed, const Context& context) {
  withTile(p, conv.columns, [&](auto tile) {
    using T = decltype(tile);
    const int channels = counted(conv.channels, "channels"), columns = counted(conv.columns, "channels");
    const int64_t length = packedFloats<T>(channels, columns);
    const Weights weights{Global<const float>(conv.weight, int64_t{kTaps} * channels * columns), channels, columns, conv.gradient};
    launch(context, pack_weights_kernel, dim3(static_cast<unsigned>(partsOf(length / 4, kPackThreads))), kPackThreads, 0, weights,
           Global<float>(packed, length), counted(length, "weights") / 4, IndexDivisor(T::kColumns), IndexDivisor(partsOf(channels, kTileDepth)),
           context.products == Products::tf32);
  });
}

void conv3x3(const Conv2dParams& p, const Conv3x3& conv, const Destination& to, const float* packed, float* scratch, const Context& context) {
  withTile(p, conv.columns, [&](auto tile) {
    using T = decltype(tile);
    const Plan plan = Plan::with<T>(p, conv.channels, conv.columns);
    const int rows = counted(p.batch * p.height * p.width, "cells"), channels = counted(conv.channels, "channels");
    const int columns = counted(conv.columns, "channels");
    const int64_t partials = partialFloats(plan, p, columns);
    const Arguments arguments{Global<const float>(conv.image, int64_t{rows} * channels),
                              Global<const float>(packed, packedFloats<T>(channels, columns)),
                              IndexDivisor(plan.across),
                              IndexDivisor(plan.down * plan.across),
                              counted(p.height, "rows"),
                              counted(p.width, "columns"),
                              channels,
                              columns,
                              to};
    const Output output{Global<float>(partials > 0 ? scratch : nullptr, partials), rows, columns};
    const dim3 grid(static_cast<unsigned>(plan.blocks(p)), static_cast<unsigned>(plan.shares));
    if (context.products == Products::tf32) {
      launch(context, conv3x3_kernel<T, Products::tf32>, grid, kTileThreads, Layout<T>::kBytes, arguments, output);
    } else {
      launch(context, conv3x3_kernel<T, Products::bf16>, grid, kTileThreads, Layout<T>::kBytes, arguments, output);
    }
    if (plan.shares > 1) {
      addShares(Global<const float>(scratch, partials), plan.shares, rows, columns, to, {}, context);
    }
  });
}

}  // namespace retroplume
