/** Columns in the inversion of a linear world: a row of eight cells, whose surface and columns follow the emissions of near cells, the columns those of farther ones too. */
import { Random } from '../../base/random';
import type { ColumnValues } from './column-values';
import { ObservationOperator } from './observation-operator';
import { NuisanceModel } from '../model/nuisance-model';
import { invert } from '../solve/invert';
import type { InversionSettings } from '../solve/inversion-problem';
import { MatrixModel } from '../testing/linear-models';
import { twinSettings } from '../testing/plume-twin';
import { observationsOf, unitGrid } from '../testing/small-world';

const CELLS = 8;
const HOURS = 48;
const SPECIES = ['NO2', 'NO2_column'];
const TRUTH = [1.4, 1.5, 1.3, 1.1, 0.9, 0.7, 0.6, 0.8];
const grid = unitGrid(1, CELLS);
const period = { start: new Date('2017-07-01T00:00:00Z'), hours: HOURS, spinUpHours: 0 };
const start = period.start.toISOString();

/** `[hours, 1, cells, species]`: linear in the factors. */
function world(factors: ArrayLike<number>): Float32Array {
  const out = new Float32Array(HOURS * CELLS * 2);
  for (let hour = 0; hour < HOURS; hour++) {
    for (let cell = 0; cell < CELLS; cell++) {
      const reached = (length: number): number =>
        Array.from({ length: CELLS }, (_, j) => factors[j] * Math.exp(-Math.abs(cell - j) / length)).reduce((sum, value) => sum + value, 0);
      const day = 1 + 0.3 * Math.cos((hour / 12) * Math.PI);
      out.set([10 * day * reached(0.7), (60 / day) * reached(1.5)], (hour * CELLS + cell) * 2);
    }
  }
  return out;
}

/** At 5 and 6 UTC of both days, two gaps, times 1 + bias. */
function columnsOf(bias: number): ColumnValues {
  const truth = world(TRUTH);
  const random = new Random(4);
  const places = [5, 6, 29, 30].flatMap((hour) => Array.from({ length: CELLS }, (_, cell) => ({ hour, cell }))).filter((_, i) => i !== 3 && i !== 12);
  return {
    species: 'NO2_column',
    hour: places.map(({ hour }) => hour),
    cell: places.map(({ cell }) => cell),
    value: places.map(({ hour, cell }) => (1 + bias) * truth[(hour * CELLS + cell) * 2 + 1] + 0.2 * random.normal()),
    error: places.map(() => 0.2),
  };
}

/** Monitors at two cells, hourly or with the same means of days at all hours. */
function operatorOf(bias: number, withheld: string[], stepSeconds = 3600): ObservationOperator {
  const truth = world(TRUTH);
  const steps = (HOURS * 3600) / stepSeconds;
  const values = Array.from({ length: steps }, (_, step) =>
    [0, 5].map((cell) => {
      const hours = Array.from({ length: HOURS / steps }, (__, k) => (step * HOURS) / steps + k);
      return hours.reduce((sum, hour) => sum + truth[(hour * CELLS + cell) * 2], 0) / hours.length;
    }),
  ).flat();
  const stations: [string, number, number][] = [
    ['a', 0.5, 0.5],
    ['b', 5.5, 0.5],
  ];
  return new ObservationOperator({
    grid,
    period,
    observations: observationsOf(stations, { start, stepSeconds, count: steps }, { NO2: values }),
    species: SPECIES,
    error: { NO2: { relative: 0, absolute: 0.2 }, NO2_column: { relative: 0, absolute: 0.1 } },
    columns: [columnsOf(bias)],
    withheldSpecies: new Set(withheld),
  });
}

function modelOf(operator: ObservationOperator): MatrixModel {
  const unit = (j: number): number[] => Array.from({ length: CELLS }, (_, i) => (i === j ? 1 : 0));
  const jacobian = Array.from({ length: CELLS }, (_, j) => operator.forward(world(unit(j))));
  const rows = Array.from(operator.observed.values, (_, i) => jacobian.map((ofFactor) => ofFactor[i]));
  return new MatrixModel({ slots: 1, rows: 1, cols: CELLS, groups: 1 }, [rows], [operator.batch()]);
}

const settings: InversionSettings = {
  ...twinSettings,
  optimiser: 'lbfgs',
  learningRate: 0.3,
  iterations: 200,
  tolerance: 0,
  loss: 'l2',
  speciesWeights: 'none',
  stopOnWithheld: false,
};
const problem = { groups: ['NOx'], species: SPECIES, priorEmissions: new Float64Array(CELLS).fill(1), lengthCells: 0 };
const largestError = (factors: ArrayLike<number>): number => Math.max(...TRUTH.map((factor, i) => Math.abs(factors[i] - factor)));

it('columns alone find the factors everywhere, monitors alone where they stand', async () => {
  const [columns, monitors] = [operatorOf(0, ['NO2']), operatorOf(0, ['NO2_column'])];
  const ofColumns = await invert(modelOf(columns), problem, settings);
  expect(largestError(ofColumns.factors)).toBeLessThan(0.03);
  expect(ofColumns.history[0].usedMae[0]).toBeNull();
  const ofMonitors = await invert(modelOf(monitors), problem, settings);
  expect(Math.abs(ofMonitors.factors[0] - TRUTH[0])).toBeLessThan(0.2);
  expect(largestError(ofMonitors.factors)).toBeGreaterThan(0.25);
});

it('are compared at their hours where monitors are means of days', async () => {
  const operator = operatorOf(0, ['NO2'], 86400);
  expect(operator.times.map(({ ofColumns, hours }) => [hours.length, ofColumns ?? false])).toEqual([
    [24, false],
    [1, true],
    [1, true],
    [24, false],
    [1, true],
    [1, true],
  ]);
  const { factors } = await invert(modelOf(operator), problem, settings);
  expect(largestError(factors)).toBeLessThan(0.03);
});

it('a bias of the product is told from the emissions by the monitors, and is in the emissions where it is not inverted', async () => {
  const operator = operatorOf(0.15, []);
  const plain = modelOf(operator);
  const prior = operator.forward(world(new Float64Array(CELLS).fill(1)));
  const index = Int32Array.from(operator.observed.species, (s) => (s === 1 ? 0 : -1));
  const biased = new NuisanceModel(plain, [{ spread: [0.2], coefficientsOf: () => ({ index, columns: [prior] }) }]);
  const [without, inverted] = [await invert(plain, problem, settings), await invert(biased, problem, settings)];
  // The term is b·F(prior), not b·F(truth), so that b comes out about 0.15.
  expect(inverted.nuisance![0]).toBeGreaterThan(0.1);
  expect(inverted.nuisance![0]).toBeLessThan(0.2);
  expect(largestError(inverted.factors)).toBeLessThan(0.5 * largestError(without.factors));
});
