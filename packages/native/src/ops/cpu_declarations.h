#pragma once
#include "ops/cpu_kernels.h"

/** The fast kernels, as each instruction set's namespace has them; cpu_table_cpu.cc lists them for the dispatch. */
namespace retroplume::RETROPLUME_ISA {

CpuKernels cpuTable();

void conv2dForward(const Conv2dForward<float>& call, const Context& context);
void conv2dForwardWinograd(const Conv2dForward<float>& call, const Context& context);
void conv2dBackwardInput(const Conv2dBackwardInput<float>& call, const Context& context);
void conv2dBackwardInputWinograd(const Conv2dBackwardInput<float>& call, const Context& context);
void conv2dBackwardWeight(const Conv2dBackwardWeight<float>& call, const Context& context);
void conv2dBackwardWeightWinograd(const Conv2dBackwardWeight<float>& call, const Context& context);
void upconv2x2Forward(const Upconv2x2Forward<float>& call, const Context& context);
void upconv2x2BackwardInput(const Upconv2x2BackwardInput<float>& call, const Context& context);
void upconv2x2BackwardWeight(const Upconv2x2BackwardWeight<float>& call, const Context& context);
void maxpool2x2Forward(const Maxpool2x2Forward<float>& call, const Context& context);
void maxpool2x2Backward(const Maxpool2x2Backward<float>& call, const Context& context);
void lstmForward(const LstmForward<float>& call, const Context& context);
void lstmBackward(const LstmBackward<float>& call, const Context& context);
void batchNormTrainForward(const BatchNormTrainForward<float>& call, const Context& context);
void batchNormTrainBackward(const BatchNormTrainBackward<float>& call, const Context& context);
void batchNormEvalForward(const BatchNormEvalForward<float>& call, const Context& context);
void batchNormEvalBackward(const BatchNormEvalBackward<float>& call, const Context& context);
void batchNormPreluForward(const BatchNormPreluForward<float>& call, const Context& context);
void batchNormPreluBackward(const BatchNormPreluBackward<float>& call, const Context& context);
void preluForward(const PreluForward<float>& call, const Context& context);
void preluBackward(const PreluBackward<float>& call, const Context& context);
void channelAffineForward(const ChannelAffineForward<float>& call, const Context& context);
void channelAffineBackward(const ChannelAffineBackward<float>& call, const Context& context);
void multiplyStepsForward(const MultiplyStepsForward<float>& call, const Context& context);
void multiplyStepsBackward(const MultiplyStepsBackward<float>& call, const Context& context);
void unaryForward(const UnaryForward<float>& call, const Context& context);
void unaryBackward(const UnaryBackward<float>& call, const Context& context);
void dropoutForward(const DropoutForward<float>& call, const Context& context);
void dropoutBackward(const DropoutBackward<float>& call, const Context& context);
void binary(const Binary<float>& call, const Context& context);
void axpy(const Axpy<float>& call, const Context& context);
void scale(const Scale<float>& call, const Context& context);
void fill(const Fill<float>& call, const Context& context);
void stridedCopy(const StridedCopy<float>& call, const Context& context);
void lossForward(const LossForward<float>& call, const Context& context);
void lossBackward(const LossBackward<float>& call, const Context& context);
void adam(const Adam<float>& call, const Context& context);
void muon(const Muon<float>& call, const Context& context);
void sgdProject(const SgdProject<float>& call, const Context& context);
void clipNorm(const ClipNorm<float>& call, const Context& context);
void multiplyAdds(const MultiplyAdds& call, const Context& context);
void triad(const Triad& call, const Context& context);
void windowMean(const WindowMean& call, const Context& context);
void windowMeanOfHalves(const WindowMeanOfHalves& call, const Context& context);
void windowMeanAdjoint(const WindowMeanAdjoint& call, const Context& context);
void fromHalf(const FromHalf& call, const Context& context);
void toHalf(const ToHalf& call, const Context& context);
void tracers(const Tracers& call, const Context& context);
void tracersAdjoint(const TracersAdjoint& call, const Context& context);
void tracerRates(const TracerRates& call, const Context& context);
void linearFactors(const LinearFactors& call, const Context& context);
void linearDescent(const LinearDescent& call, const Context& context);
void linearBounds(const LinearBounds& call, const Context& context);
void findNonFinite(const FindNonFinite& call, const Context& context);

}  // namespace retroplume::RETROPLUME_ISA
