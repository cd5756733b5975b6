/**
 * Meteorology in CF files on a regular grid of longitudes and latitudes (ERA5 and its like), as if MCIP had made METCRO2D of it.
 *
 *   u, v    eastward and northward wind at 10 m, bilinear, turned to lie along the case's grid
 *   TEMP2, PBL, PRSFC, USTAR, Q2   bilinear
 *   Q2      a mixing ratio; w = q / (1 − q) where the standard name is specific_humidity
 *   Q2      where there is none, from the dew point and the surface pressure: e = 611.2 exp(17.67 (Td − 273.15) / (Td − 29.65)), w = 0.622 e / (p − e)
 *   RGRND   mean over the cell; an energy per area (J m-2) is divided by the step
 *   RN      mean over the cell, in cm; a depth (m), a mass per area (kg m-2) or a rate (kg m-2 s-1, m s-1) times the step
 *
 * What is summed or averaged over the step *up to* its time is taken at that time, as MCIP's rain is. Rows may go from north to south,
 * longitudes be 0 … 360, values packed, times count from any date; a variable may have further dimensions of length 1, and another unit of
 * the same kind in each file.
 *
 * @see Bolton (1980), doi:10.1175/1520-0493(1980)108<1046:TCOEPT>2.0.CO;2, eq. 10
 */
import type { NetcdfFile } from '@retroplume/native';

import { DataError, UnitError } from '../../base/errors';
import type { Grid, TimeAxis } from '../../grid/grid';
import { convert, conversion, parseUnit } from '../../units/units';
import type { IoapiVariable } from '../../files/ioapi/ioapi-header';
import { holdsNumbers, readingFiles } from '../../files/netcdf/netcdf-access';
import { plain, unpacked, type CfData } from '../../files/netcdf/netcdf-cf';
import { earthToGrid, gridConvergence } from '../../grid/wind';
import { cfDimensions, cfTimes, latLonAxes, textOf } from './cf-axes';
import { IndexedReader } from '../indexed-reader';
import { openIndexed, RecordIndex, timesOfFiles, type OpenIndex, type TimedFile } from '../record-index';
import { Regridder, type Rectangle } from './regrid';
import { CF_NAMES, type CfNames } from '../meteorology';

/** Units of the fields that this reader makes itself. */
const UNITS: Partial<Record<string, string>> = { RGRND: 'W m-2', RN: 'cm', Q2: 'KG/KG' };

const timesOf = timesOfFiles(cfTimes);

export class CfReader extends IndexedReader {
  readonly variables: IoapiVariable[];
  private readonly regridder: Regridder;
  /** For each variable the files that hold it. */
  private readonly indexes = new Map<string, RecordIndex>();
  private convergence: Float64Array | undefined;
  private lastWind: { key: string; u: Float32Array; v: Float32Array } | undefined;

  private constructor(
    opened: OpenIndex,
    grid: Grid,
    private readonly names: CfNames,
    private readonly during: TimeAxis | undefined,
  ) {
    super(opened, grid);
    const { index } = opened;
    const [{ file, path }] = index.files;
    const axes = latLonAxes(file, path);
    for (const nextFile of index.files.slice(1)) assertSameAxes(axes, latLonAxes(nextFile.file, nextFile.path), path, nextFile.path);
    this.regridder = new Regridder(axes, grid, path);
    this.variables = this.variablesHeld();
  }

