#include "ops/cpu_declarations.h"

namespace retroplume::RETROPLUME_ISA {

CpuKernels cpuTable() {
  CpuKernels table;
  table.conv2dForward = conv2dForward;
  table.conv2dBackwardInput = conv2dBackwardInput;
  table.conv2dBackwardWeight = conv2dBackwardWeight;
  table.upconv2x2Forward = upconv2x2Forward;
  table.upconv2x2BackwardInput = upconv2x2BackwardInput;
  table.upconv2x2BackwardWeight = upconv2x2BackwardWeight;
  table.lstmForward = lstmForward;
  table.lstmBackward = lstmBackward;
  return table;
}

}  // namespace retroplume::RETROPLUME_ISA
