/**
 * A CF inventory as an hourly I/O API emission file on a grid:
 *
 *   E[t, cell] = w(weekday)·w(hour) · Σ_source share[source, cell] · area · flux[step of t]
 *
 * Mass is conserved: what lies on the grid is that of the source cells' parts, and what does not is told. Profiles are scaled to a mean of 1. Their
 * weights are means over local hours: where local time is ahead by a part f of an hour, an hour of UTC takes 1 − f of the local hour in which it begins
 * and f of the next, which keeps the sum over a day.
 */
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { expectArgument, expectObject, expectText, ConfigError, DataError, GridError } from '../../base/errors';
import { CellOverlaps } from '../../grid/cell-overlaps';
import { Grid, type TimeAxis, instant, timeAt } from '../../grid/grid';
import type { LatLonCells } from '../../grid/lat-lon-cells';
import { conversion, parseUnit } from '../../units/units';
import { openCfInventory, type InventoryFile } from './cf-inventory';
import type { TimeSpan } from '../../files/netcdf/cf-time';
import { linkedTo } from '../../files/glob';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';

/** When within a week and a day it is emitted. */
export interface TemporalProfile {
  /** weights of Monday … Sunday */
  weekday?: readonly number[];
  /** weights of the hours 0 … 23 of the local day */
  hour?: readonly number[];
  /** hours by which local time is ahead of UTC, also with a part of an hour; default: that of each cell's longitude, 15° a whole hour */
  utcOffset?: number;
}

export interface InventorySource {
  path: string;
  /** of the CF file */
  variable: string;
  /** in place of the file's unit, where that is a spelling of its own: `kg m-2 s-1` with the molar mass of N for `kgN/m2/s` */
  units?: string;
  /** g mol-1 of what the mass counts: turns kg into moles, or moles into g */
  molarMass?: number;
  /** variable of the emission file, and its unit; sources of one species are summed */
  species: string;
  speciesUnits: 'moles/s' | 'g/s';
  /** part of the inventory that is of this species (0.9 of NOx is NO); default 1 */
  part?: number;
  /** an inventory of other years: its months stand for those of any year, the nearest first; what holds for a year does for all */
  anyYear?: boolean;
  profile?: TemporalProfile;
}

/** What became of a source, in its species' unit times seconds, over the hours of the file: moles or g. */
export interface MovedMass {
  species: string;
  variable: string;
  /** of the inventory on the grid, and of its other cells, before the profile acts on them */
  inside: number;
  outside: number;
  /** in the file: `inside` with the profile's weights of these hours */
  written: number;
}

/** What counts as one, ms: of 360 days, as some end at the beginning of the last day. */
const YEAR = 360 * 86_400_000;
/** Of parts that should add up to 1. */
const ROUNDING = 1e-9;

/**
 * Writes an hourly I/O API emission file, moles/s or g/s per cell, of what CF inventories emit on its grid.
 *
 * @returns for each source where its mass went, and what of it is in the file
 * @throws {DataError} `PERIOD_NOT_COVERED` if a step is missing, and what {@link readCfInventory} throws
 * @throws {UnitError} `UNIT_MOLAR_MASS`, `UNIT_MISMATCH`; {@link ConfigError} `PROFILE` for weights that are no profile, `INVENTORY_UNITS` for a
 *   species in two units, `MOLAR_MASS_UNUSED`, `INVENTORY_TWICE` for a source that counts twice, `OUTPUT_IS_INPUT`; {@link DataError} `IOAPI_NAME`
 * @throws {GridError} `INVENTORY_OUTSIDE` if nothing of a source lies on the grid
 *
 * @example
 * const source = { path: 'CEDS_SO2_2017.nc', variable: 'SO2_emissions', species: 'SO2', speciesUnits: 'moles/s', molarMass: 64.066 } as const;
 * const time = { start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 25 };
 * const [moved] = writeInventoryEmissions('EMIS.nc', readGriddesc('GRIDDESC'), time, [source]);
 */
export function writeInventoryEmissions(path: string, grid: Grid, time: TimeAxis, sources: readonly InventorySource[]): MovedMass[] {
  expectText(path, 'writeInventoryEmissions: path', 'a path');
  expectArgument(grid instanceof Grid, 'writeInventoryEmissions: grid', 'a Grid', grid);
  expectObject(time, 'writeInventoryEmissions: time', 'an object { start, stepSeconds, count }');
  expectArgument(Array.isArray(sources), 'writeInventoryEmissions: sources', 'a list of sources', sources);
  assertNoInput(
    path,
    sources.map((source) => source.path),
  );
  const species = [...new Map(sources.map((source) => [source.species, source.speciesUnits]))];
  for (const { species: name, speciesUnits } of sources) {
    const unitOfName = species.find(([speciesName]) => speciesName === name)![1];
    if (unitOfName !== speciesUnits)
      throw new ConfigError('INVENTORY_UNITS', `${name}: it is to be written in ${unitOfName} and in ${speciesUnits}: choose one`);
  }
  assertOnce(sources);
  const overlapsOf = sharedOverlaps(grid);
  const moving = sources.map((source) => new Moving(source, grid, overlapsOf));
  const writer = IoapiWriter.create(path, { grid, time, layers: 1, variables: species.map(([name, units]) => ({ name, units })) });
  try {
    for (let step = 0; step < time.count; step++) {
      for (const [name] of species) {
        const field = new Float64Array(grid.rows * grid.cols);
        for (const mover of moving) if (mover.source.species === name) mover.add(timeAt(time, step), time.stepSeconds, field);
        writer.write(name, step, Float32Array.from(field));
      }
    }
    writer.close();
  } catch (error) {
    writer.abort();
    throw error;
  }
  return moving.map(({ source, inside, outside, written }) => ({ species: source.species, variable: source.variable, inside, outside, written }));
}

