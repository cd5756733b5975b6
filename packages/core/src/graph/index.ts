/** One graph, four uses: how models are described, differentiated, compiled and exported. See docs/dev/graph.md. */
export { compile, planProgram, type CompileOptions, type PlanOptions } from './program/compile';
export type { Instruction, ProgramOptions, ProgramSpec } from '@retroplume/native';
export {
  Graph,
  type Initializer,
  type Node,
  type Value,
  type ValueKind,
  type Box,
  type Emitter,
  type Op,
  type RegionRequest,
  type Spread,
  type OnnxAttribute,
  type OnnxNodeWriter,
} from './definition/graph';
export type { ScheduledPhase } from './program/schedule';
export type { PhaseRequest } from './definition/requests';
export type { Shape } from './definition/shape';
export type { Storage } from './program/storage';
export { GraphError } from './definition/graph';
export type { Execution } from './program/execution';
export { gradients, type GradientOptions } from './gradients';
export { tangents } from './tangents';
export { initializeParameters } from './initialize';
export { abs, exp, relu, sigmoid, softplus, square, tanh } from './ops/elementwise/unary';
export { add, multiply, scale, subtract, sum } from './ops/elementwise/arithmetic';
export { adamUpdate, sgdProject, takenGradients, type AdamOptions, type ProjectionOptions } from './ops/training/updates';
export { averageBuffers } from './ops/training/updates';
export type { BatchShare } from './definition/graph';
export { batchNorm, type BatchNormOperands, type Mode } from './ops/normalisation/batch-norm';
export { batchNormPrelu, type BatchNormPreluOperands } from './ops/normalisation/batch-norm-prelu';
export { channelAffine } from './ops/elementwise/channel-affine';
export { concat, crop, pad, reshape, slice, transpose } from './ops/arrays/copies';
export { conv2d } from './ops/convolution/conv2d';
export { dropout, type DropoutOptions } from './ops/training/dropout';
export { loss, weightedSum, type LossKind, type LossOptions } from './ops/training/loss';
export { lstm, type LstmOperands } from './ops/lstm/lstm';
export { maxpool2x2 } from './ops/convolution/maxpool2x2';
export { multiplySteps } from './ops/elementwise/multiply-steps';
export { prelu } from './ops/elementwise/prelu';
export { exportOnnx, type OnnxExportOptions } from './onnx/export-onnx';
export { freeGrid, type FreeExtent, type FreeGrid } from './definition/onnx-layout';
export { OnnxModel, type Feeds, type FeedTensor, type Field } from './onnx/onnx-model';
export { foldBatchNorm } from './rewrites/fold-batch-norm';
export { unrollLstm } from './rewrites/lstm';
export { Program, type FloatArray } from './program/program';
export { Profiler, type InstructionProfile, type KernelSum, type ProfileRow, type TraceEvent } from './program/profiler';
export type { ProgramLayout, Region } from './program/program-layout';
export { downconv2x2, upconv2x2 } from './ops/convolution/upconv2x2';
