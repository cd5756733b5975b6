#include "runtime/cuda/column_sums.h"

namespace retroplume {

namespace {

template <int W>
__global__ void __launch_bounds__(kChannelThreads)
    column_sums_kernel(ChannelGrid grid, int64_t rowStride, Global<const float> from, Global<double> partials) {
  channelSums<W, 1>(grid, partials, [&](int64_t row, int column, auto width, float(&sums)[1][W]) {
    const auto x = fetch(width, from, row * rowStride + column);
    for (int w = 0; w < W; ++w) sums[0][w] += x.at[w];
  });
}

__global__ void __launch_bounds__(kChannelThreads)
    column_totals_kernel(ChannelGrid grid, bool accumulate, Global<const double> partials, Global<float> to) {
  forEachChannelTotal<1>(grid, partials, [&](int column, const double(&totals)[1], bool first) {
    if (!first) return;
    const auto total = static_cast<float>(totals[0]);
    to[column] = accumulate ? to[column] + total : total;
  });
}

}  // namespace

int64_t columnSumPartials(int64_t rows, int64_t columns) {
  const auto floats = static_cast<int64_t>(channelSumBytes(rows, columns, 1) / sizeof(float));
  return (floats + 63) / 64 * 64;
}

void columnSums(const float* from, int64_t rows, int64_t columns, int64_t rowStride, float* to, bool accumulate, float* partials,
                const Context& context) {
  const ChannelGrid grid(rows, columns, aligned16(from) && rowStride % 4 == 0);
  double* sums = reinterpret_cast<double*>(partials);
  const int64_t length = int64_t{grid.blocks} * columns;
  launch(context, grid.width == 4 ? column_sums_kernel<4> : column_sums_kernel<1>, grid.grid(), kChannelThreads, grid.sharedBytes(1), grid, rowStride,
         Global<const float>(from, (rows - 1) * rowStride + columns), Global<double>(sums, length));
  launch(context, column_totals_kernel, totalBlocks(grid), kChannelThreads, 0, grid, accumulate, Global<const double>(sums, length),
         Global<float>(to, columns));
}

}  // namespace retroplume
