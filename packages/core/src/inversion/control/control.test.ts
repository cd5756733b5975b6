import { describeGolden, readGolden, channelsLast } from '../../graph/testing/golden';
import { CorrelationFilter } from '../../grid/correlation';
import { ConfigError } from '../../base/errors';
import { CentredControl } from './joint-control';
import { type Control, emittingCells } from './control';
import { LinearControl } from './linear-control';
import { LogFactorControl } from './log-factor-control';
import { Sgd } from '../optimisers/first-order';
import { roundTheClock, blockRegions, groupRoot, RegionBasis } from './correlation-bases';
import { normals } from '../testing/small-world';
import { dot } from '../../base/vectors';

const shape = { slots: 3, rows: 4, cols: 5, groups: 2 };
const size = 3 * 4 * 5 * 2;

const drawn = (seed: number): Float64Array => normals(size, seed);

const emitting = emittingCells(drawn(1).map((x) => (x > -1 ? 1 : 0)));

function logControl(slotCorrelation = 0.6): LogFactorControl {
  return new LogFactorControl(shape, { spread: [0.5, 0.1], basis: new CorrelationFilter(4, 5, 1.5), bound: 3, slotCorrelation, emitting });
}

/** dJ/d(control) of J = Σ w·factor against central differences along random directions. */
function checkGradient(control: Control, at: Float64Array): void {
  const weights = drawn(5);
  const derivative = control.derivativeAt(at);
  const gradient = derivative.gradient(weights);
  const value = (x: Float64Array): number => dot(control.factors(x), weights);
  for (let direction = 0; direction < 5; direction++) {
    const d = drawn(10 + direction);
    const h = 1e-5;
    const difference = (value(at.map((x, i) => x + h * d[i])) - value(at.map((x, i) => x - h * d[i]))) / (2 * h);
    expect(Math.abs(difference - dot(gradient, d))).toBeLessThan(1e-8 * Math.sqrt(dot(gradient, gradient) * dot(d, d)));
    expect(dot(derivative.tangent(d), weights)).toBeCloseTo(dot(gradient, d), 10);
  }
}

