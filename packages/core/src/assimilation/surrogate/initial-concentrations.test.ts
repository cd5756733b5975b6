/** The forward model where y of the windows is rolled out, or a part of the control. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GROUPS, SPECIES } from '../../base/species';
import { sourceOf } from '../../fields/training-period';
import { factorCount } from '../../inversion/model/forward-model';
import { invert, type InversionOptions, type InversionResult } from '../../inversion/solve/invert';
import { randomFloats } from '../../inversion/testing/small-world';
import { dot } from '../../base/vectors';
import { networkSettings } from '../../surrogate/model/surrogate-settings';
import { OnnxEngine } from '../../surrogate/model/onnx-engine';
import { randomSurrogate } from '../../surrogate/testing/random-surrogate';
import { tinyPeriod, tinySurrogate, WORLD } from '../../surrogate/testing/tiny-world';
import { smallestSide, tilesOf } from '../../surrogate/model/tiles';
import { adjointDifference } from './adjoint-difference';
import { surrogateOnnx, vjpOnnx } from './onnx-models';
import { SurrogateForwardModel, type SurrogateForwardOptions } from './surrogate-forward-model';
import { expectClose } from '../testing/tiny-forward-model';
import { problemOf } from '../testing/tiny-problem';

const HOURS_AT_ONCE = 3;
const periods = [tinyPeriod('winter', 1), tinyPeriod('summer', 2)];
const sources = periods.map((period) => sourceOf(period));

type From = 'prior' | 'rollout' | 'control';

/** The residual network: no pooling, whose kinks would blur the differences as those of a PReLU would. */
function surrogateOf(initialConcentrations: From, tracers: { lifetime: number }[] = []): ReturnType<typeof randomSurrogate> {
  const surrogate = randomSurrogate(tinySurrogate({ network: 'resnet', residualBlocks: 1, initialConcentrations, tracers }), periods, true);
  surrogate.weights.get('head.conv0.bias')!.data.fill(20); // so that y, a chain of outputs or changed as a whole, shuts no rectifier of the head
  return surrogate;
}

const disposals: (() => void)[] = [];
afterEach(() => disposals.splice(0).forEach((dispose) => dispose()));

interface Variant extends Partial<SurrogateForwardOptions> {
  resolution?: 'hourly' | 'daily';
  tracers?: { lifetime: number }[];
}

function modelOf(from: From, { resolution = 'hourly', tracers, ...over }: Variant = {}): SurrogateForwardModel {
  const surrogate = surrogateOf(from, tracers);
  const { rows, cols } = over.tiling ?? WORLD;
  const engine = surrogate.program(over.tiling ? 1 : HOURS_AT_ONCE, rows, cols, { threads: 1 }, { adjoint: true });
  const problems = sources.map((period) => problemOf(period, resolution));
  const model = new SurrogateForwardModel(surrogate, engine, problems, { anchored: true, factors: 'period', threads: 1, ...over });
  disposals.push(() => model.dispose(), engine.dispose.bind(engine));
  return model;
}

const sizeOf = ({ shape, initialConcentrations }: SurrogateForwardModel): number =>
  factorCount(shape) + (initialConcentrations ? factorCount(initialConcentrations) : 0);

function randomFactors(model: SurrogateForwardModel, seed: number): Float32Array {
  return randomFloats(sizeOf(model), seed).map((z) => 1 + 0.2 * Math.tanh(z));
}

async function gradientOf(model: SurrogateForwardModel, factors: Float32Array, weights: readonly Float32Array[]): Promise<Float32Array> {
  for (let batch = 0; batch < model.batches; batch++) {
    await model.forward(factors, batch);
    await model.addAdjoint(weights[batch], batch);
  }
  return model.takeGradient();
}

async function simulated(model: SurrogateForwardModel, factors: Float32Array): Promise<Float32Array[]> {
  const out: Float32Array[] = [];
  for (let batch = 0; batch < model.batches; batch++) out.push(await model.forward(factors, batch));
  return out;
}

