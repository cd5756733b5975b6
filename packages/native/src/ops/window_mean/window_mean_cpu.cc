#include "ops/cpu_declarations.h"
#include "ops/random/normal_lanes.h"
#include "ops/simd/elementwise.h"
#include "ops/simd/halves.h"

/** Rows of the crop are contiguous in memory, and an output row stays in the first-level cache while the hours pass over it. */
namespace retroplume::RETROPLUME_ISA {

namespace {

/** Where a row of the crop begins in fields of one hour. */
int64_t rowOffset(const WindowMeanParams& p, int64_t row) { return ((p.cropRow + row) * p.cols + p.cropCol) * p.channels; }

/** Of the hours that a mean is taken over. */
struct Place {
  bool first, last;
  /** one over their number */
  float scale;
};

/** to = (to or 0) + term, and after the last hour times the scale: sums alone have the same bits however the compiler joins operations. */
template <class Term>
[[gnu::always_inline]] inline void addTerms(float* to, int64_t width, Place at, Term term) {
  forEachVector({0, width}, [=](int64_t e, int valid) {
    const Vector sum = at.first ? term(e, valid) : fetch(to + e, valid) + term(e, valid);
    keep(to + e, at.last ? at.scale * sum : sum, valid);
  });
}

/** Adds factors · fields of `width` numbers from `offset` on in an hour. */
[[gnu::always_inline]] inline void addHour(const WindowMean& call, int64_t hour, int64_t offset, float* to, int64_t width, Place at) {
  const WindowMeanParams& p = call.params;
  const float* fields = call.fields + hour * p.rows * p.cols * p.channels + offset;
  if (call.factors == nullptr) return addTerms(to, width, at, [=](int64_t e, int valid) { return fetch(fields + e, valid); });
  const float* factors = call.factors + hour * p.factorStride + offset;
  addTerms(to, width, at, [=](int64_t e, int valid) { return fetch(fields + e, valid) * fetch(factors + e, valid); });
}

[[gnu::always_inline]] inline void addHour(const WindowMeanOfHalves& call, int64_t hour, int64_t offset, float* to, int64_t width, Place at) {
  const WindowMeanParams& p = call.params;
  const uint16_t* from = call.blocks[hour / call.hoursOfBlock] + hour % call.hoursOfBlock * p.rows * p.cols * p.channels + offset;
  at.scale *= call.one;
  addTerms(to, width, at, [=](int64_t e, int valid) { return fetchHalves(from + e, valid); });
}

/** The mean over the hours of a step, of `width` numbers that begin at a cell of the crop. */
template <class Call>
[[gnu::always_inline]] inline void meanOver(const Call& call, int64_t step, CropCell cell, float* to, int64_t width) {
  const WindowMeanParams& p = call.params;
  const int64_t first = p.hour - p.steps[2 * step + 1], last = p.hour - p.steps[2 * step], offset = rowOffset(p, cell.row) + cell.col * p.channels;
  const float scale = 1.0f / static_cast<float>(last - first + 1);
  for (int64_t hour = first; hour <= last; ++hour) addHour(call, hour, offset, to, width, {hour == first, hour == last, scale});
}

/** A row whose cells come from a column of the crop, or from a row the other way round. */
template <class Call>
[[gnu::always_inline]] inline void turnedRow(const Call& call, int64_t step, int64_t row, float* to) {
  const WindowMeanParams& p = call.params;
  const Augmentation& by = p.augmentation;
  for (int64_t col = 0; col < p.cropCols; ++col, to += p.channels) {
    meanOver(call, step, cellBeforeTurns(by.turns, p.cropRows, p.cropCols, row, col), to, p.channels);
    if (by.u < 0) continue;
    const TurnedChannel east = channelBeforeTurns(by, by.u), north = channelBeforeTurns(by, by.v);
    const float u = east.sign * to[east.channel], v = north.sign * to[north.channel];
    to[by.u] = u, to[by.v] = v;
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
  inParallel(context, [&](const Worker& worker) {
    const Range rows = shareOf(p.stepCount * p.cropRows, worker.threads, worker.thread);
    const int64_t width = p.cropCols * p.channels;
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      float* to = call.out + i * width;
      if (p.augmentation.turns == 0)
        meanOver(call, i / p.cropRows, {i % p.cropRows, 0}, to, width);
      else
        turnedRow(call, i / p.cropRows, i % p.cropRows, to);
      perturbRow(p.augmentation, i, to, width);
    }
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
      float* to = call.gradFactors + hour * p.factorStride + offset;
      const float* fields = call.fields == nullptr ? nullptr : call.fields + hour * hourSize + offset;
      forEachVector({0, width}, [=](int64_t e, int valid) {
        const Vector own = scale * fetch(grad + e, valid);
        keep(to + e, fetch(to + e, valid) + (fields == nullptr ? own : own * fetch(fields + e, valid)), valid);
      });
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
