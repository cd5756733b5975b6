/**
 * The prepared store: a period's fields as the surrogate takes them, in files that any netCDF tool reads.
 *
 *   DIR/PERIOD/meteorology.nc   one variable a channel on (time, y, x), geography on (y, x)
 *   DIR/PERIOD/run-NAME.nc      emission_GROUP, kg m-2 s-1, and SPECIES, ppb, µg m-3 or of columns µmol m-2, on (time, y, x), of each group and species of the case
 *
 * In memory channels come last. Both directions go through a buffer of a day, so that reading a month at 232 x 182 takes the memory of
 * its arrays and no more. A variable lies in the file in one piece: a window of some hours and cells of it is then read some five times as fast as of
 * chunks of a day, and netCDF keeps no chunks of it in memory. Files say so in an attribute, as earlier ones were of chunks.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { HourStore } from './hour-store';
import type { NetcdfFile } from '@retroplume/native';

import { DataError } from '../base/errors';
import type { Grid, TimeAxis } from '../grid/grid';
import { columnGas, knownGroup, knownSpecies, type CaseChannels, type Species, type SpeciesUnit } from '../base/species';
import { CRS, cfGrid, cfTime, gridFromCf, ON_GRID, timeFromCf } from '../files/netcdf/cf-grid';
import { CHANNELS, type Channel as Meteorology } from '../weather/meteorology';
import { forEachDay, SLAB, writeCfInParts, writeChannel } from '../files/netcdf/cf-in-parts';
import { cfVariable, cfContents, type CfAttributes, type CfContents } from '../files/netcdf/netcdf-cf';
import { openNetcdf, reading } from '../files/netcdf/netcdf-access';
import { putChannel } from '../files/ioapi/period-steps';
import type { RunChannels } from './period-source';
import { cachedByFile } from '../base/whole-files';

/** One run of the transport model. */
export interface PreparedRun {
  /** `[T, H, W, groups]`, kg m-2 s-1 */
  emissions: Float32Array;
  /** `[T, H, W, species]`; gases in ppb, particles in µg m-3, columns in µmol m-2 and NaN in hours without layers */
  concentrations: Float32Array;
  /** `[T, H, W, of all groups]`, kg m-3: the emissions carried as tracers; not stored, but made where a surrogate sees them */
  tracers?: HourStore;
}

export interface PreparedMeteorology {
  name: string;
  grid: Grid;
  time: TimeAxis;
  meteorologyNames: string[];
  /** `[T, H, W, M]` */
  meteorology: Float32Array;
  geographyNames: string[];
  /** `[H, W, G]` */
  geography: Float32Array;
}

export interface PreparedPeriod extends PreparedMeteorology, RunChannels {
  runs: Map<string, PreparedRun>;
}

const METEOROLOGY_FILE = 'meteorology.nc';

export function preparedMeteorologyPath(dir: string, period: string): string {
  return join(dir, period, METEOROLOGY_FILE);
}

export function preparedRunPath(dir: string, period: string, run: string): string {
  return join(dir, period, `run-${run}.nc`);
}

/** @returns the file's path @throws {DataError} `DISK_FULL`, `FILE_UNWRITABLE` */
export function writePreparedMeteorology(dir: string, period: PreparedMeteorology): string {
  const { grid, time, meteorologyNames: met, geographyNames: geo } = period;
  const path = preparedMeteorologyPath(dir, period.name);
  const parts = [
    ...met.map((name) => ({
      name,
      dimensions: ['time', 'y', 'x'],
      attributes: described(CHANNELS[name] ?? { description: name }),
    })),
    ...geo.map((name) => ({ name: geographyVariable(name), dimensions: ['y', 'x'], attributes: described({ description: `geography: ${name}` }) })),
  ];
  const attributes = { title: `Meteorology and geography of ${period.name}`, meteorology: met.join(' '), geography: geo.join(' ') };
  writeCfInParts(path, { ...frameOf(grid, time), attributes }, parts, (file) => {
    met.forEach((name, channel) => writeChannel(file, name, period.meteorology, [time.count, grid.rows, grid.cols, met.length], channel));
    geo.forEach((name, channel) => writeChannel(file, geographyVariable(name), period.geography, [grid.rows, grid.cols, geo.length], channel));
  });
  return path;
}

