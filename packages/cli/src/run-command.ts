/** `retroplume run`, the stages, and `retroplume demo`: from options to core and back. */
import { join, resolve } from 'node:path';
import { describeDevice, loadCase, runDemo, runStages, type RunOptions, type StageName } from '@retroplume/core';
import { interruptible } from './interrupt';
import type { CommonOptions } from './options';
import { openProfile } from './profile';
import { printResult } from './print-result';
import { progressListener } from './progress';

/** Runs `work` with progress on stderr and Ctrl-C tied to its signal. */
async function watched<T>(options: CommonOptions, work: (context: RunOptions) => Promise<T>): Promise<T> {
  const profile = options.profile === undefined ? undefined : openProfile(options.profile);
  const { threads, device, products, quiet } = options;
  const { signal, release } = interruptible();
  const { onEvent, close } = progressListener(quiet);
  try {
    return await work({
      threads,
      device,
      products,
      onDevice: (chosen) => void (quiet || process.stderr.write(`device: ${describeDevice(chosen, threads)}\n`)),
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

/** The twin experiment, from nothing to the report. */
export async function demo(options: CommonOptions & { quick: boolean; full: boolean }): Promise<void> {
  const { quick, full } = options;
  const out = resolve(options.out ?? join('runs', quick ? 'demo-quick' : full ? 'demo-full' : 'demo'));
  printResult(await watched(options, (context) => runDemo({ out, quick, full, ...context })), options, out);
}
