/**
 * The header of a gridded I/O API file: grid, variables and time axis from its attributes, each checked against the file's dimensions.
 *
 * Attributes are of fixed width, padded with blanks or NULs, or netCDF strings; the order of variables is that of VAR-LIST (tools such as
 * ncks sort them). A file without time steps has TSTEP 0 and TFLAG 0,0. A negative TSTEP marks a restart file, a ring of two records
 * that are overwritten in turn: its records are put in the order of their TFLAG.
 */
import type { NetcdfAttribute, NetcdfFile } from '@retroplume/native';

import { DataError } from '../../base/errors';
import { Grid, type TimeAxis, instant, timeAt } from '../../grid/grid';
import { holdsNumbers } from '../netcdf/netcdf-access';
import { packingOf, plain, type CfAttributes } from '../netcdf/netcdf-cf';

export interface IoapiVariable {
  name: string;
  units: string;
  description: string;
}

export const trimmed = (text: string): string => text.replace(/[\s\0]+$/, '');

const GRIDDED = 1;
/** What the I/O API calls a kind of file, and what such a file is: for the message that refuses it. */
interface FileType {
  name: string;
  description: string;
}

/**
 * The kinds of I/O API file by their number (FTYPE).
 *
 * @see I/O API, PARMS3.EXT and OPEN3; CMAQ's Operational Guidance Document, table 6-2
 */
export const FILE_TYPES: Readonly<Record<number, FileType | undefined>> = {
  [-3]: { name: 'cloud event', description: 'a file of cloud events' },
  [-2]: { name: 'directed graph', description: 'a directed graph' },
  [-1]: { name: 'custom', description: 'a custom file of no described layout' },
  0: { name: 'dictionary', description: 'a dictionary of file descriptions' },
  1: { name: 'gridded', description: 'a gridded file' },
  2: { name: 'boundary', description: 'a boundary file, the rim of cells around a grid, as BCON writes it' },
  3: { name: 'ID-referenced', description: 'a file of observations with identifiers (ID-data)' },
  4: { name: 'vertical profile', description: 'a file of vertical profiles at places' },
  5: { name: 'nested grid', description: 'a file of nested grids' },
  6: { name: 'sparse matrix', description: 'a sparse matrix, such as a speciation or gridding matrix of SMOKE' },
  7: { name: 'time series', description: 'a file of time series' },
  8: { name: 'pointer-flyer', description: 'a file of pointer-flyer observations' },
};

/** The file's attributes, with complaints that name the one at fault. */
export class IoapiHeader {
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
    if (type === GRIDDED) return;
    const kind = FILE_TYPES[type]?.description ?? 'of a kind that the I/O API does not know';
    throw this.error(`expected a gridded file (FTYPE 1) but it is ${kind} (FTYPE ${type})`);
  }

  error(fault: string): DataError {
    return new DataError('IOAPI_HEADER', `${this.path}: ${fault}: give a gridded I/O API file, as CMAQ and MCIP write them`);
  }
}

export function dimension(file: NetcdfFile, name: string): number {
  const dimension = file.dimensions.find((candidate) => candidate.name === name);
  if (dimension) return dimension.length;
  throw new DataError('IOAPI_HEADER', `${file.path}: there is no dimension ${name}: give a gridded I/O API file, as CMAQ and MCIP write them`);
}

export function readGrid(header: IoapiHeader, file: NetcdfFile): Grid {
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
export function readVariables(header: IoapiHeader, file: NetcdfFile): IoapiVariable[] {
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
    if (!holdsNumbers(variable)) throw header.error(`expected numbers in ${name} but it is of type ${variable.type}`);
    const attributes = file.attributes(name);
    refusePacked(header.path, name, plain(attributes));
    return { name, units: text(attributes.get('units')), description: text(attributes.get('var_desc') ?? attributes.get('long_name')) };
  });
}

/** The I/O API knows no packing: CMAQ would take the numbers as they are stored, what knows CF those that are meant. @throws {DataError} `IOAPI_PACKED` */
function refusePacked(path: string, name: string, attributes: CfAttributes): void {
  const packing = packingOf(attributes, `${path}: ${name}`);
  if (!packing || (packing.scale === 1 && packing.offset === 0 && !packing.unsigned)) return;
  // A float's 0.1 is 0.10000000149011612.
  const shown = (value: unknown): string => (typeof value === 'number' ? String(Number(value.toPrecision(7))) : String(value));
  const unreadAttributes = ['scale_factor', 'add_offset', '_Unsigned'].flatMap((key) =>
    attributes[key] === undefined ? [] : [`${key} ${shown(attributes[key])}`],
  );
  throw new DataError(
    'IOAPI_PACKED',
    `${path}: ${name} is packed (${unreadAttributes.join(', ')}), of which CMAQ and the I/O API know nothing and take its numbers as they are stored: unpack the file (ncpdq -U), or delete the attributes if the numbers are right without (ncatted)`,
  );
}

function text(value: NetcdfAttribute): string {
  return trimmed(typeof value === 'string' ? value : Array.isArray(value) ? value.join('') : '').trim();
}

/** A file's time axis, and which record holds each of its steps where that is not the step itself. */
export interface IoapiTimes {
  axis: TimeAxis;
  records?: number[];
  /** of a file without time steps: what its TFLAG says nevertheless */
  dated?: Date;
}