const weightsOf = (model: SurrogateForwardModel): Float32Array[] =>
  Array.from({ length: model.batches }, (_, batch) => randomFloats(model.observations(batch).values.length, 6 + batch));

describe('the adjoint over all batches is the transpose of the derivative: ⟨K·df, w⟩ = ⟨df, Kᵀ·w⟩', () => {
  const cases = (['rollout', 'control'] as const).flatMap((from) =>
    (['period', 'hour'] as const).flatMap((factors) =>
      [
        { anchored: true, resolution: 'hourly' as const, tracers: [] },
        { anchored: false, resolution: 'daily' as const, tracers: [{ lifetime: 2 }, { lifetime: 20 }] },
      ].map((variant) => ({ from, factors, ...variant })),
    ),
  );

  it.each(cases)('$from, factors per $factors, anchored $anchored, $resolution, tracers $tracers', async ({ from, ...variant }) => {
    const model = modelOf(from, variant);
    const factors = randomFactors(model, 4);
    const direction = randomFloats(factors.length, 5);
    const epsilon = 2e-3;
    const shifted = (sign: number): Promise<Float32Array[]> =>
      simulated(
        model,
        factors.map((f, i) => f + sign * epsilon * direction[i]),
      );
    const weights = weightsOf(model);
    const [up, down] = [await shifted(1), await shifted(-1)];
    const left = weights.reduce(
      (sum, w, batch) =>
        sum +
        dot(
          Float64Array.from(up[batch], (value, i) => (value - down[batch][i]) / (2 * epsilon)),
          w,
        ),
      0,
    );
    const right = dot(direction, await gradientOf(model, factors, weights));
    expect(Math.abs(right)).toBeGreaterThan(0.1);
    // Single precision: values of order ten have rounding of about 1e-6, over 2ε = 4e-3, and there are some hundred of them.
    expect(Math.abs(left - right)).toBeLessThan(0.01 + 2e-4 * Math.abs(right));
  });
});

describe('rolled out', () => {
  it('the gradient holds earlier emissions that y of the prior run hides', async () => {
    const [prior, rolled] = [modelOf('prior', { factors: 'hour' }), modelOf('rollout', { factors: 'hour' })];
    const field = WORLD.rows * WORLD.cols * GROUPS.length;
    const earliest = async (model: SurrogateForwardModel): Promise<number> => {
      const weights = Array.from({ length: model.batches }, (_, batch) => new Float32Array(model.observations(batch).values.length));
      weights[0].fill(1);
      const gradient = await gradientOf(model, randomFactors(model, 4), weights);
      return Math.floor(gradient.findIndex((g) => g !== 0) / field);
    };
    // The first batch compares hours 27, 33 and 39 with windows of 8 h: 27 − 7 = 20; its chain goes on with 19, whose window begins at 12, and 11, at 4;
    // that of 33 with 25, 17 and 9, at 2; that of 39 with 31, 23 and 15, at 8. Beyond is y of the prior run.
    expect(await earliest(prior)).toBe(20);
    expect(await earliest(rolled)).toBe(2);
  });

  it('on tiles is that of the whole domain', async () => {
    const network = networkSettings(surrogateOf('rollout').description.settings, SPECIES.length);
    const tiling = tilesOf(network, WORLD, smallestSide(network, WORLD));
    expect(tiling.tiles.length).toBeGreaterThan(3);
    const variant = { factors: 'hour' as const, tracers: [{ lifetime: 5 }], anchored: false };
    const [whole, tiled] = [modelOf('rollout', variant), modelOf('rollout', { ...variant, tiling, hours: HOURS_AT_ONCE })];
    const factors = randomFactors(whole, 4);
    const [a, b] = [await simulated(whole, factors), await simulated(tiled, factors)];
    a.forEach((values, batch) => expectClose(b[batch], values));
    const weights = weightsOf(whole);
    expectClose(await gradientOf(tiled, factors, weights), await gradientOf(whole, factors, weights));
  });
});

