import { CorrelationFilter } from '../../grid/correlation';
import { emittingCells } from './control';
import type { ForwardModel } from '../model/forward-model';
import type { InversionProblem, InversionSettings } from '../solve/inversion-problem';
import { controlFor, completeSettings } from '../solve/inversion-settings';
import { invert } from '../solve/invert';
import { JointControl } from './joint-control';
import { LogFactorControl } from './log-factor-control';
import { SectorControl } from './sector-control';
import { MatrixModel, observationBatch } from '../testing/linear-models';
import { normals } from '../testing/small-world';
import { dot } from '../../base/vectors';

const shape = { slots: 2, rows: 3, cols: 4, groups: 2 };
const size = 2 * 3 * 4 * 2;

/** Three sectors, each silent in some cells; in the first cell all are. */
const emissions = [1, 2, 3].map((seed) => normals(size, seed).map((value, i) => (i > 1 && value > -0.8 ? Math.exp(value) : 0)));
const control = new SectorControl(
  emissions.map((own, s) => ({
    name: 'abc'[s],
    emissions: own,
    control: new LogFactorControl(shape, {
      spread: [0.5 / (s + 1), 0.2],
      basis: new CorrelationFilter(3, 4, 1.2),
      bound: 3,
      slotCorrelation: 0.3,
      emitting: emittingCells(own),
    }),
  })),
);

it('begins at the prior', () => {
  expect(control.factors(control.initial()).every((factor) => Math.abs(factor - 1) < 1e-15)).toBe(true);
  expect(control.sectorFactors(control.initial()).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
});

it('has the factor of the sum: emissions add up', () => {
  const at = normals(control.size, 9);
  const sum = control.factors(at);
  const own = control.sectorFactors(at);
  let changed = 0;
  for (let i = 0; i < size; i++) {
    const total = emissions.reduce((t, each) => t + each[i], 0);
    const updated = emissions.reduce((t, each, s) => t + own[s].factors[i] * each[i], 0);
    expect(sum[i] * total).toBeCloseTo(updated, 12);
    if (total === 0) expect(sum[i]).toBe(1);
    if (Math.abs(sum[i] - 1) > 0.05) changed++;
    emissions.forEach((each, s) => void (each[i] === 0 && expect(own[s].factors[i]).toBe(1)));
  }
  expect(changed).toBeGreaterThan(size / 3);
});

it('has a tangent and a gradient that are each other’s transpose, and a Taylor remainder of second order', () => {
  const [at, direction, weights] = [normals(control.size, 4), normals(control.size, 5), normals(size, 6)];
  const { tangent, gradient } = control.derivativeAt(at);
  expect(dot(tangent(direction), weights)).toBeCloseTo(dot(direction, gradient(weights)), 11);
  const [value, slope] = [dot(control.factors(at), weights), dot(direction, gradient(weights))];
  const remainder = (h: number): number => Math.abs(dot(control.factors(at.map((x, i) => x + h * direction[i])), weights) - value - h * slope);
  const rates = [1e-2, 1e-3, 1e-4].map((h) => Math.log10(remainder(h) / remainder(h / 10)));
  for (const rate of rates) expect(Math.abs(rate - 2)).toBeLessThan(0.1);
});

it('sums the prior terms, and counts what lies at a bound among all factors of sectors', () => {
  const at = normals(control.size, 7);
  expect(control.penalty(at)).toBeCloseTo(dot(at, at) / 2, 12);
  const gradient = new Float64Array(control.size);
  control.addPenaltyGradient(at, gradient);
  expect(gradient).toEqual(at);
  expect(control.atBound(control.initial())).toEqual([0, 0]);
  const [first, second] = control.atBound(at.map((x, i) => (i < control.size / 3 ? 1e3 : 0 * x)));
  const counts = emissions.map((own) => own.filter((value, i) => i % 2 === 0 && value > 0).length);
  expect(first).toBeGreaterThan(0.8 * (counts[0] / (counts[0] + counts[1] + counts[2])));
  expect(first).toBeLessThanOrEqual(counts[0] / (counts[0] + counts[1] + counts[2]));
  expect(second).toBeGreaterThan(0);
});

it('gives its sectors through a joint control', () => {
  const joint = new JointControl([control, control]);
  const at = normals(joint.size, 8);
  expect(joint.sectorFactors(at)).toEqual(control.sectorFactors(at.slice(0, control.size)));
});

describe('an inversion with sectors', () => {
  // One slot, one row, two cells, one group: sector a emits in the first cell only, b in both. Observations are the two cells' emissions.
  const small = { slots: 1, rows: 1, cols: 2, groups: 1 };
  const parts = { a: [3, 0], b: [1, 4] };
  const total = [4, 4];
  const settings: InversionSettings = {
    mode: 'default',
    iterations: 60,
    optimiser: 'lbfgs',
    learningRate: 1,
    loss: 'l2',
    lossDivisor: 'observations',
    bound: 10,
    batch: 0,
    priorSpread: { NOx: 0.5 },
    stopOnWithheld: false,
    seed: 1,
    tolerance: 0,
  };
  // One region: a sector has one factor for both cells.
  const problem = (spreads: Record<'a' | 'b', number>): InversionProblem => ({
    groups: ['NOx'],
    species: ['NO2'],
    priorEmissions: total,
    lengthCells: 0,
    regionOf: Int32Array.of(0, 0),
    sectors: (['a', 'b'] as const).map((name) => ({ name, priorEmissions: parts[name], priorSpread: { NOx: spreads[name] } })),
  });
  const model = (values: number[]): ForwardModel =>
    new MatrixModel(
      small,
      [
        [
          [total[0], 0],
          [0, total[1]],
        ],
      ],
      [observationBatch(values, 0.001)],
    );

  it('finds the factors of both sectors, where their shares tell them apart', async () => {
    const [fa, fb] = [1.6, 0.7];
    const truth = [fa * 3 + fb * 1, fb * 4];
    const { sectors, factors } = await invert(model(truth), problem({ a: 1, b: 1 }), settings);
    expect(sectors!.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(sectors![0].factors[0]).toBeCloseTo(fa, 2);
    expect(sectors![1].factors[0]).toBeCloseTo(fb, 2);
    expect(sectors![0].factors[1]).toBe(1); // it emits nothing there
    expect(factors[0]).toBeCloseTo(truth[0] / 4, 3);
  });

  it('leaves a sector of no spread at the prior, and the other takes the change', async () => {
    const { sectors } = await invert(model([5, 4]), problem({ a: 1, b: 0 }), settings);
    expect(sectors![1].factors).toEqual(Float32Array.of(1, 1));
    expect(sectors![0].factors[0]).toBeCloseTo((5 - 1) / 3, 2);
  });

  it('has no sectors without them', async () => {
    const { sectors } = await invert(model([5, 4]), { ...problem({ a: 1, b: 1 }), sectors: undefined }, settings);
    expect(sectors).toBeUndefined();
    expect(controlFor(model([5, 4]), problem({ a: 1, b: 1 }), completeSettings(settings))).toBeInstanceOf(SectorControl);
  });
});
