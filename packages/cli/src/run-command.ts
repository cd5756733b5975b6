/** `retroplume run`, the stages, and `retroplume demo`: from options to core and back. */
import { join, resolve } from 'node:path';
import { chooseDevice, loadCase, runDemo, runStages, type graph, type StageEvent, type StageName } from '@retroplume/core';
import { interruptible } from './interrupt';
import type { CommonOptions } from './options';
import { openProfile } from './profile';
import { printResult } from './print-result';
import { progressListener } from './progress';

interface Watched {
  threads: number;
  onEvent: (event: StageEvent) => void;
  signal: AbortSignal;
  profiler?: graph.Profiler;
}

/** Runs `work` with progress on stderr and Ctrl-C tied to its signal. */
async function watched<T>(options: CommonOptions, work: (context: Watched & { device: 'cpu' }) => Promise<T>): Promise<T> {
  const profile = options.profile === undefined ? undefined : openProfile(options.profile);
  const device = await chooseDevice(options.device);
  if (!options.quiet) process.stderr.write(`device ${device}, ${options.threads} threads\n`);
  const { signal, release } = interruptible();
  const { onEvent, close } = progressListener(options.quiet);
  try {
    return await work({ threads: options.threads, device, onEvent, signal, profiler: profile?.profiler });
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
