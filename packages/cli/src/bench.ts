/** `retroplume bench`: from options to core, and the result as tables. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bench } from '@retroplume/core';
import { benchTables } from './bench-tables';
import { interruptible } from './interrupt';
import type { CommonOptions } from './options';

export interface BenchCommandOptions extends Pick<CommonOptions, 'threads' | 'json' | 'quiet'> {
  workload?: string;
  python?: string;
  rounds: number;
  memory: boolean;
  compile: boolean;
  programs?: string;
  isa: bench.BenchOptions['isa'];
}

/** Measures, and prints one JSON object or Markdown tables on stdout; what is under way goes to stderr. */
export async function benchCommand(ops: string[], { json, quiet, compile, programs, ...options }: BenchCommandOptions): Promise<void> {
  if (programs !== undefined) return writePrograms(programs);
  const onText = quiet ? undefined : (text: string) => void process.stderr.write(`  ${text}\n`);
  const { signal, release } = interruptible();
  const result = await bench.runBench({ ...options, ops, compiles: compile, onText, signal }).finally(release);
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : benchTables(result));
}

/** What `kernel_bench` reads, a file each. */
function writePrograms(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const files = bench.textPrograms();
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  process.stderr.write(`  ${files.size} programs in ${folder}\n`);
}
