#include "ops/cpu_declarations.h"

namespace retroplume::RETROPLUME_ISA {

CpuKernels cpuTable() {
  CpuKernels table;
  table.conv2dForward = conv2dForward;
  table.conv2dForwardWinograd = conv2dForwardWinograd;
  table.conv2dBackwardInput = conv2dBackwardInput;
  table.conv2dBackwardInputWinograd = conv2dBackwardInputWinograd;
  table.conv2dBackwardWeight = conv2dBackwardWeight;
  table.conv2dBackwardWeightWinograd = conv2dBackwardWeightWinograd;
  table.upconv2x2Forward = upconv2x2Forward;
  table.upconv2x2BackwardInput = upconv2x2BackwardInput;
  table.upconv2x2BackwardWeight = upconv2x2BackwardWeight;
  table.maxpool2x2Forward = maxpool2x2Forward;
  table.maxpool2x2Backward = maxpool2x2Backward;
  table.lstmForward = lstmForward;
  table.lstmBackward = lstmBackward;
  table.batchNormTrainForward = batchNormTrainForward;
  table.batchNormTrainBackward = batchNormTrainBackward;
  table.batchNormEvalForward = batchNormEvalForward;
  table.batchNormEvalBackward = batchNormEvalBackward;
  table.batchNormPreluForward = batchNormPreluForward;
  table.batchNormPreluBackward = batchNormPreluBackward;
  table.preluForward = preluForward;
  table.preluBackward = preluBackward;
  table.channelAffineForward = channelAffineForward;
  table.channelAffineBackward = channelAffineBackward;
  table.multiplyStepsForward = multiplyStepsForward;
  table.multiplyStepsBackward = multiplyStepsBackward;
  table.unaryForward = unaryForward;
  table.unaryBackward = unaryBackward;
  table.dropoutForward = dropoutForward;
  table.dropoutBackward = dropoutBackward;
  table.binary = binary;
  table.axpy = axpy;
  table.scale = scale;
  table.fill = fill;
  table.stridedCopy = stridedCopy;
  table.lossForward = lossForward;
  table.lossBackward = lossBackward;
  table.adam = adam;
  table.muon = muon;
  table.sgdProject = sgdProject;
  table.clipNorm = clipNorm;
  table.multiplyAdds = multiplyAdds;
  table.triad = triad;
  table.windowMean = windowMean;
  table.windowMeanOfHalves = windowMeanOfHalves;
  table.windowMeanAdjoint = windowMeanAdjoint;
  table.fromHalf = fromHalf;
  table.toHalf = toHalf;
  table.tracers = tracers;
  table.tracersAdjoint = tracersAdjoint;
  table.tracerRates = tracerRates;
  table.linearFactors = linearFactors;
  table.linearDescent = linearDescent;
  table.linearBounds = linearBounds;
  table.findNonFinite = findNonFinite;
  return table;
}

}  // namespace retroplume::RETROPLUME_ISA
