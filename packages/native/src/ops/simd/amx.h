#pragma once
#include "ops/simd/scratch.h"
#include "ops/simd/simd.h"

/**
 * Matrix products of floats on the tile unit of Intel's processors (AMX), which multiplies numbers of 16 bits (bfloat16) and adds in single
 * precision: 16 x 16 sums of 32 products in 16 cycles, sixteen times what the vector units do. A float is the sum of three such numbers, exactly,
 *
 *   x = high + middle + low,   each the first 8 bits of what is left,
 *
 * so that x·y is the sum of six products, high·high to low·high and middle·middle; the three left out are below 2⁻²² of it, 2⁻²⁴ on average, as an
 * addition in single precision rounds. Six for one leave 2.7 times the peak of the vector units. What is not finite becomes NaN, and parts
 * below 1.2e-38 count as 0.
 *
 * A tile is 16 rows of 64 bytes. Of a left operand it holds 16 rows and 32 columns; of a right one 32 rows of 16 columns, in pairs: row j, column n
 * are elements (2j, n) and (2j + 1, n). Operands lie in memory as such tiles, 1 KiB each, three in a row: high, middle, low. `Split` makes them.
 */
namespace retroplume::RETROPLUME_ISA {

/** Tile registers for the life of this object; the thread must not be left with them in use (they make every switch of threads save 8 KiB). */
class TileRegisters {
 public:
  TileRegisters() {
    alignas(64) struct {
      uint8_t palette = 1, start = 0, reserved[14] = {};
      uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } const config;
    asm volatile("ldtilecfg %0" ::"m"(config) : "memory");
  }
  ~TileRegisters() { asm volatile("tilerelease" ::: "memory"); }
  TileRegisters(const TileRegisters&) = delete;
  TileRegisters& operator=(const TileRegisters&) = delete;
};

// By assembler: the compiler's own functions do not tell it that they read and write memory.
template <int T>
[[gnu::always_inline]] inline void loadTile(const void* from, int64_t stride = 64) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(T) : "memory");
}
template <int T>
[[gnu::always_inline]] inline void storeTile(void* to, int64_t stride = 64) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(T) : "memory");
}
template <int T>
[[gnu::always_inline]] inline void clearTile() {
  asm volatile("tilezero %%tmm%c0" ::"i"(T));
}
template <int Sum, int Left, int Right>
[[gnu::always_inline]] inline void multiplyTiles() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(Sum), "i"(Left), "i"(Right));
}

constexpr int kProductTurns = 6;

/**
 * Sums 0 … 3 += two tiles of rows by two tiles of columns, through `depth` tiles of the sum; `leftStep` and `rightStep` floats lie between those of a
 * depth and the next. The four sums take turns: one alone would wait 52 cycles for itself.
 *
 * For some 300 cycles after an instruction of the tile unit, vectors are multiplied at half their rate. So products of the two kinds stand in long
 * turns, not side by side. What has no products can be had for little meanwhile: `between` is called after each four of the tile unit's,
 * kProductTurns·depth times.
 */
template <class Between>
[[gnu::always_inline]] inline void multiplyBlock(const float* left0, const float* left1, int64_t leftStep, const float* right0, const float* right1,
                                                 int64_t rightStep, int64_t depth, Between between) {
  const auto lefts = [&](int part) {
    loadTile<4>(left0 + part * kTileFloats);
    loadTile<5>(left1 + part * kTileFloats);
  };
  const auto rights = [&](int part) {
    loadTile<6>(right0 + part * kTileFloats);
    loadTile<7>(right1 + part * kTileFloats);
  };
  const auto multiply = [&] {
    multiplyTiles<0, 4, 6>();
    multiplyTiles<1, 4, 7>();
    multiplyTiles<2, 5, 6>();
    multiplyTiles<3, 5, 7>();
    between();
  };
  for (int64_t d = 0; d < depth; ++d) {
    // In an order in which one operand stays.
    lefts(2), rights(0), multiply();
    lefts(1), multiply();
    rights(1), multiply();
    lefts(0), multiply();
    rights(2), multiply();
    rights(0), multiply();
    left0 += leftStep, left1 += leftStep, right0 += rightStep, right1 += rightStep;
  }
}

