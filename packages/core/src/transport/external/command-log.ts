/** What the user's command prints, in a file beside its output. */
import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { writeFailure } from '../../files/disk';

/** Beside ACONC_winter.nc the file ACONC_winter.log. */
export const logOf = (output: string): string => output.replace(/\.nc$/, '.log');

/** A new file: an earlier attempt may still write into that which it has open. @throws {DataError} `DISK_FULL`, `WRITE_FAILED` */
export function openLog(path: string): number {
  try {
    rmSync(path, { force: true });
    return openSync(path, 'w');
  } catch (cause) {
    throw writeFailure(path, 0, cause);
  }
}

/** Of a log what may hold its last line: a model that writes for days leaves more than a text can be. */
const TAIL_BYTES = 8192;

/** The last line for a sentence, in brackets; nothing where there is none. */
export function lastLine(log: string): string {
  const last = (lastLines(log, 1)[0] ?? '').trim();
  return last === '' ? '' : ` ("${last.slice(0, 200)}")`;
}

export function tailOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(TAIL_BYTES, size));
    return tail.toString('utf8', 0, readSync(file, tail, 0, tail.length, size - tail.length));
  } finally {
    closeSync(file);
  }
}

/** The last lines of a log; fewer where there are fewer. */
export function lastLines(log: string, count: number): string[] {
  const text = tailOf(log).trimEnd();
  return text === '' ? [] : text.split('\n').slice(-count);
}
