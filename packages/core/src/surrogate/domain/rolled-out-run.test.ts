import { GROUPS } from '../../base/species';
import { sourceOf } from '../../fields/training-period';
import type { SourceGradients, SurrogateInputs } from '../model/frozen-program';
import { DomainRun } from './domain-run';
import { chainBlocks, RolledOutRun, ScaledInitial } from './rolled-out-run';
import { randomSurrogate } from '../testing/random-surrogate';
import { CELLS, tinyPeriod, tinySurrogate, WORLD } from '../testing/tiny-world';
import { wholeDomain } from '../model/tiles';
import { randomFloats } from '../../inversion/testing/small-world';
import { dot } from '../../base/vectors';

const GROUP_COUNT = GROUPS.length;

describe('the hours of a chain', () => {
  it('are those asked for and, window by window, those before, down to the first whose y is of the prior run', () => {
    expect(chainBlocks([30, 17], 8)).toEqual([[9, 14], [17, 22], [30]]);
    expect(chainBlocks([8], 8)).toEqual([[8]]);
    expect(chainBlocks([], 8)).toEqual([]);
  });

  it('do not begin before a window with its y fits', () => {
    expect(() => chainBlocks([20, 7], 8)).toThrow('rolled-out run: expected hours from 8 on but received 7');
  });
});

/** S = 0.5 y + (mean of NOx over the window's steps) · 1e9 for NO2; the other species only hand y on, by half. */
const halving = {
  sizes: { batch: 2 },
  forward({ emissions, previous }: SurrogateInputs): Promise<Float32Array> {
    const steps = emissions.length / (2 * CELLS * GROUP_COUNT);
    return Promise.resolve(
      previous.map((y, i) => {
        const [n, cell, species] = [Math.floor(i / (CELLS * 4)), Math.floor(i / 4) % CELLS, i % 4];
        let sum = 0;
        for (let step = 0; step < steps; step++) sum += emissions[((n * steps + step) * CELLS + cell) * GROUP_COUNT];
        return 0.5 * y + (species === 0 ? (1e9 * sum) / steps : 0);
      }),
    );
  },
  adjoint(seed: Float32Array): Promise<SourceGradients> {
    const steps = 4;
    const emissions = new Float32Array(2 * steps * CELLS * GROUP_COUNT);
    for (let n = 0; n < 2; n++)
      for (let step = 0; step < steps; step++)
        for (let cell = 0; cell < CELLS; cell++)
          emissions[((n * steps + step) * CELLS + cell) * GROUP_COUNT] = (1e9 / steps) * seed[(n * CELLS + cell) * 4];
    return Promise.resolve({ emissions, tracers: new Float32Array(), previous: seed.map((g) => 0.5 * g) });
  },
  dispose(): void {},
};

function madeByHand(hours: number[], signal?: AbortSignal): { rolled: RolledOutRun; plain: DomainRun; prior: Float32Array } {
  const period = tinyPeriod('winter', 1);
  period.runs.get('prior')!.emissions.fill(1e-9); // every window's mean, times 1e9, is 1
  const surrogate = randomSurrogate(tinySurrogate({ initialConcentrations: 'rollout', tracers: [] }), [period]);
  const sources = [sourceOf(period)];
  const options = { surrogate, sources, tiling: wholeDomain(WORLD), engine: halving, adjoint: halving, batchSize: 2, threads: 1 };
  const run = (): DomainRun => new DomainRun(options);
  const rolled = new RolledOutRun(run(), [hours], signal);
  return { rolled, plain: run(), prior: period.runs.get('prior')!.concentrations };
}

/** Factors of `f` on NOx everywhere. */
const factorsOf = (f: number): Float32Array => Float32Array.from({ length: CELLS * GROUP_COUNT }, (_, i) => (i % GROUP_COUNT === 0 ? f : 1));

