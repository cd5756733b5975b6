import { Role } from '../cost/cost';
import { invert } from './invert';
import { MatrixModel, observationBatch } from '../testing/linear-models';
import { twinSettings } from '../testing/plume-twin';

/** One cell, seen by one value of NO2 and three of SO2, which want another factor: their weights are 2 and 2/3. */
async function found(speciesWeights: 'equal' | 'none', error: number[], beside: { value: number; role: number }[] = []): Promise<number> {
  const species = [0, 1, 1, 1, ...beside.map(() => 0)];
  const role = [0, 1, 2, 3].map((): number => Role.used).concat(beside.map((each) => each.role));
  const values = [2, 0.8, 0.8, 0.8, ...beside.map(({ value }) => value)];
  const observed = { ...observationBatch(values, 1, { species, role }), error: Float64Array.from([...error, ...beside.map(() => 0.2)]) };
  const model = new MatrixModel({ slots: 1, rows: 1, cols: 1, groups: 1 }, [species.map(() => [1])], [observed]);
  const problem = { groups: ['NOx'], species: ['NO2', 'SO2'], priorEmissions: [1], lengthCells: 0 };
  const settings = { ...twinSettings, speciesWeights, optimiser: 'lbfgs' as const, learningRate: 1, iterations: 60, loss: 'l2' as const, bound: 1e6 };
  return (await invert(model, problem, { ...settings, stopOnWithheld: false })).factors[0];
}

it('give each species the same say unless each value is to have its own: that of errors of σ/√w', async () => {
  const even = [0.2, 0.2, 0.2, 0.2];
  const [equal, none] = [await found('equal', even), await found('none', even)];
  expect(equal).toBeGreaterThan(none + 0.1);
  expect(await found('none', [0.2 / Math.SQRT2, ...[1, 2, 3].map(() => 0.2 * Math.sqrt(1.5))])).toBeCloseTo(equal, 5);
});

it('are those of the values in the cost: withheld and missing ones do not count', async () => {
  const even = [0.2, 0.2, 0.2, 0.2];
  const beside = [
    { value: 5, role: Role.withheld },
    { value: 5, role: Role.watched },
    { value: NaN, role: Role.used },
  ];
  expect(await found('equal', even, beside)).toBe(await found('equal', even));
});