describe('LogFactorControl', () => {
  it('starts from the prior: every factor 1', () => {
    const control = logControl();
    expect(control.factors(control.initial()).every((f) => f === 1)).toBe(true);
    expect(control.penalty(control.initial())).toBe(0);
  });

  it.each([0, 0.6])('has an exact adjoint of the map to log factors (slot correlation %f)', (rho) => {
    const control = logControl(rho);
    const [v, w] = [drawn(2), drawn(3)];
    expect(dot(control.logFactors(v), w)).toBeCloseTo(dot(v, control.logFactorsAdjoint(w)), 11);
  });

  it('has the prior spread of its group in every slot and cell', () => {
    const control = logControl();
    for (const index of [0, 1, 41, 119]) {
      // The variance of z_i is |row i of σTS|², and that row is the adjoint of the unit vector.
      const unit = new Float64Array(size);
      unit[index] = 1;
      const row = control.logFactorsAdjoint(unit);
      expect(Math.sqrt(dot(row, row))).toBeCloseTo([0.5, 0.1][index % 2], 10);
    }
  });

  it('correlates neighbouring slots by ρ', () => {
    const control = logControl();
    const [a, b] = [0, 40].map((index) => {
      const unit = new Float64Array(size);
      unit[index] = 1;
      return control.logFactorsAdjoint(unit);
    });
    expect(dot(a, b) / 0.25).toBeCloseTo(0.6, 10);
  });

  it('takes a correlation of its own for each slot', () => {
    const control = new LogFactorControl(shape, {
      spread: [0.5, 0.1],
      basis: new CorrelationFilter(4, 5, 1.5),
      bound: 3,
      emitting,
      slotCorrelation: [9, 0, 0.6], // the first means nothing
    });
    const rowOf = (index: number): Float64Array => control.logFactorsAdjoint(Float64Array.from({ length: size }, (_, i) => (i === index ? 1 : 0)));
    const [first, second, third] = [0, 40, 80].map(rowOf);
    expect([dot(first, second), dot(second, third) / 0.25].map((value) => Math.round(value * 1e9) / 1e9)).toEqual([0, 0.6]);
    checkGradient(control, drawn(6));
  });

  it('takes the matrix of each period, hours of the day round the clock', () => {
    const slots = 26; // a day and a period of two hours
    const wide = { ...shape, slots };
    const all = slots * 40;
    const control = new LogFactorControl(wide, {
      spread: [0.5, 0.1],
      basis: new CorrelationFilter(4, 5, 1.5),
      bound: 3,
      emitting: new Uint8Array(all).fill(1),
      slotCorrelation: { ofPeriods: [roundTheClock(24, 12), roundTheClock(2, 12)] },
    });
    const rowOf = (slot: number): Float64Array => control.logFactorsAdjoint(Float64Array.from({ length: all }, (_, i) => (i === 40 * slot ? 1 : 0)));
    const between = (a: number, b: number): number => dot(rowOf(a), rowOf(b)) / 0.25;
    for (const [a, b, hours] of [
      [0, 0, 0],
      [0, 1, 1],
      [22, 23, 1],
      [0, 23, 1],
      [3, 15, 12],
      [2, 20, 6],
      [24, 25, 1],
    ])
      expect(between(a, b)).toBeCloseTo(Math.exp(-hours / 12), 9);
    expect([between(23, 24), between(0, 25)]).toEqual([0, 0]);
    const [v, w] = [normals(control.size, 2), normals(all, 3)];
    expect(dot(control.logFactors(v), w)).toBeCloseTo(dot(v, control.logFactorsAdjoint(w)), 10);
    expect(control.independentSlots).toBe(false);
  });

  it('knows hours of the day without a correlation as independent, and refuses a matrix that none can have', () => {
    const of = (matrix: Float64Array): LogFactorControl =>
      new LogFactorControl(
        { ...shape, slots: 2 },
        {
          spread: [1],
          basis: new CorrelationFilter(4, 5, 1),
          bound: 3,
          emitting: new Uint8Array(80).fill(1),
          slotCorrelation: { ofPeriods: [matrix] },
        },
      );
    expect(of(roundTheClock(2, 0)).independentSlots).toBe(true);
    expect(() => of(Float64Array.of(1, 2, 2, 1))).toThrow(ConfigError);
  });

  it('has the correlations between groups that it is given, and the spread of each cell', () => {
    const names = ['NOx', 'VOC'];
    const spread = Float64Array.from({ length: 40 }, (_, i) => (i % 2 ? 0.1 : 0.5) * (1 + Math.floor(i / 2)));
    const control = new LogFactorControl(shape, {
      spread,
      basis: new CorrelationFilter(4, 5, 1.5),
      bound: 3,
      slotCorrelation: 0.6,
      emitting,
      groupRoot: groupRoot(names, [{ groups: ['NOx', 'VOC'], value: -0.7 }]),
    });
    const rowOf = (index: number): Float64Array => control.logFactorsAdjoint(Float64Array.from({ length: size }, (_, i) => (i === index ? 1 : 0)));
    const [nox, voc] = [rowOf(46), rowOf(47)]; // cell 3 of the second slot
    expect(Math.sqrt(dot(nox, nox))).toBeCloseTo(0.5 * 4, 10);
    expect(dot(nox, voc) / (0.5 * 4 * 0.1 * 4)).toBeCloseTo(-0.7, 10);
    checkGradient(control, drawn(6));
  });

  it('has one number for a region, and none outside', () => {
    const regionOf = Int32Array.from({ length: 20 }, (_, cell) => (cell < 5 ? 0 : cell < 12 ? 1 : -1));
    const control = new LogFactorControl(shape, {
      spread: [0.5, 0.1],
      basis: new RegionBasis(regionOf, 2),
      bound: 3,
      slotCorrelation: 0.6,
      emitting,
    });
    expect([control.size, control.factorCount]).toEqual([3 * 2 * 2, size]);
    const v = normals(control.size, 2);
    const z = control.logFactors(v);
    [0, 2, 8].forEach((i) => expect(z[i]).toBe(0.5 * v[0])); // cells 0, 1 and 4 of NOx in the first slot
    expect(z[10]).toBe(0.5 * v[1]);
    expect(z[24]).toBe(0);
    expect(dot(z, drawn(3))).toBeCloseTo(dot(v, control.logFactorsAdjoint(drawn(3))), 11);
    const { tangent, gradient } = control.derivativeAt(v);
    const d = normals(control.size, 7);
    expect(dot(tangent(d), drawn(5))).toBeCloseTo(dot(gradient(drawn(5)), d), 10);
    control.priorSpread().forEach((spread, i) => {
      const row = control.logFactorsAdjoint(new Float64Array(size).with(i, 1));
      expect(spread).toBeCloseTo(emitting[i] ? Math.sqrt(dot(row, row)) : 0, 12);
    });
  });

  it('stays within the bounds, leaves what emits nothing alone, and says how much lies at the bound', () => {
    const control = logControl();
    const v = drawn(4).map((x) => 30 * x);
    const factors = control.factors(v);
    factors.forEach((f, i) => {
      if (!emitting[i]) expect(f).toBe(1);
      expect(f).toBeGreaterThanOrEqual(1 / 3);
      expect(f).toBeLessThanOrEqual(3);
    });
    const [wide, tight] = control.atBound(v);
    expect(wide).toBeGreaterThan(0.7);
    expect(tight).toBeLessThan(wide);
    expect(control.atBound(control.initial())).toEqual([0, 0]);
  });

  it('stays within a tighter bound on single factors, with the right gradient, and is the same to the bit where none is tighter', () => {
    const largest = drawn(8).map((x, i) => (i % 4 === 0 ? 0.05 + 0.1 * Math.abs(x) : 10));
    const options = { spread: [0.5, 0.1], basis: new CorrelationFilter(4, 5, 1.5), bound: 3, slotCorrelation: 0.6, emitting };
    const control = new LogFactorControl(shape, { ...options, largest });
    const far = drawn(4).map((x) => 30 * x);
    control.factors(far).forEach((f, i) => {
      if (emitting[i]) expect(Math.abs(Math.log(f))).toBeLessThanOrEqual(Math.min(Math.log(3), largest[i]) + 1e-12);
    });
    // Only those at the bound of all are told as that: a tighter one is another thing.
    const at = [...control.factors(far)].map((f) => Math.abs(Math.log(f)) > 0.95 * Math.log(3));
    const countOf = (group: number, hit: (i: number) => boolean): number => emitting.filter((on, i) => on && i % 2 === group && hit(i)).length;
    expect(control.atBound(far)).toEqual([0, 1].map((group) => countOf(group, (i) => at[i]) / countOf(group, () => true)));
    expect(at.some((hit, i) => hit && i % 4 !== 0)).toBe(true);
    checkGradient(control, drawn(6));
    const loose = new LogFactorControl(shape, { ...options, largest: largest.map(() => 10) });
    expect(loose.factors(far)).toEqual(logControl().factors(far));
    const [a, b] = [loose, logControl()].map((each) => each.derivativeAt(drawn(6)).gradient(drawn(5)));
    expect(a).toEqual(b);
  });

  it('has the right gradient, prior term included', () => {
    const control = logControl();
    checkGradient(control, drawn(6));
    const gradient = new Float64Array(size);
    control.addPenaltyGradient(drawn(6), gradient);
    expect(gradient).toEqual(drawn(6));
    expect(control.penalty(Float64Array.of(3, 4))).toBe(12.5);
  });
});

