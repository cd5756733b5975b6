/** The process that a test kills: `training-child.ts CHECKPOINT OUTPUT`. Writes the weights when it gets to the end. */
import { writeTensors } from '../../files/checkpoint';
import { normalisationOf } from '../model/normalisation';
import { train } from '../training/train';
import { killedTraining, killedWorld, tinySurrogate, WORLD } from './tiny-world';

const [checkpoint, output] = process.argv.slice(2);
const periods = killedWorld();
const spinUp = [WORLD.spinUpHours];

void train(periods, spinUp, tinySurrogate({ batchNorm: true, dropout: 0.1 }), killedTraining(), normalisationOf(periods, spinUp), {
  threads: 1,
  checkpoint,
}).then(({ weights, curve }) =>
  writeTensors(output, { tensors: weights, metadata: { iterations: curve.map(({ iteration, test }) => [iteration, test.total]) } }),
);
