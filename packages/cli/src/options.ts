/** The options that all commands share, and their meaning. */
import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';

export interface CommonOptions {
  out?: string;
  set: string[];
  device: 'auto' | 'cpu' | 'cuda';
  threads: number;
  profile?: string;
  json: boolean;
  quiet: boolean;
  verbose: boolean;
}

/** Of an option: a whole number of at least 1. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('expected a whole number of at least 1');
  return Number(text);
}

/** As OpenMP programs do: OMP_NUM_THREADS, else every processor that this process may use. */
function defaultThreads(): number {
  const asked = Number(process.env['OMP_NUM_THREADS']);
  return Number.isInteger(asked) && asked > 0 ? asked : availableParallelism();
}

/** Options of output, for every command. */
export function withOutputOptions(command: Command): Command {
  return command
    .option('--json', 'print one JSON result on stdout', false)
    .option('--quiet', 'no progress on stderr', false)
    .option('--verbose', 'show where an error came from', false);
}

/** `--threads`. */
export function withThreads(command: Command): Command {
  return command.option('--threads <n>', 'processor threads', wholeNumber, defaultThreads());
}

/** Options of a computation. */
export function withRunOptions(command: Command): Command {
  return withOutputOptions(
    withThreads(command.option('--out <folder>', 'run folder (default: runs/NAME)'))
      .option('--profile <file>', 'time every kernel call: a table on stderr, and a Chrome trace in the file')
      .addOption(new Option('--device <device>', 'where to compute').choices(['auto', 'cpu', 'cuda']).default('auto')),
  );
}

/** `--set`, for commands that read a case. */
export function withOverrides(command: Command): Command {
  const collect = (value: string, before: string[]): string[] => [...before, value];
  return command.option('--set <key=value>', 'override a key of the case file; may be given again', collect, []);
}
