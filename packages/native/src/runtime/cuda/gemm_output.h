#pragma once
#include "runtime/cuda/gemm.h"
#include "runtime/cuda/gemm_tile.h"

/** Tiles of products: their sizes, which one a product takes, and where a block's tile goes. */
namespace retroplume {

/**
 * Wide: 64 sums a thread, so that a float read from shared memory serves 8 products (float32) or a fragment 4 mma. What a thread reads ahead does not
 * fit beside the sums in 128 registers without spilling: 12 warps a multiprocessor with up to 168, each with 64 independent sums to hide latency.
 * Middle and Narrow: for few channels, where columns that nobody wants would cost more than the smaller reuse does; the networks here have 24, 32,
 * 48, 64, 96, 128 channels in the bulk and 4 to 16 at the ends.
 */
using WideTile = Tile<128, 64, 64, 32, 3>;
using MiddleTile = Tile<128, 32, 32, 32, 4>;
using NarrowTile = Tile<128, 16, 32, 16, 5>;

/** The middle one with the reuse of the wide one, for products with so many pixels that tiles of twice the rows still fill the device. */
using TallTile = Tile<256, 32, 64, 32, 3>;
constexpr int64_t kTallRows = kEnoughBlocks * TallTile::kRows;

/** The widest tile that adds no more than an eighth of empty columns to those of the next narrower one. */
inline int tileColumns(int64_t columns) {
  const auto padded = [=](int64_t width) { return (columns + width - 1) / width * width; };
  if (columns <= NarrowTile::kColumns) return NarrowTile::kColumns;
  return 8 * padded(WideTile::kColumns) <= 9 * padded(MiddleTile::kColumns) ? WideTile::kColumns : MiddleTile::kColumns;
}

constexpr int kNoRow = -1;

/** Where a block's tile goes: to the destination, or, where the sum is cut into shares, to this share's part of `partials`. */
struct Output {
  Global<float> partials;  // [splits, rows, columns], or null
  int rows, columns;       // of a share: with a last row of column sums, if there are any

  /**
   * `rowOf(row of the tile)`: which row of the product that is, or kNoRow. By fours or one by one is decided for the whole tile: both are unrolled
   * over all quads, and the rarer one should take no room in the instruction cache.
   */
  template <class RowOf, class Sums>
  __device__ __forceinline__ void store(const Destination& to, const RowOf& rowOf, int firstColumn, Sums& sums) const {
    const auto forEach = [&](auto put) {
      sums.forEachQuad([&](int row, int column, const float4& quad) {
        const int target = rowOf(row);
        if (target != kNoRow && firstColumn + column < columns) put(target, firstColumn + column, quad);
      });
    };
    if (partials ? columns % 4 == 0 : to.vector) {
      forEach([&](int row, int column, const float4& quad) {
        if (partials) return store4(partials, share(row) + column, quad);
        to.store4(row, column, quad);
      });
    } else {
      forEach([&](int row, int column, const float4& quad) {
#pragma unroll 1
        for (int i = 0; i < 4 && column + i < columns; ++i) {
          if (partials)
            partials[share(row) + column + i] = component(quad, i);
          else
            to.store(row, column + i, component(quad, i));
        }
      });
    }
  }

  /** The sum of a column over a share, or over all of it: then to `sums`. */
  __device__ __forceinline__ void storeColumnSum(const Global<float>& sums, bool accumulate, int column, float sum) const {
    if (column >= columns) return;
    if (partials) {
      partials[share(rows - 1) + column] = sum;
    } else {
      sums[column] = accumulate ? sums[column] + sum : sum;
    }
  }

  __device__ __forceinline__ int64_t share(int row) const { return (int64_t{blockIdx.y} * rows + row) * columns; }
};

}  // namespace retroplume
