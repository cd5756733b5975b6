import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InterruptedError, NumericalError } from '../../base/errors';
import { Random } from '../../base/random';
import type { ForwardModel } from './forward-model';
import { GaussNewtonHessian } from '../cost/hessian';
import { invert, type InversionOptions, type InversionResult } from '../solve/invert';
import type { InversionSettings } from '../solve/inversion-problem';
import { endHelp, helpInvert, SharedModel } from './shared-model';
import { gaussianWorld } from '../testing/gaussian-world';
import { ranksInProcess } from '../testing/ranks-in-process';
import { lowRank, type LowRank } from '../uncertainty/low-rank';

const { problem, settings: newton } = gaussianWorld(12);
const settings: InversionSettings = { ...newton, optimiser: 'lbfgs', iterations: 12 };
const model = (): ForwardModel => gaussianWorld(12).model;

/** How often a model is run forward, per batch. */
function counted(inner: ForwardModel, runs: number[]): ForwardModel {
  const forward = inner.forward.bind(inner);
  return Object.assign(inner, {
    forward: (factors: Float64Array, batch: number) => {
      runs[batch] = (runs[batch] ?? 0) + 1;
      return forward(factors, batch);
    },
  });
}

/** Inverts on two ranks, whose models may be spoiled. */
async function onTwo(
  options: InversionOptions = {},
  models: ForwardModel[] = [model(), model()],
): Promise<{ first: InversionResult; helped: unknown }> {
  const [ranks, other] = ranksInProcess(2);
  let disposed = false;
  const helping = helpInvert(other, () => Promise.resolve({ model: models[1], dispose: () => (disposed = true) })).then(
    () => 'done',
    (error: unknown) => error,
  );
  try {
    const first = await invert(new SharedModel(models[0], ranks), problem, settings, options);
    await endHelp(ranks);
    return { first, helped: await helping };
  } catch (error) {
    await endHelp(ranks, error as Error);
    expect(await helping).toBeInstanceOf(InterruptedError);
    throw error;
  } finally {
    expect(disposed).toBe(true);
  }
}

it('an inversion that ranks share ends as that of one, each with its own batches', async () => {
  const runs: number[][] = [[], []];
  const alone = await invert(model(), problem, settings);
  const { first, helped } = await onTwo(
    {},
    runs.map((each) => counted(model(), each)),
  );
  expect(helped).toBe('done');
  // The batches are of slots that have nothing to do with each other: nothing is rounded otherwise.
  expect(first).toEqual(alone);
  expect([runs[0][1], runs[1][0]]).toEqual([undefined, undefined]);
  expect(runs[0][0]).toBe(runs[1][1]);
});

it("Gauss–Newton's products are shared, and those with the Hessian of single parts are not", async () => {
  const runs: number[][] = [[], []];
  const [ranks, other] = ranksInProcess(2);
  const helping = helpInvert(other, () => Promise.resolve({ model: counted(model(), runs[1]), dispose: () => undefined }));
  const shared = new SharedModel(counted(model(), runs[0]), ranks);
  expect(await invert(shared, problem, newton)).toEqual(await invert(model(), problem, newton));
  expect([runs[0][1], runs[1][0]]).toEqual([undefined, undefined]);
  expect(runs[0][0]).toBe(runs[1][1]);
  const { context, control } = gaussianWorld(12);
  const at = control.initial();
  const found = async (of: ForwardModel): Promise<LowRank> =>
    lowRank(new GaussNewtonHessian({ ...context, model: of }, at), of, control, { rank: 5, species: 2, random: new Random(3) });
  expect(await found(shared)).toEqual(await found(model()));
  expect(runs[0][1]).toBeGreaterThan(0); // its part has one batch
  // Parts of several batches, as periods of hours are: here one part of both.
  runs[0].length = 0;
  const whole = (of: ForwardModel): ForwardModel => Object.create(of, { parts: { value: undefined } }) as ForwardModel;
  expect(await found(whole(shared))).toEqual(await found(whole(model())));
  expect(runs[0][1]).toBeUndefined();
  await endHelp(ranks);
  await helping;
});

it('an interruption reaches the others', async () => {
  const controller = new AbortController();
  const failing = onTwo({ signal: controller.signal, onProgress: (done) => (done === 3 ? controller.abort() : undefined) });
  await expect(failing).rejects.toThrow(InterruptedError);
});

it.each([
  ['the first', 0, /stopped after step 2: run the same command again/],
  ['another', 1, /stopped after step 2: run the same command again/],
])('an interruption of %s rank in the middle of a pass leaves none waiting for it, and the state is kept', async (_, rank, told) => {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-shared-'));
  const checkpoint = { path: join(folder, 'checkpoint'), every: 100 };
  const controller = new AbortController();
  // Three evaluations, of one batch each: the second step is done.
  const stopping = (inner: ForwardModel): ForwardModel => {
    let runs = 0;
    const forward = inner.forward.bind(inner);
    return Object.assign(inner, {
      forward: (factors: Float64Array, batch: number) => {
        if (++runs === 3) controller.abort();
        controller.signal.throwIfAborted();
        return forward(factors, batch);
      },
    });
  };
  const models = [model(), model()].map((each, r) => (r === rank ? stopping(each) : each));
  try {
    await expect(onTwo({ checkpoint, ...(rank === 0 ? { signal: controller.signal } : {}) }, models)).rejects.toThrow(told);
    expect((await onTwo({ checkpoint })).first).toEqual(await invert(model(), problem, settings));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('a value that is not finite on another rank is told with its batch', async () => {
  const spoiled = Object.assign(model(), { forward: () => Promise.resolve(new Float64Array(12).fill(NaN)) });
  const failing = onTwo({}, [model(), spoiled]);
  await expect(failing).rejects.toThrow(NumericalError);
  await expect(onTwo({}, [model(), spoiled])).rejects.toThrow(/of batch 1 became NaN or infinite at iteration 0/);
});
