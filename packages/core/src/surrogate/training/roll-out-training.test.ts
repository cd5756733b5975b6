/** Training through several windows, each with the output of the one before as y. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, InterruptedError } from '../../base/errors';
import { FrozenProgram } from '../model/frozen-program';
import { normalisationOf } from '../model/normalisation';
import type { Batch, WindowBatch } from '../model/batch';
import { CELLS, tinyPeriod, tinySurrogate, tinyTraining, WORLD } from '../testing/tiny-world';
import { samplerOf, train, type TrainOptions, type TrainResult } from './train';
import { TrainingProgram } from './training-program';

const FIELD = CELLS * 4;
const WINDOW_HOURS = 8;
const periods = [tinyPeriod('winter', 1)];
const spinUp = [WORLD.spinUpHours];
const normalisation = normalisationOf(periods, spinUp);
const surrogate = tinySurrogate({ initialConcentrations: 'rollout' });
const rollingOut = (windows: number, over: Record<string, unknown> = {}): ReturnType<typeof tinyTraining> =>
  tinyTraining({ rolloutWindows: windows, batch: 2, iterations: 30, ...over });

/** The hour of a period whose concentrations of a run a field holds. */
function hourOf(field: Float32Array, run: string): number {
  const { concentrations } = periods[0].runs.get(run)!;
  return Array.from({ length: WORLD.hours }, (_, hour) => hour).find((hour) => field.every((c, k) => c === concentrations[hour * FIELD + k]))!;
}

describe('samples of three windows', () => {
  const sampler = samplerOf(periods, spinUp, surrogate, rollingOut(3));

  it('follow each other; y of the first alone is the run’s', () => {
    const batch = sampler.test(0).arrays();
    const runs = ['prior', 'member01'].filter((run) => hourOf(batch.target.subarray(0, FIELD), run) !== undefined);
    const windows: WindowBatch[] = [...batch.earlier, batch];
    const hours = windows.map(({ target }) => hourOf(target.subarray(0, FIELD), runs[0]));
    expect(hours).toEqual([hours[2] - 2 * WINDOW_HOURS, hours[2] - WINDOW_HOURS, hours[2]]);
    expect(hourOf(windows[0].previous.subarray(0, FIELD), runs[0])).toBe(hours[0] - WINDOW_HOURS);
    expect(windows.map(({ previous }) => previous.length)).toEqual([2 * FIELD, 0, 0]);
  });

  it('are rescaled as a whole, y with the rest', () => {
    const plain = samplerOf(periods, spinUp, surrogate, rollingOut(3)).train(0).arrays();
    const rescaled = samplerOf(periods, spinUp, surrogate, rollingOut(3, { rescaling: 0.5 }))
      .train(0)
      .arrays();
    const factor = rescaled.target[0] / plain.target[0];
    expect(factor).not.toBe(1);
    const fields = ({ earlier: [first, second], ...last }: Batch): Float32Array[] =>
      [first.previous, first.emissions, first.target, second.tracers, second.target, last.emissions].map((field) => field.subarray(0, 8));
    fields(rescaled).forEach((field, i) => field.forEach((value, k) => expect(value / fields(plain)[i][k]).toBeCloseTo(factor, 5)));
  });

  it('need so many windows before them', () => {
    expect(() => samplerOf(periods, spinUp, surrogate, rollingOut(4, { testFraction: 0.5 }))).not.toThrow();
    const long = tinySurrogate({ initialConcentrations: 'rollout', window: [{ count: 1, hours: 18 }] });
    expect(() => samplerOf(periods, spinUp, long, rollingOut(3))).toThrow(ConfigError);
    expect(() => samplerOf(periods, spinUp, long, rollingOut(3))).toThrow(
      'training.rolloutWindows: windows of 54 h together leave no hour of winter to train or test on: lower it, or lengthen the period',
    );
  });
});

it('the loss is the mean over windows, each given what the one before makes of the run’s y', async () => {
  const training = rollingOut(2);
  const sampler = samplerOf(periods, spinUp, surrogate, training);
  const sizes = { batch: 2, steps: 4, rows: WORLD.rows, cols: WORLD.cols, meteorology: 3, geography: 1 };
  const program = new TrainingProgram(
    { surrogate, training, species: periods[0].species, sizes, normalisation, pairs: sampler.pairs },
    { threads: 1 },
  );
  const frozen = new FrozenProgram(surrogate, sizes, normalisation, program.weightsNow(), { threads: 1 }, { adjoint: false });
  const drawn = sampler.test(0);
  const batch = drawn.arrays();
  const [first] = batch.earlier;
  const before = (await frozen.forward({ ...first, geography: batch.geography })).slice();
  const after = await frozen.forward({ ...batch, previous: before });
  const error = (simulated: Float32Array, { target }: WindowBatch): number =>
    simulated.reduce((sum, s, i) => sum + Math.abs(s - target[i]) / normalisation.concentrations.scale[i % 4], 0) / simulated.length;
  const { absolute } = await program.evaluate([[drawn]]);
  expect(absolute).toBeCloseTo((error(before, first) + error(after, batch)) / 2, 4);
  program.dispose();
  frozen.dispose();
});

describe('a training that is rolled out', () => {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-roll-out-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const options = (name: string, over: Partial<TrainOptions> = {}): TrainOptions => ({ threads: 1, checkpoint: join(folder, name), ...over });
  const trained = (over: TrainOptions, batchNorm = false): Promise<TrainResult> =>
    train(periods, spinUp, { ...surrogate, batchNorm }, rollingOut(2, { evaluateEvery: 10, checkpointEvery: 5, noise: 0.05 }), normalisation, over);

  it.each([false, true])('resumes bit for bit (batch norm %s)', async (batchNorm) => {
    const whole = await trained(options(`whole ${batchNorm}`), batchNorm);
    expect(whole.curve.at(-1)!.train.total).toBeLessThan(whole.curve[0].train.total);
    const controller = new AbortController();
    const onProgress = (done: number): void => void (done === 13 && controller.abort());
    const name = `broken ${batchNorm}`;
    await expect(trained(options(name, { signal: controller.signal, onProgress }), batchNorm)).rejects.toThrow(InterruptedError);
    const resumed = await trained(options(name), batchNorm);
    expect(resumed.curve).toEqual(whole.curve);
    for (const [tensor, { data }] of whole.weights) expect([tensor, resumed.weights.get(tensor)?.data]).toEqual([tensor, data]);
  });

  it('names a tensor of an earlier window that is not finite', async () => {
    const spoiled = [tinyPeriod('winter', 1)];
    for (const run of spoiled[0].runs.values()) run.concentrations.subarray(0, 30 * FIELD).fill(NaN);
    await expect(train(spoiled, spinUp, surrogate, rollingOut(2), normalisation, options('spoiled'))).rejects.toThrow(
      /the batch holds NaN or infinite values in (previous|target)/,
    );
  });
});
