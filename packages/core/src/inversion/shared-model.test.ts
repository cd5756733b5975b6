import { InterruptedError, NumericalError } from '../errors';
import type { ForwardModel } from './forward-model';
import { invert, type InversionOptions, type InversionResult } from './invert';
import type { InversionSettings } from './inversion-settings';
import { endHelp, helpInvert, SharedModel } from './shared-model';
import { gaussianWorld } from './testing/gaussian-world';
import { ranksInProcess } from './testing/ranks-in-process';

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

it('what a single batch is asked for the first rank makes alone: Gauss–Newton', async () => {
  const [ranks, other] = ranksInProcess(2);
  const helping = helpInvert(other, () => Promise.resolve({ model: model(), dispose: () => undefined }));
  const shared = await invert(new SharedModel(model(), ranks), problem, newton);
  await endHelp(ranks);
  await helping;
  expect(shared).toEqual(await invert(model(), problem, newton));
});

it('an interruption reaches the others', async () => {
  const controller = new AbortController();
  const failing = onTwo({ signal: controller.signal, onProgress: (done) => (done === 3 ? controller.abort() : undefined) });
  await expect(failing).rejects.toThrow(InterruptedError);
});

it('a value that is not finite on another rank is told with its batch', async () => {
  const spoiled = Object.assign(model(), { forward: () => Promise.resolve(new Float64Array(12).fill(NaN)) });
  const failing = onTwo({}, [model(), spoiled]);
  await expect(failing).rejects.toThrow(NumericalError);
  await expect(onTwo({}, [model(), spoiled])).rejects.toThrow(/of batch 1 became NaN or infinite at iteration 0/);
});
