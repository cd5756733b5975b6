/** Several I/O API files (a file a day, say) read as one, joined in time. */
import { DataError } from '../errors';
import type { Grid, TimeAxis } from '../grid/grid';
import type { Stagger } from '../grid/window';
import { IoapiFile, type GridChoice, type IoapiReader } from './ioapi-file';
import type { IoapiVariable } from './ioapi-header';
import { instant, timeAt } from './ioapi-time';

/** A file and the steps of the series that are taken from it. */
interface Piece {
  file: IoapiFile;
  first: number;
  count: number;
  /** Steps at the file's beginning that the file before it holds too (CMAQ's 25th hour). */
  overlap: number;
}

export interface SeriesOptions extends GridChoice {
  /** What to do with a step that two files hold: refuse where they disagree (default), or take the earlier or later file's. */
  overlap?: 'refuse' | 'earlier' | 'later';
}

/** Values of one step in two files are the same when they differ by less than this part of the field's largest. */
const OVERLAP_TOLERANCE = 1e-5;

/**
 * @example
 * const series = IoapiSeries.open(expandGlob('EMIS_2017-01-*.nc'));
 * const firstDay = series.read('NO2', 0, 24);
 */
export class IoapiSeries implements IoapiReader {
  readonly time: TimeAxis;
  private readonly compared = new Set<string>();

  private constructor(
    private readonly pieces: Piece[],
    private readonly overlap: 'refuse' | 'earlier' | 'later',
  ) {
    const { start, stepSeconds } = pieces[0].file.time;
    this.time = { start, stepSeconds, count: pieces.reduce((sum, piece) => sum + piece.count, 0) };
  }

