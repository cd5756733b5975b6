import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../../base/random';
import type { ForwardModel } from '../model/forward-model';
import { invert } from '../solve/invert';
import type { InversionSettings } from '../solve/inversion-problem';
import { plumeTwin, twinProblem, twinSettings } from '../testing/plume-twin';
import { dot } from '../../base/vectors';
import { conjugateGradients, GaussNewton } from './gauss-newton';

describe('conjugate gradients', () => {
  it('solves a system of n unknowns in n products, and sooner where fewer eigenvalues differ', async () => {
    const random = new Random(1);
    const rows = Array.from({ length: 6 }, () => Float64Array.from({ length: 6 }, () => random.normal()));
    const product = (vector: Float64Array): Promise<Float64Array> => {
      const half = rows.map((row) => dot(row, vector));
      return Promise.resolve(vector.map((value, i) => value + rows.reduce((sum, row, k) => sum + row[i] * half[k], 0)));
    };
    const b = Float64Array.from({ length: 6 }, () => random.normal());
    const { solution, products } = await conjugateGradients(product, b, { tolerance: 1e-10, maxIterations: 20 });
    expect(products).toBeLessThanOrEqual(7);
    (await product(solution)).forEach((value, i) => expect(value).toBeCloseTo(b[i], 8));
    const identity = await conjugateGradients((v) => Promise.resolve(v.map((x) => 3 * x)), b, { tolerance: 1e-10, maxIterations: 20 });
    expect(identity.products).toBe(1);
    expect((await conjugateGradients(product, b, { tolerance: 1e-10, maxIterations: 2 })).products).toBe(2);
  });
});

describe('Gauss–Newton', () => {
  const twin = plumeTwin(2);
  const settings: InversionSettings = { ...twinSettings, optimiser: 'gauss-newton', iterations: 12, stopOnWithheld: false };
  const problem = twinProblem(twin.prior, 2.5);

  it('ends where L-BFGS does, in fewer steps; the cost never rises', async () => {
    const found = await invert(twin.model, problem, settings);
    const costs = found.history.map(({ total }) => total);
    costs.slice(1).forEach((cost, i) => expect(cost).toBeLessThanOrEqual(costs[i]));
    const slow = await invert(twin.model, problem, { ...settings, optimiser: 'lbfgs', learningRate: 1, iterations: 300, tolerance: 1e-12 });
    expect(costs.at(-1)!).toBeLessThan(slow.history.at(-1)!.total * (1 + 1e-6));
    const within = (history: typeof found.history): number => history.findIndex(({ total }) => total < 1.0001 * costs.at(-1)!);
    expect(within(found.history)).toBeLessThanOrEqual(8);
    expect(within(slow.history)).toBeGreaterThan(40);
    found.factors.forEach((factor, p) => expect(Math.abs(factor - slow.factors[p])).toBeLessThan(1e-3));
    const products = found.history.map((point) => point.products!);
    expect(products[0]).toBe(0);
    products.slice(1).forEach((count, i) => expect(count).toBeGreaterThan(products[i]));
  });

  it('takes a step back that would raise the cost', async () => {
    // ½·10·x² with a Hessian that is said to be 1: the full step, −10·x, goes to −9·x.
    const cost = (x: Float64Array): number => 5 * dot(x, x);
    const gradient = (x: Float64Array): Float64Array => x.map((value) => 10 * value);
    const optimiser = new GaussNewton();
    const x = Float64Array.of(1, -2);
    const accepted = [cost(x)];
    let rejected = 0;
    for (let step = 0; step < 60; step++) {
      await optimiser.step(x, gradient(x), 1, cost(x), (vector) => Promise.resolve(vector.slice()));
      if (cost(x) > accepted.at(-1)!) rejected++;
      else accepted.push(cost(x));
    }
    expect(rejected).toBeGreaterThan(0);
    expect(accepted.at(-1)!).toBeLessThan(1e-6);
  });

  it.each(['tangents', 'addAdjoint'] as const)(
    'resumes bit for bit, also from an interruption within the products of a step (%s)',
    async (during) => {
      const expected = await invert(twin.model, problem, settings);
      const dir = mkdtempSync(join(tmpdir(), 'retroplume-gauss-newton-'));
      const checkpoint = { path: join(dir, 'checkpoint'), every: 1 };
      try {
        for (const stopAfter of [3, 40, 71]) {
          const abort = new AbortController();
          let calls = 0;
          const count = (kind: string, batches: number): void => {
            calls += kind === during ? batches : 0;
            if (calls >= stopAfter) abort.abort();
          };
          const model: ForwardModel = {
            shape: twin.model.shape,
            batches: twin.model.batches,
            observations: (batch) => twin.model.observations(batch),
            forward: (factors, batch) => twin.model.forward(factors, batch),
            addAdjoint: (gradient, batch) => {
              count('addAdjoint', 1);
              return twin.model.addAdjoint(gradient, batch);
            },
            takeGradient: () => twin.model.takeGradient(),
            tangents: (factors, direction, batches) => {
              count('tangents', batches.length);
              return twin.model.tangents(factors, direction, batches);
            },
          };
          await expect(invert(model, problem, settings, { signal: abort.signal, checkpoint })).rejects.toThrow(/run the same command again/);
          expect(await invert(twin.model, problem, settings, { checkpoint })).toEqual(expected);
          rmSync(checkpoint.path);
          rmSync(`${checkpoint.path}.previous`);
        }
      } finally {
        rmSync(dir, { recursive: true });
      }
    },
  );

  it("refuses batches and the paper's mode", async () => {
    await expect(invert(twin.model, problem, { ...settings, batch: 2 })).rejects.toThrow(/optimiser gauss-newton/);
    await expect(invert(twin.model, problem, { ...settings, mode: 'paper' })).rejects.toThrow(/no prior term/);
  });
});

describe('a step of Gauss–Newton', () => {
  const identity = (vector: Float64Array): Promise<Float64Array> => Promise.resolve(vector.slice());

  it('is taken back where the cost fell by less than a ten-thousandth of what the slope says', async () => {
    // From 0 with g = −1 and H = 1 to d = 1; the cost at 0 is 5.
    for (const [cost, taken] of [
      [5 - 0.9e-4, false],
      [5 - 1.1e-4, true],
    ] as const) {
      const optimiser = new GaussNewton();
      const control = Float64Array.of(0);
      await optimiser.step(control, Float64Array.of(-1), 1, 5, identity);
      expect(control[0]).toBe(1);
      await optimiser.step(control, Float64Array.of(-0.5), 1, cost, identity);
      expect(control[0]).toBe(taken ? 1.5 : 0.5); // on from there, or half of the way
    }
  });

  it('solves as exactly as Eisenstat and Walker choose', async () => {
    const optimiser = new GaussNewton();
    const control = Float64Array.of(0);
    const found: number[] = [];
    for (const [step, norm] of [1, 0.7, 0.07, 0.07].entries()) {
      await optimiser.step(control, Float64Array.of(-norm), 1, 10 - step, identity);
      found.push(optimiser.state().get('scalars')![3]);
    }
    // 0.3; 0.9·0.7²; not 0.9·0.1² but the safeguard 0.9·0.441²; 0.9 is more than the most, 0.5.
    [0.3, 0.441, 0.9 * 0.441 ** 2, 0.5].forEach((forcing, step) => expect(found[step]).toBeCloseTo(forcing, 12));
  });
});