describe('a network that halves y and adds the emissions, by hand', () => {
  it('hands on its own output: 24 = 3 windows from the prior run at hour 0', async () => {
    const { rolled, plain, prior } = madeByHand([24, 31]);
    const run = { period: 0, hours: [24], factors: { data: factorsOf(3) } };
    const [no2, so2] = await rolled.forward(run);
    // S_8 = C_0 / 2 + 3; S_16 = S_8 / 2 + 3; S_24 = S_16 / 2 + 3 = C_0 / 8 + 0.75 + 1.5 + 3
    expect(no2).toBeCloseTo(prior[0] / 8 + 5.25, 4);
    expect(so2).toBeCloseTo(prior[1] / 8, 4);
    // With y from the prior run only the last window's emissions are answered.
    expect((await plain.forward(run))[0]).toBeCloseTo(prior[16 * CELLS * 4] / 2 + 3, 4);
  });

  it('answers the emissions of all windows: dS_24/df = 1 + 1/2 + 1/4, where y of the prior run leaves 1', async () => {
    const { rolled, plain } = madeByHand([16, 24]);
    const factors = { data: factorsOf(1) };
    const gradientOf = async (model: RolledOutRun | DomainRun, hour: number): Promise<number> => {
      const run = { period: 0, hours: [hour], factors };
      const seed = (await model.forward(run)).map((_, i) => (i === 0 ? 1 : 0));
      const out = new Float32Array(factors.data.length);
      await model.addAdjoint(run, seed, out);
      await model.finishAdjoint(0, { data: out });
      return out[0];
    };
    expect(await gradientOf(plain, 24)).toBeCloseTo(1, 5);
    expect(await gradientOf(rolled, 24)).toBeCloseTo(1.75, 5);
    expect(await gradientOf(rolled, 16)).toBeCloseTo(1.5, 5); // nothing of the call before is left
  });

  it('is made anew for other factors, in an array that was changed in place too', async () => {
    const { rolled } = madeByHand([24]);
    const data = factorsOf(1);
    const run = { period: 0, hours: [24], factors: { data } };
    const [before] = await rolled.forward(run);
    data.set(factorsOf(2));
    expect((await rolled.forward(run))[0] - before).toBeCloseTo(1.75, 4);
  });

  it('ends between two windows where it is interrupted, forward and backward', async () => {
    const abort = new AbortController();
    const { rolled } = madeByHand([24], abort.signal);
    const run = { period: 0, hours: [24], factors: { data: factorsOf(1) } };
    const seed = await rolled.forward(run);
    await rolled.addAdjoint(run, seed, new Float32Array());
    abort.abort();
    await expect(rolled.finishAdjoint(0, { data: new Float32Array(factorsOf(1).length) })).rejects.toThrow(/aborted/);
    await expect(rolled.forward({ ...run, factors: { data: factorsOf(2) } })).rejects.toThrow(/aborted/);
  });
});

const FIELD = CELLS * 4;
const period = tinyPeriod('winter', 1, { hours: 30 });
const { concentrations } = period.runs.get('prior')!;
const source = sourceOf(period);

it('factors of a day are on its hours, and hours that no window takes stay empty', () => {
  const initial = new ScaledInitial(source, [3, 25]);
  expect(initial.days).toBe(2);
  const factors = Float32Array.from({ length: 2 * FIELD }, (_, i) => (i < FIELD ? 2 : 3));
  const y = initial.scale(factors);
  expect(y.hours({ first: 3, count: 1 })).toEqual(concentrations.slice(3 * FIELD, 4 * FIELD).map((c) => 2 * c));
  expect(y.hours({ first: 25, count: 1 })).toEqual(concentrations.slice(25 * FIELD, 26 * FIELD).map((c) => 3 * c));
  expect(y.hours({ first: 4, count: 1 }).every((c) => c === 0)).toBe(true);
  factors.fill(1);
  expect(initial.scale(factors).hours({ first: 3, count: 1 })).toEqual(concentrations.slice(3 * FIELD, 4 * FIELD));
});

it('its adjoint is its transpose: ⟨w, y(g)⟩ = ⟨yᵀ(w), g⟩, and is taken once', () => {
  const initial = new ScaledInitial(source, [0, 5, 23, 24, 29]);
  const [g, w] = [randomFloats(2 * FIELD, 1), randomFloats(30 * FIELD, 2)];
  const y = initial.scale(g);
  initial.gradientStore().write(0, w);
  const gradient = new Float32Array(2 * FIELD);
  initial.takeAdjoint(gradient);
  const left = dot(Float64Array.from(y.hours({ first: 0, count: 30 })), w);
  // Single precision, some thousand products.
  expect(Math.abs(left - dot(Float64Array.from(gradient), g))).toBeLessThan(1e-5 * Math.abs(left));
  const again = new Float32Array(2 * FIELD);
  initial.takeAdjoint(again);
  expect(again.every((value) => value === 0)).toBe(true);
});
