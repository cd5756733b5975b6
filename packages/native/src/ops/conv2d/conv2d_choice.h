#pragma once
#include "ops/conv2d/conv2d.h"

namespace retroplume {

inline bool forwardByWinograd(const Conv2dParams& p) { return p.algorithm == 2; }
inline bool backwardInputByWinograd(const Conv2dParams& p) { return p.algorithm == 2; }
inline bool backwardWeightByWinograd(const Conv2dParams& p) { return p.algorithm == 2; }

}  // namespace retroplume
