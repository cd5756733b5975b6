/**
 * `check --try-ctm`: the command of the case runs one day of the prior as `simulate` would run all of it, so that a script that fails, or leaves other files than the
 * case reads, is known before days are spent. What the prior run was brought as (`priorConcentrations`) must come out of it again: else members and the updated
 * inventory would be told apart from it by two models' difference.
 */
import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError, InterruptedError } from '../../../base/errors';
import { correlation, mean } from '../../../base/moments';
import type { Species } from '../../../base/species';
import { surfaceChannels, type Case } from '../../../case';
import { hourlyFiles, PRIOR, simulatedFile, timeOf } from '../../../case/case-runs';
import { folderToBe, makeFolder } from '../../../files/disk';
import type { Grid } from '../../../grid/grid';
import { emissionInput } from '../../../inventory/reading/sector-files';
import { createCtm } from '../../../transport/create-ctm';
import { endAttemptsBelow } from '../../../transport/external/attempts';
import { lastLines, logOf } from '../../../transport/external/command-log';
import { readRunConcentrations } from '../../../transport/surface-output';
import { emissionsOf } from '../../transport-runs/simulate';
import type { Findings } from './findings';

/** In the run folder: what a trial that failed has left, until the next. */
export const TRIAL_FOLDER = 'check-try-ctm';

const DAY = 24;
const LAST_LINES = 10;
/** By which two runs of one model may differ at most, on the largest value of the species: sums in another order, on another machine. */
const ROUNDING = 1e-3;

/** How the trial's concentrations of a species compare with `priorConcentrations`, over all cells and hours. */
export interface TrialAgreement {
  species: Species;
  /** mean of the trial on that of the prior run */
  ratio: number;
  /** Pearson's correlation; NaN where one of them does not vary */
  r: number;
  /** largest difference, relative to the largest value of the prior run */
  difference: number;
}

export interface Trial {
  period: string;
  hours: number;
  /** what the command took */
  seconds: number;
  /** what it printed last; whole in `log` */
  lastLines: string[];
  /** where the trial failed: what the command left and printed is kept there */
  folder?: string;
  /** empty where the case brings no prior run, or the trial failed */
  agreement: TrialAgreement[];
}

interface TrialOptions {
  /** run folder, which need not exist yet: nodes of a cluster see it, as they may not see /tmp */
  out: string;
  signal?: AbortSignal;
  onLog?: (text: string) => void;
}

/**
 * Runs the first day of the first period: a run of the whole period begins there, too, with the same initial concentrations.
 *
 * @returns undefined where there is no command, or no folder to run it in
 * @throws {InterruptedError} `INTERRUPTED`; nothing is left then
 */
export async function tryCtm(findings: Findings, settings: Case, grid: Grid, options: TrialOptions): Promise<Trial | undefined> {
  const { out, signal } = options;
  const isCommand = await findings.attempt(['ctm', 'kind'], () => expectCommand(settings));
  if (!isCommand || (await findings.attempt([], () => folderToBe(out))) === undefined) return undefined;
  tellUntoldHours(findings, settings);
  const [first] = settings.periods;
  const period = { ...first, hours: Math.min(DAY, first.hours), spinUpHours: 0 };
  const day: Case = { ...settings, periods: [period] };
  const missing = missingFolders(out);
  const folder = join(out, TRIAL_FOLDER);
  const output = simulatedFile(folder, PRIOR, 'ACONC', period.name);
  const begun = performance.now();
  let hasFailed = false;
  try {
    const isMade = await findings.attempt(['ctm', 'command'], () => runDay(day, grid, folder, output, options));
    const seconds = (performance.now() - begun) / 1000;
    hasFailed = isMade === undefined;
    if (!hasFailed) findings.right.push(`ctm.command: made ${period.hours} hours of the prior run, ${period.name}, in ${figure(seconds)} s`);
    const agreement = hasFailed ? [] : agreementOf(day, grid, output);
    tellAgreement(findings, agreement, `the command's ${period.hours} hours of ${period.name} against priorConcentrations`);
    return {
      period: period.name,
      hours: period.hours,
      seconds,
      lastLines: existsSync(logOf(output)) ? lastLines(logOf(output), LAST_LINES) : [],
      ...(hasFailed ? { folder } : {}),
      agreement,
    };
  } catch (cause) {
    if (!signal?.aborted) throw cause;
    throw new InterruptedError(
      'INTERRUPTED',
      'ctm.command: interrupted: the command was ended, and what it left was removed: run the same command to try it again',
      { cause },
    );
  } finally {
    if (!hasFailed) remove(folder, missing);
  }
}

