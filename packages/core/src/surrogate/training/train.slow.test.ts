import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SurrogateSettings, TrainingSettings } from '../../case';
import { readTensors, removeCheckpoint, writeTensors, type Tensor } from '../../files/checkpoint';
import type { PreparedPeriod } from '../../fields/prepared';
import { DataError, InterruptedError, NumericalError } from '../../base/errors';
import { Random } from '../../base/random';
import { normalisationOf } from '../model/normalisation';
import { killedTraining, tinyPeriod, tinySurrogate, tinyTraining, WORLD } from '../testing/tiny-world';
import { learningRateAt, train, type TrainOptions, type TrainResult } from './train';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'retroplume-train-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  periods?: PreparedPeriod[];
  surrogate?: SurrogateSettings;
  training?: TrainingSettings;
  options?: Partial<TrainOptions>;
}

function trained({
  periods = [tinyPeriod('winter', 1)],
  surrogate = tinySurrogate(),
  training = tinyTraining(),
  options,
}: Run = {}): Promise<TrainResult> {
  const spinUp = periods.map(() => WORLD.spinUpHours);
  const normalisation = normalisationOf(
    periods.map(({ name }) => tinyPeriod(name, 1)),
    spinUp,
  );
  return train(periods, spinUp, surrogate, training, normalisation, { threads: 1, checkpoint: join(folder, 'checkpoint'), ...options });
}

/** The signal is raised when step `step` is done. */
function stopAt(step: number): Partial<TrainOptions> {
  const controller = new AbortController();
  return { signal: controller.signal, onProgress: (done) => (done === step ? controller.abort() : undefined) };
}

function expectSameWeights(weights: ReadonlyMap<string, Tensor>, expected: ReadonlyMap<string, Tensor>): void {
  expect([...weights.keys()]).toEqual([...expected.keys()]);
  for (const [name, { data }] of expected) expect([name, weights.get(name)?.data]).toEqual([name, data]);
}

