import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALONE } from '@retroplume/native';
import { describeOnRanks, onRanks, type Launch } from '../../../../../test/testing/on-ranks';
import { readTensors, type Checkpoint, type Tensor } from '../../files/checkpoint';
import { ConfigError } from '../../base/errors';
import { normalisationOf } from '../model/normalisation';
import { samplerOf, train, type CurvePoint } from './train';
import { trainTask, type RankTask } from '../testing/ranks-training-child';
import { killedWorld, tinySurrogate, tinyTraining, WORLD } from '../testing/tiny-world';

const CHILD = join(__dirname, '../testing/ranks-training-child.ts');

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'retroplume-ranks-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A network with all that ranks have to do together: batch norm, dropout, random changes of samples. */
const surrogate = { network: 'lstm-unet', batchNorm: true, dropout: 0.1 };
const training = { batch: 8, noise: 0.05, rotation: true, rescaling: 0.1, l2: 1e-4, evaluateEvery: 100, checkpointEvery: 7 };

const steps200 = (name: string): RankTask => ({ name, surrogate, training: { ...training, iterations: 200 }, dtype: 'float64' });
const steps20 = (name: string, more: Partial<RankTask> = {}): RankTask => ({ name, surrogate, training: { ...training, iterations: 20 }, ...more });

/** Both with micro-batches, in single precision: the network above, and the default one. */
const MICRO_BATCHED: RankTask[] = [
  { name: 'micro', surrogate, training: { ...training, microBatches: 4, evaluateEvery: 40, iterations: 80 } },
  { name: 'micro default', surrogate: {}, training: { batch: 8, microBatches: 4, evaluateEvery: 40, iterations: 80 } },
];
const microOn = (ranks: number): RankTask[] => MICRO_BATCHED.map((task) => ({ ...task, name: `${task.name} of ${ranks}` }));

/** One launch: most of its time would go to starting the processes. */
const ON_TWO: RankTask[] = [
  steps200('of 2'),
  steps20('undisturbed'),
  steps20('stopped', { stop: [1, 11] }),
  steps20('stopped again', { checkpoint: 'once.checkpoint', stop: [0, 11] }),
  steps20('resumed', { checkpoint: 'stopped.checkpoint' }),
  steps20('own moments', { training: { ...training, iterations: 20, synchronisedBatchNorm: false } }),
  steps20('spoiled', { spoil: true }),
  ...microOn(2),
  { ...MICRO_BATCHED[0], name: 'micro stopped', stop: [1, 51] },
  { ...MICRO_BATCHED[0], name: 'micro spoiled', spoil: true },
];

const ON_FOUR: RankTask[] = [steps200('of 4'), ...microOn(4), { ...MICRO_BATCHED[0], name: 'micro resumed', checkpoint: 'micro stopped.checkpoint' }];

