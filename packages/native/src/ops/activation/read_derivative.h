#pragma once
#include "ops/activation/activation.h"
#include "runtime/instruction_reader.h"

namespace retroplume {

/** The derivative that a data gradient of [cells, channels] is asked to be multiplied by: parameters `derivative`, `activatedStride`. */
template <class T>
Derivative<T> readDerivative(InstructionReader<T>& reader, int64_t cells, int64_t channels) {
  Derivative<T> d{};
  d.kind = reader.choice("derivative", kActivations);
  if (d.kind == 0) return d;
  d.stride = reader.integer("activatedStride", channels, channels);
  d.activated = reader.inputRows("activated", {cells, channels, d.stride});
  if (d.kind == 2) d.slope = reader.input("slope", {channels});
  return d;
}

}  // namespace retroplume