it('a control about a centre has its prior term there, and all else as it is', () => {
  const centre = drawn(9);
  const control = new CentredControl(logControl(), centre);
  const v = drawn(6);
  expect(control.penalty(centre)).toBe(0);
  expect(control.penalty(v)).toBeCloseTo(v.reduce((sum, x, i) => sum + (x - centre[i]) ** 2, 0) / 2, 10);
  const gradient = new Float64Array(size);
  control.addPenaltyGradient(v, gradient);
  gradient.forEach((g, i) => expect(g).toBeCloseTo(v[i] - centre[i], 12));
  expect(control.factors(v)).toEqual(logControl().factors(v));
});

describe('LinearControl', () => {
  const prior = drawn(7).map((x, i) => (emitting[i] ? Math.abs(x) + 0.1 : 0));
  const control = new LinearControl(shape, { bound: 3, prior });

  it('starts from the prior and has the right gradient', () => {
    expect(control.factors(control.initial()).every((f) => f === 1)).toBe(true);
    checkGradient(
      control,
      prior.map((p, i) => p * (1 + 0.2 * Math.sin(i))),
    );
  });

  it.each([2, 3])('keeps 0 ≤ factor ≤ %i, both readings of 200 %%', (bound) => {
    const bounded = new LinearControl(shape, { bound, prior });
    const e = prior.map((p, i) => (i % 2 ? 10 * p + 1 : -1));
    bounded.project(e);
    expect([...new Set([...bounded.factors(e)].filter((_, i) => emitting[i]).map((f) => Math.round(f * 1e5) / 1e5))].sort()).toEqual([0, bound]);
    e.forEach((value, i) => (emitting[i] ? undefined : expect(value).toBe(0)));
    expect(bounded.atBound(e)).toEqual([1, 1]);
  });
});

