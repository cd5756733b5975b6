/**
 * `ranks-training-child.ts FOLDER TASKS`: one rank that trains one task after the other, a list of {@link RankTask} as JSON; the first leaves weights and curve as
 * FOLDER/NAME, each what it failed with as FOLDER/NAME.RANK.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { joinRanks, type Ranks } from '@retroplume/native';
import { writeTensors } from '../../files/checkpoint';
import { normalisationOf } from '../model/normalisation';
import { train } from '../training/train';
import { killedWorld, tinySurrogate, tinyTraining, WORLD } from './tiny-world';

export interface RankTask {
  name: string;
  /** keys of the case's `surrogate` and `training` */
  surrogate: Record<string, unknown>;
  training: Record<string, unknown>;
  dtype?: 'float64';
  /** the rank that is asked to stop, and after which step */
  stop?: [rank: number, step: number];
  /** whether the last rank's emissions are NaN */
  spoil?: boolean;
  /** default: that of its own name */
  checkpoint?: string;
}

/** Trains on the world of the tests. */
export async function trainTask(folder: string, task: RankTask, ranks: Ranks): Promise<void> {
  const { name, surrogate, training, dtype, stop, spoil, checkpoint = `${name}.checkpoint` } = task;
  const periods = killedWorld();
  const spinUp = [WORLD.spinUpHours];
  const normalisation = normalisationOf(periods, spinUp);
  if (spoil && ranks.rank === ranks.size - 1) for (const run of periods[0].runs.values()) run.emissions.fill(NaN);
  const controller = new AbortController();
  try {
    const { weights, curve, iterations } = await train(periods, spinUp, tinySurrogate(surrogate), tinyTraining(training), normalisation, {
      threads: 1,
      checkpoint: join(folder, checkpoint),
      ranks,
      dtype,
      signal: controller.signal,
      onProgress: (completed) => (stop && ranks.rank === stop[0] && completed === stop[1] ? controller.abort() : undefined),
    });
    if (ranks.rank === 0) writeTensors(join(folder, name), { tensors: weights, metadata: { curve, iterations } });
  } catch (error) {
    writeFileSync(join(folder, `${name}.${ranks.rank}`), (error as Error).message);
  }
}

async function main(folder: string, tasks: RankTask[]): Promise<void> {
  const ranks = joinRanks();
  for (const task of tasks) await trainTask(folder, task, ranks);
  ranks.finalize();
}

if (require.main === module) void main(process.argv[2], JSON.parse(process.argv[3]) as RankTask[]);
