/** `retroplume run`, the stages, and `retroplume demo`: from options to core and back. */
import { join, resolve } from 'node:path';
import { demoFolder, describeDevice, loadCase, runDemo, runStages, writeDesign, type Ranks, type RunOptions, type StageName } from '@retroplume/core';
import { interruptible } from './interrupt';
import type { CommonOptions } from './options';
import { openProfile } from './profile';
import { printResult } from './print-result';
import { progressListener } from './progress';
import { join as joinOthers, part } from './ranks';

/** Runs `work` on all ranks with progress on stderr and Ctrl-C tied to its signal, and prints on the first what it returns. */
async function watched(options: CommonOptions, out: string, work: (context: RunOptions & { ranks: Ranks }) => Promise<object>): Promise<void> {
  const ranks = joinOthers();
  const first = ranks.rank === 0;
  const profile = options.profile === undefined || !first ? undefined : openProfile(options.profile);
  const { threads, device, products } = options;
  const quiet = options.quiet || !first;
  const { signal, release } = interruptible(first);
  const { onEvent, close } = progressListener(quiet);
  try {
    const result = await work({
      ranks,
      threads,
      device,
      products,
      onDevice: (chosen) =>
        void (quiet || process.stderr.write(`device: ${describeDevice(chosen, threads)}${ranks.size > 1 ? `, ${ranks.size} processes` : ''}\n`)),
      onEvent,
      signal,
      profiler: profile?.profiler,
    });
    close();
    if (first) printResult(result, options, out);
    part();
  } finally {
    close();
    release();
    profile?.finish();
  }
}

/** Runs a case's stages: all that are not up to date, or the one that is named. */
export async function runCase(path: string, stages: 'all' | StageName[], options: CommonOptions): Promise<void> {
  const loaded = loadCase(path, options.set);
  const out = resolve(options.out ?? join('runs', loaded.name));
  await watched(options, out, (context) => runStages(loaded, { out, stages, ...context }));
}

/** The ensemble design as emission files for a transport model that is run elsewhere, instead of the runs. */
async function designCase(path: string, dir: string | undefined, options: CommonOptions): Promise<void> {
  const loaded = loadCase(path, options.set);
  const out = resolve(options.out ?? join('runs', loaded.name));
  await watched(options, out, async ({ ranks, onEvent, signal }) => (ranks.rank === 0 ? writeDesign(loaded, { out, dir, onEvent, signal }) : {}));
}

/** `simulate`: the runs, or with `--design` the files for them. */
export async function simulateCase(path: string, options: CommonOptions & { design?: string | true }): Promise<void> {
  const { design } = options;
  if (design === undefined) await runCase(path, ['simulate'], options);
  else await designCase(path, design === true ? undefined : design, options);
}

/** The twin experiment, from nothing to the report. */
export async function demo(options: CommonOptions & { quick: boolean; full: boolean; nonIdentical: boolean }): Promise<void> {
  const { quick, full, nonIdentical } = options;
  const out = resolve(options.out ?? demoFolder(options));
  await watched(options, out, (context) => runDemo({ out, quick, full, nonIdentical, ...context }));
}
