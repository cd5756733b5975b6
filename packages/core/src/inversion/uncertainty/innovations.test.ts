import { CorrelationFilter } from '../../grid/correlation';
import { Random } from '../../base/random';
import { speciesWeights, Role, type ObservationBatch } from '../cost/cost';
import { invert } from '../solve/invert';
import { LogFactorControl } from '../control/log-factor-control';
import { MatrixModel, observationBatch } from '../testing/linear-models';
import { errorLengths } from './error-correlation';
import { aboveMinimum, innovationStatistics, type InnovationStatistics, type PlaceGrid } from './innovations';

/**
 * A world whose truth is drawn from the prior and whose observations have errors of `error`, inverted as if they had `assumed`.
 *
 * @param rare - every so many values are of the second species
 * @param copies - of each value, error and all, whose variances are raised by as much
 */
async function statistics(error: number, assumed: number, values = 400, rare = Infinity, copies = 1): Promise<InnovationStatistics[]> {
  const cells = 40;
  const random = new Random(9);
  const shape = { slots: 1, rows: 1, cols: cells, groups: 1 };
  const matrix = Array.from({ length: values }, () => Array.from({ length: cells }, () => random.normal()));
  const truth = Array.from({ length: cells }, () => 0.5 * random.normal());
  const y = matrix.map((row) => row.reduce((sum, k, j) => sum + k * truth[j], 0) + error * random.normal());
  const kinds = y.map((_, i) => (i % rare === rare - 1 ? 1 : 0));
  const copied = <T>(of: readonly T[]): T[] => of.flatMap((each) => new Array<T>(copies).fill(each));
  const batch = observationBatch(copied(y), assumed * Math.sqrt(copies), { species: copied(kinds) });
  const inflation = copies > 1 ? { inflation: Float64Array.from(copied(y), () => copies) } : {};
  const model = new MatrixModel(shape, [copied(matrix)], [{ ...batch, ...inflation }], true);
  const problem = { groups: ['NOx'], species: ['NO2', 'SO2'], priorEmissions: truth.map(() => 1), lengthCells: 0 };
  const { control: result } = await invert(model, problem, {
    mode: 'default',
    optimiser: 'gauss-newton',
    iterations: 20,
    learningRate: 1,
    loss: 'l2',
    lossDivisor: 'observations',
    bound: 1e300,
    batch: 0,
    priorSpread: { NOx: 0.5 },
    stopOnWithheld: false,
    seed: 1,
  });
  const control = new LogFactorControl(shape, {
    spread: [0.5],
    basis: new CorrelationFilter(shape.rows, shape.cols, 0),
    bound: 1e300,
    emitting: new Uint8Array(cells).fill(1),
  });
  const context = {
    model,
    control,
    cost: { loss: 'l2' as const, divisor: 'none' as const, weights: speciesWeights([0, 1].map((s) => kinds.filter((kind) => kind === s).length)) },
    species: problem.species,
    groups: problem.groups,
  };
  // Ten times as many values as unknowns: nearly every unknown is a degree of freedom.
  return innovationStatistics(context, result, { draws: 20, random, dofsBySpecies: [cells, 0] });
}

