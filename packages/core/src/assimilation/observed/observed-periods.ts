/** A period as the inversion compares it with the monitors, and how a run of the transport model looks through that. */
import { caseChannels, observedSpecies, type PeriodSettings } from '../../case';
import { dailyMeans } from '../../observations/daily-means';
import { pickAt, joined } from '../../base/vectors';
import { wholeGrid, type Hours, type PeriodSource } from '../../fields/period-source';
import type { Grid } from '../../grid/grid';
import type { ObservationOperator } from '../../inversion/observations/observation-operator';
import type { ObservedTime } from '../../inversion/observations/super-observations';
import { operatorOf, readMonitors, type Monitors } from './monitors';
import { observedColumns, type ObservedColumns } from './observed-columns';
import type { Workspace } from '../workspace';

export interface ObservedPeriod {
  monitors: Monitors;
  columns: readonly ObservedColumns[];
  /** with the hours of the day at which the surrogate is run */
  operator: ObservationOperator;
  /** the same times from all their hours */
  whole: ObservationOperator;
}

/** Concentrations of some hours on the whole grid, `[hours, H, W, species]`. */
export type RunFields = (hours: Hours) => Float32Array;

/**
 * @param firstHour - hours before it are not compared
 * @param leftOut - stations that are watched in place of those that would choose the step at which to stop
 * @throws {DataError} what {@link dailyMeans} throws
 */
export async function observePeriod(
  context: Workspace,
  settings: PeriodSettings,
  grid: Grid,
  firstHour: number,
  leftOut?: ReadonlySet<string>,
): Promise<ObservedPeriod> {
  const { inversion } = context.settings;
  const watch = inversion.stopOnWithheld && leftOut === undefined;
  const read = await readMonitors(context, settings, grid, watch);
  const drawn = inversion.dailyMeans ? { ...read, observations: dailyMeans(read.observations) } : read;
  const monitors = leftOut ? { ...drawn, watched: leftOut } : drawn;
  const columns = observedColumns(context, settings.name, grid, watch);
  const { species } = caseChannels(context.caseSettings);
  const options = {
    firstHour,
    watch: inversion.stopOnWithheld || leftOut !== undefined,
    hoursOfDay: inversion.hoursOfDay,
    columns,
    withheldSpecies: new Set(species.filter((name) => !observedSpecies(inversion, species).includes(name))),
  };
  return {
    monitors,
    columns,
    operator: operatorOf(context.caseSettings, settings, grid, monitors, { ...options, hoursPerDay: inversion.hoursPerDay }),
    whole: operatorOf(context.caseSettings, settings, grid, monitors, options),
  };
}

/** The prior run of a period. */
export function priorRun(period: PeriodSource): RunFields {
  return (hours) => period.hourly('concentrations', wholeGrid(period), hours);
}

/** H·C at the observations of the operator, daily means from all hours of the day; the fields are read a day at a time, and once for monitors and columns of an hour. */
export function throughOperator(run: RunFields, { operator, whole }: Pick<ObservedPeriod, 'operator' | 'whole'>): Float32Array {
  const keyOf = ({ step, ofColumns }: ObservedTime): string => (ofColumns ? `column ${step}` : `${step}`);
  const indexOfTime = new Map(whole.times.map((time, i) => [keyOf(time), i]));
  let last: (Hours & { fields: Float32Array }) | undefined;
  const parts = operator.times.map((time) => {
    const i = indexOfTime.get(keyOf(time))!;
    const [first, count] = [whole.times[i].hours[0], whole.times[i].hours.length]; // without gaps: it is that of all hours
    const stencil = whole.stencil([i]);
    if (last?.first !== first || last.count !== count) last = { first, count, fields: run({ first, count }) };
    return stencil.forward(pickAt(last.fields, stencil.places));
  });
  return joined(Float32Array, parts);
}
