/** `check`: every contract of a case before any long run, all problems at once. */
import { caseChannels, examineCase, runOf, type Case } from '../../../case';
import { gridOf, regionMask } from '../../../case/gridded/regions';
import type { DeviceChoice, Precision } from '../../../base/device';
import type { CaseChannels } from '../../../base/species';
import { ConfigError, expectOptions, expectSignal, expectText, InterruptedError, type OptionNames } from '../../../base/errors';
import type { Grid } from '../../../grid/grid';
import { sensitiveParts } from '../../../assimilation/judgement/certify-sensitivities';
import { varyingParts } from '../../../assimilation/observed/nuisance';
import { effortDoubt, twinErrorsDoubt, withheldDoubt } from '../../../assimilation/observed/setting-warnings';
import { checkColumnInputs, COLUMNS_REST_ON } from './column-inputs';
import { Findings, type Problem } from './findings';
import { checkGriddedInputs } from './gridded-inputs';
import { checkIndependentInputs } from './independent-inputs';
import { checkLearning } from './learning-plan';
import { checkCtm, checkDevice, checkDisk, checkRuns, DISK_RESTS_ON, RUNS_REST_ON } from './machine';
import { checkMemory, MEMORY_RESTS_ON } from './memory';
import { checkObservedInputs } from './observed-inputs';
import { checkPriorAtMonitors } from './prior-at-monitors';
import { checkPriorAgainstWeather } from './prior-and-weather';
import { checkRunsAgainstEmissions } from './runs-and-emissions';
import type { Trial } from './try-ctm';
import { runFolder } from '../../engine/run-folder';
import { stageDir } from '../../engine/stage';

export interface CheckOptions {
  /** `key=value`, as of {@link loadCase} */
  set?: readonly string[];
  /** run folder; default `runs/<name of the case>`, or the run folder that the case is of */
  out?: string;
  device?: DeviceChoice;
  precision?: Precision;
  /** whether `ctm.command` is run for one day of the prior; what a failure leaves lies in `check-try-ctm` of the run folder */
  tryCtm?: boolean;
  /** ends that trial */
  signal?: AbortSignal;
  /** is told when the trial begins */
  onLog?: (text: string) => void;
}

const OPTIONS: OptionNames<CheckOptions> = {
  set: true,
  out: true,
  device: true,
  precision: true,
  tryCtm: true,
  signal: true,
  onLog: true,
};

export interface CheckResult {
  case: string;
  /** sections of the case whose faults kept their files from being looked at */
  unread: string[];
  problems: Problem[];
  /** what was looked at and is as it should be */
  right: string[];
  /** no faults of form, but most likely of meaning: data that would make the result wrong without a word */
  warnings: string[];
  /** no faults, but worth knowing */
  notes: string[];
  /** 0; 2 if the case file has to be mended; 3 if only input data have; 4 if only the device is missing, 1 if only `ctm.command` has failed */
  exitCode: number;
  /** the day that the transport model was run for, where that was asked for and nothing stood in its way */
  trial?: Trial;
}

/**
 * Looks at a case without running anything of it but, where that is asked for, its command for one day: keys and rules of the case file, that all files exist and can be read, grids, periods, variables and
 * units, some values, stations and observations, regions, the transport model's command, room on the disk and the device.
 *
 * @param path - the case file, or a run folder
 * @throws {ConfigError} `CASE_FILE_MISSING`, `CASE_SYNTAX`, `CASE_OVERRIDE`: nothing can be said of such a case
 * @throws {InterruptedError} `INTERRUPTED` if the signal ended the trial
 *
 * @example
 * const { problems } = await checkCase('case.yaml');
 * for (const { code, message } of problems) console.log(code, message);
 */
