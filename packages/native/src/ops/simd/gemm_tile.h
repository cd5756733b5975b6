#pragma once
#include "ops/simd/activation.h"
#include "ops/simd/simd.h"

/**
 * The register tiles that all matrix-like kernels are made of. Of the first two, `rows` values are broadcast against `vectors` vectors, and their
 * rows·vectors products stay in registers for the whole sum:
 *
 *   rowTile    acc[m][v] += Σ_i x[m·stride + i] · w[i][v]          x: rows of a matrix; w: packed panel        forward, data gradients
 *   outerTile  acc[m][v] += Σ_p x[p·xStride + m] · g[p·gStride + v]  both by rows; p: cells                    weight gradients
 *
 *   dotTile    acc[m] += x[m·stride + i…] ⊙ w[i…], lanes added at the end  x: rows; w: one column                   a single output channel
 *
 * Sizes: AVX-512 and NEON have 32 registers, so 14x2 or 9x3 accumulators leave room for the panel's vectors and one broadcast; with 16 registers it
 * is 6x2 or 4x3. Each step of the sum then makes 24–28 multiply-adds (12) of at most 16 loads (8): the two multiply-add units are the limit, not the
 * two load ports. Work is cut into tiles of nearly equal size (`tileCount`), so that no tile is padded.
 */
namespace retroplume::RETROPLUME_ISA {

constexpr int kMaxVectors = 3;
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kMaxRows[kMaxVectors + 1] = {0, 14, 14, 9};
#else
constexpr int kMaxRows[kMaxVectors + 1] = {0, 12, 6, 4};
#endif
constexpr int kRowLimit = 14;

/**
 * acc += x · w over `length` products. `w` holds NV vectors for each of them, packed. With `kAhead` what lies behind the tile's rows, which the next
 * tile reads, is fetched meanwhile: the processor's own fetching does not keep up with an operand that comes from memory.
 */
template <int MR, int NV, bool kAhead = false>
[[gnu::always_inline]] inline void rowTile(Vector (&acc)[MR][NV], const float* x, int64_t stride, const float* w, int64_t length) {
  // One pointer for three rows: x86 addresses base, base + stride and base + 2·stride without further registers.
  constexpr int kBases = (MR + 2) / 3;
  const float* base[kBases];
#pragma GCC unroll 8
  for (int b = 0; b < kBases; ++b) base[b] = x + 3 * b * stride;
  const float* ahead = x + MR * stride;
  const int64_t step = kAhead ? MR * stride / length : 0;
  // The smaller side waits in registers for the larger one.
  for (int64_t i = 0; i < length; ++i) {
    if constexpr (kAhead) __builtin_prefetch(ahead + i * step);
    if constexpr (MR < NV) {
      Vector value[MR];
#pragma GCC unroll 4
      for (int m = 0; m < MR; ++m) value[m] = splat(base[m / 3][(m % 3) * stride + i]);
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) {
        const Vector panel = load(w + (i * NV + v) * kLanes);
#pragma GCC unroll 4
        for (int m = 0; m < MR; ++m) acc[m][v] += value[m] * panel;
      }
    } else {
      Vector panel[NV];
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) panel[v] = load(w + (i * NV + v) * kLanes);
#pragma GCC unroll 16
      for (int m = 0; m < MR; ++m) {
        const Vector value = splat(base[m / 3][(m % 3) * stride + i]);
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) acc[m][v] += value * panel[v];
      }
    }
  }
}

/** acc += xᵀ · g over `count` cells. Lanes of g past its row are read and meet only lanes of acc that nobody stores. */
template <int MC, int NV>
[[gnu::always_inline]] inline void outerTile(Vector (&acc)[MC][NV], const float* x, int64_t xStride, const float* g, int64_t gStride, int64_t count) {
  for (int64_t p = 0; p < count; ++p) {
    Vector panel[NV];
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) panel[v] = load(g + v * kLanes);
#pragma GCC unroll 16
    for (int m = 0; m < MC; ++m) {
      const Vector value = splat(x[m]);
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) acc[m][v] += value * panel[v];
    }
    x += xStride;
    g += gStride;
  }
}

