/**
 * Reading gridded I/O API files (FTYPE 1: CMAQ, MCIP, SMOKE), whatever netCDF format they are in.
 *
 * Attributes are of fixed width, padded with blanks or NULs; the order of variables is that of VAR-LIST (tools such as ncks sort them);
 * a file without time steps has TSTEP 0 and TFLAG 0,0. Missing values (BADVAL3 = -9.999e36 and netCDF's fill value) are read as NaN.
 *
 * @see I/O API, https://www.cmascenter.org/ioapi/documentation/all_versions/html/
 */
import type { NetcdfAttribute, NetcdfFile } from '@retroplume/native';

import { DataError } from '../errors';
import { Grid, type TimeAxis } from '../grid/grid';
import { fromIoapiStep, fromIoapiTime, instant, timeAt } from './ioapi-time';
import { openNetcdf, reading } from './netcdf-access';

export interface IoapiVariable {
  name: string;
  units: string;
  description: string;
}

/** What a single file and a series of files have in common. */
export interface IoapiReader {
  /** The file, or the first … last of a series: for messages. */
  readonly path: string;
  readonly grid: Grid;
  readonly time: TimeAxis;
  readonly layers: number;
  readonly variables: IoapiVariable[];
  readonly attributes: Record<string, NetcdfAttribute>;
  /**
   * @param first - first step (default 0), `count` steps (default: to the end)
   * @param layer - one layer only (0 is the surface); default all
   * @returns `[count, layers or 1, rows, cols]`, missing values NaN
   * @throws {DataError} `VARIABLE_MISSING`, `STEP_OUTSIDE`, `FILE_TRUNCATED`
   */
  read(variable: string, first?: number, count?: number, layer?: number): Float32Array;
  close(): void;
}

const GRIDDED = 1;
/** I/O API's AMISS3: below it a value is missing. netCDF's fill value for floats is 9.97e36. */
const MISSING_BELOW = -9e36;
const MISSING_ABOVE = 9e36;

/**
 * One gridded I/O API file, open.
 *
 * @example
 * const file = IoapiFile.open('EMIS_20170101.nc');
 * const noon = file.read('NO2', 12, 1); // [1, layers, rows, cols]
 * file.close();
 */
export class IoapiFile implements IoapiReader {
  private constructor(
    readonly path: string,
    private readonly file: NetcdfFile,
    readonly attributes: Record<string, NetcdfAttribute>,
    readonly grid: Grid,
    readonly time: TimeAxis,
    readonly layers: number,
    readonly variables: IoapiVariable[],
  ) {}

