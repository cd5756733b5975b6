/** Speed and memory: kernels and whole workloads against their peers and the machine's limits. */
export { type KernelShare } from './timing/kernel-profile';
export { type Machine, type Peaks } from './machine';
export { type MemoryComparison } from './memory';
export { type OpComparison } from './ops/op-bench';
export { type Timing } from './timing/quantiles';
export { type Comparison, type PeerTiming } from './timing/rounds';
export { runBench, type BenchOptions, type BenchResult, type WorkloadResult } from './run-bench';
export { type EngineComparison, type StepComparison } from './step-bench';
export { writeTextPrograms } from './text-program';
export { type TorchDescription } from './peers/torch-peer';
export { type Peak } from '@retroplume/native';
export { STEPS, type Step } from './workloads/workloads';
