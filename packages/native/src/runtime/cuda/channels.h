#pragma once
#include <cstddef>
#include <cstdint>

#include "runtime/cuda/divisor.h"
#include "runtime/cuda/packs.h"
#include "runtime/cuda/reduce.h"

/**
 * Kernels over [pixels, C], channels last: element by element with the channel's constants, and sums over the pixels of every channel.
 *
 * Sums: a thread keeps one channel, or four neighbouring ones, and walks over pixels; neighbouring threads take neighbouring channels, then further
 * pixels, so that a warp reads whole lines whatever C is. A thread's sums are float (some dozens of pixels), all beyond them double. Each block
 * leaves its sums in scratch memory, [block][sum][C]; a second kernel, a warp a channel, adds them in an order that depends on the sizes alone.
 */
namespace retroplume {

constexpr int kChannelThreads = 256;

/** How the threads of a grid share [pixels, C]: `lanes` of them side by side over the channels of one pixel, `rows` pixels at once in a block. */
struct ChannelGrid {
  int64_t pixels = 0;
  int channels = 0, width = 1;  // channels of a thread
  int lanes = 1, rows = 1, chunks = 1, blocks = 1;

  /** `fours`: all rows begin at multiples of 16 bytes. */
  ChannelGrid(int64_t pixels, int64_t channels, bool fours)
      : pixels(pixels), channels(static_cast<int>(channels)), width(fours && channels % 4 == 0 ? 4 : 1) {
    const int groups = this->channels / width;
    lanes = groups < kChannelThreads ? groups : kChannelThreads;
    rows = kChannelThreads / lanes;
    chunks = (groups + lanes - 1) / lanes;
    // Sixteen pixels a thread or more: fewer and the sums of the blocks would cost as much as those of the pixels.
    constexpr int64_t kLeastPixels = 16, kMostBlocks = 528;
    const int64_t wanted = (pixels + kLeastPixels * rows - 1) / (kLeastPixels * rows);
    blocks = static_cast<int>(wanted < kMostBlocks ? wanted : kMostBlocks);
  }
  ChannelGrid() = default;
  dim3 grid() const { return dim3(static_cast<unsigned>(blocks), static_cast<unsigned>(chunks)); }
  std::size_t bytes(int sums) const { return sizeof(double) * static_cast<std::size_t>(blocks) * sums * channels; }
  int sharedBytes(int sums) const { return static_cast<int>(sizeof(float)) * sums * width * kChannelThreads; }
};

/** Scratch memory for `sums` sums of every channel, however the grid is chosen. */
inline std::size_t channelSumBytes(int64_t pixels, int64_t channels, int sums) {
  const std::size_t ones = ChannelGrid(pixels, channels, false).bytes(sums), fours = ChannelGrid(pixels, channels, true).bytes(sums);
  return ones > fours ? ones : fours;
}

/** Calls body(pixel, channel, width, sums) for every pack of channels, where sums[k][w] are to be increased; leaves the block's sums in `partials`.
 */
template <int W, int K, class Body>
__device__ __forceinline__ void channelSums(const ChannelGrid& grid, const Global<double>& partials, Body body) {
  const int thread = static_cast<int>(threadIdx.x), lane = thread % grid.lanes, row = thread / grid.lanes;
  const int channel = (static_cast<int>(blockIdx.y) * grid.lanes + lane) * W;
  const bool works = row < grid.rows && channel < grid.channels;
  float sums[K][W] = {};
  if (works) {
    const int64_t step = int64_t{gridDim.x} * grid.rows;
    for (int64_t i = int64_t{blockIdx.x} * grid.rows + row; i < grid.pixels; i += step) body(i, channel, Width<W>(), sums);
  }
  SharedMemory memory;
  const Shared<float> shared = memory.take<float>(K * W * kChannelThreads);
  for (int k = 0; k < K; ++k) {
    for (int w = 0; w < W; ++w) shared[(k * W + w) * kChannelThreads + thread] = sums[k][w];
  }
  __syncthreads();
  for (int n = thread; n < K * W * grid.lanes; n += kChannelThreads) {
    const int kw = n / grid.lanes, column = n % grid.lanes, c = (static_cast<int>(blockIdx.y) * grid.lanes + column) * W + kw % W;
    if (c >= grid.channels) continue;
    double sum = 0;
    for (int r = 0; r < grid.rows; ++r) sum += static_cast<double>(shared[kw * kChannelThreads + r * grid.lanes + column]);
    partials[(int64_t{blockIdx.x} * K + kw / W) * grid.channels + c] = sum;
  }
}

/** One warp a channel: body(channel, totals, first) with the K sums in every lane; `first` lane alone writes. */
template <int K, class Body>
__device__ __forceinline__ void forEachChannelTotal(const ChannelGrid& grid, const Global<const double>& partials, Body body) {
  const int lane = static_cast<int>(threadIdx.x) % kWarpLanes;
  const int channel = (static_cast<int>(blockIdx.x) * kChannelThreads + static_cast<int>(threadIdx.x)) / kWarpLanes;
  if (channel >= grid.channels) return;  // the whole warp
  double totals[K] = {};
  for (int b = lane; b < grid.blocks; b += kWarpLanes) {
    for (int k = 0; k < K; ++k) totals[k] += partials[(int64_t{b} * K + k) * grid.channels + channel];
  }
  for (int k = 0; k < K; ++k) totals[k] = warpSum(totals[k]);
  body(channel, totals, lane == 0);
}

/** Blocks of a kernel that calls forEachChannelTotal. */
inline dim3 totalBlocks(const ChannelGrid& grid) {
  return dim3(static_cast<unsigned>((grid.channels + kChannelThreads / kWarpLanes - 1) / (kChannelThreads / kWarpLanes)));
}

/** Which channel and pixel an element of [pixels, C] is. */
struct ChannelMap {
  int64_t elements = 0;
  Divisor channels;
  bool fours = false;

  ChannelMap() = default;
  ChannelMap(int64_t pixels, int64_t channels, bool aligned) : elements(pixels * channels), channels(channels), fours(aligned && channels % 4 == 0) {}
  dim3 blocks() const { return packBlocks(elements, fours); }
};

/** Calls body(element, pixel, channel, width) for packs of channels of one pixel, every element once in the grid. */
template <class Body>
__device__ __forceinline__ void forEachChannelPack(const ChannelMap& map, Body body) {
  forEachPack(map.elements, map.fours, [&](int64_t element, auto width) {
    const int64_t pixel = map.channels.quotient(element);
    body(element, pixel, element - pixel * map.channels.divisor(), width);
  });
}

}  // namespace retroplume
