/** Several I/O API files (a file a day, say) read as one, joined in time. */
import { DataError, expectArgument, expectOptions, type OptionNames } from '../../base/errors';
import { type Grid, type TimeAxis, instant, timeAt, type Stagger } from '../../grid/grid';
import { areSteps, IoapiFile, type GridChoice, type IoapiReader } from './ioapi-file';
import type { IoapiVariable } from './ioapi-header';

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
      const previousPath = pieces[pieces.length - 1]?.file.path ?? file.path;
      throw new DataError(
        'TFLAG_GAP',
        `${file.path}: expected to begin at ${instant(timeAt(axis, total))}, where ${previousPath} ends, but it begins at ${instant(file.time.start)}: give the files that lie between`,
      );
    }
    const count = Math.max(0, begin + file.time.count - total);
    pieces.push({ file, begin, first: total, count });
    total += count;
  }
  return pieces;
}

/** Steps of a file that those before it hold, too. */
export function heldTwice({ file, begin, first }: Piece): { firstStep: number; endStep: number } {
  return { firstStep: begin, endStep: Math.min(first, begin + file.time.count) };
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
    const { firstStep, endStep } = heldTwice(piece);
    for (let step = firstStep; step < endStep; step++) {
      const previous = pieces.slice(0, i).findLast(({ file, begin }) => begin <= step && step < begin + file.time.count);
      if (!previous) continue;
      const [laterValues, earlierValues] = [piece, previous].map(({ file, begin }) => file.read(variable, step - begin, 1, layer));
      if (alike(laterValues, earlierValues)) continue;
      const [earlier, later, start] = [previous.file.path, piece.file.path, timeAt(piece.file.time, step - piece.begin)];
      if (endStep - firstStep <= mayDiffer) return [{ earlier, later, variable, start }];
      throw new DataError(
        'FILES_OVERLAP',
        `${later}: ${variable} at ${instant(start)} differs from that in ${earlier}, which holds the same hour: cut the files so that each hour is in one file, or give only one of them`,
      );
    }
    return [];
  });
}

function alike(a: Float32Array, b: Float32Array): boolean {
  const largest = a.reduce((largestSoFar, value) => Math.max(largestSoFar, Math.abs(value) || 0), 0);
  return a.every((value, i) => Math.abs(value - b[i]) <= OVERLAP_TOLERANCE * largest || (Number.isNaN(value) && Number.isNaN(b[i])));
}

export interface SeriesOptions extends GridChoice {
  /** what is done with steps that two files hold; by default they must be the same */
  overlap?: OverlapRule;
}

const OPTIONS: OptionNames<SeriesOptions> = { grid: true, dots: true, overlap: true };

export interface OverlapRule {
  /** whose values count */
  counts: 'earlier' | 'later';
  /** overlaps of up to so many steps may differ; with Infinity nothing is compared */
  mayDiffer: number;
}

/** A day of the calendar and the file whose hours are taken for it. */
export interface RepresentativeDay {
  /** 00Z */
  date: Date;
  path: string;
}

/** Daily emission files of 25 hours, each from its own day's profile: CMAQ's run of the next day begins with its own file. */
export const EMISSION_OVERLAP: OverlapRule = { counts: 'later', mayDiffer: 1 };
/** Output of daily runs: the last hour of a run counts, not the state from which the next one starts. */
export const OUTPUT_OVERLAP: OverlapRule = { counts: 'earlier', mayDiffer: 1 };
/** Days that stand for others: the 25th hour of one is not the beginning of the day that now follows it. */
const DAYS_OVERLAP: OverlapRule = { counts: 'later', mayDiffer: Infinity };
/** Meteorology may come of forecasts that overlap by many hours. */
export const WEATHER_OVERLAP: OverlapRule = { counts: 'later', mayDiffer: Infinity };
const SAME: OverlapRule = { counts: 'later', mayDiffer: 0 };

/**
 * @example
 * const series = IoapiSeries.open(expandGlob('EMIS_2017-01-*.nc'));
 * const firstDay = series.read('NO2', 0, 24);
 */
