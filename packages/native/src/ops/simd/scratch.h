#pragma once
#include <cstddef>
#include <cstdint>

/** Sizes of scratch memory, as the binding computes them for whichever instruction set: rounded up to the widest vector. */
namespace retroplume {

constexpr int64_t kWidestLanes = 16;
constexpr int64_t kCacheLine = 16;  // in floats

constexpr int64_t roundUp(int64_t count, int64_t unit = kWidestLanes) { return (count + unit - 1) / unit * unit; }

}  // namespace retroplume
