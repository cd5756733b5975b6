#pragma once
#include "ops/conv2d/winograd_transforms.h"

/** The tiles of 4x4 cells that a Winograd convolution works on, and how their windows are read. Shared by its forward and weight-gradient kernels. */
namespace retroplume::RETROPLUME_ISA {

/** Grids of cells, one a sample; `stride` floats from one cell to the next. */
struct Image {
  const float* data;
  int64_t batch, height, width, channels, stride;
};

/** First cell of a tile. */
struct Tile {
  int64_t sample, i, j;
};

/** All tiles of a batch, in the order of samples, rows, columns. Tiles at the bottom and right may reach beyond the grid. */
struct TileGrid {
  int64_t rows, columns, count;
  explicit TileGrid(const Image& image)
      : rows(ceilDivide(image.height, kWinogradOutputs)), columns(ceilDivide(image.width, kWinogradOutputs)), count(image.batch * rows * columns) {}
  Tile at(int64_t index) const { return {index / (rows * columns), index / columns % rows * kWinogradOutputs, index % columns * kWinogradOutputs}; }
};

/** Where the cells of a square window are found: cell (i, j) at data + i·rowStride + j·cellStride. */
struct Window {
  const float* data;
  int64_t rowStride, cellStride;
};

/** The window of `size` cells whose first cell is (i, j), which may lie outside: read in place, or from a copy in `patch` with zeros outside the
 * grid. */
inline Window windowAt(const Image& image, int64_t sample, int64_t i, int64_t j, int64_t size, float* patch) {
  const float* origin = image.data + ((sample * image.height + i) * image.width + j) * image.stride;
  if (i >= 0 && j >= 0 && i + size <= image.height && j + size <= image.width) return {origin, image.width * image.stride, image.stride};
  const int64_t padded = ceilDivide(image.channels, kLanes) * kLanes;
  for (int64_t k = 0; k < size; ++k) {
    for (int64_t l = 0; l < size; ++l) {
      float* to = patch + (k * size + l) * padded;
      const bool inside = i + k >= 0 && i + k < image.height && j + l >= 0 && j + l < image.width;
      if (inside)
        __builtin_memcpy(to, origin + (k * image.width + l) * image.stride, image.channels * sizeof(float));
      else
        __builtin_memset(to, 0, image.channels * sizeof(float));
    }
  }
  return {patch, size * padded, padded};
}

/** Transforms a window to to[product·productStride + c], c of all channels and on to a whole vector. */
template <class Transform>
inline void transformWindow(const Window& window, int64_t channels, float* to, int64_t productStride) {
  for (int64_t c = 0; c < channels; c += kLanes) {
    const float* from = window.data + c;
    float* first = to + c;
    transformTile<Transform>([=](int i, int j) { return load(from + i * window.rowStride + j * window.cellStride); },
                             [=](int i, int j, Vector v) { store(first + (i * kWinogradPoints + j) * productStride, v); });
  }
}

}  // namespace retroplume::RETROPLUME_ISA
