import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { normalisationOf } from '../model/normalisation';
import { tinyPeriod, tinySurrogate, tinyTraining, WORLD } from '../testing/tiny-world';
import { train, type TrainResult } from './train';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'retroplume-micro-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function trained(microBatches: number, batchNorm = false): Promise<TrainResult> {
  const [periods, spinUp] = [[tinyPeriod('winter', 1)], [WORLD.spinUpHours]];
  const training = tinyTraining({ batch: 8, microBatches, iterations: 20, evaluateEvery: 10, noise: 0.05, rotation: true });
  const surrogate = batchNorm ? tinySurrogate({ network: 'lstm-unet', batchNorm }) : tinySurrogate();
  const options = { threads: 1, dtype: 'float64' as const, checkpoint: join(folder, `${microBatches} ${batchNorm}`) };
  return train(periods, spinUp, surrogate, training, normalisationOf(periods, spinUp), options);
}

/** The largest |a − b| over all weights. */
function difference(a: TrainResult, b: TrainResult): number {
  return Math.max(...[...a.weights].flatMap(([name, { data }]) => Array.from(data, (value, i) => Math.abs(value - b.weights.get(name)!.data[i]))));
}

it('micro-batches are the batch: in double the same weights and losses but for rounding', async () => {
  const [one, four] = [await trained(1), await trained(4)];
  expect(difference(one, four)).toBeLessThan(1e-9);
  expect(four.curve[1].test.total / one.curve[1].test.total).toBeCloseTo(1, 9);
  expect(four.curve[1].train.difference! / one.curve[1].train.difference!).toBeCloseTo(1, 9);
});

it('batch norm looks over each of them, and its running statistics are their mean', async () => {
  const [one, two] = [await trained(1, true), await trained(2, true)];
  expect(difference(one, two)).toBeGreaterThan(1e-3);
  expect(two.curve[1].test.total / one.curve[1].test.total).toBeCloseTo(1, 0);
});
