#pragma once
#include "ops/activation/activation.h"
#include "ops/cell_layout.h"
#include "runtime/cuda/activation.h"
#include "runtime/cuda/divisor.h"
#include "runtime/error.h"

/**
 * Matrix products whose left factor is read out of a channels-last image as if its patches had been written out as rows (implicit im2col):
 *
 *   patches[pixel, (k,l,c)] = image[pixel·scale + (k,l) − pad, c], zero outside the image
 *
 *   multiplyPatches:             to[pixel, column]  = Σ_feature patches[pixel, feature] · b[feature, column]     convolutions
 *   multiplyPatchesTransposed:   to[feature, column] = Σ_pixel  patches[pixel, feature] · b[pixel, column]       their weight gradients
 *
 * With kernel 1 and scale 1 the patches are a matrix with rows of `stride`, so any product of matrices is one of these.
 */
namespace retroplume {

/**
 * Rows, columns and depths are counted in 31 bits, tiles that reach past the end included, and so are the steps between them: an offset is then the
 * sum of products of 32 by 32 bits, an instruction each. Offsets have 64. @throws NativeError PARAM_INVALID
 */
int counted(int64_t count, const char* what);

/** The image and how its patches are taken. Pixels count the grid [batch, height, width]; the image is `scale` times as high and wide. */
struct Patches {
  Global<const float> image;
  int stride;  // from one cell of the image to the next
  IndexDivisor channels, kernel, width, height;
  IndexDivisor slabTaps;  // taps whose slabs of 16 features come in turns; 1 where slabs have parts of two taps
  int pixels, features, scale, pad;
  bool vector;  // rows of channels may be copied by 16 bytes

  Patches(const float* from, int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t stride, int64_t kernel, int scale, int pad);
};

/** A matrix whose row `r` begins at r·rowStride and whose columns come in groups: column n at (n / group)·groupStep + n % group. */
struct Matrix {
  Global<const float> data;
  int rowStride, groupStep;
  IndexDivisor group;
  bool vector;

  Matrix(const float* from, int64_t rows, int64_t columns, int64_t rowStride);
  Matrix(const float* from, int64_t length, int64_t rowStride, int64_t group, int64_t groupStep);
};

/**
 * Where element (row, column) of a product goes and what is done to it on the way. Columns come in up to four groups, tap = column / columnGroup:
 *
 *   offset = row·rowStride + (row / rowGroup)·rowGroupStep + (column % columnGroup)·columnStep + (tap % 2)·tapStep + (tap / 2)·tapRowStep
 */
struct Destination {
  Global<float> data;
  int rowStride, rowGroupStep = 0, columnStep = 1, tapStep = 0, tapRowStep = 0;
  IndexDivisor rowGroup, columnGroup;
  Global<const float> bias, slope;  // of column % columnGroup
  int activation = 0;
  bool accumulate = false;
  int derivative = 0;             // as Derivative.kind, for columns in one group
  Global<const float> activated;  // row·activatedStride + column
  int activatedStride = 0;
  bool vector;  // four columns, with all that they need and their sums, may be read and written by 16 bytes

  /** Rows of `columns`, `rowStride` apart. */
  Destination(float* to, int64_t rows, int64_t columns, int64_t rowStride);
  /** A row for each cell of `images`. */
  Destination(float* to, int64_t images, int64_t columns, const CellLayout& layout);
  /** What is added and applied on the way, each [channels] or null. */
  void finishWith(const float* bias, const float* slope, int64_t channels, int activation);
  /** The derivative that [rows, channels] are multiplied by in the end. */
  void finishWith(const Derivative<float>& derivative, int64_t rows, int64_t channels);

