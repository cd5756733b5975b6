#pragma once
#include <cstdint>

/**
 * Some elements of an array in a device's memory: what monitors see of a field, and the gradient on it. Not an instruction of programs: which
 * elements and how many changes from run to run.
 */
namespace retroplume {

/** values[i] = array[places[i]], of an array of `length` elements. */
struct GatherOnDevice {
  int64_t count, length;
  const float* array;
  const int32_t* places;
  float* values;
};

/** array[places[i]] = values[i]; no place is twice among them. */
struct ScatterOnDevice {
  int64_t count, length;
  const float* values;
  const int32_t* places;
  float* array;
};

}  // namespace retroplume
