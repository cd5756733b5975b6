/** Speed and memory: kernels and whole workloads against their peers and the machine's limits. */
export { type KernelShare } from './kernel-profile';
export { type Machine, type Peaks } from './machine';
export { type MemoryComparison } from './memory';
export { type OpComparison } from './op-bench';
export { type Timing } from './quantiles';
export { type Comparison, type PeerTiming } from './rounds';
export { runBench, type BenchOptions, type BenchResult, type WorkloadResult } from './run-bench';
export { type EngineComparison, type StepComparison } from './step-bench';
export { writeTextPrograms } from './text-program';
export { type TorchDescription } from './torch-peer';
export { type Peak } from '@retroplume/native';
export { STEPS, type Step } from './workloads';
