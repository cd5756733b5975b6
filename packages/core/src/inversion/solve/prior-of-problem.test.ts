import type { InversionProblem } from './inversion-problem';
import { completeSettings, controlFor } from './inversion-settings';
import type { LogFactorControl } from '../control/log-factor-control';
import { MatrixModel, observationBatch } from '../testing/linear-models';
import { twinSettings } from '../testing/plume-twin';
import { invert } from './invert';
import { dot } from '../../base/vectors';

const COLS = 30;
const shape = { slots: 1, rows: 1, cols: COLS, groups: 1 };
const model = new MatrixModel(shape, [[new Array<number>(COLS).fill(1)]], [observationBatch([COLS], 1)]);
const problem: InversionProblem = { groups: ['NOx'], species: ['NO2'], priorEmissions: new Array<number>(COLS).fill(1), lengthCells: 0.4 };
const settings = { ...twinSettings, priorSpread: { NOx: 0.5 }, stopOnWithheld: false };

/** Covariance of the log factors of two cells. */
function covariance(of: InversionProblem, a: number, b: number): number {
  const control = controlFor(model, of, completeSettings(settings)) as LogFactorControl;
  const row = (cell: number): Float64Array => control.logFactorsAdjoint(new Float64Array(COLS).with(cell, 1));
  return dot(row(a), row(b));
}

describe('the prior of a problem', () => {
  it('divides its variance among all cells, a far length and a near one', () => {
    const mixed = { ...problem, domainCorrelation: 0.3, farCorrelation: { part: 0.5, lengthCells: 6 } };
    for (const cell of [0, 12]) expect(covariance(mixed, cell, cell)).toBeCloseTo(0.25, 10);
    // 6 cells apart: what all share, and of a half of the rest exp(−½); 24 apart hardly more than the first.
    expect(covariance(mixed, 9, 15) / 0.25).toBeCloseTo(0.3 + 0.7 * 0.5 * Math.exp(-0.5), 2);
    expect(covariance(mixed, 2, 26) / 0.25).toBeCloseTo(0.3, 2);
  });

  it('has the spread of each cell', () => {
    const spreadFactor = Array.from({ length: COLS }, (_, cell) => 1 + cell / 10);
    for (const cell of [0, 20]) expect(covariance({ ...problem, spreadFactor }, cell, cell)).toBeCloseTo((0.5 * (1 + cell / 10)) ** 2, 10);
  });
});

it('an inversion has converged after five evaluations in a row that change the cost by no more than a part of it', async () => {
  const small = new MatrixModel(shape, [[new Array<number>(COLS).fill(1e-3)]], [observationBatch([1], 100)]); // costs of 10⁻⁵
  const { status, history } = await invert(small, problem, {
    ...settings,
    optimiser: 'adam',
    iterations: 500,
    learningRate: 0.02,
    tolerance: 1e-3,
    loss: 'l2',
  });
  expect(status).toBe('converged');
  const changes = history.slice(1).map(({ total }, i) => Math.abs(total - history[i].total) / total);
  const flat = changes.map((change) => change <= 1e-3);
  expect(flat.slice(-5)).toEqual([true, true, true, true, true]);
  expect(changes.length === 5 || !flat.at(-6)).toBe(true);
});
