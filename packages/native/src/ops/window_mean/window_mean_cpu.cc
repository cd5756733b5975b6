#include "ops/random/normal_lanes.h"
#include "ops/simd/elementwise.h"
#include "ops/simd/halves.h"
#include "ops/window_mean/window_mean.h"

/** Rows of the crop are contiguous in memory, and an output row stays in the first-level cache while the hours pass over it. */
namespace retroplume::RETROPLUME_ISA {

namespace {

/** Where a row of the crop begins in fields of one hour. */
int64_t rowOffset(const WindowMeanParams& p, int64_t row) { return ((p.cropRow + row) * p.cols + p.cropCol) * p.channels; }

/** to = (to or 0) + scale · a · b, b absent: 1. */
void addRow(float* to, const float* a, const float* b, float scale, int64_t width, bool first) {
  forEachVector({0, width}, [=](int64_t e, int valid) {
    Vector term = scale * fetch(a + e, valid);
    if (b != nullptr) term *= fetch(b + e, valid);
    keep(to + e, first ? term : fetch(to + e, valid) + term, valid);
  });
}

/** The mean over the hours of a step, of a row of the crop. */
void meanRow(const WindowMean& call, int64_t step, int64_t row, float* to) {
  const WindowMeanParams& p = call.params;
  const int64_t width = p.cropCols * p.channels, hourSize = p.rows * p.cols * p.channels, offset = rowOffset(p, row);
  const int32_t first = p.steps[2 * step], last = p.steps[2 * step + 1];
  const float scale = 1.0f / static_cast<float>(last - first + 1);
  for (int64_t hour = p.hour - last; hour <= p.hour - first; ++hour) {
    const float* factors = call.factors == nullptr ? nullptr : call.factors + hour * p.factorStride + offset;
    addRow(to, call.fields + hour * hourSize + offset, factors, scale, width, hour == p.hour - last);
  }
}

void meanRow(const WindowMeanOfHalves& call, int64_t step, int64_t row, float* to) {
  const WindowMeanParams& p = call.params;
  const int64_t width = p.cropCols * p.channels, hourSize = p.rows * p.cols * p.channels, offset = rowOffset(p, row);
  const int32_t first = p.steps[2 * step], last = p.steps[2 * step + 1];
  const float scale = 1.0f / static_cast<float>(last - first + 1), one = call.one;
  for (int64_t hour = p.hour - last; hour <= p.hour - first; ++hour) {
    const uint16_t* from = call.blocks[hour / call.hoursOfBlock] + hour % call.hoursOfBlock * hourSize + offset;
    const bool begins = hour == p.hour - last;
    forEachVector({0, width}, [=](int64_t e, int valid) {
      const Vector term = scale * (one * fetchHalves(from + e, valid));
      keep(to + e, begins ? term : fetch(to + e, valid) + term, valid);
    });
  }
}

/** Puts the cells of a row of the crop where they come to lie in the plane of a step. */
void turnRow(const WindowMeanParams& p, int64_t row, const float* from, float* plane) {
  const Augmentation& by = p.augmentation;
  const TurnedChannel east = channelBeforeTurns(by, by.u), north = channelBeforeTurns(by, by.v);
  for (int64_t col = 0; col < p.cropCols; ++col, from += p.channels) {
    const CropCell cell = cellAfterTurns(by.turns, p.cropRows, row, col);
    float* to = plane + (cell.row * p.cropCols + cell.col) * p.channels;
    __builtin_memcpy(to, from, static_cast<size_t>(p.channels) * sizeof(float));
    if (by.u >= 0) to[by.u] = east.sign * from[east.channel], to[by.v] = north.sign * from[north.channel];
  }
}

/** Noise and factor on row `row` of all steps' rows. */
void perturbRow(const Augmentation& by, int64_t row, float* to, int64_t width) {
  const float noise = by.noise, factor = by.factor;
  if (noise == 0) {
    if (factor != 1) forEachVector({0, width}, [=](int64_t e, int valid) { keep(to + e, factor * fetch(to + e, valid), valid); });
    return;
  }
  for (int64_t begin = 0; begin < width; begin += kNormalBlock) {
    float normals[kNormalBlock];
    normalsOfBlock(begin / kNormalBlock, row, by.key, normals);
    float* block = to + begin;
    forEachVector({0, smaller(kNormalBlock, width - begin)}, [&](int64_t e, int valid) {
      keep(block + e, factor * (limitBelow(1.0f + noise * load(normals + e), 0.0f) * fetch(block + e, valid)), valid);
    });
  }
}

template <class Call>
void meanRows(const Call& call, const Context& context) {
  const WindowMeanParams& p = call.params;
  const int64_t width = p.cropCols * p.channels;
  inParallel(context, [&](const Worker& worker) {
    const Range rows = shareOf(p.stepCount * p.cropRows, worker.threads, worker.thread);
    const bool turned = p.augmentation.turns != 0;
    float* turning = turned ? static_cast<float*>(__builtin_alloca(static_cast<size_t>(width) * sizeof(float))) : nullptr;
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      const int64_t step = i / p.cropRows, row = i % p.cropRows;
      meanRow(call, step, row, turned ? turning : call.out + i * width);
      if (turned) turnRow(p, row, turning, call.out + step * p.cropRows * width);
    }
    // A row of the output has cells of all rows of the crop.
    if (turned) worker.barrier();
    for (int64_t i = rows.begin; i < rows.end; ++i) perturbRow(p.augmentation, i, call.out + i * width, width);
  });
}

void adjointRow(const WindowMeanAdjoint& call, int64_t row) {
  const WindowMeanParams& p = call.params;
  const int64_t width = p.cropCols * p.channels, hourSize = p.rows * p.cols * p.channels, offset = rowOffset(p, row);
  for (int64_t step = 0; step < p.stepCount; ++step) {
    const int32_t first = p.steps[2 * step], last = p.steps[2 * step + 1];
    const float scale = 1.0f / static_cast<float>(last - first + 1);
    const float* grad = call.gradOut + (step * p.cropRows + row) * width;
    for (int64_t hour = p.hour - last; hour <= p.hour - first; ++hour) {
      const float* fields = call.fields == nullptr ? nullptr : call.fields + hour * hourSize + offset;
      addRow(call.gradFactors + hour * p.factorStride + offset, grad, fields, scale, width, false);
    }
  }
}

}  // namespace

void windowMean(const WindowMean& call, const Context& context) { meanRows(call, context); }

void windowMeanOfHalves(const WindowMeanOfHalves& call, const Context& context) { meanRows(call, context); }

void windowMeanAdjoint(const WindowMeanAdjoint& call, const Context& context) {
  inParallel(context, [&](const Worker& worker) {
    const Range rows = shareOf(call.params.cropRows, worker.threads, worker.thread);
    for (int64_t row = rows.begin; row < rows.end; ++row) adjointRow(call, row);
  });
}

}  // namespace retroplume::RETROPLUME_ISA
