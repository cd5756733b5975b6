/**
 * Observations that only judge (`observations.independent`): further files, each with its own stations and layout. `verify` compares both runs of the transport
 * model with them, and nothing that they hold enters an inversion.
 */
import { RetroplumeError } from '../../base/errors';
import { askedSpecies, type Case, type PeriodSettings } from '../../case';
import { spanOf } from '../../case/case-runs';
import { expandGlobs } from '../../files/glob';
import type { Grid } from '../../grid/grid';
import type { ObservationOperator } from '../../inversion/observations/observation-operator';
import { chooseWithheld } from '../../inversion/observations/withheld';
import { readObservations } from '../../observations/observations';
import { operatorOf, type Monitors } from './monitors';

/** An entry of the case. */
export type IndependentSettings = Case['observations']['independent'][number];

/** What an entry measured in a period. All of its stations are withheld, in the blocks that those of the case are drawn in. */
export interface IndependentPeriod {
  monitors: Monitors;
  operator: ObservationOperator;
}

/** By the entry's name and the period's; a period in which it measured nothing is absent. */
export type IndependentObservations = ReadonlyMap<string, ReadonlyMap<string, IndependentPeriod>>;

/** Their files, for the record. @throws as {@link expandGlobs} */
export function independentFiles({ observations: { independent }, periods }: Pick<Case, 'observations' | 'periods'>): string[] {
  const paths = independent.flatMap(({ name, stations, files }) => {
    try {
      return [stations.file, ...periods.flatMap((period) => expandGlobs(files, period.name))];
    } catch (error) {
      throw named(name, error);
    }
  });
  return [...new Set(paths)];
}

/** An error of ours with the name of the entry in front of its message. */
function named(entry: string, error: unknown): unknown {
  if (error instanceof RetroplumeError) error.message = `observations.independent, ${entry}: ${error.message}`;
  return error;
}

/** Of which a campaign may have none in a period of the case. */
const SILENT = ['OBSERVATIONS_EMPTY', 'OBSERVATIONS_NONE_IN_PERIOD'];

/**
 * Reads an entry in all periods of the case.
 *
 * @param tell - is told of each period in which it has no value while it has some in another
 * @throws {DataError} if it has none in any period, and what {@link readObservations} throws; the message begins with the entry's name
 */
export async function readIndependent(
  settings: Case,
  entry: IndependentSettings,
  grid: Grid,
  { signal, tell }: { signal?: AbortSignal; tell: (text: string) => void },
): Promise<Map<string, IndependentPeriod>> {
  const periods = new Map<string, IndependentPeriod>();
  const silences: RetroplumeError[] = [];
  for (const period of settings.periods) {
    try {
      periods.set(period.name, await readIn(settings, entry, period, grid, signal));
    } catch (error) {
      const cause = named(entry.name, error);
      if (!(cause instanceof RetroplumeError && SILENT.includes(cause.code))) throw cause;
      silences.push(cause);
    }
  }
  if (periods.size === 0) throw silences[0];
  silences.forEach(({ message }) => tell(`nothing is compared in one of the periods: ${message}`));
  return periods;
}

async function readIn(
  settings: Case,
  entry: IndependentSettings,
  period: PeriodSettings,
  grid: Grid,
  signal?: AbortSignal,
): Promise<IndependentPeriod> {
  const observations = await readObservations(
    { ...entry, species: askedSpecies(settings) },
    { period: period.name, span: spanOf(period), grid, signal },
  );
  const { block } = chooseWithheld(observations.stations, grid, { ...settings.withheld, fraction: 0 });
  const monitors = { observations, withheld: new Set(block.keys()), watched: new Set<string>(), block };
  return { monitors, operator: operatorOf(settings, period, grid, monitors, { firstHour: period.spinUpHours, watch: false }) };
}

/** All entries of a case, in its order. @param tell - as of {@link readIndependent} @throws as that */
export async function readAllIndependent(
  settings: Case,
  grid: Grid,
  options: { signal?: AbortSignal; tell: (text: string) => void },
): Promise<IndependentObservations> {
  const byEntry = new Map<string, ReadonlyMap<string, IndependentPeriod>>();
  for (const entry of settings.observations.independent) byEntry.set(entry.name, await readIndependent(settings, entry, grid, options));
  return byEntry;
}
