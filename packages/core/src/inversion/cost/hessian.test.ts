import { CorrelationFilter } from '../../grid/correlation';
import { ConfigError } from '../../base/errors';
import { Random } from '../../base/random';
import { type CostSettings, Role } from './cost';
import { evaluate, type EvaluationContext } from './evaluation';
import { GaussNewtonHessian } from './hessian';
import { LogFactorControl } from '../control/log-factor-control';
import { MatrixModel, observationBatch, SMALL_SHAPE, smallControl } from '../testing/linear-models';
import { plumeTwin } from '../testing/plume-twin';
import { dot } from '../../base/vectors';
import type { ForwardModel } from '../model/forward-model';

const random = new Random(5);
const normals = (n: number): Float64Array => Float64Array.from({ length: n }, () => random.normal());

const shape = SMALL_SHAPE;
const control = smallControl();
const jacobian = Array.from({ length: 10 }, () => Array.from({ length: 12 }, () => random.normal()));
const role = Array.from({ length: 10 }, (_, i) => (i === 4 ? Role.withheld : i === 7 ? Role.watched : Role.used));
const observed = [...normals(10)].map((value, i) => (i === 2 ? NaN : 3 * value));

function contextOf(model: ForwardModel, over: Partial<CostSettings> = {}): EvaluationContext {
  return { model, control, cost: { loss: 'l2', divisor: 'none', weights: [1.5], ...over }, species: ['NO2'], groups: ['NOx'] };
}

describe('the Gauss–Newton Hessian', () => {
  const linear = new MatrixModel(
    shape,
    [jacobian.slice(0, 6), jacobian.slice(6)],
    [observationBatch(observed.slice(0, 6), 0.7, { role: role.slice(0, 6) }), observationBatch(observed.slice(6), 0.7, { role: role.slice(6) })],
    true,
  );

  it('is the derivative of the gradient where model and control are linear', async () => {
    // About v = 0 log factors are the control's to fourth order of v, and the model is linear in them.
    const at = new Float64Array(12);
    const context = contextOf(linear);
    const hessian = new GaussNewtonHessian(context, at);
    const direction = normals(12);
    const { control: product, simulated } = await hessian.product(direction);
    const step = 1e-3;
    const gradient = async (sign: number): Promise<Float64Array> =>
      (
        await evaluate(
          context,
          direction.map((d) => sign * step * d),
          [0, 1],
          0,
          true,
        )
      ).gradient!;
    const [plus, minus] = [await gradient(1), await gradient(-1)];
    product.forEach((value, i) => expect(value + direction[i]).toBeCloseTo((plus[i] - minus[i]) / (2 * step), 4));
    expect(simulated.flatMap((part) => [...part]).flatMap((value, i) => (value === 0 ? [i] : []))).toEqual([2, 4, 7]);
  });

  it.each(['l1', 'l2', 'huber', 'student'] as const)('is symmetric, not negative, and what its parts say (%s)', async (loss) => {
    const hessian = new GaussNewtonHessian(contextOf(linear, { loss }), normals(12));
    const [a, b] = [normals(12), normals(12)];
    const [ofA, ofB] = [await hessian.product(a), await hessian.product(b)];
    expect(dot(ofA.control, b)).toBeCloseTo(dot(a, ofB.control), 8);
    expect(dot(ofA.control, a)).toBeCloseTo(
      ofA.simulated.reduce((sum, part) => sum + dot(part, part), 0),
      8,
    );
    expect(dot(ofA.control, b)).toBeCloseTo(dot(ofA.factors, control.derivativeAt(hessian.control).tangent(b)), 8);
  });

  it('counts an outlier as a value with a larger error', async () => {
    const one = { slots: 1, rows: 1, cols: 1, groups: 1 };
    const model = new MatrixModel(one, [[[1]]], [observationBatch([1 + 10 * 0.5], 0.5)]);
    const cell = new LogFactorControl(one, { spread: [1], basis: new CorrelationFilter(1, 1, 0), bound: 1e6, emitting: Uint8Array.of(1) });
    const curvature = async (loss: CostSettings['loss'], kind?: 'quadratic'): Promise<number> => {
      const hessian = new GaussNewtonHessian({ ...contextOf(model, { loss, weights: [1] }), control: cell }, Float64Array.of(0), kind);
      return (await hessian.product(Float64Array.of(1))).control[0];
    };
    // By hand: u = −10, so κ is 1, 1.345/10 and 1/10, over an error of 0.5 squared.
    expect(await curvature('l2')).toBeCloseTo(4, 10);
    expect(await curvature('huber')).toBeCloseTo(0.538, 10);
    expect(await curvature('l1')).toBeCloseTo(0.4, 10);
    expect(await curvature('huber', 'quadratic')).toBeCloseTo(4, 10);
  });

  it.each(['misfit', 'quadratic'] as const)('is that about its control whatever the model was run at in between (%s)', async (curvature) => {
    // The model is ln f: its adjoint divides by the factor that it was run at last.
    const one = { slots: 1, rows: 1, cols: 1, groups: 1 };
    const model = new MatrixModel(one, [[[1]]], [observationBatch([3], 0.5)], true);
    const cell = new LogFactorControl(one, { spread: [1], basis: new CorrelationFilter(1, 1, 0), bound: 1e6, emitting: Uint8Array.of(1) });
    const hessian = new GaussNewtonHessian({ ...contextOf(model, { weights: [1] }), control: cell }, Float64Array.of(0), curvature);
    for (let product = 0; product < 2; product++) {
      expect((await hessian.product(Float64Array.of(1))).control[0]).toBeCloseTo(4, 10); // 1/0.5²
      await model.forward(Float64Array.of(Math.exp(2)), 0);
    }
  });

  it('refuses a model without tangents', () => {
    const { model } = plumeTwin(1);
    const without: ForwardModel = {
      shape: model.shape,
      batches: model.batches,
      observations: (batch) => model.observations(batch),
      forward: (factors, batch) => model.forward(factors, batch),
      addAdjoint: (gradient, batch) => model.addAdjoint(gradient, batch),
      takeGradient: () => model.takeGradient(),
    };
    const attempt = (): GaussNewtonHessian => new GaussNewtonHessian(contextOf(without), new Float64Array(12));
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVERSION_TANGENT' }) as Error);
  });
});
