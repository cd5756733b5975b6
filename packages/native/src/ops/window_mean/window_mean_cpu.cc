#include "ops/cpu_declarations.h"
#include "ops/simd/elementwise.h"
#include "ops/simd/halves.h"

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

void meanRow(const WindowMean& call, int64_t step, int64_t row) {
  const WindowMeanParams& p = call.params;
  const int64_t width = p.cropCols * p.channels, hourSize = p.rows * p.cols * p.channels, offset = rowOffset(p, row);
  const int32_t first = p.steps[2 * step], last = p.steps[2 * step + 1];
  const float scale = 1.0f / static_cast<float>(last - first + 1);
  float* to = call.out + (step * p.cropRows + row) * width;
  for (int64_t hour = p.hour - last; hour <= p.hour - first; ++hour) {
    const float* factors = call.factors == nullptr ? nullptr : call.factors + hour * p.factorStride + offset;
    addRow(to, call.fields + hour * hourSize + offset, factors, scale, width, hour == p.hour - last);
  }
}

void meanRowOfHalves(const WindowMeanOfHalves& call, int64_t step, int64_t row) {
  const WindowMeanParams& p = call.params;
  const int64_t width = p.cropCols * p.channels, hourSize = p.rows * p.cols * p.channels, offset = rowOffset(p, row);
  const int32_t first = p.steps[2 * step], last = p.steps[2 * step + 1];
  const float scale = 1.0f / static_cast<float>(last - first + 1), one = call.one;
  float* to = call.out + (step * p.cropRows + row) * width;
  for (int64_t hour = p.hour - last; hour <= p.hour - first; ++hour) {
    const uint16_t* from = call.blocks[hour / call.hoursOfBlock] + hour % call.hoursOfBlock * hourSize + offset;
    const bool begins = hour == p.hour - last;
    forEachVector({0, width}, [=](int64_t e, int valid) {
      const Vector term = scale * (one * fetchHalves(from + e, valid));
      keep(to + e, begins ? term : fetch(to + e, valid) + term, valid);
    });
  }
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

void windowMean(const WindowMean& call, const Context& context) {
  const WindowMeanParams& p = call.params;
  inParallel(context, [&](const Worker& worker) {
    const Range rows = shareOf(p.stepCount * p.cropRows, worker.threads, worker.thread);
    for (int64_t i = rows.begin; i < rows.end; ++i) meanRow(call, i / p.cropRows, i % p.cropRows);
  });
}

void windowMeanOfHalves(const WindowMeanOfHalves& call, const Context& context) {
  const WindowMeanParams& p = call.params;
  inParallel(context, [&](const Worker& worker) {
    const Range rows = shareOf(p.stepCount * p.cropRows, worker.threads, worker.thread);
    for (int64_t i = rows.begin; i < rows.end; ++i) meanRowOfHalves(call, i / p.cropRows, i % p.cropRows);
  });
}

void windowMeanAdjoint(const WindowMeanAdjoint& call, const Context& context) {
  inParallel(context, [&](const Worker& worker) {
    const Range rows = shareOf(call.params.cropRows, worker.threads, worker.thread);
    for (int64_t row = rows.begin; row < rows.end; ++row) adjointRow(call, row);
  });
}

}  // namespace retroplume::RETROPLUME_ISA
