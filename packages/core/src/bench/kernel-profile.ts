/** Where the time of a step goes, by kernel. */
import type { InstructionProfile, Program } from '../graph/program';

/** All calls of one kernel in a step; `seconds` is the sum over its calls of the least time that each was seen to take. */
export interface KernelShare {
  readonly kernel: string;
  readonly calls: number;
  readonly seconds: number;
  /** Of the seconds of all kernels. */
  readonly share: number;
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
  const groups = new Map<string, InstructionProfile[]>();
  for (const entry of entries) groups.set(entry.op, [...(groups.get(entry.op) ?? []), entry]);
  const total = (list: readonly InstructionProfile[], key: 'seconds' | 'flops' | 'bytes'): number => list.reduce((sum, each) => sum + each[key], 0);
  const all = total(entries, 'seconds');
  return [...groups]
    .map(([kernel, list]) => {
      const seconds = total(list, 'seconds');
      const [gflops, gbytes] = [total(list, 'flops') / seconds / 1e9, total(list, 'bytes') / seconds / 1e9];
      return { kernel, calls: list.length, seconds, share: seconds / all, gflops, gbytes };
    })
    .sort((a, b) => b.seconds - a.seconds);
}