describe('innovation statistics', () => {
  it('give back the errors where they are as assumed', async () => {
    const [no2, so2] = await statistics(1, 1);
    // chi² of 360 degrees of freedom is known to √(2·360) = 27; three of it.
    expect(Math.abs(no2.chiSquare - no2.expected!)).toBeLessThan(3 * Math.sqrt(2 * 360));
    expect(no2.expected).toBe(360);
    expect(no2.observationError.assumed).toBeCloseTo(1, 12);
    // A standard deviation from 360 values is known to 3.7 %, one from 40 unknowns to 11 %.
    expect(Math.abs(no2.observationError.diagnosed! - 1)).toBeLessThan(3 * 0.037);
    const expected = 0.5 * Math.sqrt(40);
    expect(Math.abs(no2.priorError.assumed! / expected - 1)).toBeLessThan(0.1);
    expect(Math.abs(no2.priorError.diagnosed! / expected - 1)).toBeLessThan(3 * 0.11);
    expect(so2).toMatchObject({ species: 'SO2', values: 0, observationError: { assumed: null, diagnosed: null } });
  });

  it('say with what weight a species is in the cost, whose errors are then taken as smaller or larger than they were given', async () => {
    const [often, seldom] = await statistics(1, 1, 1200, 4);
    expect([often.values, seldom.values]).toEqual([900, 300]);
    expect(often.weight).toBeCloseTo(2 / 3, 12);
    expect(seldom.weight).toBeCloseTo(2, 12);
    for (const { observationError, chiSquare, values, weight } of [often, seldom]) {
      expect(observationError.assumed).toBeCloseTo(1 / Math.sqrt(weight!), 12);
      // Errors were given as they are: Σ u² of n values is known to √(2n), and as many as there are unknowns it may lack.
      expect(chiSquare / weight!).toBeLessThan(values + 3 * Math.sqrt(2 * values));
      expect(chiSquare / weight!).toBeGreaterThan(values - 3 * Math.sqrt(2 * values) - 40);
    }
    // With its weight that of the second looks as if they had been given too small.
    expect(seldom.chiSquare / seldom.values).toBeGreaterThan(1.3);
    expect((await statistics(1, 1))[0]).not.toHaveProperty('weight');
  });

  it('are of errors as a value has them by itself, where others repeat it and the cost takes larger ones', async () => {
    const [[once], [often]] = [await statistics(1, 1), await statistics(1, 1, 400, Infinity, 9)];
    expect([often.values, often.inflation]).toEqual([3600, 9]);
    expect(once).not.toHaveProperty('inflation');
    expect(often.observationError.assumed).toBeCloseTo(1, 6);
    expect(often.observationError.diagnosed).toBeCloseTo(once.observationError.diagnosed!, 6);
    expect(often.priorError.diagnosed).toBeCloseTo(once.priorError.diagnosed!, 6);
    expect(often.chiSquare / 9).toBeCloseTo(once.chiSquare, 4);
  });

  it('show an error that was taken to be half as large as it is', async () => {
    const [no2] = await statistics(2, 1);
    expect(no2.chiSquare / no2.expected!).toBeGreaterThan(3.3);
    expect(no2.chiSquare / no2.expected!).toBeLessThan(4.7);
    expect(Math.abs(no2.observationError.diagnosed! - 2)).toBeLessThan(3 * 0.037 * 2);
  });
});

test('the spread of the prior in the observed values is that about what the prior run gives there', async () => {
  const shape = { slots: 1, rows: 1, cols: 1, groups: 1 };
  const model = new MatrixModel(shape, [[[10]]], [observationBatch([12], 1)]);
  const control = new LogFactorControl(shape, {
    spread: [0.1],
    basis: new CorrelationFilter(1, 1, 0),
    bound: 1e300,
    emitting: Uint8Array.of(1),
  });
  const cost = { loss: 'l2' as const, divisor: 'none' as const, weights: [1] };
  const context = { model, control, cost, species: ['NO2'], groups: ['NOx'] };
  const [no2] = await innovationStatistics(context, Float64Array.of(1), { draws: 400, random: new Random(4) });
  // 10·exp(0.1·ξ) is 10 ± 1 and a little more; from 400 draws that is known to 3.5 %.
  expect(Math.abs(no2.priorError.assumed! - 1)).toBeLessThan(0.12);
  // One value: d_ob = 2, d_ab = 10·(exp(0.1) − 1), d_oa what is left.
  const moved = 10 * (Math.exp(0.1) - 1);
  expect(no2).toMatchObject({ values: 1, expected: null });
  expect(no2.priorError.diagnosed).toBeCloseTo(Math.sqrt(2 * moved), 6);
  expect(no2.observationError).toEqual({ assumed: 1, diagnosed: expect.closeTo(Math.sqrt(2 * (2 - moved)), 6) as number });
  expect(no2.chiSquare).toBeCloseTo((2 - moved) ** 2, 6);
});

