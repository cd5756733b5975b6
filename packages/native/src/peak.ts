import { loadAddon } from './load-addon';

/** What the processor does at most with a number of threads. */
export interface Peak {
  /** 10⁹ operations a second, a fused multiply-add being two: from registers, nothing else under way */
  gflops: number;
  /** 10⁹ bytes a second between memory and processor, as STREAM's triad counts them (what is read and what is written) */
  gbytes: number;
}

interface PeakAddon {
  measurePeak(threads: number, isa: string): Promise<Peak>;
}

/**
 * Measures the machine: about a second, and 200 MB of memory.
 *
 * @param isa - instruction set of the probe; default: the widest that there is
 * @throws Error with `code` `ISA_UNKNOWN`, `ISA_UNSUPPORTED` or `ARGUMENT_INVALID`
 */
export function measurePeak(threads: number, isa = 'auto'): Promise<Peak> {
  return (loadAddon('retroplume') as PeakAddon).measurePeak(threads, isa);
}
