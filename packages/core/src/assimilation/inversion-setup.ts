/** What an inversion of a case works with: the frozen surrogate seen through its monitors, the prior emissions, and the settings of the variant. */
import type { RunFields } from './observed/observed-periods';
import { join } from 'node:path';
import { GROUPS, SPECIES } from '../base/species';
import { sourceOf } from '../fields/training-period';
import type { PeriodSource } from '../fields/period-source';
import type { Grid } from '../grid/grid';
import { Role } from '../inversion/model/observation-batch';
import type { ForwardModel } from '../inversion/model/forward-model';
import type { InversionProblem, InversionSettings } from '../inversion/solve/inversion-problem';
import { NuisanceModel } from '../inversion/model/nuisance-model';
import { TotalsModel } from '../inversion/model/totals-model';
import type { AdjointEngine } from '../surrogate/model/frozen-program';
import { OnnxEngine } from '../surrogate/model/onnx-engine';
import type { Surrogate } from '../surrogate/model/surrogate';
import { joined } from '../base/vectors';
import { dataOf, drawInputs } from './surrogate/drawn-inputs';
import { chooseEngine, type EngineChoice } from './surrogate/engine-choice';
import { addErrors, errorModelOf } from './observed/error-model';
import { readFactors } from './factors/factors-file';
import {
  domainPlan,
  firstHours,
  HOURS_TOGETHER,
  loadSurrogate,
  preparedPeriods,
  storedPeriods,
  type DomainPlan,
} from './surrogate/trained-surrogate';
import { knownTotals } from './prior/known-totals';
import { markOf, observationsInWords } from './observed/monitors';
import { nuisanceTerms } from './observed/nuisance';
import { observePeriod, priorRun, throughOperator, type ObservedPeriod } from './observed/observed-periods';
import { ONNX_FILES } from './surrogate/onnx-models';
import { priorCovariance } from './prior/prior-covariance';
import { sectorsOf } from './prior/sector-emissions';
import type { Workspace } from './workspace';
import { SurrogateForwardModel, type PeriodProblem } from './surrogate/surrogate-forward-model';
import { firstOfSlots, meanOfSlots, timeSlots, type TimeSlots } from './factors/time-slots';
import { largestLogFactor, shownSpread } from './factors/trust-region';

/** How the monitors of a period are used. */
export interface StationCounts {
  period: string;
  used: number;
  withheld: number;
  watched: number;
  outside: number;
  withheldMark: string;
}

export interface InversionSetup {
  grid: Grid;
  periods: PeriodSource[];
  model: ForwardModel;
  /** the same without what is inverted beside the emissions */
  surrogateModel: SurrogateForwardModel;
  /** names, units and spreads of the nuisance numbers, in the model's order */
  nuisance: { name: string; unit: string; spread: number }[];
  problem: InversionProblem;
  /** with `batch` in batches of the model */
  settings: InversionSettings & { checkpointEvery: number };
  engine: EngineChoice;
  stations: StationCounts[];
  /** of each period */
  slots: TimeSlots[];
  /** root mean square of the members' log factors; see {@link shownSpread} */
  spread: ReturnType<typeof shownSpread>;
  /** gives the model's memory and temporary files back */
  dispose: () => void;
}

/** What all inversions with one surrogate share, whatever the roles of their monitors and the settings of prior and errors. */
export interface InversionResources {
  surrogate: Surrogate;
  periods: PeriodSource[];
  plan: DomainPlan;
  /** hours of a batch of the model */
  hours: number;
  engine: AdjointEngine;
  choice: EngineChoice;
  spread: InversionSetup['spread'];
}

/** The file in a stage's folder that keeps what engine `auto` chose, for a run that goes on; what is finished needs it no more. */
export function engineMemory({ dir }: Pick<Workspace, 'dir'>): string {
  return join(dir, 'engine.json');
}

/**
 * Loads surrogate, prepared fields and engine; who asked for them disposes of the engine.
 *
 * @throws {RetroplumeError} if products of the stages before are missing or do not fit together
 */
export async function loadInversion(context: Workspace): Promise<InversionResources> {
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
  const spread = shownSpread(context);
  return { surrogate, periods, plan, hours, spread, ...(await chosenEngine(context, surrogate, plan)) };
}

/** Everything that `invert` needs, and what looks at its result: as {@link InversionProblem} says, for all periods of the case. */
export async function setUpInversion(context: Workspace, anchor?: Anchor): Promise<InversionSetup> {
  const resources = await loadInversion(context);
  const setup = await inversionWith(context, resources, { anchor });
  return {
    ...setup,
    dispose: () => {
      setup.dispose();
      resources.engine.dispose();
    },
  };
}

/** What an inversion may start from in place of the prior: the updated emissions of another, and the run of the transport model on them. */
export interface Anchor {
  factorsFile: string;
  control: Float64Array;
  run: (period: PeriodSource) => RunFields;
}

/**
 * The same on resources that outlive it; `dispose` leaves them.
 *
 * @param leftOut - stations that are watched only, in place of those that would choose the step at which to stop
 */
