/** The monitors of a case as every later stage sees them: read once, the same stations withheld everywhere. */
import { createHash } from 'node:crypto';
import { askedSpecies, caseChannels, type Case, type InversionSettings, type PeriodSettings } from '../../case';
import { expandGlobs } from '../../files/glob';
import { dailyMeans } from '../../observations/daily-means';
import { offStepsInWords, unitDoubts } from '../../observations/observation-quality';
import { readObservations, type Observations } from '../../observations/observations';
import { stationsToCells } from '../../observations/station-cells';
import type { Station } from '../../observations/stations';
import type { Grid } from '../../grid/grid';
import { ConfigError } from '../../base/errors';
import { cellSpreads, relativeSpreads, type CellSpreads } from '../../inversion/observations/representativeness';
import { ObservationOperator, type ObservationOperatorOptions } from '../../inversion/observations/observation-operator';
import type { ValueFilter } from '../../inversion/observations/super-observations';
import { chooseWatched, chooseWithheld } from '../../inversion/observations/withheld';
import { localSolarHour } from '../../worlds/solar';
import { inPeriod, spanOf, twinObservationsFile } from '../../case/case-runs';
import type { Workspace } from '../workspace';
import { namedStations, withheldFiles, withNamed } from './withheld-by-name';

export interface Monitors {
  observations: Observations;
  withheld: ReadonlySet<string>;
  /** empty where none were asked for */
  watched: ReadonlySet<string>;
  /** spatial block of every station inside the grid that has a value in any period */
  block: Map<string, string>;
  /** how far the monitors of a cell are apart, by species, over all periods; absent where errors do not ask for it */
  cellSpread?: Readonly<Record<string, number>>;
}

const HALF_HOUR_MS = 1_800_000;

/** Observations of a twin are written by `simulate`, of a real case by nobody here. */
function observationPatterns(context: Workspace, period: string): string[] {
  const { observations } = context.caseSettings;
  if (observations.twin) return [twinObservationsFile(context.dirOf('simulate'), period)];
  return [observations.files ?? []].flat().map((pattern) => inPeriod(pattern, period));
}

/** Files of the observations outside the run folder, for the record. */
export function observationFiles({ observations, periods, withheld }: Case): string[] {
  const { twin, files = [] } = observations;
  const paths = twin ? [] : periods.flatMap(({ name }) => expandGlobs(files, name));
  return [...new Set([observations.stations.file, ...paths, ...withheldFiles({ withheld })])];
}

/**
 * Reads the observations of a period, and draws which stations are withheld and watched: by station, the same in every period. Those that the case
 * withholds by name are added to the draw.
 *
 * @param watch - whether some choose the step at which to stop: few monitors cannot spare any
 */
export async function readMonitors(context: Workspace, period: PeriodSettings, grid: Grid, watch: boolean): Promise<Monitors> {
  const { withheld: choice } = context.caseSettings;
  const { siteTypeError } = context.caseSettings.inversion;
  const observations = await readPeriod(context, period, grid);
  const { stations, spreads } = await heardInAll(context, grid);
  expectSiteTypes(siteTypeError, stations, grid);
  const drawn = withNamed(chooseWithheld(stations, grid, choice), await namedStations(context.caseSettings));
  const watched = watch ? chooseWatched(stations, grid, drawn, choice) : new Set<string>();
  return { observations, ...drawn, watched, ...(spreads && { cellSpread: spreadsWithout(drawn.withheld, stations, grid, spreads) }) };
}

/** What a period's files tell of the whole case. `spreads`: where errors ask for it. */
interface Heard {
  stations: readonly Station[];
  spreads?: CellSpreads;
}

/**
 * By run and by pattern of a period's files, what is heard there. Files do not change while a run goes on; so many values as those of a month of a country
 * are read again for each period, and only this is kept.
 */
const HEARD = new WeakMap<Workspace['inputs'], Map<string, Heard>>();

async function readPeriod(context: Workspace, period: PeriodSettings, grid: Grid): Promise<Observations> {
  const files = observationPatterns(context, period.name);
  const { signal } = context;
  const options = { period: period.name, span: spanOf(period), grid, signal };
  const observations = await readObservations({ ...context.caseSettings.observations, files, species: askedSpecies(context.caseSettings) }, options);
  const heard = HEARD.get(context.inputs) ?? new Map<string, Heard>();
  const { stations } = observations;
  HEARD.set(context.inputs, heard.set(keyOf(files, period), { stations, spreads: spreadsOf(context.caseSettings.inversion, observations, grid) }));
  return observations;
}

/** What the log of an inversion says of the observations of a period. @param unobserved - species without a value that is compared */
export function observationsInWords(period: string, { quality }: Observations, unobserved: readonly string[]): string[] {
  const outside = quality?.stationsOutside?.length ?? 0;
  return [
    ...(quality ? [...unitDoubts(quality), ...offStepsInWords(quality)] : []).map((text) => `warning: ${period}: ${text}`),
    ...unobserved.map((species) => `${period}: no value of ${species}: it is not used`),
    ...(outside > 0 ? [`${period}: ${outside} stations lie outside the grid and are left out`] : []),
  ];
}

/** Of one period; undefined where errors do not ask for them. */
export function spreadsOf({ representativeness, dailyMeans: daily }: InversionSettings, read: Observations, grid: Grid): CellSpreads | undefined {
  if (representativeness === 'none') return undefined;
  return cellSpreads(stationsToCells(daily ? dailyMeans(read) : read, grid), grid.cols);
}

