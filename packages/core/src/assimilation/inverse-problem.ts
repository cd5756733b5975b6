/** The inverse problem of a case: what is read for it, what the monitors say, what is inverted beside the emissions, and the prior of it all. */
import { joined } from '../base/vectors';
import { sourceOf } from '../fields/training-period';
import type { PeriodSource } from '../fields/period-source';
import { Role } from '../inversion/cost/cost';
import type { KnownTotal } from '../inversion/model/totals-model';
import type { InversionProblem, InversionSettings } from '../inversion/solve/inversion-problem';
import type { Surrogate } from '../surrogate/model/surrogate';
import { readFactors } from './factors/factors-file';
import { firstOfSlots, meanOfSlots, timeSlots, type TimeSlots } from './factors/time-slots';
import { largestLogFactor, shownSpread } from './factors/trust-region';
import { addErrors, errorModelOf } from './observed/error-model';
import { markOf, observationsInWords } from './observed/monitors';
import { nuisanceTerms, type NuisanceTerms } from './observed/nuisance';
import { observePeriod, priorRun, throughOperator, type ObservedPeriod, type RunFields } from './observed/observed-periods';
import { knownTotals } from './prior/known-totals';
import { priorCovariance } from './prior/prior-covariance';
import { sectorsOf } from './prior/sector-emissions';
import type { PeriodProblem, SurrogateForwardModel, SurrogateForwardOptions } from './surrogate/surrogate-forward-model';
import {
  domainPlan,
  firstHours,
  HOURS_TOGETHER,
  loadSurrogate,
  preparedPeriods,
  storedPeriods,
  type DomainPlan,
} from './surrogate/trained-surrogate';
import type { Workspace } from './workspace';

/** How the monitors of a period are used. */
export interface StationCounts {
  period: string;
  used: number;
  withheld: number;
  watched: number;
  outside: number;
  withheldMark: string;
}

/** What all inversions with one surrogate read, whatever the roles of their monitors and the settings of prior and errors. */
export interface InversionInputs {
  surrogate: Surrogate;
  periods: PeriodSource[];
  plan: DomainPlan;
  /** hours of a batch of the model */
  hours: number;
  /** root mean square of the members' log factors; see {@link shownSpread} */
  spread: ReturnType<typeof shownSpread>;
}

/** What an inversion may start from in place of the prior: the updated emissions of another, and the run of the transport model on them. */
export interface Anchor {
  factorsFile: string;
  control: Float64Array;
  run: (period: PeriodSource) => RunFields;
}

/** What the monitors of a case say of its periods. */
export interface Observed {
  problems: PeriodProblem[];
  stations: StationCounts[];
  periods: ObservedPeriod[];
}

/** @throws {RetroplumeError} if products of the stages before are missing or do not fit together */
export function loadInputs(context: Workspace): InversionInputs {
  const { inversion } = context.settings;
  const surrogate = loadSurrogate(context);
  const stored = storedPeriods(context);
  // The paper draws so many hours a step, which the program then takes at once; without a draw it is as in the default mode.
  const drawn = inversion.mode === 'paper' && inversion.batch > 0 ? inversion.batch : undefined;
  const ofDays = context.caseSettings.observations.resolution === 'daily' || inversion.dailyMeans;
  const plan = domainPlan(context, surrogate, stored[0].grid, { adjoint: true, hours: drawn, ...(ofDays && { day: inversion.hoursPerDay }) });
  const tiled = plan.tiling.tiles.length > 1;
  // Tiles read what they need from disk, for as many hours at once as make the reading cheap.
  const periods: PeriodSource[] = tiled ? stored : preparedPeriods(context).map((period) => sourceOf(period));
  const hours = !tiled ? plan.batchSize : (drawn ?? HOURS_TOGETHER);
  return { surrogate, periods, plan, hours, spread: shownSpread(context) };
}

/** How the surrogate is run as the forward model of the inversion. */
export function forwardOptions(context: Workspace, { periods, hours, plan }: InversionInputs, anchor?: Anchor): SurrogateForwardOptions {
  const { inversion } = context.settings;
  return {
    anchored: inversion.mode !== 'paper',
    factors: inversion.factors,
    hours,
    threads: context.threads,
    processes: context.ranks?.localSize,
    tiling: plan.tiling,
    signal: context.signal,
    ...(anchor ? { base: baseFactors(context, anchor.factorsFile, periods) } : {}),
  };
}

/** What an inversion needs beside its model of the emissions. */
export interface InverseProblem {
  /** of each period */
  slots: TimeSlots[];
  nuisance?: NuisanceTerms;
  totals?: KnownTotal[];
  problem: InversionProblem;
  /** with `batch` in batches of the model */
  settings: InversionSettings & { checkpointEvery: number };
}

