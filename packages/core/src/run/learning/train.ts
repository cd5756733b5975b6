/** The work of `train`: the surrogate from prior run and members. */
import { join } from 'node:path';
import { caseChannels } from '../../case';
import { trainedPeriods } from '../../case/case-runs';
import { removeCheckpoint } from '../../files/checkpoint';
import { bytesOfFields, MemoryBudget } from '../../fields/memory-budget';
import type { TrainingPeriod } from '../../fields/training-period';
import { executionOf } from '../../graph/program/execution';
import { receptiveField } from '../../nn/settings';
import { networkSettings } from '../../surrogate/model/surrogate-settings';
import { normalisationOf } from '../../surrogate/model/normalisation';
import { Surrogate } from '../../surrogate/model/surrogate';
import { carryRuns, dropTracers } from '../../surrogate/tracers/carried-runs';
import { tracerRoom } from '../../surrogate/tracers/tracers';
import { train, type CurvePoint } from '../../surrogate/training/train';
import { gigabytes } from '../../base/process';
import { runsOfPasses, surrogateBefore } from '../inversions/loop-pass';
import { testRuns, trainingPeriods } from '../../assimilation/surrogate/trained-surrogate';
import { type Stage, type StageContext } from '../engine/stage';

export interface TrainSummary {
  status: string;
  iterations: number;
  parameters: number;
  /** cells, of the network in space */
  receptiveField: number;
  /** that were trained on */
  runs: string[];
  /** that were kept for the test; none: the last days of the periods were */
  testRuns: string[];
  curve: CurvePoint[];
}

export async function trainSurrogate(context: StageContext): ReturnType<Stage['run']> {
  const room = new MemoryBudget(bytesOfFields(context.ranks?.localSize));
  try {
    const periods = trainingPeriods(context, room, (period) => runsOfPasses(context, period, room));
    const { inMemory, elsewhere } = room.spent;
    if (elsewhere > 0) {
      context.log(`${gigabytes(inMemory)} of fields are in memory, ${gigabytes(elsewhere)} are read from the disk when they are needed`);
    }
    return await learn(context, periods).finally(() => dropTracers(periods));
  } finally {
    room.dispose();
  }
}

async function learn(context: StageContext, periods: readonly TrainingPeriod[]): ReturnType<Stage['run']> {
  const { surrogate, training } = context.settings;
  const spinUp = trainedPeriods(context.caseSettings).map(({ spinUpHours }) => spinUpHours);
  carryRuns(periods, surrogate.tracers, context.threads, { mostBytes: tracerRoom(1, context.ranks?.localSize) });
  const lastSurrogate = context.pass && surrogateBefore(context, context.pass);
  const normalisation = lastSurrogate?.description.normalisation ?? normalisationOf(periods, spinUp);
  const { groups, species, units } = caseChannels(context.caseSettings);
  const field = receptiveField(networkSettings(surrogate, species.length)).mean;
  const heldOut = testRuns(context);
  const runs = [...periods[0].runs.keys()].filter((name) => !heldOut.includes(name));
  const tested = heldOut.length > 0 ? `; for the test ${heldOut.join(', ')}` : '';
  context.log(`network ${surrogate.network}, receptive field ${field} x ${field} cells, runs ${runs.join(', ')}${tested}`);
  const checkpoint = join(context.dir, 'checkpoint.safetensors');
  const result = await train(periods, spinUp, surrogate, training, normalisation, {
    ...executionOf(context),
    checkpoint,
    weights: lastSurrogate?.weights,
    testRuns: heldOut,
    onProgress: context.progress,
    log: context.log,
    signal: context.signal,
    ranks: context.ranks,
  });
  const description = {
    settings: surrogate,
    normalisation,
    meteorologyNames: periods[0].meteorologyNames,
    geographyNames: periods[0].geographyNames,
    species: species.map((name) => ({ name, unit: units[name] })),
    groups: groups.map((name) => ({ name, unit: 'kg m-2 s-1' })),
  };
  const first = (context.ranks?.rank ?? 0) === 0;
  const products = first ? new Surrogate(description, result.weights).save(context.dir) : [];
  if (first) removeCheckpoint(checkpoint);
  const summary: TrainSummary = {
    status: result.status,
    iterations: result.iterations,
    parameters: [...result.weights.values()].reduce((sum, { data }) => sum + data.length, 0),
    receptiveField: field,
    runs,
    testRuns: heldOut,
    curve: result.curve,
  };
  return { products, summary };
}
