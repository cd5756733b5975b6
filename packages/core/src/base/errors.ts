/**
 * The error family: one class per kind of trouble, one sentence per error (`subject: expected … but received …: remedy`),
 * a stable `code`, and the exit code that the command line gives it. Where a program that is not typed calls the library, a slip is told at the entrance.
 */
export abstract class RetroplumeError extends Error {
  abstract readonly exitCode: number;

  /**
   * @param code - stable, upper-case, `KIND_WHAT` (for example `GRID_MISMATCH`)
   * @param message - one sentence that names the file or tensor and ends with the remedy
   */
  constructor(
    readonly code: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A tensor does not have the shape that an op or a file asks for. Mend the call or the model's settings. */
export class ShapeError extends RetroplumeError {
  readonly exitCode = 1;
}

/** A value is in a unit that cannot be converted to the one asked for. Mend the unit in the file or the case. */
export class UnitError extends RetroplumeError {
  readonly exitCode = 3;
}

/** Two inputs are not on the same grid, or a grid cannot be read. Mend the file or the case's `grid`. */
export class GridError extends RetroplumeError {
  readonly exitCode = 3;
}

/** An input file is missing, truncated, has gaps or holds values that make no sense. Copy or make it again, or name another in the case. */
export class DataError extends RetroplumeError {
  readonly exitCode = 3;
}

/** The case file or the command line is wrong. Mend the key or the option that it names. */
export class ConfigError extends RetroplumeError {
  readonly exitCode = 2;
}

/** The device or the native build that was asked for is not there, or has not enough memory. `retroplume doctor` says what is there; ask for that, or for less memory. */
export class DeviceError extends RetroplumeError {
  readonly exitCode = 4;
}

/** The run was stopped by a signal; names the checkpoint from which it resumes. The same command goes on. */
export class InterruptedError extends RetroplumeError {
  readonly exitCode = 130;
}

/** A number became NaN or infinite during a computation; names the step and the tensor. Lower the learning rate, or look at the inputs. */
export class NumericalError extends RetroplumeError {
  readonly exitCode = 1;
}

/** The external transport model failed, timed out, left no usable output or took no notice of its emissions. Its log, which is named, says more. */
export class TransportError extends RetroplumeError {
  readonly exitCode = 1;
}

/** A result is not fit for what was to be done with it: the surrogate's certificate. Mend the surrogate, or say in the case that the run is to go on. */
export class GateError extends RetroplumeError {
  readonly exitCode = 5;
}

/** What is told of an error: the code, the sentence, the exit code of the command line. */
export interface ErrorFigures {
  code: string;
  message: string;
  exitCode: number;
}

/** What V8 says where the system gives it no memory for an array of numbers. */
const NO_ROOM_FOR_ARRAY = 'Array buffer allocation failed';
const NO_MEMORY =
  'the system has no memory for a further array: lower training.batch, training.crop or tileCells, or run it where more memory may be used (retroplume check CASE tells how much is)';

const PERMISSIONS = 'check who owns it and the folder that it is in, and their permissions, or take a folder of your own';
const NO_ROOM = 'make room, or choose another folder';
const ITS_DISK = 'look at the disk or the network file system that it is on';

/** What the system refuses of files and folders because of how they are, which is no fault of a program, and what to do. ENOENT and the like may be one. */
const REMEDIES: Partial<Record<string, string>> = {
  EACCES: PERMISSIONS,
  EPERM: PERMISSIONS,
  EROFS: 'choose a folder on a file system that may be written',
  ENAMETOOLONG: 'give shorter names of files and folders',
  ENOSPC: NO_ROOM,
  EDQUOT: NO_ROOM,
  EIO: ITS_DISK,
  ESTALE: ITS_DISK,
};

/** Relative paths lead nowhere without it. */
const FOLDER_GONE = 'the folder that this was started in is not there any more: change to one that is (cd), and run it again';

/** An error as one of ours, if it is one or tells what the system refuses of a file or folder; undefined of any other. */
export function toldError(error: unknown): RetroplumeError | undefined {
  if (error instanceof RetroplumeError) return error;
  const { code = '', path, syscall, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : { message: '' };
  if (syscall === 'uv_cwd') return new ConfigError('WORKING_FOLDER_GONE', FOLDER_GONE, { cause: error });
  const remedy = REMEDIES[code];
  if (remedy === undefined || typeof path !== 'string' || syscall?.startsWith('spawn')) return undefined;
  return new DataError('FILE_REFUSED', `${path}: the system refuses it (${message}): ${remedy}`, { cause: error });
}

/** Names of the reasons that an AbortSignal gives by itself. */
const ABORTS = ['AbortError', 'TimeoutError'];

/** Of any error: one of ours, a signal's own reason, what the system refuses, of an addon (exit code 4), too little memory, or a bug. */
export function errorFigures(error: unknown): ErrorFigures {
  const retroplumeError = toldError(error);
  if (retroplumeError) return { code: retroplumeError.code, message: retroplumeError.message, exitCode: retroplumeError.exitCode };
  const { code, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : { code: undefined, message: String(error) };
  if (code !== undefined && /^(ADDON_|DEVICE_|CUDA_|MPI_|ISA_|(TRANSPORT_NO|OUT_OF)_MEMORY$)/.test(code)) return { code, message, exitCode: 4 };
  if (error instanceof Error && ABORTS.includes(error.name))
    return { code: 'INTERRUPTED', message: `stopped by the signal that the call was given (${message}): the same call goes on`, exitCode: 130 };
  if (error instanceof RangeError && message === NO_ROOM_FOR_ARRAY) return { code: 'OUT_OF_MEMORY', message: NO_MEMORY, exitCode: 4 };
  const text = code === undefined || message.includes(code) ? message : `${message} (${code})`;
  return { code: 'UNEXPECTED', message: `${text}: run again with --verbose to see where, and report it`, exitCode: 1 };
}

/** @throws {ConfigError} `CALL_INVALID` unless an argument is right */
export function expectArgument(right: boolean, name: string, expected: string, received: unknown): void {
  if (right) return;
  throw new ConfigError('CALL_INVALID', `${name}: expected ${expected} but received ${shown(received)}: mend the call`);
}

/** @param expected - with the article, as `a grid` @throws {ConfigError} `CALL_INVALID` unless an argument is an object */
export function expectObject(value: unknown, name: string, expected: string): void {
  expectArgument(typeof value === 'object' && value !== null, name, expected, value);
}

/** @throws {ConfigError} `CALL_INVALID` unless an argument is a list of numbers: an array, or a typed one */
export function expectNumbers(value: unknown, name: string, expected = 'a list of numbers'): void {
  expectArgument(Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)), name, expected, value);
}

/** @throws {ConfigError} `CALL_INVALID` unless an argument is a text */
export function expectText(value: unknown, name: string, expected: string): void {
  expectArgument(typeof value === 'string', name, expected, value);
}

/** The names of the options that a call takes. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/** @throws {ConfigError} `CALL_INVALID` unless options are an object, without a key that the call does not know: it would do nothing */
export function expectOptions<T extends object>(options: T, name: string, optionNames: OptionNames<T>): void {
  expectObject(options, `${name}: options`, 'an object');
  const unknown = Object.entries(options).find(([key, value]) => value !== undefined && !Object.hasOwn(optionNames, key));
  if (unknown === undefined) return;
  const names = Object.keys(optionNames).join(', ');
  throw new ConfigError('CALL_INVALID', `${name}: expected only ${names} but received ${unknown[0]}: mend the call`);
}

/** @throws {ConfigError} `CALL_INVALID` unless a signal is left out or is one */
export function expectSignal(signal: AbortSignal | undefined, name: string): void {
  expectArgument(signal === undefined || typeof signal?.throwIfAborted === 'function', name, 'the signal of an AbortController', signal);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' && value !== null ? Object.prototype.toString.call(value).slice('[object '.length, -1) : String(value);
}
