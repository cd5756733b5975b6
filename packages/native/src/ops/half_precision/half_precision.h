#pragma once
#include <cstdint>

/**
 * Arrays in half precision (IEEE 754 binary16, `one` being the number that 1 stands for) from and to floats. Not instructions of programs: fields
 * that are kept in half the room lie in JavaScript's memory.
 */
namespace retroplume {

/** out[i] = one · halves[i] */
struct FromHalf {
  int64_t count;
  const uint16_t* halves;
  float* out;
  float one;
};

/** halves[i] = values[i] / one, rounded to nearest, ties to even; what is larger than 65504 becomes that. */
struct ToHalf {
  int64_t count;
  const float* values;
  uint16_t* halves;
  float one;
};

}  // namespace retroplume
