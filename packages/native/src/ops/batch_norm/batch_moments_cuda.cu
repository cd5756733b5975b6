#include "ops/batch_norm/batch_norm_cuda.h"

namespace retroplume::cuda {

namespace {

template <int W>
__global__ void __launch_bounds__(kChannelThreads) moment_sums_kernel(ChannelGrid grid, Global<const float> input, Global<double> partials) {
  channelSums<W, 2>(grid, partials, [&](int64_t pixel, int channel, auto width, float(&sums)[2][W]) {
    const auto x = fetch(width, input, pixel * grid.channels + channel), origin = fetch(width, input, channel);
    for (int w = 0; w < W; ++w) {
      const float d = x.at[w] - origin.at[w];
      sums[0][w] += d;
      sums[1][w] += d * d;
    }
  });
}

/** Divisions are made on the host: on the device a double's calls a routine, for which registers would be spilled. */
struct MomentSettings {
  double epsilon, momentum, inversePixels, inverseFreedom;  // 1/m, 1/(m − 1)
};

__global__ void __launch_bounds__(kChannelThreads)
    moments_kernel(ChannelGrid grid, MomentSettings settings, Global<const double> partials, Global<const float> input, Global<float> mean,
                   Global<float> invStd, Global<float> runningMean, Global<float> runningVariance) {
  forEachChannelTotal<2>(grid, partials, [&](int channel, const double(&totals)[2], bool first) {
    if (!first) return;
    const double shifted = totals[0] * settings.inversePixels, squares = totals[1] - shifted * totals[0];
    const double centre = static_cast<double>(static_cast<float>(input[channel])) + shifted;
    mean[channel] = static_cast<float>(centre);
    const double before = static_cast<float>(runningMean[channel]), variance = static_cast<float>(runningVariance[channel]);
    runningMean[channel] = static_cast<float>((1 - settings.momentum) * before + settings.momentum * centre);
    runningVariance[channel] = static_cast<float>((1 - settings.momentum) * variance + settings.momentum * squares * settings.inverseFreedom);
    const auto biased = static_cast<float>(squares * settings.inversePixels + settings.epsilon);
    invStd[channel] = rsqrtf(biased);
  });
}

}  // namespace

void batchMoments(const Context& context, int64_t pixels, int64_t channels, double epsilon, double momentum, const float* input,
                  const Moments& moments) {
  const ChannelGrid grid(pixels, channels, aligned16(input));
  double* partials = static_cast<double*>(context.scratch);
  const int64_t sums = int64_t{grid.blocks} * 2 * channels, n = pixels * channels;
  launch(context, grid.width == 4 ? moment_sums_kernel<4> : moment_sums_kernel<1>, grid.grid(), kChannelThreads, grid.sharedBytes(2), grid,
         Global<const float>(input, n), Global<double>(partials, sums));
  launch(context, moments_kernel, totalBlocks(grid), kChannelThreads, 0, grid,
         MomentSettings{epsilon, momentum, 1.0 / static_cast<double>(pixels), 1.0 / static_cast<double>(pixels - 1)},
         Global<const double>(partials, sums), Global<const float>(input, n), Global<float>(moments.mean, channels),
         Global<float>(moments.invStd, channels), Global<float>(moments.runningMean, channels), Global<float>(moments.runningVariance, channels));
}

}  // namespace retroplume::cuda
