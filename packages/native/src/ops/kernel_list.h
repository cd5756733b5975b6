/**
 * Every op and every kernel, once: declarations, tables and the registry are made of these lines. A new op is a block here beside its folder.
 * Who includes this file defines what a line means to it, and the lines that it does not define mean nothing.
 */

#ifndef OP
/** `register<Name>` of the op's folder adds its kernels to the registry. */
#define OP(Name)
#endif
#ifndef KERNEL
/** A kernel of an op: the template `Call` says what it computes, `name` is the fast kernel of each instruction set and the launcher on the GPU. */
#define KERNEL(name, Call)
#endif
#ifndef VARIANT
/** Another fast kernel of the CPU for the same call, which the op chooses. */
#define VARIANT(name, Call)
#endif
#ifndef TILES
/** The kernel exists for the tile unit, too. */
#define TILES(name, Call)
#endif
#ifndef SCRATCH
/** On the GPU it needs `<name>Scratch(call)` bytes of context.scratch. */
#define SCRATCH(name, Call)
#endif
#ifndef PACKED
/** On the GPU it reads these operands as `<name>Pack(call, to, context)` lays them out, in `<name>Packed(call, products)` bytes of context.packed. */
#define PACKED(name, Call, ...)
#endif
#ifndef CPU_KERNEL
/** A fast kernel of the CPU that no program calls: `Call` is a type. */
#define CPU_KERNEL(name, Call)
#endif
#ifndef CUDA_KERNEL
/** The same on the GPU. */
#define CUDA_KERNEL(name, Call)
#endif

OP(Conv2d)
KERNEL(conv2dForward, Conv2dForward)
VARIANT(conv2dForwardWinograd, Conv2dForward)
SCRATCH(conv2dForward, Conv2dForward)
PACKED(conv2dForward, Conv2dForward, "weight")
KERNEL(conv2dBackwardInput, Conv2dBackwardInput)
VARIANT(conv2dBackwardInputWinograd, Conv2dBackwardInput)
SCRATCH(conv2dBackwardInput, Conv2dBackwardInput)
PACKED(conv2dBackwardInput, Conv2dBackwardInput, "weight")
KERNEL(conv2dBackwardWeight, Conv2dBackwardWeight)
VARIANT(conv2dBackwardWeightWinograd, Conv2dBackwardWeight)
SCRATCH(conv2dBackwardWeight, Conv2dBackwardWeight)

OP(Upconv2x2)
KERNEL(upconv2x2Forward, Upconv2x2Forward)
TILES(upconv2x2Forward, Upconv2x2Forward)
SCRATCH(upconv2x2Forward, Upconv2x2Forward)
KERNEL(upconv2x2BackwardInput, Upconv2x2BackwardInput)
TILES(upconv2x2BackwardInput, Upconv2x2BackwardInput)
SCRATCH(upconv2x2BackwardInput, Upconv2x2BackwardInput)
PACKED(upconv2x2BackwardInput, Upconv2x2BackwardInput, "weight")
KERNEL(upconv2x2BackwardWeight, Upconv2x2BackwardWeight)
SCRATCH(upconv2x2BackwardWeight, Upconv2x2BackwardWeight)

OP(Maxpool2x2)
KERNEL(maxpool2x2Forward, Maxpool2x2Forward)
KERNEL(maxpool2x2Backward, Maxpool2x2Backward)

OP(Lstm)
KERNEL(lstmForward, LstmForward)
TILES(lstmForward, LstmForward)
PACKED(lstmForward, LstmForward, "weightInput", "weightHidden")
KERNEL(lstmBackward, LstmBackward)
TILES(lstmBackward, LstmBackward)
SCRATCH(lstmBackward, LstmBackward)
PACKED(lstmBackward, LstmBackward, "weightInput", "weightHidden")

