import { Random } from '../../base/random';
import { Decorrelation } from './correlated-errors';
import { batchCost, type CostSettings } from './cost';
import { evaluate, type EvaluationContext } from './evaluation';
import { GaussNewtonHessian } from './hessian';
import { MatrixModel, observationBatch, SMALL_SHAPE, smallControl } from '../testing/linear-models';
import { dot } from '../../base/vectors';

const random = new Random(11);
const normals = (n: number): Float64Array => Float64Array.from({ length: n }, () => random.normal());
/** Cells of a square of `side`, by `length`. */
const exponential =
  (side: number, length: number) =>
  (i: number, j: number): number =>
    Math.exp(-Math.hypot(Math.floor(i / side) - Math.floor(j / side), (i % side) - (j % side)) / length);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** T·C·Tᵀ, which is the identity where T is exact. */
function whitened(t: Decorrelation, n: number, correlation: (i: number, j: number) => number): Float64Array[] {
  const columns = range(n).map((j) => t.apply(Float64Array.from(range(n), (i) => correlation(i, j))));
  return range(n).map((i) => t.apply(Float64Array.from(columns, (column) => column[i])));
}

describe('Decorrelation', () => {
  it('is exact where a value is seen against all before it', () => {
    const correlation = exponential(4, 2);
    whitened(Decorrelation.fromGroups(16, [range(16)], correlation), 16, correlation).forEach((row, i) =>
      row.forEach((value, j) => expect(value).toBeCloseTo(i === j ? 1 : 0, 12)),
    );
  });

  it('hardly differs from it where there are many more', () => {
    const correlation = exponential(12, 3);
    const rows = whitened(Decorrelation.fromGroups(144, [range(144)], correlation), 144, correlation);
    const off = rows.flatMap((row, i) => [...row].map((value, j) => Math.abs(value - (i === j ? 1 : 0))));
    expect(Math.max(...off)).toBeLessThan(0.02);
  });

  it('leaves alone what is in no group, and groups to themselves', () => {
    const t = Decorrelation.fromGroups(
      5,
      [
        [0, 2],
        [1, 4],
      ],
      () => 0.6,
    );
    const e = normals(5);
    const u = t.apply(e);
    expect(u[3]).toBe(e[3]);
    expect(u[2]).toBeCloseTo((e[2] - 0.6 * e[0]) / 0.8, 12);
    expect(u[4]).toBeCloseTo((e[4] - 0.6 * e[1]) / 0.8, 12);
  });

  it('has its transpose and its inverse, also of several that are joined', () => {
    const correlation = exponential(6, 2);
    const t = Decorrelation.joined([
      Decorrelation.fromGroups(36, [range(36)], correlation),
      Decorrelation.fromGroups(3, [], correlation),
      Decorrelation.fromGroups(9, [range(9)], correlation),
    ]);
    const [e, g] = [normals(48), normals(48)];
    expect(dot(t.apply(e), g)).toBeCloseTo(dot(e, t.transpose(g)), 10);
    t.invert(t.apply(e)).forEach((value, i) => expect(value).toBeCloseTo(e[i], 12));
    expect(t.apply(e).slice(39)).toEqual(Decorrelation.fromGroups(9, [range(9)], correlation).apply(e.slice(39)));
  });
});

describe('a cost with errors that are alike', () => {
  const n = 16;
  const correlation = exponential(4, 2);
  const values = [...normals(n)];
  const batch = { ...observationBatch(values, 0.7), decorrelation: Decorrelation.fromGroups(n, [range(n)], correlation) };
  const settings: CostSettings = { loss: 'l2', divisor: 'none', weights: [1.5] };

  it.each(['l2', 'huber', 'student'] as const)('has the gradient of its cost: %s', (loss) => {
    const simulated = normals(n);
    const { gradient } = batchCost(batch, simulated, { ...settings, loss });
    const at = (i: number, x: number): number => batchCost(batch, simulated.with(i, x), { ...settings, loss }).cost[0];
    simulated.forEach((value, i) => expect((at(i, value + 1e-5) - at(i, value - 1e-5)) / 2e-5).toBeCloseTo(gradient[i], 6));
  });

  it('is ½ rᵀ R⁻¹ r, and its Hessian Kᵀ R⁻¹ K', async () => {
    const control = smallControl();
    const matrix = range(n).map(() => [...normals(12)]);
    const model = new MatrixModel(SMALL_SHAPE, [matrix], [batch]);
    const context: EvaluationContext = { model, control, cost: settings, species: ['NO2'], groups: ['NOx'] };
    const at = normals(12);
    // R⁻¹ b by the plainest elimination
    const solve = (b: number[]): number[] => {
      const rows = range(n).map((i) => [...range(n).map((j) => (0.7 ** 2 * correlation(i, j)) / 1.5), b[i]]);
      for (let k = 0; k < n; k++) {
        for (let i = 0; i < n; i++) {
          if (i === k) continue;
          const factor = rows[i][k] / rows[k][k];
          rows[i] = rows[i].map((value, j) => value - factor * rows[k][j]);
        }
      }
      return rows.map((row, i) => row[n] / row[i]);
    };
    const factors = control.factors(at);
    const residual = matrix.map((row, i) => row.reduce((sum, k, j) => sum + k * factors[j], 0) - values[i]);
    const expected = residual.reduce((sum, r, i) => sum + (r * solve(residual)[i]) / 2, 0);
    expect((await evaluate(context, at, [0], 0, false)).observation).toBeCloseTo(expected, 9);
    const direction = normals(12);
    const { tangent, gradient } = control.derivativeAt(at);
    const change = tangent(direction);
    const moved = solve(matrix.map((row) => row.reduce((sum, k, j) => sum + k * change[j], 0)));
    const { control: product, simulated } = await new GaussNewtonHessian(context, at).product(direction);
    const wanted = gradient(Float64Array.from(range(12), (j) => matrix.reduce((sum, row, i) => sum + row[j] * moved[i], 0)));
    product.forEach((value, j) => expect(value).toBeCloseTo(wanted[j], 9));
    // W^½ G d, whose square is dᵀ A d
    expect(simulated[0].reduce((sum, u) => sum + u * u, 0)).toBeCloseTo(
      product.reduce((sum, value, j) => sum + value * direction[j], 0),
      9,
    );
  });
});
