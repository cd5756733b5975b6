/** What a pass of the closed loop has of the passes before it: weights, runs of the transport model, the control and the anchor. */
import { join } from 'node:path';
import { caseChannels } from '../../case';
import { readTensors, type Tensor, writeTensors } from '../../files/checkpoint';
import { zeroInGaps } from '../../fields/column-gaps';
import type { MemoryBudget } from '../../fields/memory-budget';
import type { TrainingPeriod, TrainingRun } from '../../fields/training-period';
import { ConfigError, DataError } from '../../base/errors';
import { FACTORS_FILE } from '../../assimilation/factors/factors-file';
import type { Anchor } from '../../assimilation/inverse-problem';
import type { RunFields } from '../../assimilation/observed/observed-periods';
import type { PeriodSource } from '../../fields/period-source';
import { Surrogate } from '../../surrogate/model/surrogate';
import { appliedSectors, madeOutput } from '../../inventory/reading/sector-files';
import { readInventory } from '../../inventory/reading/read-inventory';
import { damagedProducts, readRecord } from '../engine/record';
import { runFields, type RunOutput } from '../../transport/run-fields';
import { passVariant, stageDir, type LoopPass, type RunContext, type StageContext } from '../engine/stage';
import { updatedRunKey, updatedOutput } from '../transport-runs/output-hashes';

const CONTROL_FILE = 'control.safetensors';

/** Where an inversion ended. */
interface InversionOutcome {
  /** the control that is kept */
  control: Float64Array;
  /** what the model simulates with it, of all observations in their order, withheld ones too */
  predicted: Float32Array;
}

/** The keys of what a pass takes from the passes before, for its own; undefined in other variants. */
export function earlierPasses(context: StageContext): object | undefined {
  const { pass, out } = context;
  if (!pass) return undefined;
  const runKey = (number: number): string | undefined => updatedRunKey(stageDir(out, 'verify', passVariant(number)));
  return {
    weights: readRecord(stageDir(out, 'train', passVariant(pass.number - 1)))?.key,
    runs: passesBefore(pass).map(runKey),
    anchor: runKey(pass.anchor),
  };
}

/** For what shows a pass that the loop has kept: the folder of one may have been removed to spare room. @throws {ConfigError} `PASS_GONE` */
export function expectPassThere({ stage, out }: Pick<StageContext, 'stage' | 'out'>, number: number): void {
  const variant = passVariant(number);
  for (const dir of (['invert', 'verify'] as const).map((name) => stageDir(out, name, variant))) {
    const record = readRecord(dir);
    if (record && damagedProducts(dir, record).length === 0) continue;
    throw new ConfigError(
      'PASS_GONE',
      `${stage}: expected in ${dir} what pass ${number} of the loop left, which was kept, but it is not there whole any more: bring it back, or remove ${stageDir(out, 'loop', 'default')} and run again, which makes the pass anew`,
    );
  }
}

/** The surrogate that a pass trains on: that of the pass before. */
export function surrogateBefore({ out }: RunContext, { number }: LoopPass): Surrogate {
  return Surrogate.load(stageDir(out, 'train', passVariant(number - 1)));
}

/** The transport model's runs on the updated emissions of all passes before, kept or not, by name: each is as true as a member. */
export function runsOfPasses(
  context: StageContext,
  period: Pick<TrainingPeriod, 'name' | 'grid' | 'time'>,
  room: MemoryBudget,
): [string, TrainingRun][] {
  return passesBefore(context.pass).map((number) => [`updated-${number}`, updatedRun(context, number, period, room)]);
}

function updatedRun(context: StageContext, number: number, period: Parameters<typeof runsOfPasses>[1], room: MemoryBudget): TrainingRun {
  const { caseSettings, out, signal } = context;
  const { grid, time, name } = period;
  const sectors = appliedSectors(stageDir(out, 'apply', passVariant(number)), caseSettings, name);
  const { groups, species } = caseChannels(caseSettings);
  const shape = { hours: time.count, rows: grid.rows, cols: grid.cols };
  return {
    emissions: room.keep(readInventory(sectors, grid, time, { signal }), { ...shape, channels: groups.length }),
    concentrations: room.keep(zeroInGaps(runFields(context, outputOfPass(context, number, name), period)()), {
      ...shape,
      channels: species.length,
    }),
  };
}

/** The transport model's output on the emissions of a pass. */
export function runOfPass({ out }: RunContext, number: number, period: string): string {
  return updatedOutput(stageDir(out, 'verify', passVariant(number)), period);
}

function outputOfPass(context: RunContext, number: number, period: string): RunOutput {
  return madeOutput(context.caseSettings, runOfPass(context, number, period));
}

/** The transport model's run on the emissions of a pass of the loop. */
export function passRun(context: RunContext, pass: number, period: Pick<PeriodSource, 'name' | 'grid' | 'time'>): RunFields {
  const dirOf = (stage: 'prepare'): string => stageDir(context.out, stage, 'default');
  return runFields({ ...context, dirOf }, outputOfPass(context, pass, period.name), period);
}

/** What an inversion of a pass of the loop starts from; undefined in other variants. */
export function anchorOf(context: StageContext): Anchor | undefined {
  const { pass, out } = context;
  if (!pass) return undefined;
  return {
    factorsFile: join(stageDir(out, 'invert', passVariant(pass.anchor)), FACTORS_FILE),
    control: readOutcome(context, pass.anchor).control,
    run: (period) => passRun(context, pass.anchor, period),
  };
}

/** Writes where an inversion ended, for a pass that goes on from it. @returns the file's name */
export function writeOutcome(dir: string, { control, predicted }: InversionOutcome): string {
  const tensors = new Map<string, Tensor>([
    ['control', { data: control, shape: [control.length] }],
    ['predicted', { data: predicted, shape: [predicted.length] }],
  ]);
  writeTensors(join(dir, CONTROL_FILE), {
    tensors,
    metadata: { what: 'control vector of the inversion, and observations as the surrogate predicts them' },
  });
  return CONTROL_FILE;
}

/** @throws {DataError} `LOOP_CONTROL` if the inversion of that pass did not leave it whole */
export function readOutcome({ out }: RunContext, number: number): InversionOutcome {
  return outcomeIn(stageDir(out, 'invert', passVariant(number)));
}

/** Where the inversion of a folder ended. */
export function outcomeIn(dir: string): InversionOutcome {
  const path = join(dir, CONTROL_FILE);
  try {
    const { tensors } = readTensors(path);
    return { control: Float64Array.from(tensors.get('control')!.data), predicted: Float32Array.from(tensors.get('predicted')!.data) };
  } catch (cause) {
    throw new DataError('LOOP_CONTROL', `${path}: is missing or corrupt: remove the folder that it lies in, and run again`, {
      cause,
    });
  }
}

function passesBefore(pass: LoopPass | undefined): number[] {
  return Array.from({ length: (pass?.number ?? 1) - 1 }, (_, i) => i + 1);
}
