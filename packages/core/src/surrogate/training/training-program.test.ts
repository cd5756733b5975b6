import { normalisationOf } from '../model/normalisation';
import type { Program } from '../../graph';
import type { DrawnBatch } from '../model/batch';
import { tinyPeriod, tinySurrogate, tinyTraining, WORLD } from '../testing/tiny-world';
import { samplerOf } from './train';
import { trainingBytes } from './training-memory';
import { TrainingProgram } from './training-program';

const periods = [tinyPeriod('winter', 1)];
const spinUp = [WORLD.spinUpHours];
const training = tinyTraining({ differenceLoss: 'l1' });
const sampler = samplerOf(periods, spinUp, tinySurrogate(), training);
const sizes = { batch: training.batch, steps: 4, rows: WORLD.rows, cols: WORLD.cols, meteorology: 3, geography: 1 };
const trained = {
  surrogate: tinySurrogate(),
  training,
  species: periods[0].species,
  sizes,
  normalisation: normalisationOf(periods, spinUp),
  pairs: sampler.pairs,
};
const program = new TrainingProgram(trained, { threads: 1 });
afterAll(() => program.dispose());

/** The batch with differences between the runs of its pairs that are so many times as large. */
function widened(factor: number): DrawnBatch {
  const batch = sampler.test(0);
  const { target } = batch.arrays();
  const half = target.length / 2;
  for (let i = 0; i < half; i++) target[i] = target[i + half] + factor * (target[i] - target[i + half]);
  return batch;
}

it('is as large as is said before it is made, and so are its batches', () => {
  const arenas = TrainingProgram.bytes(trained);
  const { training: step, frozen } = program as unknown as Record<'training' | 'frozen', Program>;
  expect(arenas).toBe(step.arenaBytes + frozen.arenaBytes);
  const { earlier: _, ...arrays } = sampler.test(0).arrays();
  const batch = Object.values(arrays).reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(trainingBytes(tinySurrogate(), training, { ...sizes, groups: 5, species: 4 }, ['prior', 'member01'])).toBe(arenas + 10 * batch); // 8 of the test, that of a step and of the next
});

describe('the loss on differences', () => {
  const batch = sampler.test(0);
  const ofStep = async (...typical: DrawnBatch[]): Promise<number> => {
    await program.takeTypical(typical.map((each) => [each]));
    return (await program.step([batch], 0, 0)).difference!;
  };

  it('is relative to the mean difference of some batches, whatever that of its own', async () => {
    const own = await ofStep(batch);
    expect(own).toBeGreaterThan(0);
    expect((await ofStep(widened(3))) / own).toBeCloseTo(1 / 3, 5);
    expect((await ofStep(batch, widened(3))) / own).toBeCloseTo(1 / 2, 5);
  });

  it('of the test is relative to the mean over the tested batches', async () => {
    const difference = async (...batches: DrawnBatch[]): Promise<number> => (await program.evaluate(batches.map((each) => [each]))).difference!;
    // The same error against differences that are 1 and 3: each relative to 2.
    const wide = widened(3);
    const [one, three] = [await difference(batch), await difference(wide)];
    expect(await difference(batch, wide)).toBeCloseTo((one * 1 + three * 3) / 2 / 2, 5);
  });
});

describe.each(['l1', 'l2', 'both'] as const)('the loss on differences, %s', (differenceLoss) => {
  const own = tinyTraining({ differenceLoss, differenceWeight: 0.3 });
  const made = new TrainingProgram({ ...trained, training: own }, { threads: 1 });
  afterAll(() => made.dispose());

  it('is 1 of a surrogate whose differences are nothing beside those of the transport model, and a part of the total', async () => {
    const wide = widened(1e5);
    await made.takeTypical([[wide]]);
    const { total, absolute, difference } = await made.step([wide], 0, 0);
    expect(difference).toBeCloseTo(1, 2);
    expect(total / (absolute + 0.3 * difference!)).toBeCloseTo(1, 5);
  });
});

it('weighs the first of each pair alone as all: of errors that are alike it makes the same mean', async () => {
  const alike = sampler.test(0);
  alike.arrays().target.fill(1e7); // beside which what the surrogate gives is nothing
  const { absolute: all } = await program.evaluate([[alike]], 'all');
  const { absolute: firsts } = await program.evaluate([[alike]], 'firsts');
  expect(firsts / all).toBeCloseTo(1, 4);
});

it('leaves the second of each pair out of the absolute loss where it was trained on', async () => {
  const [batch, moved] = [sampler.test(0), sampler.test(0)];
  const { target } = moved.arrays();
  for (let i = target.length / 2; i < target.length; i++) target[i] *= 1.5;
  const absolute = async (of: DrawnBatch, judged: 'all' | 'firsts'): Promise<number> => (await program.evaluate([[of]], judged)).absolute;
  expect(await absolute(moved, 'firsts')).toBe(await absolute(batch, 'firsts'));
  expect(await absolute(moved, 'all')).not.toBe(await absolute(batch, 'all'));
});

describe('gaps of columns', () => {
  /** The last species has values in the first half of the period alone. */
  const mask = Uint8Array.from({ length: 4 * WORLD.hours }, (_, i) => (i % 4 === 3 && i >= 2 * WORLD.hours ? 1 : 0));
  const withGaps = [{ ...periods[0], gaps: { mask, species: 4 } }];
  const gapSampler = samplerOf(withGaps, spinUp, tinySurrogate(), training);

  it('losses know nothing of the targets there, and of the others all', async () => {
    const losses = async (spoiled: (hour: number, species: number) => boolean): Promise<number[]> => {
      const batches = [0, 1, 2, 3].map((i) => {
        const batch = gapSampler.test(i);
        const { target } = batch.arrays();
        const length = target.length / training.batch;
        for (const { input, sample, hour } of batch.draw[0]) {
          if (input !== 'target') continue;
          for (let k = 0; k < length; k++) if (spoiled(hour, k % 4)) target[sample * length + k] += 1000 * (sample + 1);
        }
        return [batch];
      });
      await program.takeTypical([[gapSampler.test(9)]]);
      const { absolute } = await program.evaluate(batches);
      const step = await program.step(batches[0], 0, 0);
      return [absolute, step.absolute, step.difference!];
    };
    const inGap = (hour: number, species: number): boolean => mask[4 * hour + species] === 1;
    const plain = await losses(() => false);
    expect(await losses(inGap)).toEqual(plain);
    (await losses((hour, species) => hour >= 0 && species === 2)).forEach((loss, i) => expect(loss).not.toBe(plain[i]));
  });

  it('the sampler tells the part of the hours of training with values', () => {
    const { train } = trainingHoursOf(gapSampler);
    const half = train.filter((hour) => hour < WORLD.hours / 2).length / train.length;
    expect(half).toBeGreaterThan(0);
    expect(gapSampler.presence()).toEqual([1, 1, 1, half]);
    expect(sampler.presence()).toEqual([1, 1, 1, 1]);
  });
});

function trainingHoursOf(of: typeof sampler): { train: number[] } {
  return (of as unknown as { splits: { train: number[] }[] }).splits[0];
}