/** `count` items as tiles of at most `limit`: their number; tile t holds items t·count/tiles … (t+1)·count/tiles. */
inline int64_t tileCount(int64_t count, int64_t limit) { return ceilDivide(count, limit); }

/** A panel's column blocks: `vectors` vectors cut into blocks of at most kMaxVectors, all of the same size where 3 or 2 divides their number. */
struct ColumnBlocks {
  int64_t vectors;
  int64_t count;
  explicit ColumnBlocks(int64_t columns) : vectors(ceilDivide(columns, kLanes)) {
    count = vectors % kMaxVectors != 0 && vectors % 2 == 0 ? vectors / 2 : tileCount(vectors, kMaxVectors);
  }
  int64_t begin(int64_t block) const { return block * vectors / count; }
  int size(int64_t block) const { return static_cast<int>(begin(block + 1) - begin(block)); }
  /** Rows of a tile that every block can be computed with. */
  int64_t rowLimit() const { return kMaxRows[ceilDivide(vectors, count)]; }
};

/** Lanes of a block's last vector that are columns. */
inline int lastLanes(const ColumnBlocks& blocks, int64_t block, int64_t columns) {
  return static_cast<int>(smaller(kLanes, columns - (blocks.begin(block + 1) - 1) * kLanes));
}

/** True for results of so many floats that no cache holds them until they are read; they must begin at a cache line to be streamed. */
inline bool exceedsCaches(const float* out, int64_t floats, int64_t least = int64_t{4} << 20) {
  return floats >= least && reinterpret_cast<uintptr_t>(out) % 64 == 0;
}

/**
 * True for outputs [rows, columns], `stride` apart, that are streamed: of which a tile writes whole cache lines. (1x1 64-64 on 2x182x232 cells: 4.5
 * instead of 5.0 ms with two threads.)
 */
inline bool streamsRows(const float* out, int64_t rows, int64_t columns, int64_t stride) {
  constexpr int64_t kLine = 16;  // floats
  const ColumnBlocks blocks(columns);
  const bool wholeLines = columns % kLine == 0 && blocks.size(0) * kLanes % kLine == 0 && blocks.vectors % blocks.count == 0;
  return wholeLines && stride % kLine == 0 && exceedsCaches(out, rows * columns);
}

/**
 * Packs `rows` rows of a matrix into a panel of `panelRows` rows, from its row `firstRow` on: [block][row][vector][lane], columns past the end 0.
 * Element (r, c) is source[r·rowStride + c·columnStride].
 */
inline void packPanel(const float* source, int64_t rows, int64_t columns, int64_t rowStride, int64_t columnStride, int64_t firstRow,
                      int64_t panelRows, float* panel) {
  const ColumnBlocks blocks(columns);
  for (int64_t b = 0; b < blocks.count; ++b) {
    const int64_t width = blocks.size(b) * kLanes, first = blocks.begin(b) * kLanes, valid = smaller(width, columns - first);
    for (int64_t r = 0; r < rows; ++r) {
      float* to = panel + first * panelRows + (firstRow + r) * width;
      const float* from = source + r * rowStride + first * columnStride;
      if (columnStride == 1) {
        for (int64_t c = 0; c < valid; ++c) to[c] = from[c];
      } else {
        for (int64_t c = 0; c < valid; ++c) to[c] = from[c * columnStride];
      }
      for (int64_t c = valid; c < width; ++c) to[c] = 0.0f;
    }
  }
}

/** One tile of outputs of a matrix product whose left rows lie in `segments` pieces (the rows of a convolution's window). */
struct RowTileCall {
  const float* x;
  int64_t stride;         // between the left rows of the tile
  int64_t segmentStride;  // between pieces
  int64_t segments;
  int64_t length;      // of a piece
  const float* panel;  // [segments·length][NV·lanes]
  const float* bias;   // [NV·lanes], or null: 0
  const float* slope;  // [NV·lanes], of a P-ReLU, whose derivative it may be
  int activation;
  int derivative;  // as Derivative.kind
  const float* activated;
  int64_t activatedStride;
  bool accumulate;
  bool streamed;  // see streamsRows
  float* out;
  int64_t outStride;
  int lastLanes;  // of the last vector that are stored
};