/** @param model - of the emissions and initial concentrations alone */
export function inverseProblem(
  context: Workspace,
  inputs: InversionInputs,
  model: SurrogateForwardModel,
  { problems, periods: observed }: Observed,
  anchor?: Anchor,
): InverseProblem {
  const { periods, hours } = inputs;
  const { inversion } = context.settings;
  const { uncertainty: _after, ...settings } = inversion; // what follows the inversion does not make it another one
  const paper = inversion.mode === 'paper';
  const slots = periods.map(({ time }) => timeSlots(time, inversion.factors));
  const priorEmissions = joined(
    Float32Array,
    periods.map((period, p) => meanOfSlots(period, slots[p])),
  );
  const nuisance = nuisanceTerms(
    context,
    model,
    periods.map((period, p) => ({ period, observed: observed[p], ...(anchor ? {} : { prior: problems[p].anchor }) })),
  );
  const { totals } = inversion;
  return {
    slots,
    ...(nuisance && { nuisance }),
    ...(totals.length > 0 && { totals: knownTotals(totals, context.caseSettings, periods[0], priorEmissions, slots) }),
    problem: { ...priorOf(context, inputs, slots, priorEmissions), ...(anchor && { start: anchor.control }) },
    settings: { ...settings, batch: paper && inversion.batch > 0 ? 1 : Math.ceil(inversion.batch / hours) },
  };
}

/** What is inverted, and the prior of it. */
function priorOf(
  context: Workspace,
  { surrogate, periods, spread }: InversionInputs,
  slots: readonly TimeSlots[],
  priorEmissions: Float32Array,
): InversionProblem {
  const { inversion } = context.settings;
  const { initialConcentrations: initial, trustRegion } = inversion;
  const { grid, groups, species } = periods[0];
  const { emissions, concentrations } = surrogate.description.normalisation;
  return {
    groups,
    species,
    priorEmissions,
    totals: inversion.totals.length > 0,
    threads: context.threads,
    sectors: sectorsOf(context.caseSettings, inversion, periods, slots),
    ...priorCovariance(inversion, context.caseSettings.regions, { grid, groups }, slots),
    ...(spread && trustRegion !== undefined
      ? {
          largestLogFactor: largestLogFactor(
            spread,
            trustRegion,
            slots.map(({ count }) => count),
          ),
        }
      : {}),
    initialConcentrations: { spread: initial.spread, lengthCells: grid.lengthInCells(initial.lengthKm) },
    ...(inversion.mode === 'paper' ? { emissionScale: emissions.scale, speciesScale: concentrations.scale } : {}),
  };
}

/** Observations of all periods, their errors, and what the prior run, or that of the anchor, says at their places. @param leftOut - stations that are watched only, in place of those that would choose the step at which to stop */
export async function observePeriods(
  context: Workspace,
  periods: readonly PeriodSource[],
  { leftOut, anchor: start }: { leftOut?: ReadonlySet<string>; anchor?: Anchor },
): Promise<Observed> {
  const first = firstHours(context);
  const problems: PeriodProblem[] = [];
  const stations: StationCounts[] = [];
  const observedPeriods: ObservedPeriod[] = [];
  for (const [p, period] of periods.entries()) {
    const settings = context.caseSettings.periods[p];
    const observed = await observePeriod(context, settings, period.grid, first[p], leftOut);
    const { operator, monitors } = observed;
    observedPeriods.push(observed);
    const anchorRun = start?.run(period) ?? priorRun(period);
    const anchor = throughOperator(anchorRun, observed);
    addErrors(operator, errorModelOf(context, period.grid), anchor, period.grid.cols);
    problems.push({ period, operator, anchor });
    const count = (role: number): number => operator.stations.filter((station) => station.role === role).length;
    stations.push({
      period: period.name,
      used: count(Role.used),
      watched: count(Role.watched),
      withheld: count(Role.withheld),
      outside: monitors.observations.quality?.stationsOutside?.length ?? 0,
      withheldMark: markOf(monitors.withheld),
    });
    for (const sentence of observationsInWords(period.name, monitors.observations, operator.unobserved)) context.log(sentence);
  }
  return { problems, stations, periods: observedPeriods };
}

/** The factors of a pass, of all periods. */
function baseFactors(context: Workspace, path: string, periods: readonly PeriodSource[]): Float32Array {
  const { factors } = context.settings.inversion;
  return joined(
    Float32Array,
    periods.map(({ name, grid, groups, time }) => {
      const { data, slots } = readFactors(path, { grid, groups }, name);
      return slots > 1 ? firstOfSlots(data, timeSlots(time, factors)) : data;
    }),
  );
}
