#pragma once
#include <vector>

#include "binding/arguments.h"
#include "ops/tracers/tracers.h"

namespace retroplume {

/** A TracerRequest of tracers.ts: the parameters but for pointers, except to the kinds and where those of a group begin, which live as long as it. */
struct TracerRequest {
  TracerParams params{};
  std::vector<TracerKind> kinds;
  std::vector<int64_t> firsts;

  /** @throws NativeError ARGUMENT_INVALID if a number does not fit */
  TracerRequest(const Arguments& arguments, const Napi::Object& source);
  TracerRequest(const TracerRequest&) = delete;
  TracerRequest& operator=(const TracerRequest&) = delete;

  int64_t cells() const { return params.rows * params.cols; }
  int64_t emissionElements() const { return params.hours * cells() * params.groups; }
};

}  // namespace retroplume