/** @throws {ConfigError} `OUTPUT_IS_INPUT` if writing would put an input away, under whatever name */
export function assertNoInput(output: string, inputs: readonly string[]): void {
  if (!existsSync(output)) return;
  const input = inputs.find((inputFile) => existsSync(inputFile) && linkedTo(inputFile) === linkedTo(output));
  if (input === undefined) return;
  throw new ConfigError('OUTPUT_IS_INPUT', `${output}: it is to be written but also read, as ${input}: give the output a name of its own`);
}

/** Parts of a variable may be of one species, each with its profile, but not the same twice, nor more than there is. */
function assertOnce(sources: readonly InventorySource[]): void {
  const parts = new Map<string, number>();
  for (const [i, source] of sources.entries()) {
    const { path, variable, species, part = 1 } = source;
    const key = JSON.stringify([linkedTo(path), variable, species]);
    const sum = (parts.get(key) ?? 0) + part;
    parts.set(key, sum);
    const isSame = (candidate: InventorySource): boolean =>
      linkedTo(candidate.path) === linkedTo(path) && isDeepStrictEqual({ ...candidate, path }, source);
    if (sum <= 1 + ROUNDING && !sources.slice(0, i).some(isSame)) continue;
    throw new ConfigError('INVENTORY_TWICE', `${path}: ${variable} counts twice as ${species}: keep one source, or give each its part`);
  }
}

/** Variables and files of one inventory have the same cells, whose parts take minutes to find where they are small. */
function sharedOverlaps(grid: Grid): (cells: LatLonCells) => CellOverlaps {
  const cachedOverlaps: { cells: LatLonCells; overlaps: CellOverlaps }[] = [];
  return (cells) => {
    const cached = cachedOverlaps.find((entry) => entry.cells.equals(cells));
    if (cached) return cached.overlaps;
    const overlaps = new CellOverlaps(cells, grid);
    cachedOverlaps.push({ cells, overlaps });
    return overlaps;
  };
}

/** A source on its way to the grid. */
class Moving {
  inside = 0;
  outside = 0;
  written = 0;
  private readonly inventory: InventoryFile;
  private readonly overlaps: CellOverlaps;
  private readonly scale: number;
  /** of local time, per cell: whole hours */
  private readonly offset: Int32Array;
  /** and the part of an hour beyond them, 0 to 1 */
  private readonly partOfHour: number;
  private readonly weekday: Float64Array;
  private readonly hour: Float64Array;
  /** of the steps that were needed: per cell of the grid and second, and in all */
  private readonly moved = new Map<number, { rate: Float64Array; total: number; inside: number }>();

  constructor(
    readonly source: InventorySource,
    grid: Grid,
    overlapsOf: (cells: LatLonCells) => CellOverlaps,
  ) {
    const { path, variable, profile = {} } = source;
    this.inventory = openCfInventory(path, variable, source.units);
    this.overlaps = overlapsOf(this.inventory.cells);
    if (this.overlaps.target.length === 0) {
      throw new GridError(
        'INVENTORY_OUTSIDE',
        `${path}: ${variable}: no cell of it lies on the grid ${grid.definition.name}: give an inventory that covers the grid, or another grid`,
      );
    }
    this.scale = (source.part ?? 1) * scaleOf(source, this.inventory.units);
    this.weekday = weights(profile.weekday, 7, `${source.species}: weekday`);
    this.hour = weights(profile.hour, 24, `${source.species}: hour`);
    const { utcOffset } = profile;
    this.offset = Int32Array.from({ length: grid.rows * grid.cols }, (_, cell) =>
      Math.floor(utcOffset ?? Math.round(grid.centre(Math.floor(cell / grid.cols), cell % grid.cols).lon / 15)),
    );
    this.partOfHour = utcOffset === undefined ? 0 : utcOffset - Math.floor(utcOffset);
  }

