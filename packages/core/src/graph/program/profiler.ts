/** Where the time of a real run goes: every instruction of every program that is given the profiler, as a table and as a trace. */
import type { NativeProgram } from '@retroplume/native';

/** Time and work of one instruction. */
export type InstructionProfile = Awaited<ReturnType<NativeProgram['profile']>>[number];

/** All calls of one kernel. */
export interface KernelSum {
  op: string;
  calls: number;
  seconds: number;
  /** floating-point operations */
  flops: number;
  /** the least memory traffic */
  bytes: number;
}

/** One row of the table. */
export interface ProfileRow extends KernelSum {
  /** of the wall time between the first and the last instruction */
  share: number;
}

/** Adds instructions to the sums of their kernels. */
export function sumByKernel(instructions: readonly InstructionProfile[], sums = new Map<string, KernelSum>()): Map<string, KernelSum> {
  for (const { op, seconds, flops, bytes } of instructions) {
    const sum = sums.get(op) ?? { op, calls: 0, seconds: 0, flops: 0, bytes: 0 };
    sums.set(op, { op, calls: sum.calls + 1, seconds: sum.seconds + seconds, flops: sum.flops + flops, bytes: sum.bytes + bytes });
  }
  return sums;
}

/** An event of Chrome's trace format (about:tracing, Perfetto): times in microseconds. */
export interface TraceEvent {
  name: string;
  cat: string;
  ph: 'X';
  ts: number;
  dur: number;
  pid: number;
  tid: number;
  args: Record<string, number | string>;
}

/** Runs that are kept in the trace; a training of thousands of steps would make one that no viewer opens. */
const TRACED_RUNS = 60;

/** The row of the time between instructions: sampling, copies to and from the host, waiting. */
export const OUTSIDE = '(outside kernels)';

/**
 * Adds up what programs that are given it tell of their runs.
 *
 * @example
 * const profiler = new Profiler();
 * const program = compile(g, { outputs: { out }, profiler });
 * await program.run();
 * console.error(profiler.table());
 */
export class Profiler {
  private readonly byKernel = new Map<string, KernelSum>();
  private readonly events: TraceEvent[] = [];
  private runs = 0;
  private first = Infinity;
  private last = -Infinity;

  /** Enters one run of a phase. @param start - milliseconds of `performance.now()` at which it began */
  record(phase: string, start: number, instructions: readonly InstructionProfile[]): void {
    this.first = Math.min(this.first, start);
    sumByKernel(instructions, this.byKernel);
    let time = start * 1000;
    for (const { op, label, seconds, flops, bytes } of instructions) {
      if (this.runs < TRACED_RUNS) {
        this.events.push({ name: label || op, cat: op, ph: 'X', ts: time, dur: seconds * 1e6, pid: 1, tid: 1, args: { phase, flops, bytes } });
      }
      time += seconds * 1e6;
    }
    this.last = Math.max(this.last, time / 1000);
    this.runs++;
  }

  /** Kernels by time, the time outside them among them; empty if nothing ran. */
  rows(): ProfileRow[] {
    if (this.runs === 0) return [];
    const wall = (this.last - this.first) / 1000;
    const inside = [...this.byKernel.values()].reduce((sum, { seconds }) => sum + seconds, 0);
    const outside = { op: OUTSIDE, calls: this.runs, seconds: Math.max(0, wall - inside), flops: 0, bytes: 0 };
    return [...this.byKernel.values(), outside].sort((a, b) => b.seconds - a.seconds).map((row) => ({ ...row, share: row.seconds / wall }));
  }

  /** The rows as text, one line each. */
  table(): string {
    const lines = this.rows().map(({ op, calls, seconds, share, flops, bytes }) => [
      op,
      String(calls),
      seconds.toFixed(3),
      `${(100 * share).toFixed(1)} %`,
      seconds > 0 ? (flops / seconds / 1e9).toFixed(1) : '–',
      seconds > 0 ? (bytes / seconds / 1e9).toFixed(1) : '–',
    ]);
    const head = ['kernel', 'calls', 'seconds', 'share', 'GFLOP/s', 'GB/s'];
    const widths = head.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i].length)));
    return [head, ...lines]
      .map((line) => `${line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')}\n`)
      .join('');
  }

  /** The first runs as a trace that chrome://tracing and Perfetto read. */
  chromeTrace(): { displayTimeUnit: 'ms'; traceEvents: TraceEvent[] } {
    return { displayTimeUnit: 'ms', traceEvents: this.events };
  }
}
