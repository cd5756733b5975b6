import { channelsLast, describeGolden, readGolden } from '../../graph/testing/golden';
import { batchCost, costScale, misfit, misfitCurvature, misfitDerivative, speciesWeights, type CostSettings, type Loss, Role } from './cost';
import { observationBatch } from '../testing/linear-models';
import { randomFloats } from '../testing/small-world';

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);

describe('batchCost', () => {
  it('agrees with four values worked by hand', () => {
    // u = (3 − 1)/2 = 1, (0 − 2)/2 = −1 and (9 − 2)/2 = 3.5 (species 1); the fourth is missing.
    const batch = observationBatch([1, 2, 2, NaN], 2, { species: [0, 0, 1, 1] });
    const simulated = Float32Array.of(3, 0, 9, 5);
    const run = (loss: Loss): [number[], number[]] => {
      const { cost, gradient } = batchCost(batch, simulated, { loss, divisor: 'none', weights: [1, 2] });
      return [[...cost], [...gradient]];
    };
    expect(run('l1')).toEqual([
      [2, 7],
      [0.5, -0.5, 1, 0],
    ]);
    expect(run('l2')).toEqual([
      [1, 12.25],
      [0.5, -0.5, 3.5, 0],
    ]);
    const [cost, gradient] = run('huber');
    expect(cost[0]).toBe(1);
    expect(cost[1]).toBeCloseTo(2 * 1.345 * (3.5 - 0.6725), 12);
    expect(gradient[2]).toBeCloseTo(1.345, 6);
  });

  it('keeps watched and withheld values out, and looks at withheld ones not at all', () => {
    const batch = observationBatch([1, 1, 1], 1, { role: [Role.used, Role.watched, Role.withheld] });
    const { cost, gradient, used, watched, nonFinite } = batchCost(batch, Float32Array.of(2, 4, NaN), { loss: 'l1', divisor: 'none', weights: [1] });
    expect([...cost]).toEqual([1]);
    expect([...gradient]).toEqual([1, 0, 0]);
    expect([used.n[0], used.absolute[0], watched.n[0], watched.absolute[0]]).toEqual([1, 1, 1, 3]);
    expect(nonFinite).toBeUndefined();
  });

  it('names the species of a simulated value that is not finite', () => {
    const batch = observationBatch([1, 1], 1, { species: [0, 1] });
    expect(batchCost(batch, Float32Array.of(2, Infinity), { loss: 'l1', divisor: 'none', weights: [1, 1] }).nonFinite).toBe(1);
  });

  it.each(['l1', 'l2', 'huber', 'student'] as const)('has the gradient of its cost: %s', (loss) => {
    for (const u of [-4, -1, 0.2, 1.3, 1.4, 6]) {
      const h = 1e-6;
      expect(misfitDerivative(u, loss)).toBeCloseTo((misfit(u + h, loss) - misfit(u - h, loss)) / (2 * h), 7);
    }
    const n = 12;
    const batch = observationBatch([...randomFloats(n, 1)], 0.5, { species: Array.from({ length: n }, (_, i) => i % 3) });
    const settings: CostSettings = { loss, divisor: 'none', weights: [1, 0.5, 2] };
    const simulated = randomFloats(n, 2);
    const { gradient } = batchCost(batch, simulated, settings);
    simulated.forEach((value, i) => {
      const h = 2 ** -8;
      const at = (x: number): number => sum(batchCost(batch, simulated.with(i, x), settings).cost);
      // Simulated values are float32: differences of 1/128 carry a relative 1e-5.
      expect((at(value + h) - at(value - h)) / (2 * h)).toBeCloseTo(gradient[i], 2);
    });
  });

  it.each(['l1', 'l2', 'huber', 'student'] as const)('has the curvature with which least squares would step as it does: %s', (loss) => {
    for (const u of [-4, -1, 0.2, 1.3, 1.4, 6]) expect(misfitCurvature(u, loss) * u).toBeCloseTo(misfitDerivative(u, loss), 12);
    expect(misfitCurvature(0, loss)).toBe({ l1: 10, l2: 1, huber: 1, student: 1.25 }[loss]); // of l1 that of a parabola below 0.1
  });

  it('takes a species that has a measure of its own by that', () => {
    const batch = observationBatch([1, 1], 0.5, { species: [0, 1] });
    const { cost, gradient } = batchCost(batch, Float32Array.of(3, 3), { loss: 'l1', lossOf: { 1: 'l2' }, divisor: 'none', weights: [1, 1] });
    expect([...cost]).toEqual([4, 8]); // |u| and ½u² of u = 4
    expect([...gradient]).toEqual([2, 8]); // φ'(u)/σ
  });

  it.each([
    ['none', 4], // two of eight batches stand for all
    ['observations', 1 / 30],
    ['cells', 1 / (5 * 12)], // N·h·w·l of eq. 5: five times, 12 = h·w·l
  ] as const)('divides by what a step saw: %s', (divisor, expected) => {
    const settings: CostSettings = { loss: 'l1', divisor, weights: [1], cells: 12 };
    expect(costScale(settings, { batches: 2, allBatches: 8, n: 30, times: 5 })).toBe(expected);
    expect(costScale({ ...settings, divisor: 'observations' }, { batches: 2, allBatches: 8, n: 0, times: 5 })).toBe(0);
  });

  it('gives every observed species the same say', () => {
    expect(speciesWeights([10, 30, 0, 20])).toEqual([2, 2 / 3, 0, 1]);
    expect(speciesWeights([5, 5])).toEqual([1, 1]);
  });
});

describeGolden('masked L1 (eq. 5) against PyTorch', () => {
  it.each([
    ['masked_l1_mask_even', 'observations'],
    ['masked_l1_mask_odd', 'observations'],
    ['masked_l1_paper_even', 'cells'],
    ['masked_l1_paper_odd', 'cells'],
  ] as const)('%s', (name, divisor) => {
    const golden = readGolden(name);
    const [times, species, rows, cols] = golden.array('in.yhat').shape;
    const simulated = channelsLast(golden.array('in.yhat')).data;
    const observed = channelsLast(golden.array('in.obs')).data;
    const batch = observationBatch([...observed], 1, { times, species: [...observed].map((_, i) => i % species) });
    const settings: CostSettings = { loss: 'l1', divisor, weights: [1, 1, 1, 1], cells: rows * cols * species };
    const { cost, gradient, used } = batchCost(batch, simulated, settings);
    const scale = costScale(settings, { batches: 1, allBatches: 1, n: sum(used.n), times });
    expect(Math.abs((sum(cost) * scale) / Number(golden.scalars['loss']) - 1)).toBeLessThan(1e-6);
    const expected = channelsLast(golden.array('g.in.yhat')).data;
    gradient.forEach((g, i) => expect(Math.abs(g * scale - expected[i])).toBeLessThan(1e-9));
  });
});