export class IoapiSeries implements IoapiReader {
  readonly time: TimeAxis;
  /** Of all files: one that only some hold is refused when it is read, so that nobody takes it for absent. */
  readonly variables: IoapiVariable[];
  private readonly compared = new Set<string>();
  /** by the path of the later file */
  private readonly differences = new Map<string, Difference>();
  private refused?: DataError;

  private constructor(
    private readonly pieces: Piece[],
    private readonly rule: OverlapRule,
  ) {
    const { start, stepSeconds } = pieces[0].file.time;
    this.time = { start, stepSeconds, count: pieces.reduce((sum, piece) => sum + piece.count, 0) };
    const byName = new Map<string, IoapiVariable>();
    for (const variable of pieces.flatMap(({ file }) => file.variables)) if (!byName.has(variable.name)) byName.set(variable.name, variable);
    this.variables = [...byName.values()];
  }

  /**
   * Opens files that follow each other in time, in any order. Overlaps are compared when a variable is read: `FILES_OVERLAP`.
   *
   * @throws {DataError} `FILES_NONE`, `TFLAG_GAP` between files, `FILES_DIFFER` in step, layers, variables or units; and whatever a file throws
   * @throws {GridError} `GRID_MISMATCH` between files
   */
  static open(paths: string[], options: SeriesOptions = {}): IoapiSeries {
    expectArgument(Array.isArray(paths), 'IoapiSeries.open: paths', 'a list of paths', paths);
    expectOptions(options, 'IoapiSeries.open', OPTIONS);
    if (paths.length === 0) throw new DataError('FILES_NONE', 'no I/O API file was given: check the pattern in the case');
    const files: IoapiFile[] = [];
    try {
      for (const path of paths) files.push(IoapiFile.open(path, options));
      return IoapiSeries.join(files, options.overlap);
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
  }

  /** Of open files, which from then on are its own. @throws as {@link open} */
  static join(files: readonly IoapiFile[], overlap: OverlapRule = SAME): IoapiSeries {
    return new IoapiSeries(joined(files), overlap);
  }

  /** Days of the calendar, each with the hours of the file that stands for it. @throws as {@link open} */
  static ofDays(days: readonly RepresentativeDay[], options: GridChoice = {}): IoapiSeries {
    const files = new Map<string, IoapiFile>();
    try {
      for (const { path } of days) if (!files.has(path)) files.set(path, IoapiFile.open(path, options));
      return new IoapiSeries(joined(days.map(({ date, path }) => files.get(path)!.beginningAt(date))), DAYS_OVERLAP);
    } catch (error) {
      for (const file of files.values()) file.close();
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

  get attributes(): IoapiFile['attributes'] {
    return this.pieces[0].file.attributes;
  }

  /** Attributes of every file, in the order of time. */
  get headers(): IoapiFile['attributes'][] {
    return this.pieces.map(({ file }) => file.attributes);
  }

  /** That a file without time has a date; that files differ in an hour that two of them hold, and which counts: known of the variables that were read. */
  get notes(): string[] {
    const ofFiles = this.pieces.flatMap(({ file }) => file.notes);
    const [first, ...remaining] = this.differences.values();
    if (first === undefined) return ofFiles;
    const moreText = remaining.length === 0 ? '' : ` (as in ${remaining.length} more ${remaining.length === 1 ? 'pair' : 'pairs'} of files)`;
    const { earlier, later, variable, start } = first;
    return [
      ...ofFiles,
      `${later}: ${variable} at ${instant(start)} differs from that in ${earlier}, which holds the same hour${moreText}: the ${this.rule.counts} file's hour counts`,
    ];
  }

  read(variable: string, first = 0, count = this.time.count - first, layer?: number): Float32Array {
    if (this.pieces.length === 1) return this.pieces[0].file.read(variable, first, count, layer);
    if (!areSteps(first, count) || first + count > this.time.count) throw this.outside(first, count);
    assertHeldByAll(variable, this.pieces);
    this.compareOverlaps(variable, layer);
    const perStep = (layer === undefined ? this.layers : 1) * this.grid.rows * this.grid.cols;
    const values = new Float32Array(count * perStep);
    for (const piece of this.pieces) {
      const start = Math.max(first, piece.first);
      const end = Math.min(first + count, piece.first + piece.count);
      if (start < end) values.set(piece.file.read(variable, start - piece.begin, end - start, layer), (start - first) * perStep);
    }
    if (this.rule.counts === 'later') this.takeLater(values, variable, first, count, layer);
    return values;
  }

  close(): void {
    for (const piece of this.pieces) piece.file.close();
  }

  /** For `using`: {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Replaces steps that a later file holds too by that file's. */
  private takeLater(values: Float32Array, variable: string, first: number, count: number, layer?: number): void {
    const perStep = values.length / count;
    for (const piece of this.pieces) {
      const twice = heldTwice(piece);
      const start = Math.max(first, twice.firstStep);
      const end = Math.min(first + count, twice.endStep);
      if (start < end) values.set(piece.file.read(variable, start - piece.begin, end - start, layer), (start - first) * perStep);
    }
  }

  /** Once a variable: what two files hold must agree, but for a few steps. Of files that do not, one variable is enough to say so. */
  private compareOverlaps(variable: string, layer?: number): void {
    const key = `${variable}/${layer ?? 'all'}`;
    const { mayDiffer } = this.rule;
    if (mayDiffer === Infinity || this.compared.has(key)) return;
    if (this.refused) throw this.refused;
    try {
      for (const difference of differencesOf(this.pieces, mayDiffer, variable, layer)) {
        if (!this.differences.has(difference.later)) this.differences.set(difference.later, difference);
      }
    } catch (error) {
      if (error instanceof DataError && error.code === 'FILES_OVERLAP') this.refused = error;
      throw error;
    }
    this.compared.add(key);
  }

  private outside(first: number, count: number): DataError {
    const { start, count: stepCount } = this.time;
    return new DataError(
      'STEP_OUTSIDE',
      `${this.path}: steps ${first} to ${first + count - 1} were asked for but the files hold ${stepCount} from ${instant(start)}: give files that cover the period`,
    );
  }
}

/** Of what the first file holds `assertAlike` says so when they are joined; a later one may hold more, as long as nobody asks for it. */
function assertHeldByAll(variable: string, [{ file: first }, ...laterPieces]: readonly Piece[]): void {
  const holds = ({ variables }: IoapiFile): boolean => variables.some(({ name }) => name === variable);
  if (holds(first)) return;
  const otherPiece = laterPieces.find(({ file }) => holds(file));
  if (otherPiece) throw differs(first, otherPiece.file, 'the variable', variable, NONE);
}

function differs(file: IoapiFile, reference: IoapiFile, attribute: string, expected: string | number, received: string | number): DataError {
  return new DataError(
    'FILES_DIFFER',
    `${file.path}: expected ${attribute} ${expected} as in ${reference.path} but received ${received}: give files of one run`,
  );
}

const NONE = 'none of that name';

/** @throws {DataError} `TFLAG_GAP`, `FILES_DIFFER`; {@link GridError} `GRID_MISMATCH` */
function joined(files: readonly IoapiFile[]): Piece[] {
  const inTime = [...files].sort((a, b) => a.time.start.getTime() - b.time.start.getTime());
  for (const file of inTime.slice(1)) assertAlike(inTime[0], file);
  return join(inTime);
}

function assertAlike(first: IoapiFile, file: IoapiFile): void {
  first.grid.assertSame(file.grid, file.path);
  if (file.time.stepSeconds !== first.time.stepSeconds)
    throw differs(file, first, 'a time step (s) of', first.time.stepSeconds, file.time.stepSeconds);
  if (first.time.stepSeconds === 0) throw differs(file, first, 'time steps', 'that follow each other', 'a file without time steps');
  if (file.layers !== first.layers) throw differs(file, first, 'layers', first.layers, file.layers);
  for (const { name, units } of first.variables) {
    const otherVariable = file.variables.find((variable) => variable.name === name);
    if (!otherVariable) throw differs(file, first, 'the variable', name, NONE);
    if (otherVariable.units !== units) throw differs(file, first, `${name} in`, `"${units}"`, `"${otherVariable.units}"`);
  }
}
