/**
 * `ranks-training-child.ts FOLDER SETTINGS`: one rank of a training, or the only one; the first leaves weights and curve as FOLDER/weights. SETTINGS are keys of the
 * case's `training` and `surrogate`, as JSON. With `stopRank` a rank is asked to stop at step `stopAt`;
 * with `spoil` the last rank's emissions are NaN.
 */
import { join } from 'node:path';
import { joinRanks } from '@retroplume/native';
import { writeTensors } from '../../data/checkpoint';
import { normalisationOf } from '../normalisation';
import { train } from '../train';
import { killedWorld, tinySurrogate, tinyTraining, WORLD } from './tiny-world';

const [folder, text] = process.argv.slice(2);
const { training, surrogate, stopRank, stopAt, dtype, spoil } = JSON.parse(text) as Record<'training' | 'surrogate', Record<string, unknown>> & {
  stopRank?: number;
  stopAt?: number;
  dtype?: 'float64';
  spoil?: boolean;
};

async function main(): Promise<void> {
  const ranks = joinRanks();
  const periods = killedWorld();
  const normalisation = normalisationOf(periods, [WORLD.spinUpHours]);
  if (spoil && ranks.rank === ranks.size - 1) for (const run of periods[0].runs.values()) run.emissions.fill(NaN);
  const spinUp = [WORLD.spinUpHours];
  const controller = new AbortController();
  const result = await train(periods, spinUp, tinySurrogate(surrogate), tinyTraining(training), normalisation, {
    threads: 1,
    checkpoint: join(folder, 'checkpoint'),
    ranks,
    dtype,
    signal: controller.signal,
    onProgress: (done) => (ranks.rank === stopRank && done === stopAt ? controller.abort() : undefined),
  }).catch((error: Error) => {
    process.stderr.write(`rank ${ranks.rank}: ${error.message}\n`);
    process.exitCode = 1;
  });
  if (result && ranks.rank === 0) {
    writeTensors(join(folder, 'weights'), { tensors: result.weights, metadata: { curve: result.curve, iterations: result.iterations } });
  }
  ranks.finalize();
}

void main();