const result = (name: string): Checkpoint => readTensors(join(folder, name));
const failure = (name: string, rank: number): string => readFileSync(join(folder, `${name}.${rank}`), 'utf8');

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
  const launch = (ranks: number, tasks: RankTask[]): Promise<Launch> => onRanks(ranks, [CHILD, folder, JSON.stringify(tasks)]);

  beforeAll(async () => {
    expect(await launch(2, ON_TWO)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await launch(4, ON_FOUR)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('ends with the weights of one process with the same batch: 200 steps, in double', async () => {
    await trainTask(folder, steps200('of 1'), ALONE);
    const one = result('of 1');
    for (const several of [result('of 2'), result('of 4')]) {
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
    for (const rank of [0, 1]) expect(failure('stopped', rank)).toMatch(/^train: stopped at step 11; the checkpoint is .*stopped\.checkpoint: run/);
    expect([...result('resumed').tensors]).toEqual([...result('undisturbed').tensors]);
    // On another number of ranks: nine steps of as many roundings in single precision.
    await trainTask(folder, steps20('alone', { checkpoint: 'once.checkpoint' }), ALONE);
    expect(difference(result('alone'), result('undisturbed'))).toBeLessThan(1e-3);
  });

  it('without synchronised batch norm gives one network all the same, and another one', () => {
    const [own, all] = [result('own moments'), result('undisturbed')];
    expect(difference(own, all)).toBeGreaterThan(1e-3);
    expect(curveOf(own)[0].test.total / curveOf(all)[0].test.total).toBeCloseTo(1, 1);
  });

  it('with micro-batches any number of them ends with the same bits: 80 steps in single precision, batch norm and dropout included', async () => {
    for (const task of microOn(1)) await trainTask(folder, task, ALONE);
    for (const { name } of MICRO_BATCHED) {
      const one = result(`${name} of 1`);
      expect(curveOf(one)).toHaveLength(2);
      for (const several of [2, 4].map((ranks) => result(`${name} of ${ranks}`))) {
        expect([...several.tensors]).toEqual([...one.tensors]);
        expect(several.metadata).toEqual(one.metadata);
      }
    }
  });

  it('with micro-batches a checkpoint is gone on from on another number of ranks, to the bit', () => {
    expect(failure('micro stopped', 0)).toMatch(/^train: stopped at step 51;/);
    expect([...result('micro resumed').tensors]).toEqual([...result('micro of 4').tensors]);
  });

  it('a value that is not finite is told alike by all', () => {
    const told = /^train: the loss is not finite at step 0: the batch holds NaN or infinite values in emissions;/;
    for (const rank of [0, 1]) for (const name of ['spoiled', 'micro spoiled']) expect(failure(name, rank)).toMatch(told);
  });
});

describe('ranks', () => {
  const periods = killedWorld();
  const spinUp = [WORLD.spinUpHours];
  const two = (rank: number): typeof ALONE => ({ ...ALONE, rank, size: 2 });

  it('see together what one process sees', () => {
    const settings = { ...tinyTraining({ ...training, batch: 8 }) };
    const whole = samplerOf(periods, spinUp, tinySurrogate(), settings).train(5).arrays();
    const parts = [0, 1].map((part) =>
      samplerOf(periods, spinUp, tinySurrogate(), settings, { share: { part, parts: 2 } })
        .train(5)
        .arrays(),
    );
    for (const field of ['emissions', 'tracers', 'meteorology', 'geography', 'target'] as const) {
      // Halves of pairs: the first runs of rank 0 and of rank 1, then the second ones.
      const quarter = whole[field].length / 4;
      const [first, second] = parts.map((part) => part[field]);
      const joined = [first.subarray(0, quarter), second.subarray(0, quarter), first.subarray(quarter), second.subarray(quarter)];
      expect(Float32Array.from(joined.flatMap((part) => [...part]))).toEqual(whole[field]);
    }
  });

  it.each([
    [{ batch: 6 }, {}, /^training\.batch: 6 samples, in pairs of runs, do not divide among 2 processes: set a multiple of 4, or start fewer$/],
    [
      { batch: 12, microBatches: 4 },
      {},
      /^training\.microBatches: 12 samples, in pairs of runs, do not divide into 4 micro-batches: set training\.batch to a multiple of 8, or fewer micro-batches$/,
    ],
    [
      { batch: 6, microBatches: 3 },
      {},
      /^training\.microBatches: 3 micro-batches do not divide among 2 processes: set a multiple of 2, or start fewer$/,
    ],
    [
      { batch: 8 },
      { device: 'cuda' as const },
      /^training on 2 processes with cuda: .* set training\.synchronisedBatchNorm: false, or training\.microBatches, or --device cpu$/,
    ],
  ])('a batch that they cannot share is refused: %j', async (settings, execution, message) => {
    const failing = train(periods, spinUp, tinySurrogate(surrogate), tinyTraining(settings), normalisationOf(periods, spinUp), {
      threads: 1,
      checkpoint: join(folder, 'checkpoint'),
      ranks: two(0),
      ...execution,
    });
    await expect(failing).rejects.toThrow(ConfigError);
    await expect(failing).rejects.toThrow(message);
  });
});
