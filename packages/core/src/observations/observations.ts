/**
 * Observations at monitors, from CSV, gzipped CSV or Parquet, as regular series in ppb and µg m-3.
 *
 * observation-layouts.ts tells the layouts. Times are in the files' zone, or in that of the layout; a daily value is the mean from midnight to midnight
 * there. An hourly value is taken as the mean over the hour that begins at its label, but where the layout says that labels mark the end.
 */
import { DataError, expectArgument, expectObject, expectOptions, expectSignal, type OptionNames } from '../base/errors';
import type { Grid, TimeAxis } from '../grid/grid';
import { expandGlobs } from '../files/glob';
import { LAYOUTS, type ObservationsSpec } from './observation-layouts';
import { type ObservationQuality, doubtfulPlaces } from './observation-quality';
import { ObservationReader, type Series } from './observation-reader';
import { partStations, readStations, type Station } from './stations';
import { isTimeZone, TIME_ZONE } from '../files/tables/local-time';
import { TableStore } from '../files/tables/table-store';

export interface Observations {
  /** those with at least one value */
  stations: Station[];
  species: string[];
  /** stepSeconds 3600 or 86400 */
  time: TimeAxis;
  /** per species `[time, station]`, NaN where missing */
  values: Map<string, Float32Array>;
  /** per species: ppb or ug m-3 */
  units: Map<string, string>;
  quality?: ObservationQuality;
}

export interface ObservationsOptions {
  period?: string;
  /** only times in [start, end) */
  span?: { start: Date; end: Date };
  /** only stations inside; values outside are counted */
  grid?: Pick<Grid, 'cellAt' | 'name'>;
  /** ends the reading, with its reason */
  signal?: AbortSignal;
}

const OPTIONS: OptionNames<ObservationsOptions> = { period: true, span: true, grid: true, signal: true };

/**
 * Reads stations and observations as series without a missing step: gases in ppb, particles in µg m-3, what the quality rules leave out NaN. It reads the
 * species that `spec.species` asks for; what files hold beside them is left alone.
 *
 * @throws {DataError} `FILES_NONE`, `COLUMN_MISSING`, `OBSERVATIONS_TIME`, `OBSERVATIONS_TWICE` (two values for one station and time),
 * `OBSERVATIONS_EMPTY` (a species of the case, or all of the files, without any value), `STATIONS_UNKNOWN`, `OBSERVATIONS_ABSURD`, `FILE_TRUNCATED`, and what {@link readStations} throws
 * @throws {ConfigError} `OBSERVATIONS_SQL`, `CALL_INVALID`
 * @throws {UnitError} for a unit that is no concentration
 *
 * @example
 * const { values, units } = await readObservations(loadCase('case.yaml').observations, { period: 'winter' });
 * values.get('NO2'); // Float32Array [time, station], in units.get('NO2')
 *
 * @example
 * // China's carbon monoxide and coarse particles, in ppb and µg m-3
 * await readObservations({ ...spec, layout: 'cnemc-wide', species: [{ name: 'CO' }, { name: 'PM10' }] });
 */