  /**
   * @throws {DataError} `FILE_MISSING`, `FILE_TRUNCATED`, `FILE_NOT_NETCDF`, `IOAPI_HEADER`, `TFLAG_GAP`, `TFLAG_START`
   * @throws {GridError} for a projection that isn't supported
   */
  static open(path: string): IoapiFile {
    const file = openNetcdf(path);
    try {
      return reading(path, () => {
        const attributes = Object.fromEntries(
          [...file.attributes()].map(([name, value]) => [name, typeof value === 'string' ? trimmed(value) : value]),
        );
        const header = new IoapiHeader(path, attributes);
        header.requireGridded();
        const grid = readGrid(header, file);
        const variables = readVariables(header, file);
        return new IoapiFile(path, file, attributes, grid, readTime(header, file), dimension(file, 'LAY'), variables);
      });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  read(variable: string, first = 0, count = this.time.count - first, layer?: number): Float32Array {
    this.requireVariable(variable);
    this.requireSteps(first, count);
    const [lowest, layers] = layer === undefined ? [0, this.layers] : [layer, 1];
    if (lowest < 0 || lowest >= this.layers) {
      throw new DataError('LAYER_OUTSIDE', `${this.path}: layer ${lowest} was asked for but ${variable} has ${this.layers}: ask for a layer from 0`);
    }
    const { rows, cols } = this.grid;
    const values = new Float32Array(count * layers * rows * cols);
    reading(this.path, () => this.file.read(variable, [first, lowest, 0, 0], [count, layers, rows, cols], values));
    for (let i = 0; i < values.length; i++) if (values[i] < MISSING_BELOW || values[i] > MISSING_ABOVE) values[i] = Number.NaN;
    return values;
  }

  close(): void {
    this.file.close();
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
    if (first >= 0 && count >= 0 && first + count <= this.time.count) return;
    throw new DataError(
      'STEP_OUTSIDE',
      `${this.path}: steps ${first} to ${first + count - 1} were asked for but it holds ${this.time.count} from ${instant(this.time.start)}: give files that cover the period`,
    );
  }
}

const trimmed = (text: string): string => text.replace(/[\s\0]+$/, '');

/** The file's attributes, with complaints that name the one at fault. */
class IoapiHeader {
  constructor(
    readonly path: string,
    readonly attributes: Record<string, NetcdfAttribute>,
  ) {}

  number(name: string): number {
    const value = this.attributes[name];
    if (value !== undefined && typeof value !== 'string' && value.length > 0) {
      const number = Number(value[0]);
      if (Number.isFinite(number)) return number;
    }
    throw this.error(`expected the attribute ${name} to be a number but received ${value === undefined ? 'none' : JSON.stringify(value)}`);
  }

  text(name: string): string {
    const value = this.attributes[name];
    if (typeof value === 'string') return value;
    return Array.isArray(value) ? trimmed(value.join('')) : '';
  }

  requireGridded(): void {
    const type = this.number('FTYPE');
    if (type !== GRIDDED) throw this.error(`expected a gridded file (FTYPE 1) but received FTYPE ${type}`);
  }

  error(what: string): DataError {
    return new DataError('IOAPI_HEADER', `${this.path}: ${what}: give a gridded I/O API file, as CMAQ and MCIP write them`);
  }
}

function dimension(file: NetcdfFile, name: string): number {
  const found = file.dimensions.find((candidate) => candidate.name === name);
  if (found) return found.length;
  throw new DataError('IOAPI_HEADER', `${file.path}: there is no dimension ${name}: give a gridded I/O API file, as CMAQ and MCIP write them`);
}

function readGrid(header: IoapiHeader, file: NetcdfFile): Grid {
  const grid = new Grid({
    name: header.text('GDNAM'),
    gdtyp: header.number('GDTYP'),
    pAlp: header.number('P_ALP'),
    pBet: header.number('P_BET'),
    pGam: header.number('P_GAM'),
    xcent: header.number('XCENT'),
    ycent: header.number('YCENT'),
    xorig: header.number('XORIG'),
    yorig: header.number('YORIG'),
    xcell: header.number('XCELL'),
    ycell: header.number('YCELL'),
    cols: header.number('NCOLS'),
    rows: header.number('NROWS'),
  });
  const [cols, rows] = [dimension(file, 'COL'), dimension(file, 'ROW')];
  if (cols !== grid.cols || rows !== grid.rows) {
    throw header.error(`the header says ${grid.cols} x ${grid.rows} cells but the dimensions are ${cols} x ${rows}`);
  }
  return grid;
}

/** In the order of VAR-LIST, 16 characters a name; without it in the file's order. */
function readVariables(header: IoapiHeader, file: NetcdfFile): IoapiVariable[] {
  const list = header.text('VAR-LIST');
  const listed = Array.from({ length: Math.ceil(list.length / 16) }, (_, i) => trimmed(list.slice(16 * i, 16 * i + 16)).trim()).filter(
    (name) => name,
  );
  const names = listed.length > 0 ? listed : file.variables.map((variable) => variable.name).filter((name) => name !== 'TFLAG');
  return names.map((name) => {
    const variable = file.variable(name);
    if (!variable) throw header.error(`VAR-LIST names ${name} but the file holds no such variable`);
    const shape = variable.dimensions.join(',');
    if (shape !== 'TSTEP,LAY,ROW,COL') throw header.error(`expected ${name} on TSTEP,LAY,ROW,COL but received ${shape}`);
    const attributes = file.attributes(name);
    return { name, units: text(attributes.get('units')), description: text(attributes.get('var_desc') ?? attributes.get('long_name')) };
  });
}

function text(value: NetcdfAttribute): string {
  return trimmed(typeof value === 'string' ? value : Array.isArray(value) ? value.join('') : '').trim();
}

/** The time axis of SDATE, STIME and TSTEP, checked against every TFLAG. */
function readTime(header: IoapiHeader, file: NetcdfFile): TimeAxis {
  const stepSeconds = fromIoapiStep(header.number('TSTEP'));
  const count = dimension(file, 'TSTEP');
  const start = fromIoapiTime(header.number('SDATE'), header.number('STIME'));
  if (stepSeconds < 0) throw header.error(`expected a TSTEP of 0 or more but received ${header.number('TSTEP')}`);
  if (stepSeconds === 0) return { start, stepSeconds, count };
  if (count === 0) throw new DataError('TFLAG_GAP', `${header.path}: the file holds no time step: make it again`);
  if (!file.variable('TFLAG')) throw header.error('there is no TFLAG');
  const axis = { start, stepSeconds, count };
  checkTflags(header.path, axis, file.read<Int32Array>('TFLAG'));
  return axis;
}

function checkTflags(path: string, axis: TimeAxis, tflag: Int32Array): void {
  const perStep = tflag.length / axis.count;
  for (let i = 0; i < tflag.length; i += 2) {
    const step = Math.floor(i / perStep);
    const expected = timeAt(axis, step);
    const found = fromIoapiTime(tflag[i], tflag[i + 1]);
    if (found.getTime() === expected.getTime()) continue;
    if (step === 0) {
      throw new DataError(
        'TFLAG_START',
        `${path}: SDATE and STIME say ${instant(expected)} but the first TFLAG says ${instant(found)}: set SDATE and STIME to the first TFLAG`,
      );
    }
    throw new DataError(
      'TFLAG_GAP',
      `${path}: expected step ${step} at ${instant(expected)} but its TFLAG says ${instant(found)}: give a file without missing or repeated steps`,
    );
  }
}