template <int MR, int NV>
void runRowTile(const RowTileCall& call) {
  Vector acc[MR][NV];
#pragma GCC unroll 4
  for (int v = 0; v < NV; ++v) {
    const Vector bias = call.bias != nullptr ? load(call.bias + v * kLanes) : Vector{};
#pragma GCC unroll 16
    for (int m = 0; m < MR; ++m) acc[m][v] = bias;
  }
  // Inlined by word: sums that a call could see would lie in memory, which Clang else does.
  const auto forEachAt = [&](auto* first, int64_t stride, auto body) __attribute__((always_inline)) {
#pragma GCC unroll 16
    for (int m = 0; m < MR; ++m) {
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) body(acc[m][v], v, first + m * stride + v * kLanes, v < NV - 1 ? kLanes : call.lastLanes);
    }
  };
  const auto forEach = [&](auto body) __attribute__((always_inline)) { forEachAt(call.out, call.outStride, body); };
  // Lines to be written come while the sum is made.
  if (!call.streamed) forEach([](Vector&, int, const float* out, int) { __builtin_prefetch(out, 1); });
  if (call.accumulate) forEach([](Vector& z, int, const float* out, int valid) { z += fetch(out, valid); });
  for (int64_t s = 0; s < call.segments; ++s) {
    const float* x = call.x + s * call.segmentStride;
    const float* panel = call.panel + s * call.length * NV * kLanes;
    // Of windows that overlap only the last row is new.
    if (s + 1 == call.segments || call.stride >= call.length)
      rowTile<MR, NV, true>(acc, x, call.stride, panel, call.length);
    else
      rowTile<MR, NV>(acc, x, call.stride, panel, call.length);
  }
  if (call.activation != 0) forEach([&](Vector& z, int v, const float*, int) { z = activate(z, call.activation, call.slope + v * kLanes); });
  if (call.derivative != 0) {
    forEachAt(call.activated, call.activatedStride, [&](Vector& z, int v, const float* activated, int valid) {
      z = differentiate(z, call.derivative, fetch(activated, valid), call.slope + v * kLanes);
    });
  }
  if (call.streamed)
    forEach([](Vector& z, int, float* out, int) { stream(out, z); });
  else if (call.lastLanes == kLanes)
    forEach([](Vector& z, int, float* out, int) { store(out, z); });
  else
    forEach([](Vector& z, int, float* out, int valid) { keep(out, z, valid); });
}

/** As runRowTile, for one column: call.panel is [segments·length]. */
template <int MR>
void runDotTile(const RowTileCall& call) {
  Vector acc[MR] = {};
  for (int64_t s = 0; s < call.segments; ++s) {
    const float *x = call.x + s * call.segmentStride, *panel = call.panel + s * call.length;
    for (int64_t i = 0; i < call.length; i += kLanes) {
      const int valid = static_cast<int>(smaller(kLanes, call.length - i));
      const Vector w = fetch(panel + i, valid);
#pragma GCC unroll 16
      for (int m = 0; m < MR; ++m) acc[m] += fetch(x + m * call.stride + i, valid) * w;
    }
  }
#pragma GCC unroll 16
  for (int m = 0; m < MR; ++m) {
    float* out = call.out + m * call.outStride;
    float z = sumLanes(acc[m]) + (call.bias != nullptr ? *call.bias : 0.0f) + (call.accumulate ? *out : 0.0f);
    if (call.activation != 0) z = activate(splat(z), call.activation, call.slope)[0];
    if (call.derivative != 0) z = differentiate(splat(z), call.derivative, splat(call.activated[m * call.activatedStride]), call.slope)[0];
    *out = z;
  }
}

