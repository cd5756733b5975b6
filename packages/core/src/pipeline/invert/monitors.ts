/** The monitors of a case as every later stage sees them: read once, the same stations withheld everywhere. */
import { createHash } from 'node:crypto';
import { SPECIES, type Case, type InversionSettings, type PeriodSettings } from '../../data/case';
import type { Species } from '../../data/case/fields';
import { expandGlob } from '../../data/glob';
import { readObservations, type Observations } from '../../data/observations';
import type { Station } from '../../data/stations';
import type { Grid } from '../../grid/grid';
import { ConfigError } from '../../errors';
import { ObservationOperator } from '../../inversion/observation-operator';
import type { ValueFilter } from '../../inversion/super-observations';
import { chooseWatched, chooseWithheld } from '../../inversion/withheld';
import { localSolarHour } from '../../worlds/solar';
import { inPeriod, spanOf, twinObservationsFile } from '../simulate/case-runs';
import type { StageContext } from '../engine/stage';

export interface Monitors {
  observations: Observations;
  withheld: ReadonlySet<string>;
  /** empty where none were asked for */
  watched: ReadonlySet<string>;
  /** spatial block of every station inside the grid that has a value in any period */
  block: Map<string, string>;
}

const HALF_HOUR_MS = 1_800_000;

/** Observations of a twin are written by `simulate`, of a real case by nobody here. */
function observationPattern(context: StageContext, period: string): string {
  const { observations } = context.case;
  return observations.twin ? twinObservationsFile(context.dirOf('simulate'), period) : inPeriod(observations.files ?? '', period);
}

/** Files of the observations outside the run folder, for the record. */
export function observationFiles({ observations, periods }: Case): string[] {
  const given =
    observations.twin || !observations.files ? [] : periods.flatMap(({ name }) => expandGlob(inPeriod(observations.files as string, name)));
  return [...new Set([observations.stations.file, ...given])];
}

/**
 * Reads the observations of a period, and draws which stations are withheld and watched: by station, the same in every period.
 *
 * @param watch - whether some choose the step at which to stop: few monitors cannot spare any
 */
export async function readMonitors(context: StageContext, period: PeriodSettings, grid: Grid, watch: boolean): Promise<Monitors> {
  const { withheld: choice } = context.case;
  const observations = await readPeriod(context, period);
  const heard = await stationsHeard(context);
  const drawn = chooseWithheld(heard, grid, choice);
  const watched = watch ? chooseWatched(heard, grid, drawn, choice) : new Set<string>();
  return { observations, ...drawn, watched };
}

/**
 * By run and by pattern of a period's files, the stations that have a value there. Files do not change while a run goes on; so many values as those of
 * a month of a country are read again for each period, and only the stations kept.
 */
const HEARD = new WeakMap<StageContext['inputs'], Map<string, Station[]>>();

async function readPeriod(context: StageContext, period: PeriodSettings): Promise<Observations> {
  const files = observationPattern(context, period.name);
  const observations = await readObservations({ ...context.case.observations, files }, { period: period.name, span: spanOf(period) });
  const heard = HEARD.get(context.inputs) ?? new Map<string, Station[]>();
  HEARD.set(context.inputs, heard.set(keyOf(files, period), observations.stations));
  return observations;
}

/** The stations with a value in any period of the case: a draw among those of one period would be another one where a station is silent in it. */
async function stationsHeard(context: StageContext): Promise<Station[]> {
  const all = new Map<string, Station>();
  for (const period of context.case.periods) {
    const known = HEARD.get(context.inputs)?.get(keyOf(observationPattern(context, period.name), period));
    for (const station of known ?? (await readPeriod(context, period)).stations) all.set(station.id, station);
  }
  return [...all.values()];
}

const keyOf = (files: string, { name }: PeriodSettings): string => `${name}: ${files}`;

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
  { inversion }: Case,
  period: PeriodSettings,
  grid: Grid,
  monitors: Pick<Monitors, 'observations' | 'withheld' | 'watched'>,
  options: { firstHour: number; watch: boolean; hoursPerDay?: number; hoursOfDay?: HoursOfDay },
): ObservationOperator {
  const { hoursOfDay = {}, hoursPerDay = 24 } = options;
  const operator = new ObservationOperator({
    grid,
    period: { start: new Date(period.start), hours: period.hours, spinUpHours: options.firstHour },
    observations: monitors.observations,
    species: SPECIES,
    error: inversion.observationError,
    representativeness: inversion.representativeness,
    siteTypeError: inversion.siteTypeError,
    withheld: monitors.withheld,
    watched: options.watch ? monitors.watched : undefined,
    hoursPerDay,
    compared: withinHours(grid, hoursOfDay),
  });
  const empty = operator.unobserved.find((species) => species in hoursOfDay && monitors.observations.species.includes(species));
  if (empty !== undefined) {
    const [from, to] = hoursOfDay[empty as Species]!;
    throw new ConfigError(
      'OBSERVATION_HOURS',
      `inversion.hoursOfDay.${empty}: in ${period.name} no value between ${from} and ${to} h of local solar time is compared, at ${hoursPerDay} hours a day: widen the range, or raise inversion.hoursPerDay`,
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
    const range = hours[species as Species];
    if (range === undefined) return true;
    const [from, to] = range;
    const hour = localSolarHour(start.getTime() + HALF_HOUR_MS, longitudeOf(cell));
    return from < to ? hour >= from && hour < to : hour >= from || hour < to;
  };
}

/** A short mark of a set of names, for records. */
export function markOf(names: Iterable<string>): string {
  return createHash('sha256')
    .update([...names].sort().join('\n'))
    .digest('hex')
    .slice(0, 12);
}
