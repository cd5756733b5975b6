import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALONE } from '@retroplume/native';
import { describeOnRanks, onRanks, type Launch } from '../../../../test/testing/on-ranks';
import { readTensors, type Checkpoint, type Tensor } from '../data/checkpoint';
import { ConfigError } from '../errors';
import { normalisationOf } from './normalisation';
import { samplerOf, train, type CurvePoint } from './train';
import { killedWorld, tinySurrogate, tinyTraining, WORLD } from './testing/tiny-world';

const CHILD = join(__dirname, 'testing/ranks-training-child.ts');

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'retroplume-ranks-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A network with all that ranks have to do together: batch norm, dropout, random changes of samples. */
const surrogate = { network: 'lstm-unet', batchNorm: true, dropout: 0.1 };
const training = { batch: 8, noise: 0.05, rotation: true, rescaling: 0.1, l2: 1e-4, evaluateEvery: 100, checkpointEvery: 7 };

/** Trains on so many ranks, in a folder of that name. */
function launch(ranks: number, name: string, settings: object): Promise<Launch> {
  mkdirSync(join(folder, name), { recursive: true });
  return onRanks(ranks, [CHILD, join(folder, name), JSON.stringify(settings)]);
}

async function trained(ranks: number, name: string, settings: object): Promise<Checkpoint> {
  expect(await launch(ranks, name, settings)).toMatchObject({ exitCode: 0, stderr: '' });
  return readTensors(join(folder, name, 'weights'));
}

/** A bias before batch norm changes nothing, and its gradient, which is exactly 0, is nothing but rounding, of which Adam makes steps of any size. */
const isIdle = (name: string): boolean => name.endsWith('.0.conv.bias');

/** The largest max |a − b| / max |b| of all tensors but those. */
function difference(a: Checkpoint, b: Checkpoint): number {
  const largest = (list: number[]): number => list.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const of = ([name, { data }]: [string, Tensor]): number => {
    const other = a.tensors.get(name)!.data;
    return largest(Array.from(data, (value, i) => value - other[i])) / largest(Array.from(data));
  };
  return Math.max(...[...b.tensors].filter(([name]) => !isIdle(name)).map(of));
}

const curveOf = ({ metadata }: Checkpoint): CurvePoint[] => (metadata as { curve: CurvePoint[] }).curve;

describeOnRanks('training on ranks', () => {
  it('ends with the weights of one process with the same batch: 200 steps, in double', async () => {
    const settings = { surrogate, training: { ...training, iterations: 200 }, dtype: 'float64' };
    const one = await trained(1, 'one', settings);
    for (const ranks of [2, 4]) {
      const several = await trained(ranks, `of ${ranks}`, settings);
      expect(difference(several, one)).toBeLessThan(1e-5);
      expect(several.metadata).toMatchObject({ iterations: 200, curve: [{ iteration: 100 }, { iteration: 200 }] });
      // The frozen network of the test sees what idle biases the running means have not caught up with.
      curveOf(several).forEach(({ train, test }, i) => {
        expect(train.total / curveOf(one)[i].train.total).toBeCloseTo(1, 9);
        expect(test.total / curveOf(one)[i].test.total).toBeCloseTo(1, 2);
      });
    }
  });

  it('stops all where one is asked to, goes on from there, and repeats to the bit', async () => {
    const settings = { surrogate, training: { ...training, iterations: 20 } };
    const undisturbed = await trained(2, 'undisturbed', settings);
    const stopped = await launch(2, 'stopped', { ...settings, stopRank: 1, stopAt: 11 });
    expect(stopped.exitCode).toBe(1);
    expect(stopped.stderr.match(/rank [01]: train: stopped at step 11; the checkpoint is/g)).toHaveLength(2);
    const copy = join(folder, 'alone');
    cpSync(join(folder, 'stopped'), copy, { recursive: true });
    const resumed = await trained(2, 'stopped', settings);
    expect([...resumed.tensors]).toEqual([...undisturbed.tensors]);
    // On another number of ranks: nine steps of as many roundings in single precision.
    expect(difference(await trained(1, 'alone', settings), undisturbed)).toBeLessThan(1e-3);
  });

  it('without synchronised batch norm gives one network all the same, and another one', async () => {
    const settings = { surrogate, training: { ...training, iterations: 10 } };
    const [own, all] = [
      await trained(2, 'own', { ...settings, training: { ...settings.training, synchronisedBatchNorm: false } }),
      await trained(2, 'all', settings),
    ];
    expect(difference(own, all)).toBeGreaterThan(1e-3);
    expect(curveOf(own)[0].test.total / curveOf(all)[0].test.total).toBeCloseTo(1, 1);
  });

  it('a value that is not finite is told alike by all', async () => {
    const spoiled = await launch(2, 'spoiled', { surrogate, training: { ...training, iterations: 10 }, spoil: true });
    expect(
      spoiled.stderr.match(/rank [01]: train: the loss is not finite at step 0: the batch holds NaN or infinite values in emissions;/g),
    ).toHaveLength(2);
  });
});

describe('ranks', () => {
  const periods = killedWorld();
  const spinUp = [WORLD.spinUpHours];
  const two = (rank: number): typeof ALONE => ({ ...ALONE, rank, size: 2 });

  it('see together what one process sees', () => {
    const settings = { ...tinyTraining({ ...training, batch: 8 }) };
    const whole = samplerOf(periods, spinUp, tinySurrogate(), settings).train(5);
    const parts = [0, 1].map((rank) => samplerOf(periods, spinUp, tinySurrogate(), settings, undefined, two(rank)).train(5));
    for (const field of ['emissions', 'tracers', 'meteorology', 'geography', 'target'] as const) {
      // Halves of pairs: the first runs of rank 0 and of rank 1, then the second ones.
      const quarter = whole[field].length / 4;
      const [first, second] = parts.map((part) => part[field]);
      const joined = [first.subarray(0, quarter), second.subarray(0, quarter), first.subarray(quarter), second.subarray(quarter)];
      expect(Float32Array.from(joined.flatMap((part) => [...part]))).toEqual(whole[field]);
    }
  });

  it.each([
    [6, {}, /^training\.batch: 6 samples, in pairs of runs, do not divide among 2 processes: set a multiple of 4, or start fewer$/],
    [8, { device: 'cuda' as const }, /^training on 2 processes with cuda: .* set training\.synchronisedBatchNorm: false, or --device cpu$/],
  ])('a batch of %d that they cannot share is refused', async (batch, execution, message) => {
    const failing = train(periods, spinUp, tinySurrogate(surrogate), tinyTraining({ batch }), normalisationOf(periods, spinUp), {
      ...{ threads: 1, checkpoint: join(folder, 'checkpoint'), ranks: two(0) },
      ...execution,
    });
    await expect(failing).rejects.toThrow(ConfigError);
    await expect(failing).rejects.toThrow(message);
  });
});