export async function checkCase(path: string, options: CheckOptions = {}): Promise<CheckResult> {
  expectText(path, 'path', 'the path of a case file');
  expectOptions(options, 'checkCase', OPTIONS);
  expectSignal(options.signal, 'checkCase: signal');
  const { problems, case: settings, unread, idle, whereIs } = examineCase(path, options.set);
  const out = options.out ?? runOf(path);
  const findings = new Findings(whereIs);
  findings.problems.push(...problems.map((problem) => ({ ...problem, exitCode: 2 })));
  if (problems.length === 0) findings.right.push('case file: keys, values and their rules');
  // In a section with a fault a default or something made up stands in: no number may come of it.
  const isSound = (...sections: string[]): boolean =>
    !sections.some((section) => unread.has(section) || problems.some(({ key }) => key.split('.')[0] === section));
  if (isSound('emissions', 'concentrations')) findings.right.push(channelsInWords(caseChannels(settings)));
  const grid = unread.has('grid') ? undefined : await checkGrid(findings, settings);
  await checkGriddedInputs(findings, settings, unread, grid, { values: true });
  const simulate = (): string => stageDir(runFolder(settings, out), 'simulate', 'default');
  const observed = unread.has('observations') ? undefined : await checkObservedInputs(findings, settings, unread, grid);
  const judging = unread.has('observations') ? undefined : await checkIndependentInputs(findings, settings, unread, grid);
  if (grid && observed && judging && isSound(...MONITORS_REST_ON)) {
    await checkPriorAtMonitors(findings, settings, grid, observed, simulate());
    for (const [entry, ofEntry] of judging) await checkPriorAtMonitors(findings, settings, grid, ofEntry, simulate(), entry);
  }
  if (grid && isSound(...COLUMNS_REST_ON)) await checkColumnInputs(findings, settings, grid, simulate());
  if (grid && isSound(...BROUGHT_RUNS_REST_ON)) await checkRunsAgainstEmissions(findings, settings, grid);
  if (grid && isSound(...BROUGHT_RUNS_REST_ON, 'meteorology')) await checkPriorAgainstWeather(findings, settings, grid);
  if (grid && !unread.has('regions')) await checkRegions(findings, settings, grid);
  if (grid && !unread.has('certificate')) await checkMasks(findings, settings, grid);
  if (grid && isSound('inversion', 'periods')) await checkNuisance(findings, settings, grid);
  if (isSound(...LEARNING)) await checkLearning(findings, settings, grid);
  if (isSound(...RUNS_REST_ON, 'name')) await checkRuns(findings, settings, simulate());
  if (!unread.has('ctm')) await checkCtm(findings, settings, grid);
  const { device, precision } = options;
  const isSettled = isSound(...(device === undefined ? ['device'] : []), ...(precision === undefined ? ['precision'] : []));
  const chosen = isSettled ? await checkDevice(findings, settings, options) : undefined;
  if (grid && isSound(...MEMORY_RESTS_ON)) await checkMemory(findings, settings, grid, chosen);
  if (grid && isSound(...DISK_RESTS_ON, ...(out === undefined ? ['name'] : []))) await checkDisk(findings, settings, grid, runFolder(settings, out));
  const trial = options.tryCtm === true ? await tryCommand(findings, settings, isSound(...TRIAL_RESTS_ON) ? grid : undefined, options) : undefined;
  findings.notes.push(...doubtsOf(settings, isSound, grid));
  findings.notes.push(...idle);
  return {
    case: path,
    unread: [...unread],
    problems: findings.problems,
    right: findings.right,
    warnings: findings.warnings,
    notes: findings.notes,
    exitCode: exitCodeOf(findings.problems),
    ...(trial === undefined ? {} : { trial }),
  };
}

/** Every array of the run has them in this order. */
function channelsInWords({ groups, species }: CaseChannels): string {
  return `groups ${groups.join(', ')}; species ${species.join(', ')}`;
}

/** Last, as it may take hours: its model waits until all else is right that it rests on. */
async function tryCommand(findings: Findings, settings: Case, grid: Grid | undefined, options: CheckOptions): Promise<Trial | undefined> {
  const isReady = grid && TRIAL_RESTS_ON.every((section) => !findings.hasFaultWithin(section));
  if (!isReady) {
    findings.notes.push('ctm.command was not tried: mend what was found above first');
    return undefined;
  }
  const { tryCtm } = await import('./try-ctm.js'); // with all that simulate needs
  return tryCtm(findings, settings, grid, { ...options, out: runFolder(settings, options.out) });
}

/** What is no fault, and makes monitors say more than they know. */
function doubtsOf(settings: Case, isSound: (...sections: string[]) => boolean, grid: Grid | undefined): string[] {
  const { inversion, withheld } = settings;
  return [
    grid && isSound('inversion', 'withheld') ? withheldDoubt(withheld, inversion, grid) : undefined,
    isSound('inversion', 'crossValidation', 'observations') ? effortDoubt(settings) : undefined,
    isSound('inversion', 'observations') ? twinErrorsDoubt(settings) : undefined,
  ].filter((doubt) => doubt !== undefined);
}