describe('as a part of the control', () => {
  it('factors of 1 on initial concentrations are those of the prior run, bit for bit', async () => {
    const [prior, control] = [modelOf('prior', { anchored: false }), modelOf('control', { anchored: false })];
    expect(control.initialConcentrations).toEqual({ slots: 2 * 3, rows: WORLD.rows, cols: WORLD.cols, groups: SPECIES.length });
    const factors = randomFactors(prior, 4);
    const both = new Float32Array(sizeOf(control)).fill(1);
    both.set(factors);
    expect(await simulated(control, both)).toEqual(await simulated(prior, factors));
  });
});

it.each(['rollout', 'control'] as const)('%s: the anchored prediction is the anchor itself, bit for bit, where nothing is changed', async (from) => {
  const model = modelOf(from);
  const values = await simulated(model, new Float32Array(sizeOf(model)).fill(1));
  expect(values.flatMap((each) => [...each])).toEqual(sources.flatMap((period) => [...problemOf(period, 'hourly').anchor]));
});

it.each(['rollout', 'control'] as const)('%s: ONNX Runtime gives the gradient of the native program', async (from) => {
  const surrogate = surrogateOf(from, [{ lifetime: 5 }]);
  const models = { forward: surrogateOnnx(surrogate), vjp: vjpOnnx(surrogate) };
  const engine = await OnnxEngine.load(models, surrogate, { ...WORLD, batch: HOURS_AT_ONCE }, 1);
  const problems = sources.map((period) => problemOf(period, 'hourly'));
  const onnx = new SurrogateForwardModel(surrogate, engine, problems, { anchored: false, factors: 'period', threads: 1 });
  const native = modelOf(from, { tracers: [{ lifetime: 5 }], anchored: false });
  const factors = randomFactors(native, 4);
  const weights = weightsOf(native);
  expectClose(await gradientOf(onnx, factors, weights), await gradientOf(native, factors, weights), 1e-4);
  expect(await adjointDifference(surrogate, { rows: 8, cols: 8 }, 1)).toBeLessThan(1e-4);
  onnx.dispose();
  engine.dispose();
});

describe('an inversion that is interrupted and resumed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-initial-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function run(model: SurrogateForwardModel, options: InversionOptions): Promise<InversionResult> {
    return invert(
      model,
      {
        groups: GROUPS,
        species: SPECIES,
        lengthCells: 2,
        initialConcentrations: { spread: 0.2, lengthCells: 3 },
        priorEmissions: new Float32Array(factorCount(model.shape)).fill(1),
      },
      {
        mode: 'default',
        iterations: 6,
        optimiser: 'lbfgs',
        learningRate: 1,
        loss: 'l2',
        lossDivisor: 'observations',
        bound: 3,
        batch: 0,
        priorSpread: Object.fromEntries(GROUPS.map((group) => [group, 0.5])),
        stopOnWithheld: false,
        seed: 1,
      },
      options,
    );
  }

  it.each(['rollout', 'control'] as const)('%s: ends bit for bit as one that was not', async (from) => {
    const whole = await run(modelOf(from), {});
    expect(whole.history.at(-1)!.total).toBeLessThan(whole.history[0].total);
    const checkpoint = { path: join(folder, `${from}.safetensors`), every: 1 };
    const abort = new AbortController();
    const stop = (done: number): void => void (done >= 3 && abort.abort());
    const broken = run(modelOf(from, { signal: abort.signal }), { checkpoint, signal: abort.signal, onProgress: stop });
    await expect(broken).rejects.toThrow(/inversion: stopped after step [34]: run the same command again/);
    const resumed = await run(modelOf(from), { checkpoint });
    expect(resumed).toEqual(whole);
    if (from === 'rollout') return expect(whole.initialConcentrations).toBeUndefined();
    const { gain, factors } = whole.initialConcentrations!;
    expect(factors).toHaveLength(6 * 64 * 4);
    expect(factors.some((g) => Math.abs(g - 1) > 1e-3)).toBe(true);
    expect(gain.both.observation).toBe(whole.history.find(({ iteration }) => iteration === whole.keptIteration)!.observation);
    expect(gain.prior.observation).toBe(whole.history[0].observation);
    expect(gain.emissions.observation).toBeGreaterThan(gain.both.observation);
  });
});
