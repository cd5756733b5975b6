/** What the stages from `train` on share: the settings of their variant, the prepared periods, the surrogate. */
import { isDeepStrictEqual } from 'node:util';
import { caseChannels, memberNames, testCandidates, testMembers, type SurrogateSettings } from '../../case';
import { gridOf } from '../../case/gridded/regions';
import type { MemoryBudget } from '../../fields/memory-budget';
import { instant } from '../../grid/grid';
import type { PeriodSource } from '../../fields/period-source';
import { readPrepared, type PreparedPeriod } from '../../fields/prepared';
import { openPrepared } from '../../fields/prepared-store';
import {
  readWithPriorConcentrations,
  withPriorConcentrations,
  openTrainingPeriods,
  type TrainingPeriod,
  type TrainingRun,
} from '../../fields/training-period';
import { DataError } from '../../base/errors';
import { takesInitialConcentrations, type InitialConcentrations } from '../../surrogate/model/surrogate-settings';
import { Surrogate } from '../../surrogate/model/surrogate';
import type { Tiling } from '../../surrogate/model/tiles';
import { Window } from '../../surrogate/model/window';
import { PRIOR, timeOf, trainedPeriods } from '../../case/case-runs';
import type { Workspace } from '../workspace';

/** Runs that the variant's training keeps for the test; where there are none, it keeps days of all runs. */
export function testRuns({ caseSettings, variant }: Workspace): string[] {
  return variant === 'paper' ? [] : testMembers(caseSettings);
}

/** Members by which responses are judged, as the variant's training did not see them: those that are kept for the test, or else, on days that are, all random ones. */
export function judgedMembers({ caseSettings }: Workspace): { members: string[]; onDays: boolean } {
  const members = testMembers(caseSettings);
  return members.length > 0 ? { members, onDays: false } : { members: testCandidates(caseSettings), onDays: true };
}

/**
 * A period of the prepared store, if the case has its hours and its grid by now: a stage that is run alone takes what an earlier case left, whose hours and cells would be
 * held against the observations of others.
 *
 * @throws {DataError} `PREPARED_TIME` @throws {GridError} `GRID_MISMATCH`
 */
export function asInCase<T extends Pick<PeriodSource, 'name' | 'time' | 'grid'>>({ caseSettings }: Pick<Workspace, 'caseSettings'>, prepared: T): T {
  const { name, time, grid } = prepared;
  const remedy = (subject: string): string => `run "retroplume run", which makes anew what rests on it, or set ${subject} was`;
  gridOf(caseSettings).assertSame(grid, `period ${name}, as it was prepared`, remedy('the grid as it'));
  const caseTime = timeOf(caseSettings.periods.find((period) => period.name === name)!);
  if (time.start.getTime() === caseTime.start.getTime() && time.count === caseTime.count) return prepared;
  const [preparedText, caseText] = [time, caseTime].map(({ start, count }) => `${count} hours from ${instant(start)}`);
  throw new DataError(
    'PREPARED_TIME',
    `period ${name}: what was prepared has ${preparedText} but the case now has ${caseText}: ${remedy('each period as it')}`,
  );
}

/** A prepared period with its prior run, as the variant's surrogate sees it. */
export function preparedPeriod(context: Workspace, { name }: { name: string }): PreparedPeriod {
  const period = asInCase(context, readPrepared(context.dirOf('prepare'), name, caseChannels(context.caseSettings), { runs: [PRIOR] }));
  return seesPrior(context) ? withPriorConcentrations(period) : period;
}

/** All of them. */
export function preparedPeriods(context: Workspace): PreparedPeriod[] {
  return context.caseSettings.periods.map((period) => preparedPeriod(context, period));
}

/** The periods that are trained on, with what the variant's surrogate learns from there: the prior run and, but for the paper's mode, members and, in the loop, runs of earlier passes. */
export function trainingPeriods(
  context: Workspace,
  room: MemoryBudget,
  further: (period: TrainingPeriod) => [string, TrainingRun][] = () => [],
): TrainingPeriod[] {
  const { mode, priorConcentrations } = context.settings.surrogate;
  const runs = [PRIOR, ...(mode === 'paper' ? [] : memberNames(context.caseSettings))];
  const names = trainedPeriods(context.caseSettings).map(({ name }) => name);
  const periods = openTrainingPeriods(context.dirOf('prepare'), names, {
    channels: caseChannels(context.caseSettings),
    runs,
    priorConcentrations,
    room,
  });
  return periods.map((period) => ({ ...asInCase(context, period), runs: new Map([...period.runs, ...further(period)]) }));
}

/** The same with the prior run, of which what is asked for is read when it is asked for. */
export function storedPeriods(context: Workspace): PeriodSource[] {
  const channels = caseChannels(context.caseSettings);
  const periods = context.caseSettings.periods.map(({ name }) => asInCase(context, openPrepared(context.dirOf('prepare'), name, channels)));
  return seesPrior(context) ? periods.map(readWithPriorConcentrations) : periods;
}

/** Refuses, for a stage that reads what was prepared, periods of other hours or on another grid than the case has. @throws as {@link asInCase} */
export function refuseOtherPeriods(context: Workspace): void {
  const channels = caseChannels(context.caseSettings);
  for (const { name } of context.caseSettings.periods) asInCase(context, openPrepared(context.dirOf('prepare'), name, channels));
}

/** Refuses, for a stage that runs the surrogate, one that takes other inputs, too. @throws as {@link asInCase} and {@link loadSurrogate} */
export function refuseOtherSurrogate(context: Workspace): void {
  refuseOtherPeriods(context);
  loadSurrogate(context);
}