  /**
   * @param names - of the files' variables, where they are not ERA5's
   * @param during - hours that are asked for, see RecordIndex
   * @throws {DataError} `FILE_MISSING`, `FILE_NOT_NETCDF`, `FILE_TRUNCATED`, `CF_AXES`, `CF_TIME`, `TIME_GAP`, `PERIOD_NOT_COVERED`, `FILES_DIFFER`
   * @throws {GridError} `GRID_MISMATCH` if the files do not surround the grid, `CF_UNEVEN`
   */
  static open(paths: string[], grid: Grid, names: Partial<CfNames> = {}, during?: TimeAxis): CfReader {
    const opened = openIndexed(paths, timesOf, during);
    try {
      return readingFiles(() => new CfReader(opened, grid, { ...CF_NAMES, ...names }, during));
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  protected readField(variable: string, first: number, count: number): Float32Array {
    const { names } = this;
    switch (variable) {
      case 'u':
      case 'v':
        return this.wind(first, count)[variable].slice(); // who reads it may change it
      case 'RGRND':
        return this.flux(names.RGRND, first, count, (units) => radiationScale(units, this.time.stepSeconds, `${this.path}: ${names.RGRND}`));
      case 'RN':
        return this.flux(names.RN, first, count, (units) => rainScale(units, this.time.stepSeconds, `${this.path}: ${names.RN}`));
      case 'Q2':
        return this.holds(names.Q2) ? this.mixingRatio(first, count) : this.humidityOfDewPoint(first, count);
      default:
        return this.state(this.nameOf(variable), first, count);
    }
  }

  sought(variable: string): { name: string; remedy: string } {
    const { names } = this;
    const alternative = variable === 'Q2' ? `, nor ${names.dewPoint} with ${names.PRSFC} to make it from` : '';
    return { name: `${this.nameOf(variable)}${alternative}`, remedy: 'name theirs in meteorology.names' };
  }

  private nameOf(variable: string): string {
    return (this.names as Partial<Record<string, string>>)[variable] ?? variable;
  }

  private holds(name: string): boolean {
    return this.index.files.some(({ file }) => file.variable(name) !== undefined);
  }

  private state(name: string, first: number, count: number): Float32Array {
    return this.regridder.bilinear(this.points(name, first, count, this.regridder.pointsAround));
  }

  private flux(name: string, first: number, count: number, scaleOf: (units: string) => number): Float32Array {
    const values = this.regridder.mean(this.points(name, first, count, this.regridder.cellsUnder));
    const scale = scaleOf(this.unitsOf(name));
    for (let i = 0; i < values.length; i++) values[i] *= scale;
    return values;
  }

  private wind(first: number, count: number): { u: Float32Array; v: Float32Array } {
    const key = `${first} ${count}`; // u and v are asked for one after the other
    if (this.lastWind?.key === key) return this.lastWind;
    this.convergence ??= gridConvergence(this.grid);
    const { u, v } = this.names;
    const [eastward, northward] = [this.state(u, first, count), this.state(v, first, count)];
    if (this.unitsOf(v) !== this.unitsOf(u)) convert(northward, this.unitsOf(v), this.unitsOf(u), { subject: `${this.path}: ${v}` });
    this.lastWind = { key, ...earthToGrid(eastward, northward, this.convergence) };
    return this.lastWind;
  }

  private isSpecificHumidity(name: string): boolean {
    return this.index.files.some(({ file }) => file.variable(name) && textOf(file, name, 'standard_name') === 'specific_humidity');
  }

  private mixingRatio(first: number, count: number): Float32Array {
    const name = this.names.Q2;
    const values = this.state(name, first, count);
    if (!this.isSpecificHumidity(name)) return values;
    return convert(values, this.unitsOf(name), 'KG/KG', { subject: `${this.path}: ${name}` }).map((q) => q / (1 - q));
  }

  private humidityOfDewPoint(first: number, count: number): Float32Array {
    const dewPoint = convert(this.state(this.names.dewPoint, first, count), this.unitsOf(this.names.dewPoint), 'K');
    const pressure = convert(this.state(this.names.PRSFC, first, count), this.unitsOf(this.names.PRSFC), 'Pa');
    return dewPoint.map((kelvin, i) => {
      const vapour = 611.2 * Math.exp((17.67 * (kelvin - 273.15)) / (kelvin - 29.65));
      return (0.622 * vapour) / (pressure[i] - vapour);
    });
  }

  private unitsOf(name: string): string {
    const holder = this.index.files.find(({ file }) => file.variable(name));
    return (holder && textOf(holder.file, name, 'units')) ?? '';
  }

  /** A rectangle of points of a variable, unpacked, `[count, rows, cols]`. */
  private points(name: string, first: number, count: number, { row, col, rows, cols }: Rectangle): Float64Array {
    const out = new Float64Array(count * rows * cols);
    for (const { source, record, step, count: steps } of this.indexOf(name).runs(this.stepOf(name, first, count), count)) {
      const axes = axesOf(source, name);
      const start = axes.map((axis) => ({ time: record, lat: row, lon: col, single: 0 })[axis]);
      const lengths = axes.map((axis) => ({ time: steps, lat: rows, lon: cols, single: 1 })[axis]);
      const raw = source.file.read(name, start, lengths);
      const values = unpacked(raw, plain(source.file.attributes(name)), `${source.path}: ${name}`);
      out.set(this.inOneUnit(values, source, name), step * rows * cols);
    }
    return out;
  }

  /** Values of a file whose unit may be another than that of the first that holds the variable. */
  private inOneUnit(values: CfData, { file, path }: TimedFile, name: string): CfData {
    const [fileUnits, first] = [textOf(file, name, 'units') ?? '', this.unitsOf(name)];
    return fileUnits === first ? values : convert(Float64Array.from(values), fileUnits, first, { subject: `${path}: ${name}` });
  }

  private indexOf(name: string): RecordIndex {
    const cachedIndex = this.indexes.get(name);
    if (cachedIndex) return cachedIndex;
    const files = this.index.files.filter(({ file }) => file.variable(name));
    if (files.length === 0) {
      const available = [...new Set(this.index.files.flatMap(({ file }) => fieldsOf(file)))].join(', ');
      throw new DataError('VARIABLE_MISSING', `${this.path}: there is no variable ${name}; the files hold ${available}: give files that hold it`);
    }
    const index = new RecordIndex(files, this.during, name);
    this.indexes.set(name, index);
    return index;
  }

  /** The step of a variable's own files at which `first` begins. */
  private stepOf(name: string, first: number, count: number): number {
    const { axis, path } = this.indexOf(name);
    const offset = (this.index.timeOf(first) - axis.start.getTime()) / (1000 * (this.time.stepSeconds || 1));
    if (offset >= 0 && offset + count <= axis.count && (axis.count === 1 || axis.stepSeconds === this.time.stepSeconds)) return offset;
    throw new DataError('PERIOD_NOT_COVERED', `${path} is not there for all hours of the period: give files that cover it`);
  }

  private variablesHeld(): IoapiVariable[] {
    const fields = Object.entries(this.names).filter(([field, name]) => field !== 'dewPoint' && this.holds(name));
    // What is turned is in the unit of u.
    const unitsOf = (field: string, name: string): string => UNITS[field] ?? this.unitsOf(field === 'v' ? this.names.u : name);
    const derivedFields = fields.map(([field, name]) => ({ name: field, units: unitsOf(field, name), description: name }));
    const { Q2 } = this.names;
    if (this.holds(Q2)) derivedFields.find(({ name }) => name === 'Q2')!.units = this.isSpecificHumidity(Q2) ? UNITS.Q2! : this.unitsOf(Q2);
    else if (this.holds(this.names.dewPoint) && this.holds(this.names.PRSFC))
      derivedFields.push({ name: 'Q2', units: 'KG/KG', description: 'from the dew point' });
    const ownFields = [...new Set(this.index.files.flatMap(({ file }) => fieldsOf(file)))].filter(
      (name) => !derivedFields.some((field) => field.name === name),
    );
    return [...derivedFields, ...ownFields.map((name) => ({ name, units: this.unitsOf(name), description: '' }))];
  }
}

type Axis = 'time' | 'lat' | 'lon' | 'single';

/** What each dimension of a variable is. @throws {DataError} `CF_AXES` */
function axesOf({ file, path }: TimedFile, name: string): Axis[] {
  const { time, lat, lon } = cfDimensions(file, path);
  const [dimensions, shape] = [file.variable(name)!.dimensions, file.shape(name)];
  const axes = dimensions.map((dimension, i): Axis | undefined => {
    if (dimension === time) return 'time';
    if (dimension === lat) return 'lat';
    if (dimension === lon) return 'lon';
    return shape[i] === 1 ? 'single' : undefined;
  });
  if (axes.filter((axis) => axis !== 'single').join(' ') === 'time lat lon' && holdsNumbers(file.variable(name)!)) return axes as Axis[];
  throw new DataError(
    'CF_AXES',
    `${path}: expected numbers in ${name} on time, latitude and longitude in this order but received ${dimensions.map((dimension, i) => `${dimension} (${shape[i]})`).join(', ')}: bring it to that shape first (ncks -d to take one of a dimension, ncpdq to order them)`,
  );
}

/** Variables on latitudes and longitudes. */
function fieldsOf(file: NetcdfFile): string[] {
  const { lat, lon } = cfDimensions(file, file.path);
  const isField = (variable: NetcdfFile['variables'][number]): boolean =>
    [lat, lon].every((name) => variable.dimensions.includes(name)) && holdsNumbers(variable);
  return file.variables.filter(isField).map(({ name }) => name);
}

function assertSameAxes(first: { lons: Float64Array; lats: Float64Array }, secondAxes: typeof first, path: string, otherPath: string): void {
  const isClose = (a: Float64Array, b: Float64Array): boolean => a.length === b.length && a.every((value, i) => Math.abs(value - b[i]) < 1e-3);
  if (isClose(first.lons, secondAxes.lons) && isClose(first.lats, secondAxes.lats)) return;
  throw new DataError('FILES_DIFFER', `${otherPath}: expected the longitudes and latitudes of ${path} but received others: give files of one grid`);
}

const sameDimension = (units: string, knownUnits: string, subject: string): boolean =>
  parseUnit(units, subject).dimension.every((power, i) => power === parseUnit(knownUnits).dimension[i]);

/** What turns radiation into W m-2. @throws {UnitError} */
function radiationScale(units: string, stepSeconds: number, subject: string): number {
  if (sameDimension(units, 'J m-2', subject)) return conversion(units, 'J m-2').scale / stepSeconds;
  return conversion(units, 'W m-2', { subject }).scale;
}

/** What turns rain into cm per step: 1 kg m-2 of water is 1 mm. @throws {UnitError} */
function rainScale(units: string, stepSeconds: number, subject: string): number {
  const kinds: [units: string, scale: number][] = [
    ['cm', 1],
    ['kg m-2', 0.1],
    ['cm s-1', stepSeconds],
    ['kg m-2 s-1', 0.1 * stepSeconds],
  ];
  const kind = kinds.find(([knownUnits]) => sameDimension(units, knownUnits, subject));
  if (kind) return conversion(units, kind[0]).scale * kind[1];
  throw new UnitError('UNIT_MISMATCH', `${subject}: it is in "${units}", which is no rain: name another variable in meteorology.names of the case`);
}
