/**
 * WRF output read as if MCIP had made METCRO2D and GRIDCRO2D of it.
 *
 *   u, v            U10, V10, which WRF has along its own grid: the case's
 *   WSPD10, WDIR10  from them; the direction is against true north, as MCIP's is
 *   TEMP2 T2 · PBL PBLH · RGRND SWDOWN · Q2 Q2 · PRSFC PSFC · USTAR UST · HT HGT · LWMASK LANDMASK
 *   RN, RC          mm, what RAINNC and RAINC (with their buckets) rose by in the step *up to* the time, as MCIP's rain; files of rain must hold both
 *   LUFRAC_01 …     the categories of LANDUSEF
 *
 * Any other variable on (Time, south_north, west_east) is read by its own name. Times are those of `Times`, else of XTIME; a file without
 * (geo_em) holds one time-independent record. WRF's cells must be the case's, or hold them as a window.
 */
import type { NetcdfFile } from '@retroplume/native';

import { DataError } from '../../base/errors';
import { type Grid, type TimeAxis, instant } from '../../grid/grid';
import type { IoapiVariable } from '../../files/ioapi/ioapi-header';
import { holdsNumbers, readingFiles } from '../../files/netcdf/netcdf-access';
import { plain, unpacked } from '../../files/netcdf/netcdf-cf';
import { gridConvergence, windFromGrid } from '../../grid/wind';
import { IndexedReader } from '../indexed-reader';
import { openIndexed, timesOfFiles, type OpenIndex, type TimedFile } from '../record-index';
import { isTimeless, wrfTimes } from './wrf-time';
import { windowsInWrf, type WrfWindow } from './wrf-grid';

/** MCIP's name and WRF's, the first that a file holds. */
const RENAMED: Record<string, string[]> = {
  u: ['U10'],
  v: ['V10'],
  TEMP2: ['T2'],
  PBL: ['PBLH'],
  RGRND: ['SWDOWN'],
  Q2: ['Q2'],
  PRSFC: ['PSFC'],
  USTAR: ['UST'],
  HT: ['HGT', 'HGT_M'],
  LWMASK: ['LANDMASK'],
};
/** MCIP's rain, WRF's sum since the run's start and its counter of full buckets. */
const RAIN: Record<string, [sum: string, buckets: string]> = { RN: ['RAINNC', 'I_RAINNC'], RC: ['RAINC', 'I_RAINC'] };
/** Dimensions of a field without levels. */
const FLAT = 'Time south_north west_east';
/** Dimensions of LANDUSEF. */
const LAYERED = 'Time land_cat south_north west_east';
const LAND_USE = /^LUFRAC_(\d\d)$/;
/** A sum that falls by less, mm, is rounding. */
const RAIN_ROUNDING = 1e-3;

const timesOf = timesOfFiles(wrfTimes);

export class WrfReader extends IndexedReader {
  /** Of all files: one that only some hold is refused when it is read, so that nobody takes it for absent. */
  readonly variables: IoapiVariable[];
  /** where the case's grid lies in each file: some may be cut, or reach farther, than others */
  private readonly windows: ReadonlyMap<TimedFile, WrfWindow>;
  private convergence: Float64Array | undefined;
  /** names that all files hold, or none does */
  private readonly compared = new Set<string>();

  private constructor(opened: OpenIndex, grid: Grid) {
    super(opened, grid);
    const { files } = opened.index;
    this.windows = windowsInWrf(files, grid);
    this.variables = variablesOfAll(files);
  }