describe('values by hand, of a model that gives 0 at the prior and 1 at the result', () => {
  const control = new LogFactorControl({ slots: 1, rows: 1, cols: 1, groups: 1 }, {
    spread: [0.5], basis: new CorrelationFilter(1, 1, 0), bound: 1e300,
    emitting: Uint8Array.of(1),
  }); // prettier-ignore
  const statisticsOf = (batch: ObservationBatch, more: { grid?: PlaceGrid } = {}): Promise<InnovationStatistics[]> => {
    const model = new MatrixModel({ slots: 1, rows: 1, cols: 1, groups: 1 }, [Array.from(batch.values, () => [1])], [batch], true);
    const cost = { loss: 'l2' as const, divisor: 'none' as const, weights: [1, 3, 1] };
    const context = { model, control, cost, species: ['NO2', 'SO2'], groups: ['NOx'] };
    return innovationStatistics(context, Float64Array.of(2), { draws: 2, random: new Random(4), ...more });
  };

  it('only values in the cost count, and known totals, which are no species, do not', async () => {
    const role = [Role.used, Role.withheld, Role.watched, Role.used, Role.used];
    const [no2, so2] = await statisticsOf(observationBatch([3, 100, 100, NaN, 100], 0.5, { role, species: [0, 0, 0, 0, 2] }));
    expect(no2).toMatchObject({ values: 1, chiSquare: expect.closeTo(((3 - 1) / 0.5) ** 2, 8) as number });
    expect(no2.observationError).toEqual({ assumed: 0.5, diagnosed: expect.closeTo(Math.sqrt(2 * 3), 8) as number });
    expect(no2.priorError.diagnosed).toBeCloseTo(Math.sqrt(1 * 3), 8);
    // Without values there is nothing to say, of its weight neither.
    expect(so2).toEqual({
      species: 'SO2',
      values: 0,
      chiSquare: 0,
      expected: null,
      observationError: { assumed: null, diagnosed: null },
      priorError: { assumed: null, diagnosed: null },
    });
  });

  it('a mean product below zero has no root', async () => {
    const [no2] = await statisticsOf(observationBatch([0.5], 1)); // 0.5 before, −0.5 after
    expect([no2.observationError.diagnosed, no2.priorError.diagnosed]).toEqual([null, expect.closeTo(Math.sqrt(0.5), 8)]);
  });

  it('errors stay alike over the lengths of values with their places', async () => {
    const random = new Random(8);
    const [cells, hours, cols] = [12, 20, 4];
    const level = Array.from({ length: hours }, () => random.normal());
    const values = Array.from({ length: cells * hours }, (_, i) => 0.5 + level[Math.floor(i / cells)] + 0.3 * random.normal()); // the same in all cells
    const place = { cell: Int32Array.from(values, (_, i) => i % cells), hour: Float64Array.from(values, (_, i) => Math.floor(i / cells)) };
    const grid: PlaceGrid = { cols, kmPerCell: [10, 20] };
    const batch = { ...observationBatch(values, 0.5), place: () => place };
    const [no2, so2] = await statisticsOf(batch, { grid });
    const innovations = values.map((y, i) => ({ cell: place.cell[i], hour: place.hour[i], prior: y / 0.5, updated: (y - 1) / 0.5, error: 0.5 }));
    expect(no2.errorLengths).toEqual(errorLengths(innovations, cols, [10, 20]));
    expect(no2.errorLengths!.km).toBeGreaterThan(30);
    expect(so2).not.toHaveProperty('errorLengths');
    expect((await statisticsOf(batch))[0]).not.toHaveProperty('errorLengths');
    expect((await statisticsOf(observationBatch(values, 0.5), { grid }))[0]).not.toHaveProperty('errorLengths');
  });
});

test('the cost at the kept step is told against the lowest that was seen', () => {
  const history = [100, 50, 40, 44].map((total, iteration) => ({ iteration, total }));
  expect([1, 2, 3].map((step) => aboveMinimum(history, step))).toEqual([0.25, 0, 44 / 40 - 1]);
  expect(aboveMinimum(history, 0)).toBe(1.5); // watched monitors may choose the prior itself
  expect(aboveMinimum(history, 7)).toBeUndefined();
});