/** One tile of a plain matrix product, rows of full vectors: for sums so short that a RowTileCall's pieces and epilogue would be felt. */
struct ProductTileCall {
  const float* x;
  int64_t stride;  // between rows of x
  int64_t length;
  const float* panel;  // [length][NV·lanes]
  float* out;
  int64_t outStride;
};

template <int MR, int NV>
void runProductTile(const ProductTileCall& call) {
  Vector acc[MR][NV] = {};
  rowTile<MR, NV>(acc, call.x, call.stride, call.panel, call.length);
#pragma GCC unroll 16
  for (int m = 0; m < MR; ++m) {
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) store(call.out + m * call.outStride + v * kLanes, acc[m][v]);
  }
}

/** One tile of a weight gradient: acc[m][v] = its value at to[m·toStride + v·lanes], increased by the outer products. */
struct OuterTileCall {
  const float* x;
  int64_t xStride;
  const float* g;
  int64_t gStride;
  int64_t count;     // cells of a piece
  int64_t segments;  // pieces: rows of the grid
  int64_t xSegmentStride;
  int64_t gSegmentStride;
  float* to;  // rows of full vectors
  int64_t toStride;
};

template <int MC, int NV>
void runOuterTile(const OuterTileCall& call) {
  Vector acc[MC][NV];
#pragma GCC unroll 16
  for (int m = 0; m < MC; ++m) {
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) acc[m][v] = load(call.to + m * call.toStride + v * kLanes);
  }
  for (int64_t s = 0; s < call.segments; ++s) {
    outerTile<MC, NV>(acc, call.x + s * call.xSegmentStride, call.xStride, call.g + s * call.gSegmentStride, call.gStride, call.count);
  }
#pragma GCC unroll 16
  for (int m = 0; m < MC; ++m) {
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) store(call.to + m * call.toStride + v * kLanes, acc[m][v]);
  }
}

/** Calls the instance of a tile function for run-time `rows` and `vectors`. */
template <template <int, int> class Tile, class Call, int R = 1>
[[gnu::always_inline]] inline void dispatchRows(int rows, int vectors, const Call& call) {
  if constexpr (R <= kRowLimit) {
    if (rows != R) return dispatchRows<Tile, Call, R + 1>(rows, vectors, call);
    if constexpr (R <= kMaxRows[1]) {
      if (vectors == 1) return Tile<R, 1>::run(call);
    }
    if constexpr (R <= kMaxRows[2]) {
      if (vectors == 2) return Tile<R, 2>::run(call);
    }
    if constexpr (R <= kMaxRows[3]) {
      if (vectors == 3) return Tile<R, 3>::run(call);
    }
  }
}

template <int MR, int NV>
struct RowTile {
  [[gnu::noinline]] static void run(const RowTileCall& call) { runRowTile<MR, NV>(call); }
};

/** For one vector, of which one lane is a column. */
template <int MR, int NV>
struct DotTile {
  [[gnu::noinline]] static void run(const RowTileCall& call) { runDotTile<MR>(call); }
};

template <int MR, int NV>
struct ProductTile {
  [[gnu::noinline]] static void run(const ProductTileCall& call) { runProductTile<MR, NV>(call); }
};

template <int MC, int NV>
struct OuterTile {
  [[gnu::noinline]] static void run(const OuterTileCall& call) { runOuterTile<MC, NV>(call); }
};

inline void runRowTile(int rows, int vectors, const RowTileCall& call) { dispatchRows<RowTile>(rows, vectors, call); }
inline void runDotTile(int rows, const RowTileCall& call) { dispatchRows<DotTile>(rows, 1, call); }
inline void runProductTile(int rows, int vectors, const ProductTileCall& call) { dispatchRows<ProductTile>(rows, vectors, call); }
inline void runOuterTile(int rows, int vectors, const OuterTileCall& call) { dispatchRows<OuterTile>(rows, vectors, call); }

}  // namespace retroplume::RETROPLUME_ISA
