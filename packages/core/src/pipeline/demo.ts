/** The demo: a twin experiment on a made-up region, from nothing to the report. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chooseDevice } from '../device';
import { writeDemoWorld } from '../worlds/demo-world';
import { runStages, type RunOptions, type RunResult } from './run';

export interface DemoOptions extends Omit<RunOptions, 'stages'> {
  /** every stage in under two minutes, figures poorer */
  quick?: boolean;
  /** longer training and more members: the figures that docs/ gives */
  full?: boolean;
}

export type DemoResult = RunResult;

/**
 * Writes the made-up world into the run folder, unless it is there already, and runs its case.
 * @throws {DeviceError} {ConfigError} as `runStages` does
 * @param options - out: default `runs/demo`, `runs/demo-quick` or `runs/demo-full`
 */
export async function runDemo(options: DemoOptions = {}): Promise<DemoResult> {
  chooseDevice(options); // refused before anything is written
  const size = options.quick ? 'quick' : options.full ? 'full' : 'default';
  const out = resolve(options.out ?? `runs/demo${size === 'default' ? '' : `-${size}`}`);
  const casePath = join(out, 'case.yaml');
  if (!existsSync(casePath)) await writeDemoWorld(out, { size });
  return runStages(casePath, { ...options, out, stages: 'all' });
}
