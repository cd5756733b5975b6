#include "ops/conv2d/conv2d.h"
#include "ops/conv2d/conv2d_scratch.h"
#include "ops/simd/gemm_tile.h"
#include "ops/simd/parallel.h"
#include "ops/simd/partial_sums.h"

/**
 * The weight gradient, on the outer tile of simd/gemm_tile.h: a tile of gradWeight stays in registers while it runs over a strip of grid rows
 * that fits the cache. Each thread sums its share of the rows into a partial of its own; the partials are added in the order of the threads, so
 * the result depends on their number alone.
 *
 * Of input and gradOutput one is broadcast and the other makes the vectors. Vectors want channels that fill them: with 256 channels in and 24 out
 * (one and a half AVX-512 vectors) the input makes them, the partial is gradWeight with its channels exchanged, and a quarter of the work is saved.
 */
namespace retroplume::RETROPLUME_ISA {

namespace {

/** Cells of one sample, grid rows [begin, end) and columns [left, right): both operands of such a strip stay in the first-level cache while all tiles
 * of the gradient pass over it. */
struct Strip {
  int64_t sample, begin, end, left, right;
};

constexpr int64_t kStripFloats = 8192;  // 32 of 48 KiB

/** A call, and which operand plays which part. */
struct WeightGradient {
  Conv2dBackwardWeight<float> call;
  bool exchanged;         // gradOutput is broadcast and input makes the vectors
  int64_t rows, columns;  // of a tap's part of the partial: broadcast channels, vector channels