/** What is written beside a run's fields. */
interface RunLabels {
  period: string;
  run: string;
  grid: Grid;
  time: TimeAxis;
  /** what the channels of its fields are */
  channels: Pick<CaseChannels, 'groups' | 'species' | 'units'>;
}

/** @returns the file's path @throws {DataError} `DISK_FULL`, `FILE_UNWRITABLE` */
export function writePreparedRun(dir: string, run: PreparedRun & RunLabels): string {
  const { grid, time } = run;
  const { groups, species, units } = run.channels;
  const path = preparedRunPath(dir, run.period, run.run);
  const parts = [
    ...groups.map((group) => ({
      name: emissionVariable(group),
      dimensions: ['time', 'y', 'x'],
      attributes: described({ units: 'kg m-2 s-1', description: `emission of ${group}, all layers`, standardName: knownGroup(group)?.standardName }),
    })),
    ...species.map((name) => ({
      name: speciesVariable(name),
      dimensions: ['time', 'y', 'x'],
      attributes: concentrationAttributes(name, units[name], columnGas(name) === undefined ? `surface ${name}` : knownSpecies(name)!.longName),
    })),
  ];
  writeCfInParts(path, { ...frameOf(grid, time), attributes: { title: `Run ${run.run} of ${run.period}` } }, parts, (file) => {
    const shape = (channelCount: number): number[] => [time.count, grid.rows, grid.cols, channelCount];
    groups.forEach((group, channel) => writeChannel(file, emissionVariable(group), run.emissions, shape(groups.length), channel));
    species.forEach((name, channel) => writeChannel(file, speciesVariable(name), run.concentrations, shape(species.length), channel));
  });
  return path;
}

/** Names of the runs that are in the store for a period. */
export function preparedRuns(dir: string, period: string): string[] {
  const folder = join(dir, period);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.flatMap((name) => /^run-(.+)\.nc$/.exec(name)?.[1] ?? []).sort();
}

/**
 * Reads a period.
 *
 * @param channels - groups and species of the case, in the order in which the fields hold them
 * @param options - runs: which runs to read, default all
 * @throws {DataError} `PREPARED_MISSING` if the period or a run isn't there, `PREPARED_TIME` if a run is of another time, `PREPARED_CHANNELS` if it lacks a group or
 * species
 * @throws {GridError} `GRID_MISMATCH`
 */
export function readPrepared(dir: string, period: string, { groups, species }: RunChannels, options: { runs?: string[] } = {}): PreparedPeriod {
  const path = preparedMeteorologyPath(dir, period);
  const meteorology = readChannels(path, (file, header) => {
    const { meteorologyNames, geographyNames } = channelNames(header);
    const { rows, cols } = header.grid;
    return {
      grid: header.grid,
      time: header.time,
      meteorologyNames,
      meteorology: readInterleaved(file, meteorologyNames, [header.time.count, rows, cols]),
      geographyNames,
      geography: readInterleaved(file, geographyNames.map(geographyVariable), [rows, cols]),
    };
  });
  const wanted = options.runs ?? preparedRuns(dir, period);
  const runs = new Map(wanted.map((run) => [run, readPreparedRun(dir, run, { name: period, ...meteorology, groups, species })]));
  return { name: period, ...meteorology, groups, species, runs };
}

/** Names of the channels, from the attributes of the file of the meteorology. */
export function channelNames({ attributes }: StoreHeader): { meteorologyNames: string[]; geographyNames: string[] } {
  const names = (key: string): string[] =>
    String(attributes[key] ?? '')
      .split(' ')
      .filter((name) => name);
  return { meteorologyNames: names('meteorology'), geographyNames: names('geography') };
}

/**
 * @throws {DataError} `PREPARED_TIME` @throws {GridError} `GRID_MISMATCH` if a run's file is of another time or grid than the meteorology
 * @throws {DataError} `PREPARED_CHANNELS` if it lacks a group or species
 */
