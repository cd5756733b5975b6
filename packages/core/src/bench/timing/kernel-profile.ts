/** Where the time of a step goes, by kernel. */
import { sumByKernel, type InstructionProfile } from '../../graph/program/profiler';
import type { Program } from '../../graph/program/program';

/** All calls of one kernel in a step; `seconds` is the sum over its calls of the least time that each was seen to take. */
export interface KernelShare {
  readonly kernel: string;
  readonly calls: number;
  readonly seconds: number;
  /** Of the seconds of all kernels. */
  readonly share: number;
  /** 1e9 floating-point operations, and at least 1e9 bytes of memory traffic, a second. */
  readonly gflops: number;
  readonly gbytes: number;
}

/** The least of several rounds for every instruction: what the kernels cost, without the machine's noise. */
export async function profileKernels(program: Program, phase: string, rounds: number): Promise<KernelShare[]> {
  let best = await program.profile(phase);
  for (let round = 1; round < rounds; round++) {
    const profile = await program.profile(phase);
    best = best.map((entry, i) => (profile[i].seconds < entry.seconds ? profile[i] : entry));
  }
  return shares(best);
}

function shares(entries: readonly InstructionProfile[]): KernelShare[] {
  const totalSeconds = entries.reduce((sum, { seconds }) => sum + seconds, 0);
  return [...sumByKernel(entries).values()]
    .sort((a, b) => b.seconds - a.seconds)
    .map(({ op: kernel, calls, seconds, flops, bytes }) => {
      return { kernel, calls, seconds, share: seconds / totalSeconds, gflops: flops / seconds / 1e9, gbytes: bytes / seconds / 1e9 };
    });
}