  explicit WeightGradient(const Conv2dBackwardWeight<float>& original) : call(original) {
    const int64_t C = call.params.inChannels, O = call.params.outChannels;
    exchanged = O * ceilDivide(C, kLanes) < C * ceilDivide(O, kLanes);
    rows = exchanged ? O : C;
    columns = exchanged ? C : O;
    if (call.params.kernel != 1) return;
    // A 1x1 kernel knows no grid: its cells are seen as one column, which any number of threads can share.
    call.params.height *= call.params.batch * call.params.width;
    call.params.batch = call.params.width = 1;
  }
  int64_t paddedColumns() const { return ceilDivide(columns, kLanes) * kLanes; }
};

/**
 * Adds a strip's share to the broadcast rows [first, first + rows) of kernel row k, where row l·channels + c is channel c of tap l, over the columns
 * [jBegin, jEnd) of gradOutput. All taps that the rows belong to must lie in the grid there; if `exchanged`, they belong to one tap.
 */
void addRows(const WeightGradient& gradient, const Strip& strip, int64_t k, int64_t jBegin, int64_t jEnd, int64_t first, int64_t rows,
             float* partial) {
  const Conv2dParams& p = gradient.call.params;
  const int64_t pad = (p.kernel - 1) / 2, tap = first / gradient.rows;
  const int64_t iBegin = larger(strip.begin, pad - k), iEnd = smaller(strip.end, p.height + pad - k);
  if (iBegin >= iEnd || jBegin >= jEnd) return;
  const float* input = gradient.call.input + ((strip.sample * p.height + iBegin + k - pad) * p.width + jBegin - pad) * p.inputStride;
  const float* gradOutput = gradient.call.gradOutput + ((strip.sample * p.height + iBegin) * p.width + jBegin) * p.outChannels;
  const float* vectors = gradient.exchanged ? input + tap * p.inChannels : gradOutput;
  const ColumnBlocks blocks(gradient.columns);
  const bool contiguous = p.width == 1;  // all cells in one piece
  OuterTileCall tile{};
  // Channels last: the channels of the next tap follow those of this one in memory.
  tile.x = gradient.exchanged ? gradOutput + first % gradient.rows : input + first;
  tile.xStride = gradient.exchanged ? p.outChannels : p.inputStride;
  tile.gStride = gradient.exchanged ? p.inputStride : p.outChannels;
  tile.count = contiguous ? iEnd - iBegin : jEnd - jBegin;
  tile.segments = contiguous ? 1 : iEnd - iBegin;
  tile.xSegmentStride = p.width * tile.xStride;
  tile.gSegmentStride = p.width * tile.gStride;
  tile.toStride = gradient.paddedColumns();
  for (int64_t b = 0; b < blocks.count; ++b) {
    tile.g = vectors + blocks.begin(b) * kLanes;
    tile.to = partial + (k * p.kernel * gradient.rows + first) * tile.toStride + blocks.begin(b) * kLanes;
    runOuterTile(static_cast<int>(rows), blocks.size(b), tile);
  }
}

/** Calls body(first, rows) for `count` rows as tiles. */
template <class Body>
[[gnu::always_inline]] inline void forEachTile(const WeightGradient& gradient, int64_t count, Body body) {
  const int64_t tiles = tileCount(count, ColumnBlocks(gradient.columns).rowLimit());
  for (int64_t t = 0; t < tiles; ++t) body(t * count / tiles, (t + 1) * count / tiles - t * count / tiles);
}

/** Where the taps of a kernel row all lie in the grid, they are one matrix of kernel·channels rows: with few channels, full tiles instead of thin
 * ones. */
void addStrip(const WeightGradient& gradient, const Strip& strip, float* partial) {
  const Conv2dParams& p = gradient.call.params;
  const int64_t pad = (p.kernel - 1) / 2;
  const bool thin = gradient.rows < ColumnBlocks(gradient.columns).rowLimit();  // else the columns at the border cost more than is saved
  const bool joined = thin && !gradient.exchanged && pad > 0 && p.width > 2 * pad;
  // The taps are joined between them.
  const int64_t left = joined ? larger(pad, strip.left) : strip.right,
                right = joined ? larger(left, smaller(p.width - pad, strip.right)) : strip.right;
  if (joined) {
    forEachTile(gradient, p.kernel * gradient.rows, [&](int64_t first, int64_t rows) {
      for (int64_t k = 0; k < p.kernel; ++k) addRows(gradient, strip, k, left, right, first, rows, partial);
    });
  }
  forEachTile(gradient, gradient.rows, [&](int64_t first, int64_t rows) {
    for (int64_t k = 0; k < p.kernel; ++k) {
      for (int64_t l = 0; l < p.kernel; ++l) {
        const int64_t row = l * gradient.rows + first, begin = larger(strip.left, pad - l), end = smaller(strip.right, p.width + pad - l);
        addRows(gradient, strip, k, begin, smaller(left, end), row, rows, partial);
        addRows(gradient, strip, k, larger(right, begin), end, row, rows, partial);
      }
    }
  });
}

/**
 * partial[o] += Σ gradOutput over `cells` cells. Each piece is summed by itself: hundreds of thousands of cells in one float after the other lose
 * four digits where they have one sign.
 */
void addBias(const float* gradOutput, int64_t cells, int64_t channels, float* partial) {
  constexpr int64_t kPiece = 64;
  for (int64_t v = 0; v < ceilDivide(channels, kLanes); ++v) {
    const float* from = gradOutput + v * kLanes;
    Vector strip{};
    for (int64_t begin = 0; begin < cells; begin += kPiece) {
      Vector piece{};
      for (int64_t cell = begin; cell < smaller(begin + kPiece, cells); ++cell) piece += load(from + cell * channels);
      strip += piece;
    }
    store(partial + v * kLanes, load(partial + v * kLanes) + strip);
  }
}

/** Sums one thread's share of the grid rows, strip by strip. */
void addShare(const WeightGradient& gradient, Range rows, float* partial, float* partialBias) {
  const Conv2dBackwardWeight<float>& call = gradient.call;
  const Conv2dParams& p = call.params;
  const int64_t cells = larger(1, kStripFloats / (p.inChannels + p.outChannels)), stripRows = larger(1, cells / p.width),
                parts = ceilDivide(p.width, cells);
  for (int64_t row = rows.begin; row < rows.end;) {
    const int64_t sample = row / p.height, begin = row % p.height;
    const int64_t end = smaller(begin + stripRows, smaller(p.height, begin + rows.end - row));
    for (int64_t part = 0; part < parts; ++part)
      addStrip(gradient, {sample, begin, end, part * p.width / parts, (part + 1) * p.width / parts}, partial);
    if (call.gradBias != nullptr) addBias(call.gradOutput + row * p.width * p.outChannels, (end - begin) * p.width, p.outChannels, partialBias);
    row += end - begin;
  }
}

/** gradWeight[tap, c, o] (+)= Σ_thread partial[thread][tap, o, c], for a share of the rows (tap, c). */
void reduceExchanged(const WeightGradient& gradient, const float* partials, int64_t partialStride, int threads, Range share) {
  const Conv2dParams& p = gradient.call.params;
  const int64_t C = p.inChannels, O = p.outChannels, padded = gradient.paddedColumns();
  for (int64_t row = share.begin; row < share.end; ++row) {
    float* to = gradient.call.gradWeight + row * O;
    const float* from = partials + row / C * O * padded + row % C;
    for (int64_t o = 0; o < O; ++o) {
      float sum = p.accumulate ? to[o] : 0.0f;
      for (int t = 0; t < threads; ++t) sum += from[t * partialStride + o * padded];
      to[o] = sum;
    }
  }
}

}  // namespace

void conv2dBackwardWeight(const Conv2dBackwardWeight<float>& original, const Context& context) {
  const WeightGradient gradient(original);
  const Conv2dParams& p = gradient.call.params;
  const Conv2dWeightScratch layout(p.kernel, p.inChannels, p.outChannels, context.threads);
  float* scratch = static_cast<float*>(context.scratch);
  float* gradBias = gradient.call.gradBias;
  inParallel(context, [&](const Worker& worker) {
    const int thread = worker.thread, threads = worker.threads;
    float* partial = scratch + thread * layout.partial;
    __builtin_memset(partial, 0, layout.partial * sizeof(float));
    addShare(gradient, shareOf(p.batch * p.height, threads, thread), partial, partial + layout.bias);
    worker.barrier();
    const Range share = shareOf(p.kernel * p.kernel * p.inChannels, threads, thread);
    if (gradient.exchanged)
      reduceExchanged(gradient, scratch, layout.partial, threads, share);
    else
      reduceRows(scratch, layout.partial, threads, share, p.outChannels, p.accumulate, gradient.call.gradWeight);
    if (thread == 0 && gradBias != nullptr) reduceRows(scratch + layout.bias, layout.partial, threads, {0, 1}, p.outChannels, p.accumulate, gradBias);
  });
}

}  // namespace retroplume::RETROPLUME_ISA
