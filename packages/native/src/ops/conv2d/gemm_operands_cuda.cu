#include <string>

#include "runtime/cuda/gemm_kernel.h"
#include "runtime/cuda/packs.h"

/** What the products of gemm.h are told, and what stands before and after them: shares of a sum, weights turned round. */
namespace retroplume {

namespace {

constexpr int kThreads = 256;
constexpr int kAcross = 32;

bool aligned(const void* address) { return reinterpret_cast<uintptr_t>(address) % 16 == 0; }
bool fours(int64_t count) { return count % 4 == 0; }
int64_t rowsLength(int64_t rows, int64_t columns, int64_t stride) { return (rows - 1) * stride + columns; }
int64_t wholeLines(int64_t floats) { return (floats + 63) / 64 * 64; }

/** A block has `across` neighbouring packs of W columns, for each of which its threads share the shares out. */
template <int W>
__global__ void __launch_bounds__(kThreads) add_shares_kernel(Global<const float> partials, int splits, int packs, IndexDivisor packsAcross,
                                                              int across, int rows, Destination to, Global<float> columnSums) {
  SharedMemory memory;
  const Shared<float> sums = memory.take<float>(W * kThreads);
  const int t = static_cast<int>(threadIdx.x), group = t / across, groups = kThreads / across;
  const int pack = static_cast<int>(blockIdx.x) * across + t % across;
  float sum[W] = {};
  if (pack < packs) {
    const int end = splits * (group + 1) / groups;
#pragma unroll 4
    for (int split = splits * group / groups; split < end; ++split) {
      const Pack<W> share = fetch(Width<W>(), partials, (int64_t{split} * packs + pack) * W);
      for (int w = 0; w < W; ++w) sum[w] += share.at[w];
    }
  }
  if (groups > 1) {
    for (int w = 0; w < W; ++w) sums[w * kThreads + t] = sum[w];
    __syncthreads();
    for (int g = 1; group == 0 && g < groups; ++g) {
      for (int w = 0; w < W; ++w) sum[w] += sums[w * kThreads + t + g * across];
    }
  }
  if (group > 0 || pack >= packs) return;
  const int row = packsAcross.quotient(pack), column = (pack - row * packsAcross.divisor) * W;
  if (row == rows) {
    Pack<W> total = to.accumulate ? fetch(Width<W>(), columnSums, column) : Pack<W>{};
    for (int w = 0; w < W; ++w) total.at[w] += sum[w];
    keep(columnSums, column, total);
  } else if constexpr (W == 4) {
    to.store4(row, column, make_float4(sum[0], sum[1], sum[2], sum[3]));
  } else {
    to.store(row, column, sum[0]);
  }
}

/** A block turns one square of one tap over in shared memory, so that rows are read and written along; 33: columns of the square lie in all banks. */
__global__ void __launch_bounds__(kThreads)
    transpose_taps_kernel(Global<const float> from, Global<float> to, int channels, int outChannels, bool turned) {
  SharedMemory memory;
  const Shared<float> square = memory.take<float>(kAcross * (kAcross + 1));
  const int tap = static_cast<int>(blockIdx.z), source = turned ? static_cast<int>(gridDim.z) - 1 - tap : tap;
  const int lane = static_cast<int>(threadIdx.x) % kAcross, group = static_cast<int>(threadIdx.x) / kAcross;
  const int c0 = static_cast<int>(blockIdx.x) * kAcross, o0 = static_cast<int>(blockIdx.y) * kAcross;
  for (int i = group; i < kAcross; i += kThreads / kAcross) {
    if (c0 + i < channels && o0 + lane < outChannels) {
      square[i * (kAcross + 1) + lane] = from[(int64_t{source} * channels + c0 + i) * outChannels + o0 + lane];
    }
  }
  __syncthreads();
  for (int i = group; i < kAcross; i += kThreads / kAcross) {
    if (o0 + i < outChannels && c0 + lane < channels) {
      to[(int64_t{tap} * outChannels + o0 + i) * channels + c0 + lane] = square[lane * (kAcross + 1) + i];
    }
  }
}

unsigned squares(int64_t count) { return static_cast<unsigned>((count + kAcross - 1) / kAcross); }

}  // namespace

int counted(int64_t count, const char* what) {
  constexpr int64_t kMost = (int64_t{1} << 31) - 1024;
  if (count <= kMost) return static_cast<int>(count);
  throw NativeError("PARAM_INVALID", "expected at most " + std::to_string(kMost) + " " + what + " but received " + std::to_string(count));
}

Patches::Patches(const float* from, int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t stride, int64_t kernel, int scale,
                 int pad)
    : image(from, rowsLength(batch * height * width * scale * scale, channels, stride)),
      stride(counted(stride, "floats from cell to cell")),
      channels(channels),
      kernel(kernel),
      width(width),
      height(height),
      slabTaps(channels % kTileDepth == 0 ? kernel * kernel : 1),
      pixels(counted(batch * height * width * scale * scale, "cells") / (scale * scale)),
      features(counted(kernel * kernel * channels, "features")),
      scale(scale),
      pad(pad),
      vector(fours(channels) && fours(stride) && aligned(from)) {}

Matrix::Matrix(const float* from, int64_t rows, int64_t columns, int64_t rowStride)
    : Matrix(from, rowsLength(rows, columns, rowStride), rowStride, columns, 0) {}

Matrix::Matrix(const float* from, int64_t length, int64_t rowStride, int64_t group, int64_t groupStep)
    : data(from, length),
      rowStride(counted(rowStride, "floats from row to row")),
      groupStep(counted(groupStep, "floats from group to group")),
      group(counted(group, "columns")),
      vector(fours(group) && fours(groupStep) && fours(rowStride) && aligned(from)) {}

Destination::Destination(float* to, int64_t rows, int64_t columns, int64_t rowStride)
    : data(to, rowsLength(rows, columns, rowStride)),
      rowStride(counted(rowStride, "floats from row to row")),
      rowGroup(counted(rows, "rows")),
      columnGroup(counted(columns, "columns")),
      vector(fours(columns) && fours(rowStride) && aligned(to)) {}

Destination::Destination(float* to, int64_t images, int64_t columns, const CellLayout& layout)
    : Destination(to, images * layout.cells, columns, layout.stride) {
  if (!layout.apart()) return;
  data = Global<float>(to, layout.span(images, columns));
  rowGroup = IndexDivisor(layout.cells);
  rowGroupStep = counted(layout.imageStride - layout.cells * layout.stride, "floats between images");
  vector = vector && fours(layout.imageStride);
}

void Destination::finishWith(const float* biases, const float* slopes, int64_t channels, int kind) {
  bias = Global<const float>(biases, channels);
  slope = Global<const float>(slopes, channels);
  activation = kind;
  vector = vector && aligned(biases) && aligned(slopes);
}

void Destination::finishWith(const Derivative<float>& of, int64_t rows, int64_t channels) {
  if (of.kind == 0) return;
  derivative = of.kind;
  activated = Global<const float>(of.activated, rowsLength(rows, channels, of.stride));
  activatedStride = counted(of.stride, "floats from cell to cell");
  slope = Global<const float>(of.slope, channels);
  vector = vector && aligned(of.activated) && fours(of.stride) && aligned(of.slope);
}

int gemmSplits(int64_t rows, int64_t columns, int64_t depth) {
  constexpr int64_t kLeastSlabs = 8;  // less would mostly fill the ring
  const int64_t tiles = partsOf(rows, WideTile::kRows) * partsOf(columns, tileColumns(columns));
  return sharesFor(tiles, partsOf(depth, kTileDepth) / kLeastSlabs);
}

int64_t gemmPartials(int64_t rows, int64_t columns, int64_t depth, bool columnSums) {
  const int64_t splits = gemmSplits(rows, columns, depth);
  return splits > 1 ? wholeLines(splits * (rows + (columnSums ? 1 : 0)) * columns) : 0;
}

void addShares(const Global<const float>& partials, int splits, int rows, int columns, const Destination& to, const Global<float>& columnSums,
               const Context& context) {
  const int width = to.vector && columns % 4 == 0 ? 4 : 1;
  const int packs = counted(int64_t{rows + (columnSums ? 1 : 0)} * columns / width, "elements that are added up");
  // Few elements have many shares, and those in one thread would be a long chain of loads; many elements have few, and fill the device by themselves.
  const int across = splits > 8 ? kAcross : kThreads;
  launch(context, width == 4 ? add_shares_kernel<4> : add_shares_kernel<1>, dim3(static_cast<unsigned>(partsOf(packs, across))), kThreads,
         kThreads * width * 4, partials, splits, packs, IndexDivisor(columns / width), across, rows, to, columnSums);
}

void transposeTaps(const float* from, float* to, int64_t taps, int64_t channels, int64_t outChannels, bool turned, const Context& context) {
  const int64_t length = taps * channels * outChannels;
  const dim3 grid(squares(channels), squares(outChannels), static_cast<unsigned>(taps));
  launch(context, transpose_taps_kernel, grid, kThreads, kAcross * (kAcross + 1) * 4, Global<const float>(from, length), Global<float>(to, length),
         static_cast<int>(channels), static_cast<int>(outChannels), turned);
}

}  // namespace retroplume