  /**
   * @param during - hours that are asked for, see RecordIndex
   * @throws {DataError} `FILE_MISSING`, `FILE_NOT_NETCDF`, `FILE_TRUNCATED`, `WRF_TIME`, `WRF_GRID`, `TIME_GAP`, `PERIOD_NOT_COVERED`
   * @throws {GridError} `GRID_MISMATCH`
   */
  static open(paths: string[], grid: Grid, during?: TimeAxis): WrfReader {
    const timeless = during || paths.length > 1 ? paths.find((path) => isTimeless(timesOf(path))) : undefined;
    if (timeless !== undefined) {
      throw new DataError(
        'WRF_TIME',
        `${timeless}: it holds fields without time (its Times is of the year 0, as in geo_em): give it as geography.files, and WRF's output as meteorology`,
      );
    }
    const opened = openIndexed(paths, timesOf, during);
    try {
      return readingFiles(() => new WrfReader(opened, grid));
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  sought(variable: string): { name: string } {
    const isWind = variable === 'WSPD10' || variable === 'WDIR10';
    return { name: isWind ? 'U10 with V10' : (RAIN[variable]?.[0] ?? namesOf(variable)[0]) };
  }

  protected readField(variable: string, first: number, count: number): Float32Array {
    if (RAIN[variable]) return this.rain(variable, first, count);
    if (variable === 'WSPD10') return this.wind(first, count).speed;
    if (variable === 'WDIR10') return this.wind(first, count).direction;
    this.assertHeldByAllOrNone(namesOf(variable));
    const cells = this.grid.rows * this.grid.cols;
    const values = new Float32Array(count * cells);
    for (const { source, record, step, count: steps } of this.index.runs(first, count)) {
      values.set(this.field(source, variable, record, steps), step * cells);
    }
    return values;
  }

  /** @throws {DataError} `FILES_DIFFER` */
  private assertHeldByAllOrNone(names: readonly string[]): void {
    if (this.compared.has(names[0])) return;
    const holds = ({ file }: TimedFile): boolean => names.some((name) => file.variable(name));
    const { files } = this.index;
    const [holder, lacking] = [files.find(holds), files.find((candidate) => !holds(candidate))];
    if (holder && lacking) {
      throw new DataError(
        'FILES_DIFFER',
        `${lacking.path}: expected the variable ${names[0]} as in ${holder.path} but received none of that name: give files of one run`,
      );
    }
    this.compared.add(names[0]);
  }

  /** The window of consecutive records, `[count, rows, cols]`. */
  private field(source: TimedFile, variable: string, record: number, count: number): Float32Array {
    const { file, path } = source;
    const { rows, cols } = this.grid;
    const { row, col } = this.windows.get(source)!;
    const category = LAND_USE.exec(variable);
    const names = namesOf(variable);
    const name = names.find((candidate) => file.variable(candidate)) ?? names[0];
    const dimensions = category ? LAYERED : FLAT;
    const wrfVariable = file.variable(name);
    if (!wrfVariable || wrfVariable.dimensions.join(' ') !== dimensions || !holdsNumbers(wrfVariable))
      throw missing(path, variable === name ? name : `${name}, which ${variable} needs`);
    const middle = category ? { start: [Number(category[1]) - 1], count: [1] } : { start: [], count: [] };
    const raw = file.read(name, [record, ...middle.start, row, col], [count, ...middle.count, rows, cols]);
    const values = unpacked(raw, plain(file.attributes(name)), `${path}: ${name}`);
    return values instanceof Float32Array ? values : new Float32Array(values);
  }

  private wind(first: number, count: number): { speed: Float32Array; direction: Float32Array } {
    this.convergence ??= gridConvergence(this.grid);
    return windFromGrid(this.read('u', first, count), this.read('v', first, count), this.convergence);
  }

  private rain(variable: string, first: number, count: number): Float32Array {
    for (const name of Object.values(RAIN).flat()) this.assertHeldByAllOrNone([name]);
    const [convective] = RAIN.RC;
    if (!this.index.files[0].file.variable(convective)) {
      throw new DataError(
        'VARIABLE_MISSING',
        `${this.path}: there is no variable ${convective}, a part of the rain beside ${RAIN.RN[0]}: give files that hold it (WRF writes it in every run, as 0 where no scheme makes such rain), or leave RN out of the case`,
      );
    }
    const cells = this.grid.rows * this.grid.cols;
    this.index.runs(first, count); // refuses steps that are not there
    const values = new Float32Array(count * cells);
    for (let step = 0; step < count; step++) values.set(this.rainUpTo(variable, this.index.timeOf(first + step)), step * cells);
    return values;
  }

  /** What fell in the step up to a time, mm. Both ends are taken from one file where one holds both: its sum may begin anew in the next. */
  private rainUpTo(variable: string, time: number): Float32Array {
    const previousTime = time - 1000 * this.time.stepSeconds;
    const together = this.index.files.findLast(({ times }) => times.includes(time) && times.includes(previousTime));
    const place = (time: number): { source: TimedFile; record: number } | undefined =>
      together ? { source: together, record: together.times.indexOf(time) } : this.index.find(time);
    const [end, begin] = [place(time)!, place(previousTime)];
    const sum = this.fallen(variable, end.source, end.record);
    if (!begin || previousTime === time) {
      if (sum.every((value) => value === 0)) return sum; // the run begins here
      throw new DataError(
        'RAIN_BEFORE',
        `${end.source.path}: the rain up to ${instant(new Date(time))} is a difference from the step before, which no file holds: give the file before, or begin the period a step later`,
      );
    }
    const earlier = this.fallen(variable, begin.source, begin.record);
    for (let i = 0; i < sum.length; i++) {
      const fallen = sum[i] - earlier[i];
      if (fallen < -RAIN_ROUNDING) {
        throw new DataError(
          'RAIN_FALLS',
          `${end.source.path}: ${RAIN[variable][0]} is ${-fallen} mm less at ${instant(new Date(time))} than a step before in ${begin.source.path}: a new run begins between them; give files of the first run that reach ${instant(new Date(time))}`,
        );
      }
      sum[i] = Math.max(0, fallen);
    }
    return sum;
  }

  /** Rain since the start of the run, mm. */
  private fallen(variable: string, source: TimedFile, record: number): Float32Array {
    const [name, buckets] = RAIN[variable];
    const sum = this.field(source, name, record, 1);
    const size = bucketSize(source.file);
    if (size === 0 || !source.file.variable(buckets)) return sum;
    const full = this.field(source, buckets, record, 1);
    return sum.map((value, i) => value + size * full[i]);
  }
}

/** What a variable may be called in WRF's files, the best first. */
function namesOf(variable: string): readonly string[] {
  return LAND_USE.test(variable) ? ['LANDUSEF'] : [...(RENAMED[variable] ?? []), variable];
}

/** BUCKET_MM: WRF empties the sums when they pass it, and counts how often; 0 where it does not. */
function bucketSize(file: NetcdfFile): number {
  const value = file.attributes().get('BUCKET_MM');
  const size = value === undefined || typeof value === 'string' ? 0 : Number(value[0]);
  return size > 0 ? size : 0;
}

function variablesOfAll(files: readonly TimedFile[]): IoapiVariable[] {
  const byName = new Map<string, IoapiVariable>();
  const knownNames = new Set<string>();
  for (const { file } of files) {
    const names = file.variables.map(({ name }) => name).join(' ');
    if (knownNames.has(names)) continue; // units are slow to read, and a year has thousands of files
    knownNames.add(names);
    for (const variable of variablesOf(file)) if (!byName.has(variable.name)) byName.set(variable.name, variable);
  }
  return [...byName.values()];
}

function variablesOf(file: NetcdfFile): IoapiVariable[] {
  const unitsOf = (name: string): string => {
    const units = file.attributes(name).get('units');
    // WPS writes heights as "meters MSL".
    return typeof units === 'string' ? units.replace(/[\s\0-]+$/, '').replace(/ MSL$/, '') : '';
  };
  const flat = file.variables.filter((variable) => variable.dimensions.join(' ') === FLAT && holdsNumbers(variable)).map(({ name }) => name);
  const present = (names: string[]): string | undefined => names.find((name) => flat.includes(name));
  const renamed = Object.entries(RENAMED).flatMap(([name, wrfNames]) => {
    const source = present(wrfNames);
    return source === undefined ? [] : [{ name, units: name === 'LWMASK' ? '1' : unitsOf(source), description: `WRF's ${source}` }];
  });
  const rain = Object.entries(RAIN).flatMap(([name, [sum]]) =>
    present([sum]) ? [{ name, units: 'mm', description: `rise of WRF's ${sum} in a step` }] : [],
  );
  const wind = present(['U10']) && present(['V10']) ? [{ name: 'WSPD10', units: 'm s-1', description: '' }, { name: 'WDIR10', units: 'degrees', description: '' }] : []; // prettier-ignore
  const landUse = file.variable('LANDUSEF')?.dimensions.join(' ') === LAYERED ? file.shape('LANDUSEF')[1] : 0;
  const fractions = Array.from({ length: landUse }, (_, i) => ({
    name: `LUFRAC_${String(i + 1).padStart(2, '0')}`,
    units: '1',
    description: `land-use category ${i + 1}`,
  }));
  const described = [...renamed, ...rain, ...wind, ...fractions];
  const otherNames = flat.filter((name) => !described.some((variable) => variable.name === name));
  return [...described, ...otherNames.map((name) => ({ name, units: unitsOf(name), description: '' }))];
}

function missing(path: string, variable: string): DataError {
  return new DataError(
    'VARIABLE_MISSING',
    `${path}: there is no variable ${variable}: give files that hold it, or leave its channel out of the case`,
  );
}