/** When a file was last written, 0 where it is not there (as for a moment while a checkpoint replaces the one before). */
function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Runs the child until it has written its output, and kills it three times on the way. @returns the number of kills */
async function runKilled(checkpoint: string, output: string): Promise<number> {
  const random = new Random(41);
  const loader = join(__dirname, '../../inversion/testing/run-typescript.cjs');
  for (let kills = 0; ;) {
    const child = spawn(process.execPath, ['-r', loader, join(__dirname, '../testing/training-child.ts'), checkpoint, output], { stdio: 'inherit' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (kills < 3) {
      // The first steps are over when a new checkpoint is there; then somewhere in the next twentieth of a second.
      const before = modified(checkpoint);
      while (child.exitCode === null && modified(checkpoint) <= before) await sleep(2);
      await sleep(50 * random.uniform());
      if (child.exitCode === null && child.kill('SIGKILL')) kills++;
    }
    await ended;
    if (child.exitCode !== null) return child.exitCode === 0 ? kills : NaN;
  }
}

describe('training', () => {
  it('learns: the loss on days that it has not seen falls, and so does that of differences', async () => {
    const { curve, iterations, status } = await trained({ training: tinyTraining({ iterations: 500, evaluateEvery: 50 }) });
    expect([iterations, status]).toEqual([500, 'iterations']);
    expect(curve.map(({ iteration }) => iteration)).toEqual([50, 100, 150, 200, 250, 300, 350, 400, 450, 500]);
    const [first, last] = [curve[0], curve[curve.length - 1]];
    expect(last.test.total).toBeLessThan(0.6 * first.test.total);
    expect(last.train.total).toBeLessThan(0.6 * first.train.total);
    expect(last.test.difference).toBeLessThan(first.test.difference!);
    expect(last.test.total).toBeCloseTo(last.test.absolute + tinyTraining().differenceWeight * last.test.difference!, 5);
  });

  it('keeps the weights of the best look where early stopping is on, and stops when there is no better one for long', async () => {
    const training = tinyTraining({ iterations: 400, learningRate: 0.05, learningRateDecay: 1, evaluateEvery: 5, earlyStoppingIterations: 20 });
    const { status, iterations, curve } = await trained({ training });
    expect(status).toBe('early-stop');
    const best = curve.reduce((a, b) => (b.test.total < a.test.total ? b : a));
    expect(iterations - best.iteration).toBe(20);
  });

  it('goes on from given weights, in small steps close to them, and from its own checkpoint before those', async () => {
    const first = await trained();
    removeCheckpoint(join(folder, 'checkpoint'));
    const further = { ...tinyTraining(), iterations: 4, learningRate: 1e-5 };
    const begun = (await trained({ training: further, options: { weights: first.weights } })).weights;
    let largest = 0;
    for (const [name, { data }] of begun)
      data.forEach((value, i) => (largest = Math.max(largest, Math.abs(value - first.weights.get(name)!.data[i]))));
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(1e-4); // Adam moves a weight by about the learning rate a step
    removeCheckpoint(join(folder, 'checkpoint'));
    const stopped = trained({ training: further, options: { weights: first.weights, ...stopAt(2) } });
    await expect(stopped).rejects.toThrow(InterruptedError);
    expectSameWeights((await trained({ training: further, options: { weights: first.weights } })).weights, begun);
  });

  it('stops after its time', async () => {
    const { status, iterations } = await trained({ training: tinyTraining({ iterations: 100000, maxMinutes: 0.005 }) });
    expect(status).toBe('time');
    expect(iterations).toBeLessThan(100000);
  });

  it('in the paper mode sees the prior run only', async () => {
    const periods = [tinyPeriod('winter', 1)];
    periods[0].runs.get('member01')!.emissions.fill(NaN);
    const surrogate = tinySurrogate({ mode: 'paper', window: [{ count: 4, hours: 1 }], initialConcentrations: 'prior' });
    const { curve } = await trained({ periods, surrogate, training: tinyTraining({ iterations: 5, differenceWeight: 0 }) });
    expect(curve[0].test).toEqual({ total: expect.any(Number) as number, absolute: curve[0].test.total });
  });
});

describe('a loss that is not finite stops the training and names step and tensor', () => {
  const spoiled = (spoil: (period: PreparedPeriod) => void): PreparedPeriod[] => {
    const period = tinyPeriod('winter', 1);
    spoil(period);
    return [period];
  };

  it.each([
    ['emissions', (period: PreparedPeriod): unknown => period.runs.get('member01')!.emissions.fill(NaN)],
    ['meteorology', (period: PreparedPeriod): unknown => period.meteorology.fill(NaN)],
    ['geography', (period: PreparedPeriod): unknown => period.geography.fill(Infinity)],
    ['target', (period: PreparedPeriod): unknown => period.runs.get('prior')!.concentrations.fill(NaN)],
  ])('%s', async (tensor, spoil) => {
    const failing = trained({ periods: spoiled(spoil) });
    await expect(failing).rejects.toThrow(NumericalError);
    await expect(failing).rejects.toThrow(`train: the loss is not finite at step 0: the batch holds NaN or infinite values in ${tensor};`);
  });

  it('weights that have grown out of bounds', async () => {
    await expect(trained({ options: stopAt(3) })).rejects.toThrow(InterruptedError);
    const checkpoint = readTensors(join(folder, 'checkpoint'));
    checkpoint.tensors.get('unet.middle.0.conv.weight')!.data.fill(1e38);
    writeTensors(join(folder, 'checkpoint'), checkpoint);
    await expect(trained()).rejects.toThrow(/^train: the loss is not finite at step 3: program: unet\.middle\.0\.conv wrote/);
  });
});

describe('training that was stopped', () => {
  const surrogate = tinySurrogate({ batchNorm: true, dropout: 0.1 });
  const training = killedTraining();

  it('goes on from its checkpoint bit for bit', async () => {
    const undisturbed = await trained({ surrogate, training, options: { checkpoint: join(folder, 'undisturbed') } });
    for (const step of [1, 33, 60]) {
      const stopped = trained({ surrogate, training, options: stopAt(step) });
      await expect(stopped).rejects.toThrow(InterruptedError);
      await expect(stopped).rejects.toThrow(`train: stopped at step ${step}; the checkpoint is ${join(folder, 'checkpoint')}`);
    }
    const resumed = await trained({ surrogate, training });
    expectSameWeights(resumed.weights, undisturbed.weights);
    expect(resumed.curve).toEqual(undisturbed.curve);
  });

  it('goes on from the checkpoint before where the last one is damaged, says so, and ends bit for bit the same', async () => {
    const undisturbed = await trained({ surrogate, training, options: { checkpoint: join(folder, 'undisturbed') } });
    const checkpoint = join(folder, 'checkpoint');
    for (const step of [20, 33]) await expect(trained({ surrogate, training, options: stopAt(step) })).rejects.toThrow(InterruptedError);
    expect(readTensors(checkpoint).metadata['iteration']).toBe(33);
    const before = readTensors(`${checkpoint}.previous`).metadata['iteration'];
    truncateSync(checkpoint, statSync(checkpoint).size - 1);
    const said: string[] = [];
    const resumed = await trained({ surrogate, training, options: { log: (text) => said.push(text) } });
    expect(said[0]).toMatch(/checkpoint: it is cut short or its checksum does not match what it holds: .*; it is passed over$/);
    expect(said).toContain(`resuming at step ${String(before)}`);
    expectSameWeights(resumed.weights, undisturbed.weights);
  });

  it('at its early stop ends there, with the best weights', async () => {
    const early = tinyTraining({ iterations: 400, learningRate: 0.05, learningRateDecay: 1, evaluateEvery: 5, earlyStoppingIterations: 20 });
    const undisturbed = await trained({ training: early, options: { checkpoint: join(folder, 'undisturbed') } });
    await expect(trained({ training: early, options: stopAt(undisturbed.iterations) })).rejects.toThrow(InterruptedError);
    const resumed = await trained({ training: early });
    expect([resumed.status, resumed.iterations]).toEqual(['early-stop', undisturbed.iterations]);
    expectSameWeights(resumed.weights, undisturbed.weights);
  });

  it('by kill -9 at random moments ends bit for bit as one that was not', async () => {
    const output = join(folder, 'weights');
    const kills = await runKilled(join(folder, 'checkpoint'), output);
    expect(kills).toBe(3);
    const undisturbed = await trained({ surrogate, training, options: { checkpoint: join(folder, 'undisturbed') } });
    expectSameWeights(readTensors(output).tensors, undisturbed.weights);
  });
});

describe('what cannot be trained is refused', () => {
  it('a period shorter than window and a day', async () => {
    const short = [tinyPeriod('winter', 1, { hours: WORLD.spinUpHours + 23 })];
    await expect(trained({ periods: short })).rejects.toThrow(DataError);
    await expect(trained({ periods: short })).rejects.toThrow(/period winter: 47 hours are too few/);
    expect(existsSync(join(folder, 'checkpoint'))).toBe(false);
  });

  it('a test of no day', async () => {
    await expect(trained({ training: tinyTraining({ testFraction: 0 }) })).rejects.toThrow(/training\.testFraction: 0 leaves no day of winter/);
  });
});

it('the learning rate starts small and ends at the given part of its height', () => {
  const training = tinyTraining({ iterations: 1000, learningRate: 0.01, learningRateDecay: 0.1 });
  expect(learningRateAt(0, training)).toBeCloseTo(0.01 / 50, 9); // the first of 1000/20 steps
  expect(learningRateAt(500, training)).toBeCloseTo(0.01 * 0.55, 9); // half way down the cosine from 1 to 0.1
  expect(learningRateAt(1000, training)).toBeCloseTo(0.001, 9);
});