  /**
   * @throws {DataError} `FILES_NONE`, `TFLAG_GAP` between files, `FILES_DIFFER` in step, layers, variables or units; and whatever a file throws
   * @throws {GridError} `GRID_MISMATCH` between files
   */
  static open(paths: string[], options: SeriesOptions = {}): IoapiSeries {
    if (paths.length === 0) throw new DataError('FILES_NONE', 'no I/O API file was given: check the pattern in the case');
    const files: IoapiFile[] = [];
    try {
      for (const path of paths) files.push(IoapiFile.open(path, options));
      files.sort((a, b) => a.time.start.getTime() - b.time.start.getTime());
      for (const file of files.slice(1)) assertAlike(files[0], file);
      return new IoapiSeries(join(files), options.overlap ?? 'refuse');
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
  }

  get path(): string {
    const paths = this.pieces.map((piece) => piece.file.path);
    return paths.length === 1 ? paths[0] : `${paths[0]} … ${paths[paths.length - 1]}`;
  }

  /** Every file, in the order of time. */
  get paths(): string[] {
    return this.pieces.map((piece) => piece.file.path);
  }

  get grid(): Grid {
    return this.pieces[0].file.grid;
  }

  get stagger(): Stagger {
    return this.pieces[0].file.stagger;
  }

  get layers(): number {
    return this.pieces[0].file.layers;
  }

  get variables(): IoapiVariable[] {
    return this.pieces[0].file.variables;
  }

  get attributes(): IoapiFile['attributes'] {
    return this.pieces[0].file.attributes;
  }

  read(variable: string, first = 0, count = this.time.count - first, layer?: number): Float32Array {
    if (this.pieces.length === 1) return this.pieces[0].file.read(variable, first, count, layer);
    if (first < 0 || count < 0 || first + count > this.time.count) throw this.outside(first, count);
    this.compareOverlaps(variable, layer);
    const perStep = (layer === undefined ? this.layers : 1) * this.grid.rows * this.grid.cols;
    const values = new Float32Array(count * perStep);
    for (const piece of this.pieces) {
      const from = Math.max(first, piece.first);
      const to = Math.min(first + count, piece.first + piece.count);
      if (from < to) values.set(piece.file.read(variable, from - piece.first + piece.overlap, to - from, layer), (from - first) * perStep);
    }
    if (this.overlap === 'later') this.takeLater(values, variable, first, count, layer);
    return values;
  }

  close(): void {
    for (const piece of this.pieces) piece.file.close();
  }

  /** Replaces steps that a later file holds too by that file's. */
  private takeLater(values: Float32Array, variable: string, first: number, count: number, layer?: number): void {
    const perStep = values.length / count;
    for (const { file, first: begin, overlap } of this.pieces) {
      for (let i = 0; i < overlap; i++) {
        const step = begin - overlap + i;
        if (step >= first && step < first + count) values.set(file.read(variable, i, 1, layer), (step - first) * perStep);
      }
    }
  }

  /** Once a variable: the steps that two files hold must agree. */
  private compareOverlaps(variable: string, layer?: number): void {
    const key = `${variable}/${layer ?? 'all'}`;
    if (this.overlap !== 'refuse' || this.compared.has(key)) return;
    for (const [before, piece] of this.pieces.slice(1).map((piece, i) => [this.pieces[i], piece] as const)) {
      for (let i = 0; i < piece.overlap; i++) {
        const earlierStep = before.file.time.count - piece.overlap + i;
        if (earlierStep < 0) continue;
        const [mine, theirs] = [piece.file.read(variable, i, 1, layer), before.file.read(variable, earlierStep, 1, layer)];
        if (!alike(mine, theirs)) {
          throw new DataError(
            'FILES_OVERLAP',
            `${piece.file.path}: ${variable} at ${instant(timeAt(piece.file.time, i))} differs from that in ${before.file.path}, which holds the same hour: cut the files so that each hour is in one file`,
          );
        }
      }
    }
    this.compared.add(key);
  }

  private outside(first: number, count: number): DataError {
    const { start, count: held } = this.time;
    return new DataError(
      'STEP_OUTSIDE',
      `${this.path}: steps ${first} to ${first + count - 1} were asked for but the files hold ${held} from ${instant(start)}: give files that cover the period`,
    );
  }
}

function assertAlike(first: IoapiFile, file: IoapiFile): void {
  first.grid.assertSame(file.grid, file.path);
  const differs = (what: string, expected: string | number, received: string | number): DataError =>
    new DataError('FILES_DIFFER', `${file.path}: expected ${what} ${expected} as in ${first.path} but received ${received}: give files of one run`);
  if (file.time.stepSeconds !== first.time.stepSeconds) throw differs('a time step (s) of', first.time.stepSeconds, file.time.stepSeconds);
  if (first.time.stepSeconds === 0) throw differs('time steps', 'that follow each other', 'a file without time steps');
  if (file.layers !== first.layers) throw differs('layers', first.layers, file.layers);
  for (const { name, units } of first.variables) {
    const theirs = file.variables.find((variable) => variable.name === name);
    if (!theirs) throw differs('the variable', name, 'none of that name');
    if (theirs.units !== units) throw differs(`${name} in`, `"${units}"`, `"${theirs.units}"`);
  }
}

function join(files: IoapiFile[]): Piece[] {
  if (files.length === 1) return [{ file: files[0], first: 0, count: files[0].time.count, overlap: 0 }];
  const pieces: Piece[] = [];
  let total = 0;
  for (const file of files) {
    const axis = { ...files[0].time };
    const overlap = (timeAt(axis, total).getTime() - file.time.start.getTime()) / (1000 * axis.stepSeconds);
    if (!Number.isInteger(overlap) || overlap < 0) {
      const before = pieces[pieces.length - 1]?.file.path ?? file.path;
      throw new DataError(
        'TFLAG_GAP',
        `${file.path}: expected to begin at ${instant(timeAt(axis, total))}, where ${before} ends, but it begins at ${instant(file.time.start)}: give the files that lie between`,
      );
    }
    const count = Math.max(0, file.time.count - overlap);
    if (count > 0) pieces.push({ file, first: total, count, overlap });
    else file.close(); // wholly inside the files before it
    total += count;
  }
  return pieces;
}

function alike(a: Float32Array, b: Float32Array): boolean {
  const largest = a.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0);
  return a.every((value, i) => Math.abs(value - b[i]) <= OVERLAP_TOLERANCE * largest || (Number.isNaN(value) && Number.isNaN(b[i])));
}
