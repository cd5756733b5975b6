/**
 * Reading gridded I/O API files (FTYPE 1: CMAQ, MCIP, SMOKE), whatever netCDF format and numeric type they are in.
 *
 * Missing values are read as NaN: BADVAL3 = -9.999e36 and netCDF's fill value, a variable's own _FillValue and missing_value, and in
 * integer variables IMISS3 = -9999 and netCDF's fill value for integers.
 *
 * @see I/O API, https://www.cmascenter.org/ioapi/documentation/all_versions/html/
 */
import type { NetcdfAttribute, NetcdfFile } from '@retroplume/native';

import { DataError, RetroplumeError } from '../../base/errors';
import { type Grid, type TimeAxis, instant, timeAt, dotGrid, windowIn, type GridWindow, type Stagger } from '../../grid/grid';
import { dimension, IoapiHeader, readGrid, readTimes, readVariables, trimmed, type IoapiTimes, type IoapiVariable } from './ioapi-header';
import { openNetcdf, reading } from '../netcdf/netcdf-access';
import type { WindDirection } from '../../grid/wind';
import { cachedByFile } from '../../base/whole-files';

/** Which part of the files is read. */
export interface GridChoice {
  /** the case's grid, which a file must be on or hold as a window; by default a file is read as it is */
  grid?: Grid;
  /** whether a file may hold the corners of the grid's cells instead (METDOT); what is read then is on `dotGrid(grid)` */
  dots?: boolean;
}

/** What a single file and a series of files have in common. */
export interface IoapiReader {
  /** The file, or the first … last of a series: for messages. */
  readonly path: string;
  /** The grid of what is read: the file's own, or the part of it that was asked for. */
  readonly grid: Grid;
  readonly time: TimeAxis;
  readonly layers: number;
  readonly variables: IoapiVariable[];
  readonly attributes: Record<string, NetcdfAttribute>;
  /** What is no fault of the files, but worth knowing: sentences, known once all that is wanted was read. */
  readonly notes?: readonly string[];
  /** How WDIR10 becomes a direction against the grid; by default what `attributes` say of it. */
  readonly direction?: WindDirection;
  /** The wind along the grid in the lowest layer, of a step, where the files hold it beside WDIR10. */
  readonly lowestWind?: { names: readonly [string, string]; read(step: number): { u: Float32Array; v: Float32Array } };
  /** Of a variable that is not there, in files that have names of their own: what was looked for, and what else may help; for messages. */
  sought?(variable: string): { name: string; remedy?: string };
  /**
   * @param first - first step (default 0), `count` steps (default: to the end)
   * @param layer - one layer only (0 is the surface); default all
   * @returns `[count, layers or 1, rows, cols]`, missing values NaN
   * @throws {DataError} `VARIABLE_MISSING`, `STEP_OUTSIDE`, `LAYER_OUTSIDE` (parts of a step or layer, too), `FILE_TRUNCATED`
   */
  read(variable: string, first?: number, count?: number, layer?: number): Float32Array;
  /** Closes the file, or all of a series; nothing can be read afterwards. */
  close(): void;
}

/** I/O API's AMISS3: below it a value is missing. netCDF's fill value for floats is 9.97e36. */
const MISSING_BELOW = -9e36;
const MISSING_ABOVE = 9e36;
/** I/O API's IMISS3, and netCDF's fill value for integers. */
const [IMISS, INTEGER_FILL] = [-9999, -2147483647];

/**
 * One gridded I/O API file, open.
 *
 * @example
 * const file = IoapiFile.open('EMIS_20170101.nc');
 * const noon = file.read('NO2', 12, 1); // [1, layers, rows, cols]
 * file.close();
 */
export class IoapiFile implements IoapiReader {
  readonly time: TimeAxis;
  private readonly fills = new Map<string, Set<number>>();