function expectCommand({ ctm }: Case): true {
  if (ctm.kind === 'command') return true;
  throw new ConfigError('CTM_NOT_A_COMMAND', 'ctm.kind: the built-in model is no command that could be tried: leave --try-ctm out');
}

/** A script that goes by the period alone runs all of it. */
function tellUntoldHours(findings: Findings, { ctm }: Case): void {
  if (ctm.kind !== 'command' || ctm.command.includes('{hours}')) return;
  findings.notes.push(
    'ctm.command does not name {hours}: unless the script takes them from its emission files or elsewhere, the trial was of the whole period',
  );
}

async function runDay(day: Case, grid: Grid, folder: string, output: string, { signal, onLog = () => undefined }: TrialOptions): Promise<true> {
  signal?.throwIfAborted();
  await endAttemptsBelow(folder, onLog); // of an earlier trial that was killed
  rmSync(folder, { recursive: true, force: true });
  makeFolder(dirname(output));
  const [period] = day.periods;
  const emissions = emissionsOf(day, folder, grid, PRIOR, period);
  onLog(`ctm.command: runs ${period.hours} hours of the prior, ${period.name}; its log is ${logOf(output)}`);
  await createCtm(day).run({ run: PRIOR, period, ...emissionInput(emissions), output, signal, log: onLog });
  return true;
}

function agreementOf(day: Case, grid: Grid, output: string): TrialAgreement[] {
  const [period] = day.periods;
  if (day.priorConcentrations === undefined) return [];
  const span = { grid, time: timeOf(period) };
  const trial = readRunConcentrations(day, [output], span);
  const prior = readRunConcentrations(day, hourlyFiles(day, day.priorConcentrations, period.name), span);
  return surfaceChannels(day).species.map((species, s, { length }) => {
    const [a, b] = [trial, prior].map((fields) => fields.filter((_, i) => i % length === s));
    const largest = b.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const apart = a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i])), 0);
    return { species, ratio: mean(a) / mean(b), r: correlation(a, b), difference: apart === 0 ? 0 : apart / largest };
  });
}

function tellAgreement(findings: Findings, agreement: readonly TrialAgreement[], label: string): void {
  findings.right.push(...agreement.map((entry) => `${label}: ${inWords(entry)}`));
  const differing = agreement.filter(({ difference }) => !(difference <= ROUNDING)).map(({ species }) => species);
  if (differing.length === 0) return;
  findings.warnings.push(
    `${label}: ${differing.join(', ')} ${differing.length === 1 ? 'is' : 'are'} not what the prior run has: is it the same model, with the same emissions, ` +
      'options and initial concentrations? Else what tells members from the prior run is not their emissions alone',
  );
}

function inWords({ species, ratio, r, difference }: TrialAgreement): string {
  return `${species}: ratio of means ${figure(ratio, 4)}, r ${figure(r, 4)}, largest difference ${figure(100 * difference)} % of the largest value`;
}

/** A folder and those above it that are not there, the innermost first. */
function missingFolders(path: string): string[] {
  return existsSync(path) ? [] : [path, ...missingFolders(dirname(path))];
}

/** @param folders - folders that the trial has made above its own; another command may use them by now */
function remove(folder: string, folders: readonly string[]): void {
  rmSync(folder, { recursive: true, force: true });
  for (const parent of folders) {
    try {
      rmdirSync(parent);
    } catch {
      return;
    }
  }
}

function figure(value: number, digits = 2): string {
  return String(Number(value.toPrecision(digits)));
}