[[gnu::always_inline]] inline void multiplyBlock(const float* left0, const float* left1, int64_t leftStep, const float* right0, const float* right1,
                                                 int64_t rightStep, int64_t depth) {
  multiplyBlock(left0, left1, leftStep, right0, right1, rightStep, depth, [] {});
}

/** The parts of 16 floats, each in the upper half of its lane. */
struct Split {
  Vector part[kOperandParts];
  [[gnu::always_inline]] explicit Split(Vector x) {
    const auto upper = [](Vector v) { return (Vector)((IntVector)v & static_cast<int32_t>(0xffff0000)); };
    part[0] = upper(x);
    const Vector rest = x - part[0];
    part[1] = upper(rest);
    part[2] = rest - part[1];  // no more than 8 bits are left
  }
};

/** Two by two: a row of a right operand, or of a left one whose columns are counted in that order. `to` is its place in the tile of the high parts.
 */
[[gnu::always_inline]] inline void storePairs(float* to, const Split& even, const Split& odd) {
#pragma GCC unroll 3
  for (int p = 0; p < kOperandParts; ++p) {
    // The lowest part of a number below 1e-33 is subnormal, and has bits in its lower half.
    const UintVector upper = (UintVector)odd.part[p] & 0xffff0000u;
    store(to + p * kTileFloats, (Vector)((UintVector)even.part[p] >> 16 | upper));
  }
}

/** Floats before a row of a left operand, `depth` tiles wide. */
[[gnu::always_inline]] inline int64_t leftRow(int64_t row, int64_t depth) {
  return row / kOperandRows * depth * kOperandFloats + row % kOperandRows * kOperandRows;
}

/** Element (row, column) of a tile of a right operand: for what is packed once. */
inline void putRight(float* tile, int64_t row, int64_t column, float x) {
  for (int p = 0; p < kOperandParts; ++p) {
    uint32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    const uint16_t upper = static_cast<uint16_t>(bits >> 16);
    __builtin_memcpy(reinterpret_cast<uint16_t*>(tile + p * kTileFloats) + row / 2 * kOperandDepth + column * 2 + row % 2, &upper, sizeof upper);
    bits &= 0xffff0000u;
    float part;
    __builtin_memcpy(&part, &bits, sizeof part);
    x -= part;
  }
}

/** Transposes 16 vectors. */
[[gnu::always_inline]] inline void transpose(Vector (&x)[16]) {
  __m512 t[16];
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    const __m512 a = reinterpret_cast<__m512>(x[i]), b = reinterpret_cast<__m512>(x[i + 1]);
    t[i] = _mm512_unpacklo_ps(a, b);
    t[i + 1] = _mm512_unpackhi_ps(a, b);
  }
  __m512 u[16];
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    const auto pair = [&](int a, int b, bool high) {
      const __m512d l = _mm512_castps_pd(t[i + a]), r = _mm512_castps_pd(t[i + b]);
      return _mm512_castpd_ps(high ? _mm512_unpackhi_pd(l, r) : _mm512_unpacklo_pd(l, r));
    };
    u[i] = pair(0, 2, false);
    u[i + 1] = pair(0, 2, true);
    u[i + 2] = pair(1, 3, false);
    u[i + 3] = pair(1, 3, true);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m512 a = _mm512_shuffle_f32x4(u[i], u[i + 4], 0x88), b = _mm512_shuffle_f32x4(u[i + 8], u[i + 12], 0x88);
    const __m512 c = _mm512_shuffle_f32x4(u[i], u[i + 4], 0xdd), d = _mm512_shuffle_f32x4(u[i + 8], u[i + 12], 0xdd);
    x[i] = reinterpret_cast<Vector>(_mm512_shuffle_f32x4(a, b, 0x88));
    x[i + 4] = reinterpret_cast<Vector>(_mm512_shuffle_f32x4(c, d, 0x88));
    x[i + 8] = reinterpret_cast<Vector>(_mm512_shuffle_f32x4(a, b, 0xdd));
    x[i + 12] = reinterpret_cast<Vector>(_mm512_shuffle_f32x4(c, d, 0xdd));
  }
}

}  // namespace retroplume::RETROPLUME_ISA