function seesPrior(context: Workspace): boolean {
  return context.settings.surrogate.priorConcentrations;
}

/** First hour of a period that is compared: after the spin-up, and with the surrogate's whole window in the period. */
export function firstHourOf({ settings: { surrogate } }: Workspace, { spinUpHours }: { spinUpHours: number }): number {
  return Math.max(spinUpHours, new Window(surrogate.window).firstHour + (takesInitialConcentrations(surrogate) ? 1 : 0));
}

/** That of each period. */
export function firstHours(context: Workspace): number[] {
  return context.caseSettings.periods.map((period) => firstHourOf(context, period));
}

/** Every third hour: enough for slopes, a third of the time. */
const HOUR_STEP = 3;

/**
 * Every how many hours surrogate and transport model are compared: where y is rolled out a divisor of the window's hours, so that the hours of the chain are
 * those that are compared.
 */
export function comparedHourStep(settings: SurrogateSettings): number {
  if (!takesInitialConcentrations(settings)) return HOUR_STEP;
  const { hours } = new Window(settings.window);
  let step = Math.min(HOUR_STEP, hours);
  while (hours % step !== 0) step++;
  return step;
}

/**
 * The trained surrogate, with y taken from where the case says now.
 *
 * @throws {DataError} `SURROGATE_INPUTS` if the case has another window or other groups or species by now, or gives y to a network that takes none, or none to one that does: a stage that is run
 *   alone takes what an earlier case left. What {@link Surrogate.load} throws
 */
export function loadSurrogate(context: Workspace): Surrogate {
  const { surrogate: caseSettings } = context.settings;
  const dir = context.dirOf('train');
  const surrogate = Surrogate.load(dir);
  const { settings: trainedSettings } = surrogate.description;
  const refuse = (key: 'window' | 'initialConcentrations', remedy: string): never => {
    const section = context.variant === 'paper' ? 'paperMode.surrogate' : 'surrogate';
    const [trained, caseValue] = [trainedSettings[key], caseSettings[key]].map((value) =>
      typeof value === 'string' ? value : JSON.stringify(value),
    );
    throw new DataError(
      'SURROGATE_INPUTS',
      `${dir}: the surrogate was trained with ${section}.${key} ${trained} but the case now has ${caseValue}: run "retroplume run", which trains anew, or set it ${remedy}`,
    );
  };
  if (!isDeepStrictEqual(surrogate.window.steps, new Window(caseSettings.window).steps)) refuse('window', 'as it was');
  if (takesInitialConcentrations(trainedSettings) !== takesInitialConcentrations(caseSettings))
    refuse('initialConcentrations', takesInitialConcentrations(trainedSettings) ? 'to another than none' : 'to none');
  const channels = caseChannels(context.caseSettings);
  for (const key of ['groups', 'species'] as const) {
    const trained = surrogate.description[key].map(({ name }) => name);
    if (isDeepStrictEqual(trained, [...channels[key]])) continue;
    throw new DataError(
      'SURROGATE_INPUTS',
      `${dir}: the surrogate was trained with the ${key} ${trained.join(', ')} but the case now has ${channels[key].join(', ')}: run "retroplume run", which trains anew, or name them as they were`,
    );
  }
  return surrogate.withInitialConcentrations(caseSettings.initialConcentrations);
}

/** A part of the settings of stages that run the surrogate, which training does not depend on. */
export function initialConcentrationsOf(context: Workspace): { initialConcentrations?: InitialConcentrations } {
  const { initialConcentrations } = context.settings.surrogate;
  return initialConcentrations === 'none' ? {} : { initialConcentrations };
}

/** How the frozen surrogate is run over a domain. */
export interface DomainPlan {
  tiling: Tiling;
  /** hours that its program takes at once */
  batchSize: number;
}

/** Hours that are simulated together where nothing says otherwise, if memory allows. */
export const HOURS_TOGETHER = 8;

/** The arena of a program that takes the hours of a day at once is let grow to this. */
const DAY_BYTES = 1.5 * 2 ** 30;

export interface PlanOptions {
  adjoint: boolean;
  /** that the program takes at once on the whole domain; default: as many as keep its arena small on large domains */
  hours?: number;
  /** of which an observation has its mean: they go back after all went forward, so that those need go forward once only that the program takes at once */
  day?: number;
}

/** The whole domain at once, or tiles where its program would take too much; `context.case.tileCells` may ask for others. */
export function domainPlan(context: Workspace, surrogate: Surrogate, grid: { rows: number; cols: number }, options: PlanOptions): DomainPlan {
  const hours = options.hours ?? hoursTogether(surrogate, grid, options);
  const tiling = surrogate.tiling(hours, grid, context.caseSettings.tileCells, options);
  const { length } = tiling.tiles;
  if (length > 1) context.log(`the surrogate runs on ${length} tiles of ${tiling.rows} x ${tiling.cols} cells`);
  return { tiling, batchSize: length > 1 ? 1 : hours };
}

function hoursTogether(surrogate: Surrogate, { rows, cols }: { rows: number; cols: number }, { adjoint, day = 1 }: PlanOptions): number {
  const hoursTogether = Math.max(1, Math.min(HOURS_TOGETHER, Math.floor(40000 / (rows * cols))));
  if (day <= hoursTogether) return hoursTogether;
  return Math.max(hoursTogether, Math.min(day, Math.floor(DAY_BYTES / surrogate.programBytes(1, { rows, cols }, { adjoint }))));
}
