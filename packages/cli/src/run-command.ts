/** `retroplume run`, the stages, and `retroplume demo`: from options to core and back. */
import { join, resolve } from 'node:path';
import { demoFolder, describeDevice, loadCase, runDemo, runStages, writeDesign, type RunOptions, type StageName } from '@retroplume/core';
import { interruptible } from './interrupt';
import type { CommonOptions } from './options';
import { openProfile } from './profile';
import { printResult } from './print-result';
import { progressListener } from './progress';

/** Runs `work` with progress on stderr and Ctrl-C tied to its signal. */
export async function watched<T>(options: CommonOptions, work: (context: RunOptions) => Promise<T>): Promise<T> {
  const profile = options.profile === undefined ? undefined : openProfile(options.profile);
  const { threads, device, products, quiet } = options;
  const { signal, release } = interruptible();
  const { onEvent, close } = progressListener(quiet);
  try {
    return await work({
      threads,
      device,
      products,
      onDevice: (chosen, used) => void (quiet || process.stderr.write(`device: ${describeDevice(chosen, used)}\n`)),
      onEvent,
      signal,
      profiler: profile?.profiler,
    });
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
  printResult(await watched(options, (context) => runStages(loaded, { out, stages, ...context })), options, out);
}

/** The ensemble design as emission files for a transport model that is run elsewhere, instead of the runs. */
async function designCase(path: string, dir: string | undefined, options: CommonOptions): Promise<void> {
  const loaded = loadCase(path, options.set);
  const out = resolve(options.out ?? join('runs', loaded.name));
  printResult(await watched(options, ({ onEvent, signal }) => writeDesign(loaded, { out, dir, onEvent, signal })), options, out);
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
  printResult(await watched(options, (context) => runDemo({ out, quick, full, nonIdentical, ...context })), options, out);
}
