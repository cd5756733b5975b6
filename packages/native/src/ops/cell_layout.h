#pragma once
#include <cstdint>

namespace retroplume {

/** Where the cells of images lie in a larger array, as some of its channels and rows do: `stride` from one cell to the next, images `imageStride`
 * apart. */
struct CellLayout {
  int64_t cells, stride, imageStride;  // of an image
  [[gnu::always_inline]] int64_t at(int64_t cell) const { return apart() ? cell / cells * imageStride + cell % cells * stride : cell * stride; }
  /** Whether images do not follow each other as their cells do. */
  [[gnu::always_inline]] bool apart() const { return imageStride != cells * stride; }
  /** Elements from the first to the last of `images` with `channels` a cell. */
  int64_t span(int64_t images, int64_t channels) const { return (images - 1) * imageStride + (cells - 1) * stride + channels; }
};

}  // namespace retroplume