OP(BatchNorm)
KERNEL(batchNormTrainForward, BatchNormTrainForward)
SCRATCH(batchNormTrainForward, BatchNormTrainForward)
KERNEL(batchNormTrainBackward, BatchNormTrainBackward)
SCRATCH(batchNormTrainBackward, BatchNormTrainBackward)
KERNEL(batchNormEvalForward, BatchNormEvalForward)
KERNEL(batchNormEvalBackward, BatchNormEvalBackward)
SCRATCH(batchNormEvalBackward, BatchNormEvalBackward)

OP(BatchNormPrelu)
KERNEL(batchNormPreluForward, BatchNormPreluForward)
SCRATCH(batchNormPreluForward, BatchNormPreluForward)
KERNEL(batchNormPreluBackward, BatchNormPreluBackward)
SCRATCH(batchNormPreluBackward, BatchNormPreluBackward)

OP(Prelu)
KERNEL(preluForward, PreluForward)
KERNEL(preluBackward, PreluBackward)
SCRATCH(preluBackward, PreluBackward)

OP(ChannelAffine)
KERNEL(channelAffineForward, ChannelAffineForward)
KERNEL(channelAffineBackward, ChannelAffineBackward)

OP(MultiplySteps)
KERNEL(multiplyStepsForward, MultiplyStepsForward)
KERNEL(multiplyStepsBackward, MultiplyStepsBackward)

OP(Unary)
KERNEL(unaryForward, UnaryForward)
KERNEL(unaryBackward, UnaryBackward)

OP(Dropout)
KERNEL(dropoutForward, DropoutForward)
KERNEL(dropoutBackward, DropoutBackward)

OP(Arithmetic)
KERNEL(binary, Binary)
KERNEL(axpy, Axpy)
KERNEL(scale, Scale)
KERNEL(fill, Fill)

OP(StridedCopy)
KERNEL(stridedCopy, StridedCopy)

OP(Loss)
KERNEL(lossForward, LossForward)
SCRATCH(lossForward, LossForward)
KERNEL(lossBackward, LossBackward)

OP(Optimiser)
KERNEL(adam, Adam)
KERNEL(sgdProject, SgdProject)
KERNEL(clipNorm, ClipNorm)
SCRATCH(clipNorm, ClipNorm)

OP(Muon)
KERNEL(muon, Muon)
SCRATCH(muon, Muon)

OP(AllReduce)

CPU_KERNEL(windowMean, WindowMean)
CPU_KERNEL(windowMeanOfHalves, WindowMeanOfHalves)
CPU_KERNEL(windowMeanAdjoint, WindowMeanAdjoint)
CUDA_KERNEL(windowMeanOnDevice, WindowMeanOnDevice)
CUDA_KERNEL(windowMeanAdjointOnDevice, WindowMeanAdjointOnDevice)

CPU_KERNEL(tracers, Tracers)
CPU_KERNEL(tracersAdjoint, TracersAdjoint)
CPU_KERNEL(tracerRates, TracerRates)
CUDA_KERNEL(tracerCourants, TracerCourants)
CUDA_KERNEL(tracersOnDevice, TracersOnDevice)
CUDA_KERNEL(tracersAdjointOnDevice, TracersAdjointOnDevice)

CUDA_KERNEL(gatherOnDevice, GatherOnDevice)
CUDA_KERNEL(scatterOnDevice, ScatterOnDevice)

CPU_KERNEL(fromHalf, FromHalf)
CPU_KERNEL(toHalf, ToHalf)

CPU_KERNEL(linearFactors, LinearFactors)
CPU_KERNEL(linearDescent, LinearDescent)
CPU_KERNEL(linearBounds, LinearBounds)
CPU_KERNEL(findNonFinite, FindNonFinite)

CPU_KERNEL(multiplyAdds, MultiplyAdds)
CPU_KERNEL(triad, Triad)

#undef OP
#undef KERNEL
#undef VARIANT
#undef TILES
#undef SCRATCH
#undef PACKED
#undef CPU_KERNEL
#undef CUDA_KERNEL