  /** Adds what is emitted in a step, per second. */
  add(start: Date, seconds: number, field: Float64Array): void {
    const { rate, total, inside } = this.emissionsAt(start);
    this.inside += inside * seconds;
    this.outside += (total - inside) * seconds;
    const hour = start.getUTCHours() + 24 * ((start.getUTCDay() + 6) % 7); // of the week, from Monday
    const part = this.partOfHour;
    for (let cell = 0; cell < field.length; cell++) {
      if (rate[cell] === 0) continue;
      const local = hour + this.offset[cell];
      const emitted = (1 - part) * this.inHour(local, rate[cell]) + part * this.inHour(local + 1, rate[cell]);
      this.written += emitted * seconds;
      field[cell] += emitted;
    }
  }

  /** @param local - hour of the local week, from Monday, which may lie beyond its ends */
  private inHour(local: number, rate: number): number {
    const hour = ((local % 168) + 168) % 168;
    return rate * this.weekday[Math.floor(hour / 24)] * this.hour[hour % 24];
  }

  private emissionsAt(start: Date): { rate: Float64Array; total: number; inside: number } {
    const step = this.stepAt(start);
    const cached = this.moved.get(step);
    if (cached) return cached;
    const { cells } = this.inventory;
    const amount = this.inventory.field(step).map((flux, cell) => this.scale * flux * cells.area(Math.floor(cell / cells.cols), cell % cells.cols));
    const rate = this.overlaps.regrid(amount);
    const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
    const moved = { rate, total: sum(amount), inside: sum(rate) };
    this.moved.set(step, moved);
    return moved;
  }

  private stepAt(start: Date): number {
    const { spans, path, variable } = this.inventory;
    if (spans.length === 0) return 0;
    const step = this.source.anyYear ? stepOfAnyYear(spans, start) : spans.findIndex((span) => covers(span, start));
    if (step >= 0) return step;
    const timeRange = `${instant(spans[0].from)} to ${instant(spans[spans.length - 1].to)}`;
    throw new DataError(
      'PERIOD_NOT_COVERED',
      `${path}: ${variable} at ${instant(start)} was asked for but the inventory holds ${timeRange}: give one that covers it${this.source.anyYear ? ' in some year' : ', or take its months for those of any year'}`,
    );
  }
}

function covers({ from, to }: TimeSpan, start: Date): boolean {
  return from <= start && start < to;
}

/** The step that holds an instant; else, of those that hold its date in another year or are a year, the one nearest to it. @returns -1 for none */
function stepOfAnyYear(spans: readonly TimeSpan[], start: Date): number {
  let [nearest, smallest] = [-1, Infinity];
  spans.forEach((span, i) => {
    const { from, to } = span;
    const holds = to.getTime() - from.getTime() >= YEAR || [from, to].some((end) => covers(span, inYear(start, end.getUTCFullYear())));
    const middle = (from.getTime() + to.getTime()) / 2;
    const distance = covers(span, start) ? -1 : Math.abs(middle - start.getTime());
    if (holds && distance < smallest) [nearest, smallest] = [i, distance];
  });
  return nearest;
}

/** The same date and hour of another year; 29 February is the 28th where there is none. */
function inYear(date: Date, year: number): Date {
  const moved = new Date(date);
  moved.setUTCFullYear(year);
  if (moved.getUTCMonth() !== date.getUTCMonth()) moved.setUTCDate(0);
  return moved;
}

/** What turns a flux times m2 into the unit of the species. @throws {UnitError}; {@link ConfigError} `MOLAR_MASS_UNUSED` */
function scaleOf({ path, variable, speciesUnits, molarMass }: InventorySource, units: string): number {
  const subject = `${path}: ${variable}`;
  const perCell = `${units} m2`;
  const isUnused = isDeepStrictEqual(parseUnit(perCell, subject).dimension, parseUnit(speciesUnits).dimension);
  if (molarMass !== undefined && isUnused) {
    const otherUnits = speciesUnits === 'g/s' ? 'moles/s' : 'g/s';
    throw new ConfigError(
      'MOLAR_MASS_UNUSED',
      `${subject}: molarMass does nothing where "${units}" becomes ${speciesUnits}: what the inventory counts, such as N, stays what it is; set speciesUnits: ${otherUnits}, or leave molarMass out`,
    );
  }
  return conversion(perCell, speciesUnits, { molarMass, subject }).scale;
}

/** Scaled to a mean of 1; without any, 1 throughout. */
function weights(fractions: readonly number[] | undefined, count: number, subject: string): Float64Array {
  if (!fractions) return new Float64Array(count).fill(1);
  const sum = fractions.reduce((a, b) => a + b, 0);
  if (fractions.length !== count || !fractions.every((weight) => weight >= 0) || !(sum > 0)) {
    throw new ConfigError(
      'PROFILE',
      `${subject}: expected ${count} weights of 0 or more, not all 0, but received ${JSON.stringify(fractions)}: mend the profile`,
    );
  }
  return Float64Array.from(fractions, (weight) => (weight * count) / sum);
}
