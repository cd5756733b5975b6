/** `retroplume run`, the stages, and `retroplume demo`: from options to core and back. */
import { join, resolve } from 'node:path';
import { describeDevice, type Ranks } from '@retroplume/core/machine';
import { idleKeys, loadCase, runOf, type Case } from '@retroplume/core/case';
import type { Part, RunOptions } from '@retroplume/core/run';
import type { StageName, Variant } from '@retroplume/core/stages';
import { InvalidArgumentError } from 'commander';
import { interruptible } from '../process';
import { type CommonOptions, WITHOUT_PROFILE } from '../options';
import { openProfile } from './profile';
import { printResult } from './print-result';
import { progressListener } from '../progress';
import { join as joinOthers, part } from '../failure';
import type { SubmitCommandOptions } from './submit';
import { writeErr } from '../terminal';

/** Runs `work` on all ranks with progress on stderr and Ctrl-C tied to its signal, and tells on the first what it returns. */
export async function watched<T extends object>(
  options: CommonOptions,
  work: (context: RunOptions & { ranks: Ranks }) => Promise<T>,
  tell: (result: T) => void,
): Promise<void> {
  const ranks = joinOthers();
  const first = ranks.rank === 0;
  const profile = options.profile === undefined || !first ? undefined : openProfile(options.profile);
  const { threads, device, precision } = options;
  const quiet = options.quiet || !first;
  const { signal, release } = interruptible(first);
  const { onEvent, close } = progressListener(quiet);
  try {
    const result = await work({
      ranks,
      threads,
      device,
      precision,
      onDevice: (chosen, used) =>
        void (quiet || writeErr(`device: ${describeDevice(chosen, used)}${ranks.size > 1 ? `, ${ranks.size} processes` : ''}\n`)),
      onEvent,
      signal,
      profiler: profile?.profiler,
    });
    close();
    if (first) tell(result);
    part();
  } finally {
    close();
    release();
    profile?.finish();
  }
}

const printer =
  (options: CommonOptions, out: string) =>
  (result: object): void =>
    printResult(result, options, out);

/** The run folder of a case: the one that is asked for, else the one that the case was given as. */
function outOf(path: string, { name }: Pick<Case, 'name'>, { out }: Pick<CommonOptions, 'out'>): string {
  return resolve(out ?? runOf(path) ?? join('runs', name));
}

type Replacing = Pick<RunOptions, 'changedRuns'>;

/** Runs the stages that are named. */
export async function runNamed(path: string, stages: readonly StageName[], options: CommonOptions & Replacing): Promise<void> {
  const loaded = loadCase(path, options.set);
  const out = outOf(path, loaded, options);
  const { runStages } = await import('@retroplume/core/run');
  await watched(options, (context) => runStages(loaded, { out, stages, changedRuns: options.changedRuns, ...context }), printer(options, out));
}

/** Runs all of a case's stages that are not up to date. */
async function runWhole(path: string, options: CommonOptions & Replacing): Promise<void> {
  const loaded = loadCase(path, options.set);
  const out = outOf(path, loaded, options);
  const { runStages } = await import('@retroplume/core/run');
  await watched(
    options,
    (context) => {
      // What was set in vain.
      if (context.ranks.rank === 0 && !options.quiet) for (const note of idleKeys(path, options.set, loaded)) writeErr(`note: ${note}\n`);
      return runStages(loaded, { out, changedRuns: options.changedRuns, ...context });
    },
    printer(options, out),
  );
}

export interface RunCommandOptions extends CommonOptions, Replacing, Partial<Pick<SubmitCommandOptions, 'submit' | 'dryRun'>> {
  stages?: StageName[];
  variant?: Variant;
}

/** `run`: all stages that are not up to date, or some of them; with `--submit` as jobs, with `--dry-run` only in words; with `--variant` those of one variant, beside which others may run. */
export async function runSome(path: string, options: RunCommandOptions): Promise<void> {
  const { stages, variant, submit, dryRun } = options;
  refuseIdle(options);
  if (submit !== undefined) await (await import('./submit.js')).submitCase(path, { ...options, submit });
  else if (dryRun === true) await (await import('./planned-work.js')).tellPlannedWork(path, options);
  else if (variant === undefined) await (stages === undefined ? runWhole(path, options) : runNamed(path, stages, options));
  else await partOfCase(path, { variant, stages: stages ?? [] }, options);
}

/** Of options those that would do nothing with the stages that are asked for. @throws {InvalidArgumentError} */
function refuseIdle({ stages, profile, changedRuns }: RunCommandOptions): void {
  if (stages === undefined) return;
  const nothing = (option: string): InvalidArgumentError =>
    new InvalidArgumentError(`option '${option}' would do nothing with --stages ${stages.join(',')}`);
  if (profile !== undefined && stages.every((stage) => WITHOUT_PROFILE.includes(stage))) throw nothing('--profile <file>');
  if (changedRuns !== undefined && !stages.includes('simulate')) throw nothing('--changed-runs <what>');
}

async function partOfCase(path: string, part: Part, options: CommonOptions & Replacing): Promise<void> {
  const loaded = loadCase(path, options.set);
  const out = outOf(path, loaded, options);
  const { runPart } = await import('@retroplume/core/run');
  await watched(options, (context) => runPart(loaded, part, { out, changedRuns: options.changedRuns, ...context }), printer(options, out));
}

/** The ensemble design as emission files for a transport model that is run elsewhere, instead of the runs. */
async function designCase(path: string, dir: string | undefined, options: CommonOptions): Promise<void> {
  const loaded = loadCase(path, options.set);
  const out = outOf(path, loaded, options);
  const { writeDesign } = await import('@retroplume/core/commands/design');
  await watched(
    options,
    async ({ ranks, onEvent, signal }) => (ranks.rank === 0 ? writeDesign(loaded, { out, dir, onEvent, signal }) : {}),
    printer(options, out),
  );
}

export interface SimulateOptions extends CommonOptions, Replacing {
  design?: string | true;
  run?: string;
}

/** `simulate`: the runs, or one of them, or with `--design` the files for them. */
export async function simulateCase(path: string, options: SimulateOptions): Promise<void> {
  const { design, run } = options;
  if (run !== undefined) await partOfCase(path, { run }, options);
  else if (design === undefined) await runNamed(path, ['simulate'], options);
  else await designCase(path, design === true ? undefined : design, options);
}

/** `certify`, or one of the runs of the transport model that it would make itself. */
export async function certifyCase(path: string, options: CommonOptions & { run?: string }): Promise<void> {
  const { run } = options;
  if (run === undefined) await runNamed(path, ['certify'], options);
  else await partOfCase(path, { run, stage: 'certify' }, options);
}

/** What `demo` can be asked for. */
export interface DemoChoice {
  quick: boolean;
  full: boolean;
  nonIdentical: boolean;
  species?: 'all';
  columns: boolean;
  months?: number[];
  membersIn?: number[];
  seed: number;
}

/** The twin experiment, from nothing to the report. */
export async function demo(options: CommonOptions & DemoChoice): Promise<void> {
  const { quick, full, nonIdentical, species, columns, months, membersIn, seed } = options;
  const { demoFolder, runDemo } = await import('@retroplume/core/commands/demo');
  const out = resolve(options.out ?? demoFolder(options));
  await watched(
    options,
    (context) => runDemo({ out, quick, full, nonIdentical, species, columns, months, membersIn, seed, ...context }),
    printer(options, out),
  );
}