export async function inversionWith(
  context: Workspace,
  resources: InversionResources,
  { leftOut, anchor }: { leftOut?: ReadonlySet<string>; anchor?: Anchor } = {},
): Promise<InversionSetup> {
  const { surrogate, periods, plan, hours, engine, choice, spread } = resources;
  const { inversion } = context.settings;
  const { uncertainty: _after, ...settings } = inversion; // what follows the inversion does not make it another one
  const [{ grid }] = periods;
  const paper = inversion.mode === 'paper';
  const { problems, stations, observed } = await problemsOf(context, periods, { leftOut, anchor });
  const surrogateModel = new SurrogateForwardModel(surrogate, engine, problems, {
    anchored: !paper,
    factors: inversion.factors,
    hours,
    threads: context.threads,
    processes: context.ranks?.localSize,
    tiling: plan.tiling,
    signal: context.signal,
    ...(anchor ? { base: baseFactors(context, anchor.factorsFile, periods) } : {}),
  });
  const slots = periods.map(({ time }) => timeSlots(time, inversion.factors));
  const priorEmissions = joined(
    Float32Array,
    periods.map((period, p) => meanOfSlots(period, slots[p])),
  );
  const beside = nuisanceTerms(
    context,
    surrogateModel,
    periods.map((period, p) => ({ period, observed: observed[p], ...(anchor ? {} : { prior: problems[p].anchor }) })),
  );
  let model: ForwardModel = beside ? new NuisanceModel(surrogateModel, beside.terms) : surrogateModel;
  const { totals } = inversion;
  if (totals.length > 0) {
    model = new TotalsModel(model, knownTotals(totals, context.caseSettings, grid, priorEmissions, slots), SPECIES.length);
  }
  return {
    nuisance: (beside?.names ?? []).map((name, k) => ({ name, unit: beside!.units[k], spread: model.nuisance![k] })),
    grid,
    periods,
    model,
    surrogateModel,
    engine: choice,
    stations,
    slots,
    spread,
    problem: { ...inversionProblem(context, resources, slots, priorEmissions), ...(anchor && { start: anchor.control }) },
    settings: { ...settings, batch: paper && inversion.batch > 0 ? 1 : Math.ceil(inversion.batch / hours) },
    dispose: () => surrogateModel.dispose(),
  };
}

/** What is inverted, and the prior of it. */
function inversionProblem(
  context: Workspace,
  { surrogate, periods, spread }: InversionResources,
  slots: readonly TimeSlots[],
  priorEmissions: Float32Array,
): InversionProblem {
  const { inversion } = context.settings;
  const { initialConcentrations: initial, trustRegion } = inversion;
  const { grid } = periods[0];
  const { emissions, concentrations } = surrogate.description.normalisation;
  return {
    groups: GROUPS,
    species: SPECIES,
    priorEmissions,
    totals: inversion.totals.length > 0,
    threads: context.threads,
    sectors: sectorsOf(context.caseSettings, inversion, periods, slots),
    ...priorCovariance(inversion, context.caseSettings.regions, grid, slots),
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

/** The engine that the case asks for, on the domain or on a tile of it. */
function chosenEngine(
  context: Workspace,
  surrogate: Surrogate,
  { tiling: { rows, cols }, batchSize: batch }: DomainPlan,
): Promise<{ engine: AdjointEngine; choice: EngineChoice }> {
  const dir = context.dirOf('export');
  const { forward, vjp } = ONNX_FILES;
  const models = { forward: join(dir, forward), vjp: join(dir, vjp) };
  const { engine: asked } = context.settings.inversion;
  return chooseEngine({
    asked,
    native: () => surrogate.program(batch, rows, cols, context, { adjoint: true }),
    onnx: async () => {
      // ONNX Runtime takes other weights, or a flipped bit in them, as they are.
      await context.expectUnchanged(dir, [forward, vjp]);
      return OnnxEngine.load(models, surrogate, { batch, rows, cols }, context.threads);
    },
    inputs: () => dataOf(drawInputs(surrogate, { batch, rows, cols })),
    memory: engineMemory(context),
    log: context.log,
  });
}

async function problemsOf(
  context: Workspace,
  periods: readonly PeriodSource[],
  { leftOut, anchor: start }: { leftOut?: ReadonlySet<string>; anchor?: Anchor },
): Promise<{ problems: PeriodProblem[]; stations: StationCounts[]; observed: ObservedPeriod[] }> {
  const first = firstHours(context);
  const problems: PeriodProblem[] = [];
  const stations: StationCounts[] = [];
  const all: ObservedPeriod[] = [];
  for (const [p, period] of periods.entries()) {
    const settings = context.caseSettings.periods[p];
    const observed = await observePeriod(context, settings, period.grid, first[p], leftOut);
    const { operator, monitors } = observed;
    all.push(observed);
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
  return { problems, stations, observed: all };
}

/** The factors of a pass, of all periods. */
function baseFactors(context: Workspace, path: string, periods: readonly PeriodSource[]): Float32Array {
  const { factors } = context.settings.inversion;
  return joined(
    Float32Array,
    periods.map(({ name, grid, time }) => {
      const { data, slots } = readFactors(path, grid, name);
      return slots > 1 ? firstOfSlots(data, timeSlots(time, factors)) : data;
    }),
  );
}
