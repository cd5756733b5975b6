/** The monitors of a case as every later stage sees them: read once, the same stations withheld everywhere. */
import { createHash } from 'node:crypto';
import type { Case, PeriodSettings } from '../data/case';
import { expandGlob } from '../data/glob';
import { readObservations, type Observations } from '../data/observations';
import { PREPARED_SPECIES } from '../data/prepared';
import type { Grid } from '../grid/grid';
import { ObservationOperator } from '../inversion/observation-operator';
import { chooseWithheld } from '../inversion/withheld';
import { inPeriod, twinObservationsFile } from './case-runs';
import type { StageContext } from './stage';

export interface Monitors {
  observations: Observations;
  withheld: ReadonlySet<string>;
  watched: ReadonlySet<string>;
  /** spatial block of every station inside the grid */
  block: Map<string, string>;
}

/** Part of the stations that are not withheld which only choose the step at which the inversion stops. */
const WATCHED = 0.15;

/** Observations of a twin are written by `simulate`, of a real case by nobody here. */
export function observationPattern(context: StageContext, period: string): string {
  const { observations } = context.case;
  return observations.twin ? twinObservationsFile(context.dirOf('simulate'), period) : inPeriod(observations.files ?? '', period);
}

/** Files of the observations outside the run folder, for the record. */
export function observationFiles({ observations, periods }: Case): string[] {
  const given =
    observations.twin || !observations.files ? [] : periods.flatMap(({ name }) => expandGlob(inPeriod(observations.files as string, name)));
  return [...new Set([observations.stations.file, ...given])];
}

/** Reads the observations of a period, and draws which stations are withheld and watched (by station, the same in every period). */
export async function readMonitors(context: StageContext, period: PeriodSettings, grid: Grid): Promise<Monitors> {
  const { observations: settings, withheld: choice } = context.case;
  const start = new Date(period.start);
  const span = { start, end: new Date(start.getTime() + period.hours * 3_600_000) };
  const observations = await readObservations({ ...settings, files: observationPattern(context, period.name) }, { period: period.name, span });
  const { withheld, block } = chooseWithheld(observations.stations, grid, choice);
  const kept = observations.stations.filter(({ id }) => block.has(id) && !withheld.has(id));
  const watched = chooseWithheld(kept, grid, { fraction: WATCHED, blockCells: choice.blockCells, seed: choice.seed + 1 }).withheld;
  return { observations, withheld, watched, block };
}

/**
 * The observation operator of a period.
 *
 * @param firstHour - hours before it are not compared
 * @param watch - whether some stations are set aside to choose the step at which to stop
 * @param hoursPerDay - see {@link ObservationOperator}
 */
export function operatorOf(
  context: StageContext,
  period: PeriodSettings,
  grid: Grid,
  monitors: Monitors,
  options: { firstHour: number; watch: boolean; hoursPerDay?: number },
): ObservationOperator {
  return new ObservationOperator({
    grid,
    period: { start: new Date(period.start), hours: period.hours, spinUpHours: options.firstHour },
    observations: monitors.observations,
    species: PREPARED_SPECIES,
    error: context.case.inversion.observationError,
    representativeness: context.case.inversion.representativeness,
    siteTypeError: context.case.inversion.siteTypeError,
    withheld: monitors.withheld,
    watched: options.watch ? monitors.watched : undefined,
    hoursPerDay: options.hoursPerDay,
  });
}

/** A short mark of a set of names, for records. */
export function markOf(names: Iterable<string>): string {
  return createHash('sha256')
    .update([...names].sort().join('\n'))
    .digest('hex')
    .slice(0, 12);
}
