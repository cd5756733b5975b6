/** `retroplume bench`: from options to core, and the result as tables. */
import * as bench from '@retroplume/core/bench/index';
import { ConfigError } from '@retroplume/core/base/errors';
import { benchTables } from './bench-tables';
import { interruptible } from './interrupt';
import type { CommonOptions } from './options';
import { writeErr, writeOut } from './output/terminal';

export interface BenchCommandOptions extends Pick<CommonOptions, 'threads' | 'json' | 'quiet'> {
  workload?: string;
  steps?: string[];
  python?: string;
  rounds: number;
  memory: boolean;
  compile: boolean;
  programs?: string;
  isa: bench.BenchOptions['isa'];
}

/**
 * Measures, and prints one JSON object or Markdown tables on stdout; what is under way goes to stderr. Interrupted, it prints what had been measured until
 * then; in JSON that is `soFar` beside the error.
 * @throws as `runBench`; {ConfigError} `BENCH_PROGRAMS_ALL`, `BENCH_COMPILE`
 */
export async function benchCommand(ops: string[], { json, quiet, compile, programs, ...options }: BenchCommandOptions): Promise<void> {
  const onText = quiet ? undefined : (text: string) => void writeErr(`  ${text}\n`);
  if (!compile && options.python === undefined)
    throw new ConfigError(
      'BENCH_COMPILE',
      'bench: --no-compile does nothing without PyTorch: leave it out, or name an interpreter that has it with --python',
    );
  if (programs !== undefined) {
    if (ops.length > 0)
      throw new ConfigError(
        'BENCH_PROGRAMS_ALL',
        `bench: expected --programs by itself but received the op "${ops[0]}" too: leave it out, all are written`,
      );
    const files = bench.writeTextPrograms(programs);
    writeOut(`${files} programs in ${programs}\n`);
    return;
  }
  const { signal, release } = interruptible();
  const print = (result: bench.BenchResult): void => void writeOut(json ? `${JSON.stringify(result)}\n` : benchTables(result));
  let soFar: bench.BenchResult | undefined;
  const onInterrupted = (result: bench.BenchResult): void => (json ? void (soFar = result) : print(result));
  try {
    print(await bench.runBench({ ...options, ops, compiles: compile, onText, signal, onInterrupted }));
  } catch (error) {
    throw soFar ? Object.assign(error as Error, { soFar }) : error;
  } finally {
    release();
  }
}