  private constructor(
    readonly path: string,
    private readonly file: NetcdfFile,
    readonly attributes: Record<string, NetcdfAttribute>,
    readonly grid: Grid,
    /** where the grid lies in that of the file */
    readonly window: GridWindow,
    private readonly times: IoapiTimes,
    readonly layers: number,
    readonly variables: IoapiVariable[],
  ) {
    this.time = times.axis;
  }

  /**
   * Opens a file and reads its header.
   *
   * @throws {DataError} `FILE_MISSING`, `FILE_TRUNCATED`, `FILE_NOT_NETCDF`, `IOAPI_HEADER`, `TFLAG_GAP`, `TFLAG_START`, `TFLAG_INVALID`
   * @throws {GridError} for a projection that isn't supported; `GRID_MISMATCH`
   */
  static open(path: string, options: GridChoice = {}): IoapiFile {
    const file = openNetcdf(path);
    try {
      return reading(path, () => {
        const attributes = Object.fromEntries(
          [...file.attributes()].map(([name, value]) => [name, typeof value === 'string' ? trimmed(value) : value]),
        );
        const header = new IoapiHeader(path, attributes);
        header.requireGridded();
        const fileGrid = readGrid(header, file);
        const { grid, window } = partOf(fileGrid, options, path);
        const variables = readVariables(header, file);
        return new IoapiFile(path, file, attributes, grid, window, readTimes(header, file), dimension(file, 'LAY'), variables);
      });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** The same open file, its first step taken for that of another instant: a day that stands for another one. */
  beginningAt(start: Date): IoapiFile {
    const times = { ...this.times, axis: { ...this.times.axis, start } };
    return new IoapiFile(this.path, this.file, this.attributes, this.grid, this.window, times, this.layers, this.variables);
  }

  get notes(): string[] {
    const { dated } = this.times;
    if (dated === undefined) return [];
    return [
      `${this.path}: TSTEP is 0, so that its fields are taken as independent of time, but TFLAG says ${instant(dated)}: set TSTEP if they are of that hour`,
    ];
  }

  /** Whether the values lie at the centres of the cells of the grid that was asked for, or at their corners. */
  get stagger(): Stagger {
    return this.window.stagger;
  }

  read(variable: string, first = 0, count = this.time.count - first, layer?: number): Float32Array {
    this.requireVariable(variable);
    this.requireSteps(first, count);
    const [lowest, layers] = layer === undefined ? [0, this.layers] : [layer, 1];
    if (!Number.isInteger(lowest) || lowest < 0 || lowest >= this.layers) {
      throw new DataError('LAYER_OUTSIDE', `${this.path}: layer ${lowest} was asked for but ${variable} has ${this.layers}: ask for a layer from 0`);
    }
    const { rows, cols } = this.grid;
    const values = new Float32Array(count * layers * rows * cols);
    const { row, col } = this.window;
    const readSteps = (record: number, steps: number, target: Float32Array): void => {
      reading(this.path, () => this.file.read(variable, [record, lowest, row, col], [steps, layers, rows, cols], target));
    };
    const { records } = this.times;
    if (!records) readSteps(first, count, values);
    else for (let i = 0; i < count; i++) readSteps(records[first + i], 1, values.subarray(i * layers * rows * cols, (i + 1) * layers * rows * cols));
    for (let i = 0; i < values.length; i++) if (values[i] < MISSING_BELOW || values[i] > MISSING_ABOVE) values[i] = Number.NaN;
    const fills = this.fillsOf(variable);
    // A look into a set for each value would take as long as all the rest: mostly there is nothing to look for.
    if (fills.size > 0) for (let i = 0; i < values.length; i++) if (fills.has(values[i])) values[i] = Number.NaN;
    return values;
  }

  /** What counts as missing in a variable beside values that are too large for any, as 32-bit floats. */
  private fillsOf(variable: string): Set<number> {
    const fill = this.fills.get(variable);
    if (fill) return fill;
    const attributes = this.file.attributes(variable);
    const integer = !['float', 'double'].includes(this.file.variable(variable)?.type ?? '');
    const fillValues = ['_FillValue', 'missing_value'].flatMap((name) => {
      const value = attributes.get(name);
      return value === undefined || typeof value === 'string' || Array.isArray(value) ? [] : Array.from<number | bigint, number>(value, Number);
    });
    const possible = [...fillValues, ...(integer ? [IMISS, INTEGER_FILL] : [])].map(Math.fround);
    const fills = new Set(possible.filter((value) => value >= MISSING_BELOW && value <= MISSING_ABOVE));
    this.fills.set(variable, fills);
    return fills;
  }

  close(): void {
    this.file.close();
  }

  /** For `using`: {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  private requireVariable(name: string): void {
    if (this.variables.some((variable) => variable.name === name)) return;
    const names = this.variables.map((variable) => variable.name);
    const shown = names.length > 12 ? `${names.slice(0, 12).join(', ')} … (${names.length})` : names.join(', ');
    throw new DataError(
      'VARIABLE_MISSING',
      `${this.path}: there is no variable ${name}; it holds ${shown}: mend the name in the case or give another file`,
    );
  }

  private requireSteps(first: number, count: number): void {
    if (areSteps(first, count) && first + count <= this.time.count) return;
    throw new DataError(
      'STEP_OUTSIDE',
      `${this.path}: steps ${first} to ${first + count - 1} were asked for but it holds ${this.time.count} from ${instant(this.time.start)}: give files that cover the period`,
    );
  }
}

/** Whether these may be a first step and a number of steps. */
export function areSteps(first: number, count: number): boolean {
  return [first, count].every((number) => Number.isInteger(number) && number >= 0);
}

/** The part of a file's grid that is read. */
function partOf(fileGrid: Grid, { grid: wanted, dots }: GridChoice, path: string): { grid: Grid; window: GridWindow } {
  if (!wanted) return { grid: fileGrid, window: { row: 0, col: 0, stagger: 'cross' } };
  const window = windowIn(fileGrid, wanted, path, dots);
  const part = window.stagger === 'dot' ? dotGrid(wanted) : wanted;
  // A file on the grid itself keeps its own name and digits, which a copy of it then has too.
  return { grid: fileGrid.cols === part.cols && fileGrid.rows === part.rows ? fileGrid : part, window };
}

interface IoapiHead {
  time: TimeAxis;
  /** names */
  variables: string[];
}

/** Undefined where the file is no I/O API file or cannot be read: whoever reads it says so. Years of daily files are asked for again and again. */
export const headOf = cachedByFile((path): IoapiHead | undefined => {
  try {
    const file = IoapiFile.open(path);
    file.close();
    return { time: file.time, variables: file.variables.map(({ name }) => name) };
  } catch (error) {
    if (error instanceof RetroplumeError) return undefined;
    throw error;
  }
});

/**
 * The files of a period, the instant at which it ends included: CMAQ interpolates towards it. Left out are I/O API files all of whose hours lie before or
 * after it. A single file is given in any case, so that whoever reads it says which hours it holds.
 *
 * @throws {DataError} `PERIOD_NOT_COVERED` if none of several files holds an hour of the period
 */
export function filesWithin(paths: readonly string[], period: TimeAxis): string[] {
  const [start, end] = [period.start, timeAt(period, period.count)];
  const insidePaths = paths.filter((path) => {
    const time = headOf(path)?.time;
    if (time === undefined || time.stepSeconds === 0) return true;
    return time.start <= end && timeAt(time, time.count - 1) >= start;
  });
  if (insidePaths.length > 0) return insidePaths;
  if (paths.length <= 1) return [...paths];
  throw new DataError(
    'PERIOD_NOT_COVERED',
    `${paths[0]} … ${paths[paths.length - 1]}: none of these ${paths.length} files holds an hour of the period, ${instant(start)} to ${instant(end)}: give files that cover it`,
  );
}