describeGolden('projected SGD against PyTorch', () => {
  it('follows three steps, bounds included', () => {
    const golden = readGolden('sgd_projection');
    const prior = Float64Array.from(channelsLast(golden.array('in.prior')).data);
    const [slots, groups, rows, cols] = golden.array('in.prior').shape;
    const control = new LinearControl({ slots, rows, cols, groups }, { bound: 1 + Number(golden.scalars['max_change']), prior });
    const e = Float64Array.from(channelsLast(golden.array('in.e0')).data);
    const gradients = golden.array('in.grad');
    const n = prior.length;
    for (let step = 0; step < 3; step++) {
      const g = channelsLast({ shape: gradients.shape.slice(1), data: gradients.data.subarray(step * n, (step + 1) * n) }).data;
      new Sgd().step(e, Float64Array.from(g), Number(golden.scalars['lr']));
      control.project(e);
      const expected = channelsLast(golden.array(`out.e${step + 1}`)).data;
      // The vectors are rounded to float32 once.
      e.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-6 * Math.max(1, Math.abs(expected[i]))));
    }
  });
});

describe('groupRoot', () => {
  it('is the root of the correlations', () => {
    const names = ['NOx', 'VOC', 'PM2.5'];
    const pairs: { groups: [string, string]; value: number }[] = [
      { groups: ['NOx', 'VOC'], value: 0.5 },
      { groups: ['PM2.5', 'VOC'], value: 0.3 },
    ];
    const root = groupRoot(names, pairs);
    const c = (a: number, b: number): number => [0, 1, 2].reduce((sum, k) => sum + root[a * 3 + k] * root[b * 3 + k], 0);
    [c(0, 0), c(1, 1), c(2, 2), c(0, 1), c(1, 2), c(0, 2)].forEach((value, i) => expect(value).toBeCloseTo([1, 1, 1, 0.5, 0.3, 0][i], 12));
  });

  it('refuses correlations that contradict each other, and a group with itself', () => {
    const pair = (a: string, b: string, value: number): { groups: [string, string]; value: number } => ({ groups: [a, b], value });
    expect(() => groupRoot(['a', 'b', 'c'], [pair('a', 'b', 0.9), pair('b', 'c', 0.9), pair('a', 'c', -0.9)])).toThrow(/contradict each other/);
    expect(() => groupRoot(['a', 'b'], [pair('a', 'a', 0.9)])).toThrow(/two different groups/);
  });
});

describe('blockRegions', () => {
  it('numbers square blocks from the corner, cut at the edges', () => {
    expect([...blockRegions(3, 5, [2, 2])]).toEqual([0, 0, 1, 1, 2, 0, 0, 1, 1, 2, 3, 3, 4, 4, 5]);
    expect([...blockRegions(3, 5, [2, 3])]).toEqual([0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 2, 2, 2, 3, 3]);
  });
});