async function checkNuisance(findings: Findings, { inversion, periods }: Case, grid: Grid): Promise<void> {
  const hours = periods.map((period) => period.hours);
  for (const [i, run] of inversion.nuisance.runs.entries()) {
    await findings.attempt(['inversion', 'nuisance', 'runs', i, 'varies'], () => varyingParts(run, hours, grid));
  }
}

/** Sections that decide what runs that were brought are held against. */
const BROUGHT_RUNS_REST_ON = ['periods', 'emissions', 'concentrations', 'priorConcentrations', 'members'];

/** Sections that decide what the command is run with, and how its files are read. */
const TRIAL_RESTS_ON = ['name', 'grid', 'periods', 'emissions', 'ctm', 'concentrations', 'priorConcentrations'];

/** Sections that decide what the prior run is held against. */
const MONITORS_REST_ON = ['name', 'periods', 'observations', 'concentrations', 'priorConcentrations'];

/** Sections that decide whether the surrogate can be trained. */
const LEARNING = ['periods', 'members', 'surrogate', 'training', 'paperMode', 'tileCells', 'concentrations'];

/** The case file first, then the data. */
function exitCodeOf(problems: readonly Problem[]): number {
  const codes = problems.map(({ exitCode }) => exitCode);
  return [2, 3].find((code) => codes.includes(code)) ?? codes[0] ?? 0;
}

/**
 * The part of {@link checkCase} that takes seconds, for the beginning of a run: grid, files and hours of all gridded inputs, from their headers; stations,
 * observations and regions, whole, and what training and tiles need, because the stages that need them come after hours of work.
 *
 * @param signal - ends a query of the observations that takes long
 * @throws {RetroplumeError} the first problem; its sentence says how many others there are @throws {InterruptedError} `INTERRUPTED`
 */
export async function checkInputs(settings: Case, signal?: AbortSignal): Promise<void> {
  const findings = new Findings(() => settings.file, signal);
  const nothing: ReadonlySet<string> = new Set();
  const grid = await checkGrid(findings, settings);
  await checkGriddedInputs(findings, settings, nothing, grid, { values: false });
  const ofMonitors = async (): Promise<void> => {
    await checkObservedInputs(findings, settings, nothing, grid);
    await checkIndependentInputs(findings, settings, nothing, grid);
  };
  await ofMonitors().catch((cause: unknown) => {
    if (!signal?.aborted) throw cause;
    throw new InterruptedError('INTERRUPTED', 'observations: interrupted before any stage began: run the same command to go on', { cause });
  });
  if (grid) await checkRegions(findings, settings, grid);
  if (grid) await checkMasks(findings, settings, grid);
  if (grid) await checkNuisance(findings, settings, grid);
  await checkRuns(findings, settings);
  await checkLearning(findings, settings, grid);
  const [first, ...further] = findings.errors;
  if (first === undefined) return;
  if (further.length > 0) first.message += `; and ${further.length} more: retroplume check ${settings.file} names all`;
  throw first;
}

async function checkGrid(findings: Findings, settings: Case): Promise<Grid | undefined> {
  const grid = await findings.attempt(['grid'], () => gridOf(settings));
  if (grid) findings.right.push(`grid ${grid.name}: ${grid.cols} x ${grid.rows} cells`);
  return grid;
}

async function checkMasks(findings: Findings, settings: Case, grid: Grid): Promise<void> {
  for (const [i, sensitivity] of settings.certificate.sensitivities.entries()) {
    if (sensitivity.mask) await findings.attempt(['certificate', 'sensitivities', i, 'mask'], () => sensitiveParts(settings, sensitivity, grid));
  }
}

async function checkRegions(findings: Findings, { regions }: Case, grid: Grid): Promise<void> {
  for (const [name, region] of Object.entries(regions)) {
    await findings.attempt(['regions', name], () => {
      if (regionMask(region, grid).some((value) => value !== 0)) return;
      throw new ConfigError(
        'REGION_EMPTY',
        `regions.${name}: no cell of the grid is in it, by its centre or half of it in a mask: mend the region, or take it out`,
      );
    });
  }
}