/** r_s over all periods, without the cells of withheld stations. */
export function spreadsWithout(
  withheld: ReadonlySet<string>,
  stations: readonly Station[],
  grid: Grid,
  spreads: readonly CellSpreads[],
): Record<string, number> {
  const withheldCells = stations.filter(({ id }) => withheld.has(id)).map(({ lon, lat }) => grid.cellAt(lon, lat)!);
  return relativeSpreads(spreads, new Set(withheldCells.map(({ row, col }) => row * grid.cols + col)));
}

/**
 * The stations with a value in any period of the case: a draw among those of one period would be another one where a station is silent in it. And the spreads
 * of all.
 */
async function heardInAll(context: Workspace, grid: Grid): Promise<{ stations: Station[]; spreads?: CellSpreads[] }> {
  const heardPeriods: Heard[] = [];
  for (const period of context.caseSettings.periods) {
    const key = keyOf(observationPatterns(context, period.name), period);
    if (!HEARD.get(context.inputs)?.has(key)) await readPeriod(context, period, grid);
    heardPeriods.push(HEARD.get(context.inputs)!.get(key)!);
  }
  const stations = new Map(heardPeriods.flatMap((heard) => heard.stations).map((station) => [station.id, station]));
  const spreads = heardPeriods.flatMap((heard) => heard.spreads ?? []);
  return { stations: [...stations.values()], spreads: spreads.length > 0 ? spreads : undefined };
}

/**
 * @param stations - with a value in any period: in one of them all of a type may be silent
 * @throws {ConfigError} `OBSERVATION_SITE_TYPE` for a type that no station in the grid has
 */
export function expectSiteTypes(factors: Readonly<Record<string, number>>, stations: readonly Station[], grid: Pick<Grid, 'cellAt'>): void {
  const types = new Set(stations.flatMap(({ lon, lat, type }) => (type !== undefined && grid.cellAt(lon, lat) ? type : [])));
  const unknown = Object.keys(factors).find((type) => !types.has(type));
  if (unknown === undefined) return;
  throw new ConfigError(
    'OBSERVATION_SITE_TYPE',
    `inversion.siteTypeError.${unknown}: no station in the grid is of that type; types are ${[...types].sort().join(', ') || 'not given'}: mend the name, or name their column in observations.stations.type`,
  );
}

const keyOf = (files: readonly string[], { name }: PeriodSettings): string => [name, ...files].join('\n');

/**
 * The observation operator of a period.
 *
 * @param firstHour - hours before it are not compared
 * @param watch - whether some stations are set aside to choose the step at which to stop
 * @param hoursPerDay - see {@link ObservationOperator}
 * @param hoursOfDay - hours of the local day that are compared, by species
 * @throws {ConfigError} `OBSERVATION_HOURS` if they leave nothing of a species
 */
export function operatorOf(
  settings: Case,
  period: PeriodSettings,
  grid: Grid,
  monitors: Pick<Monitors, 'observations' | 'withheld' | 'watched' | 'cellSpread'>,
  options: { firstHour: number; watch: boolean; hoursPerDay?: number; hoursOfDay?: HoursOfDay } & Pick<
    ObservationOperatorOptions,
    'columns' | 'withheldSpecies'
  >,
): ObservationOperator {
  const { inversion } = settings;
  const { hoursOfDay = {}, hoursPerDay = 24 } = options;
  const operator = new ObservationOperator({
    grid,
    period: { start: new Date(period.start), hours: period.hours, spinUpHours: options.firstHour },
    observations: monitors.observations,
    species: caseChannels(settings).species,
    error: inversion.observationError,
    cellSpread: monitors.cellSpread,
    siteTypeError: inversion.siteTypeError,
    withheld: monitors.withheld,
    watched: options.watch ? monitors.watched : undefined,
    hoursPerDay,
    compared: withinHours(grid, hoursOfDay),
    columns: options.columns,
    withheldSpecies: options.withheldSpecies,
  });
  const empty = operator.unobserved.find((species) => species in hoursOfDay && monitors.observations.species.includes(species));
  if (empty !== undefined) {
    const [firstHour, lastHour] = hoursOfDay[empty]!;
    throw new ConfigError(
      'OBSERVATION_HOURS',
      `inversion.hoursOfDay.${empty}: in ${period.name} no value between ${firstHour} and ${lastHour} h of local solar time is compared, at ${hoursPerDay} hours a day: widen the range, or raise inversion.hoursPerDay`,
    );
  }
  return operator;
}

/** Local solar hours of the day, from the first up to the second, by species; those that are not named are compared at all hours. */
type HoursOfDay = InversionSettings['hoursOfDay'];

function withinHours(grid: Grid, hours: HoursOfDay): ValueFilter {
  const longitudes = new Map<number, number>();
  const longitudeOf = (cell: number): number => {
    if (!longitudes.has(cell)) longitudes.set(cell, grid.centre(Math.floor(cell / grid.cols), cell % grid.cols).lon);
    return longitudes.get(cell)!;
  };
  return (species, cell, start) => {
    const range = hours[species];
    if (range === undefined) return true;
    const [firstHour, lastHour] = range;
    const hour = localSolarHour(start.getTime() + HALF_HOUR_MS, longitudeOf(cell));
    return firstHour < lastHour ? hour >= firstHour && hour < lastHour : hour >= firstHour || hour < lastHour;
  };
}

/** A short mark of a set of names, for records. */
export function markOf(names: Iterable<string>): string {
  return createHash('sha256')
    .update([...names].sort().join('\n'))
    .digest('hex')
    .slice(0, 12);
}