export function assertRunFits(path: string, { grid, time, variables }: StoreHeader, expected: RunChannels & { grid: Grid; time: TimeAxis }): void {
  expected.grid.assertSame(grid, path);
  if (time.start.getTime() !== expected.time.start.getTime() || time.count !== expected.time.count) {
    throw new DataError('PREPARED_TIME', `${path}: the run is of other hours than the meteorology: run prepare again`);
  }
  const channels = [
    ...expected.groups.map((group) => [group, emissionVariable(group)]),
    ...expected.species.map((name) => [name, speciesVariable(name)]),
  ];
  const missing = channels.find(([, variable]) => !variables.includes(variable));
  if (missing === undefined) return;
  throw new DataError(
    'PREPARED_CHANNELS',
    `${path}: ${missing[0]}, which the case names, is not in the prepared store (variable ${missing[1]}): run prepare again`,
  );
}

/** Reads one run of a period. @throws {DataError} `PREPARED_MISSING`, `PREPARED_TIME`, `PREPARED_CHANNELS` @throws {GridError} `GRID_MISMATCH` */
export function readPreparedRun(dir: string, run: string, expected: RunChannels & { name: string; grid: Grid; time: TimeAxis }): PreparedRun {
  const path = preparedRunPath(dir, expected.name, run);
  return readChannels(path, (file, header) => {
    assertRunFits(path, header, expected);
    const { grid, time } = header;
    const shape = [time.count, grid.rows, grid.cols];
    return {
      emissions: readInterleaved(file, expected.groups.map(emissionVariable), shape),
      concentrations: readInterleaved(file, expected.species.map(speciesVariable), shape),
    };
  });
}

// A geographic field may bear the name of a meteorological one; CF names hold no dots.
export const geographyVariable = (name: string): string => `geography_${name}`;
export const speciesVariable = (species: string): string => species.replace('.', '');
export const emissionVariable = (group: string): string => `emission_${speciesVariable(group)}`;

/** Attributes of hourly means of a species at the surface, on the grid. */
export function concentrationAttributes(species: Species, units: SpeciesUnit, description: string): CfAttributes {
  return { ...described({ units, description, standardName: knownSpecies(species)?.standardName }), cell_methods: 'time: mean' };
}

function frameOf(grid: Grid, time: TimeAxis): CfContents {
  const { dimensions, coordinates, variables } = cfGrid(grid);
  return { dimensions: { time: time.count, ...dimensions }, coordinates: [cfTime(time), ...coordinates], variables };
}

function described({ units, description, standardName }: Pick<Meteorology, 'description' | 'standardName'> & { units?: string }): CfAttributes {
  return {
    ...(standardName === undefined ? {} : { standard_name: standardName }),
    long_name: description,
    ...(units === undefined ? {} : { units }),
    ...ON_GRID,
  };
}

function readInterleaved(file: NetcdfFile, names: string[], axes: number[]): Float32Array {
  const result = new Float32Array(names.length * axes.reduce((product, length) => product * length, 1));
  const [cols, rows] = [axes[axes.length - 1], axes[axes.length - 2]];
  const buffer = new Float32Array((axes.length === 3 ? SLAB : 1) * rows * cols); // one for all: garbage would double the memory
  names.forEach((name, channel) => {
    forEachDay(axes, (start, count, firstCell) => {
      const size = count.reduce((product, length) => product * length, 1);
      putChannel(result, names.length, channel, firstCell, file.read(name, start, count, buffer.subarray(0, size)));
    });
  });
  return result;
}

/** What every file of the store says of itself. */
interface StoreHeader {
  grid: Grid;
  time: TimeAxis;
  attributes: CfAttributes;
  /** names of all that it holds */
  variables: string[];
}

/** Every stage asks for those of all periods. @throws {DataError} `PREPARED_MISSING` */
export const storeHeader = cachedByFile((path): StoreHeader => readChannels(path, (_, header) => header));

/** Opens a file of the store for `read`. @throws {DataError} `PREPARED_MISSING` */
function readChannels<T>(path: string, read: (file: NetcdfFile, header: StoreHeader) => T): T {
  if (!existsSync(path)) throw new DataError('PREPARED_MISSING', `${path}: the prepared store does not hold it: run prepare`);
  const file = openNetcdf(path);
  try {
    return reading(path, () => {
      const contents = cfContents(file, ['time', CRS]);
      const grid = gridFromCf(cfVariable(contents, CRS, path).attributes, path);
      const time = timeFromCf(cfVariable(contents, 'time', path), path);
      return read(file, { grid, time, attributes: contents.attributes, variables: file.variables.map(({ name }) => name) });
    });
  } finally {
    file.close();
  }
}
