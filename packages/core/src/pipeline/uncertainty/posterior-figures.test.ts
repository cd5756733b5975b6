/** Degrees of freedom of emissions and of nuisance numbers beside them, against the trace of the averaging kernel in closed form. */
import { inverse, Matrix } from 'ml-matrix';
import type { ForwardModel } from '../../inversion/forward-model';
import { GaussNewtonHessian } from '../../inversion/hessian';
import { completeSettings, controlFor } from '../../inversion/inversion-settings';
import { NuisanceModel } from '../../inversion/nuisance-model';
import { gaussianWorld } from '../../inversion/testing/gaussian-world';
import { lowRank } from '../../inversion/uncertainty/low-rank';
import { LowRankPosterior } from '../../inversion/uncertainty/posterior';
import { Random } from '../../random';
import { besideInWords, sumsByPart } from './posterior-figures';

const BIASES = [0.9, 0.6, 0.3];
const VALUES = 9;
const { model, problem, settings, context, closed } = gaussianWorld(VALUES);
/** Biases of three monitors that see both slots. */
const place = Int32Array.from({ length: VALUES }, (_, i) => i % BIASES.length);
const beside = new NuisanceModel(model, [{ spread: BIASES, of: () => ({ index: place, columns: [new Float32Array(VALUES).fill(1)] }) }]);

/** Traces of the averaging kernel over the log factors and over the biases. */
function traces(): { emissions: number; nuisance: number } {
  const size = closed.sa.rows;
  const sa = Matrix.zeros(size + BIASES.length, size + BIASES.length);
  sa.setSubMatrix(closed.sa, 0, 0);
  BIASES.forEach((spread, k) => sa.set(size + k, size + k, spread ** 2));
  const k = Matrix.zeros(2 * VALUES, size + BIASES.length);
  k.setSubMatrix(closed.jacobian, 0, 0);
  for (let i = 0; i < 2 * VALUES; i++) k.set(i, size + place[i % VALUES], 1);
  const variances = [0, 1].flatMap((batch) => {
    const { species, error } = model.observations(batch);
    return Array.from(error, (sigma, i) => sigma ** 2 / context.cost.weights[species[i]]);
  });
  const saKt = sa.mmul(k.transpose());
  const kernel = saKt.mmul(inverse(k.mmul(saKt).add(Matrix.diag(variances)))).mmul(k);
  const sum = (from: number, to: number): number =>
    kernel
      .diagonal()
      .slice(from, to)
      .reduce((a, b) => a + b, 0);
  return { emissions: sum(0, size), nuisance: sum(size, size + BIASES.length) };
}

it('counts degrees of freedom on the emissions apart from those on nuisance numbers', async () => {
  const control = controlFor(beside, problem, completeSettings(settings));
  const hessian = new GaussNewtonHessian({ ...context, model: beside, control }, control.initial());
  const { blocks } = await lowRank(hessian, beside, control, { rank: 100, species: 2, random: new Random(2) });
  const found = sumsByPart(control, beside, new LowRankPosterior(control, control.initial(), blocks, 2).dofs());
  const exact = traces();
  expect(exact.nuisance).toBeGreaterThan(0.5);
  expect(found.emissions).toBeCloseTo(exact.emissions, 6);
  expect(found.nuisance).toBeCloseTo(exact.nuisance, 6);
  expect(found).not.toHaveProperty('initialConcentrations');
});

it('takes the parts in the order in which the control has them', () => {
  const withInitial = { initialConcentrations: { slots: 1, rows: 3, cols: 4, groups: 2 }, nuisance: BIASES, shape: model.shape };
  const control = controlFor(
    Object.assign(Object.create(beside) as typeof beside, withInitial),
    { ...problem, initialConcentrations: { spread: 0.3, lengthCells: 1 } },
    completeSettings(settings),
  );
  const values = new Float64Array(48 + 24 + 3).fill(1, 48).fill(2, 72);
  expect(control.size).toBe(values.length);
  expect(sumsByPart(control, withInitial, values)).toEqual({ emissions: 0, initialConcentrations: 24, nuisance: 6 });
});

it('sums all of a control of emissions alone', () => {
  const control = controlFor(model, problem, completeSettings(settings));
  expect(sumsByPart(control, model as ForwardModel, new Float64Array(48).fill(0.5))).toEqual({ emissions: 24 });
});

it('says what is beside the emissions, where something is', () => {
  expect(besideInWords({})).toBe('');
  expect(besideInWords({ nuisance: 50.7, initialConcentrations: -0.2 })).toBe(
    ', beside some 51 on nuisance numbers, beside some 0 on initial concentrations',
  );
});
