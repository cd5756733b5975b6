#pragma once
#include "ops/arithmetic/arithmetic.h"
#include "ops/batch_norm/batch_norm.h"
#include "ops/batch_norm_prelu/batch_norm_prelu.h"
#include "ops/channel_affine/channel_affine.h"
#include "ops/conv2d/conv2d.h"
#include "ops/dropout/dropout.h"
#include "ops/half_precision/half_precision.h"
#include "ops/linear_control/linear_control.h"
#include "ops/loss/loss.h"
#include "ops/lstm/lstm.h"
#include "ops/maxpool2x2/maxpool2x2.h"
#include "ops/multiply_steps/multiply_steps.h"
#include "ops/muon/muon.h"
#include "ops/optimiser/optimiser.h"
#include "ops/peak/peak.h"
#include "ops/prelu/prelu.h"
#include "ops/strided_copy/strided_copy.h"
#include "ops/tracers/tracer_rates.h"
#include "ops/tracers/tracers.h"
#include "ops/unary/unary.h"
#include "ops/upconv2x2/upconv2x2.h"
#include "ops/window_mean/window_mean.h"
#include "runtime/context.h"
#include "runtime/cpu_features.h"

namespace retroplume {

template <class Call>
using Kernel = void (*)(const Call&, const Context&);

/** The fast float kernels of one instruction set; a null slot means that the reference kernel is used. */
struct CpuKernels {
  Kernel<Conv2dForward<float>> conv2dForward = nullptr;
  Kernel<Conv2dForward<float>> conv2dForwardWinograd = nullptr;
  Kernel<Conv2dBackwardInput<float>> conv2dBackwardInput = nullptr;
  Kernel<Conv2dBackwardInput<float>> conv2dBackwardInputWinograd = nullptr;
  Kernel<Conv2dBackwardWeight<float>> conv2dBackwardWeight = nullptr;
  Kernel<Conv2dBackwardWeight<float>> conv2dBackwardWeightWinograd = nullptr;
  Kernel<Upconv2x2Forward<float>> upconv2x2Forward = nullptr;
  Kernel<Upconv2x2BackwardInput<float>> upconv2x2BackwardInput = nullptr;
  Kernel<Upconv2x2BackwardWeight<float>> upconv2x2BackwardWeight = nullptr;
  Kernel<Maxpool2x2Forward<float>> maxpool2x2Forward = nullptr;
  Kernel<Maxpool2x2Backward<float>> maxpool2x2Backward = nullptr;
  Kernel<LstmForward<float>> lstmForward = nullptr;
  Kernel<LstmBackward<float>> lstmBackward = nullptr;
  Kernel<BatchNormTrainForward<float>> batchNormTrainForward = nullptr;
  Kernel<BatchNormTrainBackward<float>> batchNormTrainBackward = nullptr;
  Kernel<BatchNormEvalForward<float>> batchNormEvalForward = nullptr;
  Kernel<BatchNormEvalBackward<float>> batchNormEvalBackward = nullptr;
  Kernel<BatchNormPreluForward<float>> batchNormPreluForward = nullptr;
  Kernel<BatchNormPreluBackward<float>> batchNormPreluBackward = nullptr;
  Kernel<PreluForward<float>> preluForward = nullptr;
  Kernel<PreluBackward<float>> preluBackward = nullptr;
  Kernel<ChannelAffineForward<float>> channelAffineForward = nullptr;
  Kernel<ChannelAffineBackward<float>> channelAffineBackward = nullptr;
  Kernel<MultiplyStepsForward<float>> multiplyStepsForward = nullptr;
  Kernel<MultiplyStepsBackward<float>> multiplyStepsBackward = nullptr;
  Kernel<UnaryForward<float>> unaryForward = nullptr;
  Kernel<UnaryBackward<float>> unaryBackward = nullptr;
  Kernel<DropoutForward<float>> dropoutForward = nullptr;
  Kernel<DropoutBackward<float>> dropoutBackward = nullptr;
  Kernel<Binary<float>> binary = nullptr;
  Kernel<Axpy<float>> axpy = nullptr;
  Kernel<Scale<float>> scale = nullptr;
  Kernel<Fill<float>> fill = nullptr;
  Kernel<StridedCopy<float>> stridedCopy = nullptr;
  Kernel<LossForward<float>> lossForward = nullptr;
  Kernel<LossBackward<float>> lossBackward = nullptr;
  Kernel<Adam<float>> adam = nullptr;
  Kernel<Muon<float>> muon = nullptr;
  Kernel<SgdProject<float>> sgdProject = nullptr;
  Kernel<ClipNorm<float>> clipNorm = nullptr;
  Kernel<MultiplyAdds> multiplyAdds = nullptr;
  Kernel<Triad> triad = nullptr;
  Kernel<WindowMean> windowMean = nullptr;
  Kernel<WindowMeanOfHalves> windowMeanOfHalves = nullptr;
  Kernel<WindowMeanAdjoint> windowMeanAdjoint = nullptr;
  Kernel<FromHalf> fromHalf = nullptr;
  Kernel<ToHalf> toHalf = nullptr;
  Kernel<Tracers> tracers = nullptr;
  Kernel<TracersAdjoint> tracersAdjoint = nullptr;
  Kernel<TracerRates> tracerRates = nullptr;
  Kernel<LinearFactors> linearFactors = nullptr;
  Kernel<LinearDescent> linearDescent = nullptr;
  Kernel<LinearBounds> linearBounds = nullptr;
  Kernel<FindNonFinite> findNonFinite = nullptr;
};

/** The fast kernels for `isa`; they are compiled from the same sources once for each instruction set (binding/CMakeLists.txt). */
const CpuKernels& cpuKernels(Isa isa);

}  // namespace retroplume
