/** How files of a series follow each other in time, and what is to be said of the steps that two of them hold. */
import { DataError } from '../../base/errors';
import type { IoapiFile } from './ioapi-file';
import { instant, timeAt } from './ioapi-time';

/** A file and the steps of the series that are taken from it. */
export interface Piece {
  file: IoapiFile;
  /** step of the series at which the file begins */
  begin: number;
  /** first step that no file before it holds; those from `begin` on are held twice (CMAQ's 25th hour) */
  first: number;
  /** steps from `first` on; 0 where the file lies wholly inside those before it */
  count: number;
}

/** Two files that differ in a step that both hold. */
export interface Difference {
  earlier: string;
  later: string;
  variable: string;
  start: Date;
}

/** Values of one step in two files are the same when they differ by less than this part of the field's largest. */
const OVERLAP_TOLERANCE = 1e-5;

/** @param files - in the order in which they begin @throws {DataError} `TFLAG_GAP` */
export function join(files: readonly IoapiFile[]): Piece[] {
  const pieces: Piece[] = [];
  let total = 0;
  for (const file of files) {
    const axis = files[0].time;
    const begin = pieces.length === 0 ? 0 : (file.time.start.getTime() - axis.start.getTime()) / (1000 * axis.stepSeconds);
    if (!Number.isInteger(begin) || begin > total) {
      const before = pieces[pieces.length - 1]?.file.path ?? file.path;
      throw new DataError(
        'TFLAG_GAP',
        `${file.path}: expected to begin at ${instant(timeAt(axis, total))}, where ${before} ends, but it begins at ${instant(file.time.start)}: give the files that lie between`,
      );
    }
    const count = Math.max(0, begin + file.time.count - total);
    pieces.push({ file, begin, first: total, count });
    total += count;
  }
  return pieces;
}

/** Steps of a file that those before it hold, too. */
export function heldTwice({ file, begin, first }: Piece): { from: number; to: number } {
  return { from: begin, to: Math.min(first, begin + file.time.count) };
}

/**
 * Compares a variable in all steps that two files hold.
 *
 * @param mayDiffer - over how many steps two files may differ, if that is all that both hold
 * @returns one entry for each file that differs from the one before it
 * @throws {DataError} `FILES_OVERLAP`
 */
export function differencesOf(pieces: readonly Piece[], mayDiffer: number, variable: string, layer?: number): Difference[] {
  return pieces.flatMap((piece, i) => {
    const { from, to } = heldTwice(piece);
    for (let step = from; step < to; step++) {
      const before = pieces.slice(0, i).findLast(({ file, begin }) => begin <= step && step < begin + file.time.count);
      if (!before) continue;
      const [mine, theirs] = [piece, before].map(({ file, begin }) => file.read(variable, step - begin, 1, layer));
      if (alike(mine, theirs)) continue;
      const [earlier, later, start] = [before.file.path, piece.file.path, timeAt(piece.file.time, step - piece.begin)];
      if (to - from <= mayDiffer) return [{ earlier, later, variable, start }];
      throw new DataError(
        'FILES_OVERLAP',
        `${later}: ${variable} at ${instant(start)} differs from that in ${earlier}, which holds the same hour: cut the files so that each hour is in one file, or give only one of them`,
      );
    }
    return [];
  });
}

function alike(a: Float32Array, b: Float32Array): boolean {
  const largest = a.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0);
  return a.every((value, i) => Math.abs(value - b[i]) <= OVERLAP_TOLERANCE * largest || (Number.isNaN(value) && Number.isNaN(b[i])));
}
