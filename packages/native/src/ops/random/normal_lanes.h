#pragma once
#include "ops/random/normal.h"
#include "ops/random/philox_lanes.h"

/** Normal numbers of rows, as many at a time as a vector has lanes. */
namespace retroplume::RETROPLUME_ISA {

struct Lanes {
  using Float = Vector;
  using Int = IntVector;
  using Word = UintVector;

  [[gnu::always_inline]] static inline IntVector bits(Vector x) { return reinterpret_cast<IntVector>(x); }
  [[gnu::always_inline]] static inline Vector fromBits(IntVector of) { return reinterpret_cast<Vector>(of); }
  [[gnu::always_inline]] static inline Vector number(IntVector x) { return __builtin_convertvector(x, Vector); }
  [[gnu::always_inline]] static inline Vector root(Vector x) { return squareRoot(x); }
};

/** The numbers of elements kNormalBlock · `block` and on of row `row`. */
[[gnu::always_inline]] inline void normalsOfBlock(int64_t block, int64_t row, uint64_t key, float (&normals)[kNormalBlock]) {
  for (int lane = 0; lane < kNormalCounters; lane += kLanes) {
    UintVector words[4];
    philoxLanes(static_cast<uint32_t>(block * kNormalCounters + lane), static_cast<uint32_t>(row), 0, key, words);
    for (int pair = 0; pair < 2; ++pair) {
      Vector cosine, sine;
      normalPair<Lanes>(words[2 * pair], words[2 * pair + 1], cosine, sine);
      store(normals + 2 * pair * kNormalCounters + lane, cosine);
      store(normals + (2 * pair + 1) * kNormalCounters + lane, sine);
    }
  }
}

}  // namespace retroplume::RETROPLUME_ISA
