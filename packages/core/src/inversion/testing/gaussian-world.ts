/**
 * A linear world with normal errors, whose posterior is known in closed form: two slots (periods) that have nothing to do with each other unless asked, two groups, two
 * species, log factors without a bound that matters, a cell that emits nothing. The model is linear in the log factors.
 */
import { CorrelationFilter } from '../../grid/correlation';
import { inverse, Matrix } from 'ml-matrix';
import { Random } from '../../base/random';
import type { EvaluationContext } from '../cost/evaluation';
import type { InversionProblem, InversionSettings } from '../solve/inversion-problem';
import { LogFactorControl } from '../control/log-factor-control';
import { MatrixModel, observationBatch } from './linear-models';

const SHAPE = { slots: 2, rows: 3, cols: 4, groups: 2 };
const PER_SLOT = 24;
const SIZE = 2 * PER_SLOT;
/** so wide that the log factors feel it by less than 1e-11 */
const BOUND = 1e300;
const SPREAD = { NOx: 0.5, NH3: 0.2 };
const LENGTH = 1.3;
const SIGMA = 0.4;

export interface GaussianWorld {
  model: MatrixModel;
  control: LogFactorControl;
  context: EvaluationContext;
  problem: InversionProblem;
  settings: InversionSettings;
  /** Sa and K of the log factors, y, and the posterior of Rodgers (2000), eq. 4.5 and 4.7, all in closed form; rows and columns of what emits nothing are 0 */
  closed: { sa: Matrix; jacobian: Matrix; mean: Float64Array; covariance: Matrix; averagingKernel: Matrix };
}

/**
 * @param valuesPerSlot - observed values of each slot
 * @param slotCorrelation - of the log factors of a cell in the two slots
 */
export function gaussianWorld(valuesPerSlot: number, seed = 7, sigma = SIGMA, slotCorrelation = 0): GaussianWorld {
  const random = new Random(seed);
  const emitting = Uint8Array.from({ length: SIZE }, (_, i) => (i === 6 || i === 31 ? 0 : 1));
  const rows = (): number[][] => Array.from({ length: valuesPerSlot }, () => Array.from({ length: PER_SLOT }, () => random.normal()));
  const zeros = new Array<number>(PER_SLOT).fill(0);
  // Factors that emit nothing stay 1, so what the model makes of them is nothing.
  const silenced = (matrix: number[][]): number[][] => matrix.map((row) => row.map((value, j) => (emitting[j] ? value : 0)));
  const matrices = [silenced(rows().map((row) => [...row, ...zeros])), silenced(rows().map((row) => [...zeros, ...row]))];
  const y = matrices.map((matrix) => matrix.map(() => 1.5 * random.normal()));
  const kinds = y[0].map((_, i) => (i % 3 === 0 ? 1 : 0));
  const parts = [0, 1].map((slot) => ({ slots: [slot, slot + 1] as const, batches: [slot, slot + 1] as const }));
  const batches = y.map((values) => observationBatch(values, sigma, { species: kinds }));
  const model = new MatrixModel(SHAPE, matrices, batches, true, parts);
  const control = new LogFactorControl(SHAPE, {
    spread: Object.values(SPREAD),
    basis: new CorrelationFilter(SHAPE.rows, SHAPE.cols, LENGTH),
    bound: BOUND,
    emitting,
    slotCorrelation,
  });
  const problem: InversionProblem = {
    groups: Object.keys(SPREAD),
    species: ['NO2', 'PM2.5'],
    priorEmissions: emitting,
    lengthCells: LENGTH,
    slotCorrelation: [0, slotCorrelation],
  };
  const settings: InversionSettings = {
    mode: 'default',
    optimiser: 'gauss-newton',
    iterations: 30,
    tolerance: 1e-15,
    learningRate: 1,
    loss: 'l2',
    lossDivisor: 'observations',
    bound: BOUND,
    batch: 0,
    priorSpread: SPREAD,
    stopOnWithheld: false,
    seed: 3,
  };
  const weights = [0, 1].map((s) => valuesPerSlot / (2 * kinds.filter((kind) => kind === s).length));
  const context: EvaluationContext = {
    model,
    control,
    cost: { loss: 'l2', divisor: 'none', weights },
    species: problem.species,
    groups: problem.groups,
  };
  const variances = [...kinds, ...kinds].map((kind) => sigma ** 2 / weights[kind]);
  return { model, control, context, problem, settings, closed: closedForm(emitting, matrices.flat(), y.flat(), variances, slotCorrelation) };
}

/** From the definitions, without the code that is tested. */
function closedForm(emitting: Uint8Array, jacobian: number[][], y: number[], variances: number[], slotCorrelation: number): GaussianWorld['closed'] {
  const root = (n: number): Matrix => {
    const matrix = new Matrix(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => Math.exp(-(((i - j) / LENGTH) ** 2)))));
    return new Matrix(matrix.to2DArray().map((row) => row.map((value) => value / Math.hypot(...row))));
  };
  const space = root(SHAPE.rows).kroneckerProduct(root(SHAPE.cols));
  const correlation = space.mmul(space.transpose());
  const spread = Object.values(SPREAD);
  const sa = new Matrix(
    Array.from({ length: SIZE }, (_, i) =>
      Array.from({ length: SIZE }, (__, j) => {
        const [slotI, slotJ] = [Math.floor(i / PER_SLOT), Math.floor(j / PER_SLOT)];
        if (!emitting[i] || !emitting[j] || i % 2 !== j % 2) return 0;
        const cell = (index: number): number => Math.floor((index % PER_SLOT) / 2);
        return spread[i % 2] ** 2 * correlation.get(cell(i), cell(j)) * (slotI === slotJ ? 1 : slotCorrelation);
      }),
    ),
  );
  const k = new Matrix(jacobian);
  const saKt = sa.mmul(k.transpose());
  const gain = saKt.mmul(inverse(k.mmul(saKt).add(Matrix.diag(variances))));
  const averagingKernel = gain.mmul(k);
  return {
    sa,
    jacobian: k,
    mean: Float64Array.from(gain.mmul(Matrix.columnVector(y)).to1DArray()),
    covariance: Matrix.sub(sa, averagingKernel.mmul(sa)),
    averagingKernel,
  };
}