  __device__ __forceinline__ float finish(float z, int64_t offset, int channel) const {
    if (bias) z += bias[channel];
    if (activation != 0) z = retroplume::activated(z, activation, activation == 1 ? 0.0f : slope[channel]);
    return accumulate ? data[offset] + z : z;
  }
  /** The same for four columns side by side. */
  __device__ __forceinline__ float4 finish4(float4 z, int64_t offset, int channel) const {
    if (bias) {
      const float4 b = load4(bias, channel);
      z = make_float4(z.x + b.x, z.y + b.y, z.z + b.z, z.w + b.w);
    }
    if (activation != 0) {
      const float4 s = activation == 1 ? make_float4(0.0f, 0.0f, 0.0f, 0.0f) : load4(slope, channel);
      z = make_float4(retroplume::activated(z.x, activation, s.x), retroplume::activated(z.y, activation, s.y),
                      retroplume::activated(z.z, activation, s.z), retroplume::activated(z.w, activation, s.w));
    }
    if (!accumulate) return z;
    // One by one: four registers for what was there before are more than the wide tile has left.
    return make_float4(data[offset] + z.x, data[offset + 1] + z.y, data[offset + 2] + z.z, data[offset + 3] + z.w);
  }
  __device__ __forceinline__ int64_t offset(int row, int column, int& channel) const {
    const int tap = columnGroup.quotient(column);
    channel = column - tap * columnGroup.divisor;
    return int64_t{row} * rowStride + int64_t{rowGroup.quotient(row)} * rowGroupStep + int64_t{channel} * columnStep + int64_t{tap & 1} * tapStep +
           int64_t{tap >> 1} * tapRowStep;
  }
  __device__ __forceinline__ void store(int row, int column, float value) const {
    int channel;
    const int64_t at = offset(row, column, channel);
    float z = finish(value, at, channel);
    if (derivative != 0) {
      z = differentiated(z, derivative, activated[int64_t{row} * activatedStride + column], derivative == 1 ? 0.0f : slope[column]);
    }
    data[at] = z;
  }
  /** Where `vector`; the column is a multiple of four. */
  __device__ __forceinline__ void store4(int row, int column, const float4& quad) const {
    int channel;
    const int64_t at = offset(row, column, channel);
    float4 z = finish4(quad, at, channel);
    if (derivative != 0) {
      const float4 y = load4(activated, int64_t{row} * activatedStride + column);
      const float4 s = derivative == 1 ? make_float4(0.0f, 0.0f, 0.0f, 0.0f) : load4(slope, column);
      z = make_float4(differentiated(z.x, derivative, y.x, s.x), differentiated(z.y, derivative, y.y, s.y), differentiated(z.z, derivative, y.z, s.z),
                      differentiated(z.w, derivative, y.w, s.w));
    }
    retroplume::store4(data, at, z);
  }
};

struct Gemm {
  Patches patches;
  Matrix b;
  Destination to;
  int columns;
  /** Of a transposed product, where the sums of b's columns go, added to what is there if `to` is; or null. They are exact whatever the products. */
  Global<float> columnSums = {};
  /** Likewise [splits, features], where each share's sums of the patches' features go. */
  Global<float> featureSums = {};
};

/** Three blocks for each of an H100's 132 multiprocessors are wanted where there are less than two. */
constexpr int64_t kEnoughBlocks = 264, kWantedBlocks = 396;

inline int64_t partsOf(int64_t count, int64_t size) { return (count + size - 1) / size; }

/** Into how many shares, `most` at most, the sums of so many blocks are cut. By shape only, so that results do not depend on the card. */
inline int sharesFor(int64_t blocks, int64_t most) {
  const int64_t wanted = blocks >= kEnoughBlocks ? 1 : partsOf(kWantedBlocks, blocks);
  return static_cast<int>(wanted < most ? wanted : most > 1 ? most : 1);
}

/** Into how many the sum of a product [rows, depth]·[depth, columns] is. */
int gemmSplits(int64_t rows, int64_t columns, int64_t depth);
/** Floats of scratch for the shares' partial sums, a multiple of 64; none where there is one share. `columnSums`: they are asked for, too. */
int64_t gemmPartials(int64_t rows, int64_t columns, int64_t depth, bool columnSums = false);

/** `partials`: of gemmPartials(pixels, columns, features). */
void multiplyPatches(const Gemm& gemm, float* partials, const Context& context);
/** `partials`: of gemmPartials(features, columns, pixels). */
void multiplyPatchesTransposed(const Gemm& gemm, float* partials, const Context& context);

/** to[row, column] = the sum of its shares, in their order. Where there are `columnSums`, each share has a row more, which goes there. */
void addShares(const Global<const float>& partials, int splits, int rows, int columns, const Destination& to, const Global<float>& columnSums,
               const Context& context);

/** to[tap][o][c] = from[tap or, turned, the last but tap][c][o]. */
void transposeTaps(const float* from, float* to, int64_t taps, int64_t channels, int64_t outChannels, bool turned, const Context& context);

}  // namespace retroplume
