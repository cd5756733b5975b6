/** The options that all commands share, and their meaning. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { DEVICE_CHOICES, DEVICE_PATTERN, MOST_THREADS, PRECISIONS, type DeviceChoice, type Precision } from '@retroplume/core/machine';
import { STAGES, type StageName } from '@retroplume/core/stages';
import type { MovedInputs } from '@retroplume/core/commands/bundle';
import { type Command, InvalidArgumentError, Option } from 'commander';

export interface CommonOptions {
  out?: string;
  set: string[];
  device?: DeviceChoice;
  precision?: Precision;
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

/** Of an option: months, as numbers. */
export function months(text: string): number[] {
  const numbers = text.split(',').map((part) => (/^([1-9]|1[0-2])$/.test(part) ? Number(part) : NaN));
  if (numbers.some(Number.isNaN) || new Set(numbers).size < numbers.length)
    throw new InvalidArgumentError('expected different months, 1 to 12, with commas between them');
  return numbers;
}

/** Of an option: how many threads. */
function threadCount(text: string): number {
  const threads = wholeNumber(text);
  if (threads > MOST_THREADS) throw new InvalidArgumentError(`expected at most ${MOST_THREADS} threads`);
  return threads;
}

/** Of an option or argument: a file or folder. An empty one would be the folder that the command is started in. */
export function pathText(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('expected a path but received an empty text (a shell variable that is not set?)');
  return text;
}

/** Of an option: names of stages with commas between them, in whatever order. */
export function stageNames(text: string): StageName[] {
  const names = text.split(',');
  const unknown = names.find((name) => !STAGES.some((stage) => stage === name));
  if (unknown !== undefined) throw new InvalidArgumentError(`expected stages with commas between them but there is no stage "${unknown}"`);
  return names as StageName[];
}

function deviceChoice(text: string): DeviceChoice {
  if (!DEVICE_PATTERN.test(text)) throw new InvalidArgumentError(`expected ${DEVICE_CHOICES}`);
  return text as DeviceChoice;
}

/** As OpenMP programs do: OMP_NUM_THREADS, of levels of nesting the outermost, else every processor that this process may use. */
function defaultThreads(): number {
  const threads = Number(process.env['OMP_NUM_THREADS']?.split(',')[0]);
  return Number.isInteger(threads) && threads > 0 ? threads : availableParallelism();
}

/** `--json` and `--verbose`, for every command. */
export function withResultOptions(command: Command): Command {
  return command.option('--json', 'print one JSON result on stdout', false).option('--verbose', 'show where an error came from', false);
}

/** The same and `--quiet`, which silences progress and notes, never a result. */
export function withOutputOptions(command: Command): Command {
  return withResultOptions(command).option('--quiet', 'no progress and notes on stderr', false);
}

/** `--threads`. @param defaultText - how many where the user does not say, for the help */
export function withThreads(command: Command, defaultText = 'OMP_NUM_THREADS, else every processor that may be used'): Command {
  return command.addOption(new Option('--threads <n>', 'processor threads').argParser(threadCount).default(defaultThreads(), defaultText));
}

/** What a command takes where the user does not say, for its help. */
interface ToldDefaults {
  out?: string;
  threads?: string;
  device?: string;
  precision?: string;
}

const CASE_DEFAULTS = {
  out: 'runs/NAME of the case, or the run folder that is given as the case',
  device: "the case's, else auto: the first GPU, else the CPU",
  precision: "the case's, else float32: exactly",
};

/** `--out`, `--device` and `--precision`, of commands that look at a run, or make one. @param defaults - where they are not those of a case */
export function withPlaceOptions(command: Command, defaults: ToldDefaults = {}): Command {
  const { out, device, precision } = { ...CASE_DEFAULTS, ...defaults };
  return command
    .option('--out <folder>', `run folder (default: ${out})`, pathText)
    .option('--device <device>', `where to compute: ${DEVICE_CHOICES} (default: ${device})`, deviceChoice)
    .addOption(new Option('--precision <kind>', `how a GPU multiplies matrices (default: ${precision})`).choices(PRECISIONS));
}

/** Options of a computation. @param defaults - where they are not those of a case */
export function withRunOptions(command: Command, defaults: ToldDefaults = {}): Command {
  return withOutputOptions(withThreads(withPlaceOptions(command, defaults), defaults.threads));
}

/** Stages in which the network runs on none of the programs that a profile times. */
export const WITHOUT_PROFILE: readonly StageName[] = ['simulate', 'prepare', 'export', 'apply', 'verify', 'report'];

/** `--profile`, of commands that run the network. */
export function withProfile(command: Command): Command {
  return command.option('--profile <file>', 'time every kernel call: a table on stderr, and a Chrome trace in the file');
}

/** `--set`, for commands that read a case. */
export function withOverrides(command: Command): Command {
  const collect = (value: string, collected: string[]): string[] => [...collected, value];
  return command.option('--set <key=value>', 'override a key of the case file; may be given again', collect, []);
}

/** FROM=TO, of an option that may be given again. */
export function movedInputs(text: string, collected: MovedInputs[] = []): MovedInputs[] {
  const [source, target, ...rest] = text.split('=');
  if (!source || !target || rest.length > 0) throw new InvalidArgumentError('expected FROM=TO, two folders');
  return [...collected, { from: source, to: resolve(target) }];
}

/** Of an option: a number of at least 0. */
export function notNegative(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('expected a number of at least 0');
  return value;
}