/** The time axis of SDATE, STIME and TSTEP, checked against every TFLAG. */
export function readTimes(header: IoapiHeader, file: NetcdfFile): IoapiTimes {
  const step = header.number('TSTEP');
  const stepSeconds = Math.abs(fromIoapiStep(step));
  const count = dimension(file, 'TSTEP');
  const start = fromIoapiTime(header.number('SDATE'), header.number('STIME'));
  if (stepSeconds === 0) {
    if (count > 1) throw header.error(`a file without time steps (TSTEP 0) holds one record but received ${count}`);
    return { axis: { start, stepSeconds, count }, ...datedBy(file) };
  }
  if (count === 0) throw new DataError('TFLAG_GAP', `${header.path}: the file holds no time step: make it again`);
  if (!file.variable('TFLAG')) throw header.error('there is no TFLAG');
  const tflag = readTflag(file);
  if (!tflag) throw header.error('expected numbers in TFLAG');
  if (step < 0) return restartTimes(header.path, stepSeconds, count, tflag);
  const axis = { start, stepSeconds, count };
  checkTflags(header.path, axis, tflag);
  return { axis };
}

/** All of TFLAG, `[steps, variables, 2]`, which some programs write in 64 bits; undefined where it is not there or holds no numbers. */
export function readTflag(file: NetcdfFile): Int32Array | undefined {
  const tflagVariable = file.variable('TFLAG');
  if (!tflagVariable || !holdsNumbers(tflagVariable)) return undefined;
  const shape = file.shape('TFLAG');
  return file.read('TFLAG', undefined, undefined, new Int32Array(shape.reduce((product, length) => product * length, 1)));
}

/** What the TFLAG of a file without time steps says, which should be 0, 0. */
function datedBy(file: NetcdfFile): { dated?: Date } {
  const [date = 0, time = 0] = readTflag(file) ?? [];
  return isIoapiTime(date, time) ? { dated: fromIoapiTime(date, time) } : {};
}

/** Records of a restart file in the order of their TFLAG. */
function restartTimes(path: string, stepSeconds: number, count: number, tflag: Int32Array): IoapiTimes {
  const perStep = tflag.length / count;
  const timeOf = (record: number): number => fromIoapiTime(tflag[record * perStep], tflag[record * perStep + 1]).getTime();
  const records = Array.from({ length: count }, (_, record) => record).sort((a, b) => timeOf(a) - timeOf(b));
  const axis = { start: new Date(timeOf(records[0])), stepSeconds, count };
  const sorted = new Int32Array(tflag.length);
  records.forEach((record, step) => sorted.set(tflag.subarray(record * perStep, (record + 1) * perStep), step * perStep));
  checkTflags(path, axis, sorted);
  return { axis, records };
}

function checkTflags(path: string, axis: TimeAxis, tflag: Int32Array): void {
  const perStep = tflag.length / axis.count;
  for (let i = 0; i < tflag.length; i += 2) {
    const step = Math.floor(i / perStep);
    const expected = timeAt(axis, step);
    const time = fromIoapiTime(tflag[i], tflag[i + 1]);
    const isTime = isIoapiTime(tflag[i], tflag[i + 1]);
    if (isTime && time.getTime() === expected.getTime()) continue;
    if (!isTime) {
      throw new DataError(
        'TFLAG_INVALID',
        `${path}: expected step ${step} at ${instant(expected)} but its TFLAG is ${tflag[i]}, ${tflag[i + 1]}, which is no YYYYDDD and HHMMSS: write the times of the steps into TFLAG`,
      );
    }
    if (step === 0) {
      throw new DataError(
        'TFLAG_START',
        `${path}: SDATE and STIME say ${instant(expected)} but the first TFLAG says ${instant(time)}: set SDATE and STIME to the first TFLAG`,
      );
    }
    throw new DataError(
      'TFLAG_GAP',
      `${path}: expected step ${step} at ${instant(expected)} but its TFLAG says ${instant(time)}: give a file without missing or repeated steps`,
    );
  }
}

/** Dates and steps of the I/O API are YYYYDDD (day of the year from 1) and HHMMSS, always UTC. @returns [YYYYDDD, HHMMSS] */
export function toIoapiTime(date: Date): [date: number, time: number] {
  const year = date.getUTCFullYear();
  const day = Math.floor((date.getTime() - Date.UTC(year, 0, 1)) / 86400000) + 1;
  return [year * 1000 + day, date.getUTCHours() * 10000 + date.getUTCMinutes() * 100 + date.getUTCSeconds()];
}

export function fromIoapiTime(date: number, time: number): Date {
  return new Date(Date.UTC(Math.floor(date / 1000), 0, date % 1000) + fromIoapiStep(time) * 1000);
}

/** Whether a YYYYDDD has a year of four digits and a day of that year, and an HHMMSS a time of day; 240000 is the day's end. */
export function isIoapiTime(date: number, time: number): boolean {
  const isDate = date >= 1e6 && date < 1e7 && toIoapiTime(fromIoapiTime(date, 0))[0] === date;
  return isDate && time >= 0 && time <= 240000 && time % 100 < 60 && Math.floor(time / 100) % 100 < 60;
}

/** Seconds of a TSTEP or HHMMSS; hours may pass 24 (a month is 7440000), and a restart file's TSTEP is negative. */
export function fromIoapiStep(hhmmss: number): number {
  if (hhmmss < 0) return -fromIoapiStep(-hhmmss);
  return Math.floor(hhmmss / 10000) * 3600 + (Math.floor(hhmmss / 100) % 100) * 60 + (hhmmss % 100);
}

export function toIoapiStep(seconds: number): number {
  return Math.floor(seconds / 3600) * 10000 + (Math.floor(seconds / 60) % 60) * 100 + (seconds % 60);
}