export async function readObservations(spec: ObservationsSpec, options: ObservationsOptions = {}): Promise<Observations> {
  expectObject(spec, 'readObservations: spec', 'what observations has in a case file');
  expectOptions(options, 'readObservations', OPTIONS);
  const { layout, timeZone } = spec;
  const { span, signal } = options;
  expectArgument(LAYOUTS.includes(layout), 'readObservations: layout', `one of ${LAYOUTS.join(', ')}`, layout);
  expectArgument(isTimeZone(timeZone), 'readObservations: timeZone', TIME_ZONE, timeZone);
  expectArgument(
    [span?.start, span?.end].every((bound) => !span || Number.isFinite(bound?.getTime?.())),
    'readObservations: span',
    'two dates',
    span,
  );
  expectSignal(signal, 'readObservations: signal');
  if (spec.files === undefined || spec.files.length === 0)
    throw new DataError('FILES_NONE', 'observations: the case names no files: set observations.files');
  const paths = expandGlobs(spec.files, options.period ?? '*');
  const { stations: listed, withoutCoordinates, misplaced } = await readStations(spec.stations);
  const { inside: stations, outside } = options.grid ? partStations(listed, options.grid) : { inside: listed, outside: [] };
  const store = await TableStore.open(signal);
  try {
    const reader = new ObservationReader(store, spec, paths, stations, outside);
    const time = await reader.load(options.span);
    const series = new Map<string, Series>();
    for (const species of reader.species) series.set(species.name, await reader.series(species));
    const unknown = reader.unknownStations.filter((id) => !withoutCoordinates.includes(id));
    const { invalid, silentSpecies, stationsOutside, gaps, incompleteDays } = reader;
    const names = [...series.keys(), ...silentSpecies];
    const dropped = {
      // In the long layout the case says which columns are read.
      absentSpecies: layout === 'long' ? [] : (spec.species ?? []).flatMap(({ name }) => (names.includes(name) ? [] : [name])),
      withoutCoordinates,
      misplaced,
      unknown,
      gaps,
      stationsOutside,
      absentSteps: time.absent,
      invalid,
      incompleteDays,
      silentSpecies,
    };
    return assemble(stations, time.axis, series, dropped);
  } finally {
    store.close();
  }
}

/** Keeps the stations that have a value. */
function assemble(
  allStations: Station[],
  time: TimeAxis,
  series: Map<string, Series>,
  dropped: Record<'withoutCoordinates' | 'misplaced' | 'unknown' | 'gaps' | 'stationsOutside' | 'silentSpecies' | 'absentSpecies', string[]> & {
    absentSteps: number;
    invalid: number;
    incompleteDays: number;
  },
): Observations {
  const heard = allStations.map((_, station) => [...series.values()].some(({ values }) => hasValue(values, station, allStations.length)));
  const heardStations = allStations.flatMap((_, station) => (heard[station] ? [station] : []));
  const values = new Map([...series].map(([name, { values: full }]) => [name, pickStations(full, heardStations, allStations.length)]));
  for (const [, { quality }] of series) quality.missing -= time.count * (allStations.length - heardStations.length);
  const stations = heardStations.map((station) => allStations[station]);
  const doubtful = doubtfulPlaces(stations);
  return {
    stations,
    species: [...series.keys()],
    time,
    values,
    units: new Map([...series].map(([name, { quality }]) => [name, quality.unit])),
    quality: {
      stationsWithoutCoordinates: dropped.withoutCoordinates,
      ...(dropped.misplaced.length > 0 ? { stationsMisplaced: dropped.misplaced } : {}),
      ...(doubtful.length > 0 ? { stationsDoubtful: doubtful } : {}),
      stationsUnknown: dropped.unknown,
      ...(dropped.stationsOutside.length > 0 ? { stationsOutside: dropped.stationsOutside } : {}),
      stationsSilent: allStations.filter((_, station) => !heard[station]).map(({ id }) => id),
      absentSteps: dropped.absentSteps,
      ...(dropped.invalid > 0 ? { invalid: dropped.invalid } : {}),
      ...(dropped.incompleteDays > 0 ? { incompleteDays: dropped.incompleteDays } : {}),
      ...(dropped.silentSpecies.length > 0 ? { silentSpecies: dropped.silentSpecies } : {}),
      ...(dropped.absentSpecies.length > 0 ? { absentSpecies: dropped.absentSpecies } : {}),
      ...(dropped.gaps.length > 0 ? { columnsAbsent: dropped.gaps } : {}),
      species: Object.fromEntries([...series].map(([name, { quality }]) => [name, quality])),
    },
  };
}

function hasValue(values: Float32Array, station: number, stations: number): boolean {
  for (let i = station; i < values.length; i += stations) if (!Number.isNaN(values[i])) return true;
  return false;
}

function pickStations(values: Float32Array, indices: number[], stations: number): Float32Array {
  const steps = values.length / stations;
  const picked = new Float32Array(steps * indices.length);
  for (let step = 0; step < steps; step++) indices.forEach((station, i) => (picked[step * indices.length + i] = values[step * stations + station]));
  return picked;
}
