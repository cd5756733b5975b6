/** The posterior of factors of sectors against its closed form, about the prior, where log factors of the sum are sums of those of the sectors. */
import { inverse, Matrix } from 'ml-matrix';
import { Random } from '../../base/random';
import type { Control, LogFactorMap } from '../control/control';
import { GaussNewtonHessian } from '../cost/hessian';
import type { InversionProblem } from '../solve/inversion-problem';
import { completeSettings, controlFor } from '../solve/inversion-settings';
import { JointControl } from '../control/joint-control';
import { gaussianWorld } from '../testing/gaussian-world';
import { EnsemblePosterior } from './randomised';
import { lowRank } from './low-rank';
import { factorSums, LowRankPosterior, priorCovarianceOfSums } from './posterior';

const world = gaussianWorld(12);
const { closed, model, context, settings } = world;
const size = closed.sa.rows;
const random = new Random(4);
const emits = Float64Array.from(world.problem.priorEmissions);
/** Of sector a; in some cells all is of one sector. */
const share = emits.map((on, i) => (i % 7 === 0 ? 0 : i % 5 === 0 ? on : on * (0.5 + 0.4 * Math.tanh(random.normal()))));
const shares = [share, emits.map((on, i) => on - share[i])];
const problem: InversionProblem = {
  ...world.problem,
  sectors: ['a', 'b'].map((name, s) => ({
    name,
    priorEmissions: shares[s],
    // half as uncertain as those of all emissions are in the world
    priorSpread: Object.fromEntries(Object.entries(settings.priorSpread).map(([group, spread]) => [group, s === 0 ? spread : spread / 2])),
  })),
};
const control = controlFor(model, problem, completeSettings(settings));
const at = control.initial();

/** Of the log factors of both sectors, one after the other. */
function exact(): { prior: Matrix; posterior: Matrix; kernel: Matrix } {
  const prior = Matrix.zeros(2 * size, 2 * size);
  const jacobian = Matrix.zeros(closed.jacobian.rows, 2 * size);
  shares.forEach((own, s) => {
    for (let i = 0; i < size; i++) {
      for (let k = 0; k < jacobian.rows; k++) jacobian.set(k, s * size + i, closed.jacobian.get(k, i) * own[i]);
      for (let j = 0; j < size; j++) if (own[i] > 0 && own[j] > 0) prior.set(s * size + i, s * size + j, closed.sa.get(i, j) / 4 ** s);
    }
  });
  const variances = [0, 1].flatMap((batch) => {
    const { species, error } = model.observations(batch);
    return Array.from(error, (sigma, i) => sigma ** 2 / context.cost.weights[species[i]]);
  });
  const pull = prior.mmul(jacobian.transpose());
  const gain = pull.mmul(inverse(jacobian.mmul(pull).add(Matrix.diag(variances))));
  const kernel = gain.mmul(jacobian);
  return { prior, posterior: Matrix.sub(prior, kernel.mmul(prior)), kernel };
}

/** What a map's log factors are of those of the sectors. */
function combinationOf({ sector }: LogFactorMap): Matrix {
  const rows = Array.from({ length: size }, (_, i) =>
    Array.from({ length: 2 * size }, (__, j) => {
      const [s, cell] = [Math.floor(j / size), j % size];
      return cell !== i ? 0 : sector === undefined ? shares[s][i] : sector === 'ab'[s] && shares[s][i] > 0 ? 1 : 0;
    }),
  );
  return new Matrix(rows);
}

async function posteriorOf(of: Control): Promise<LowRankPosterior> {
  const hessian = new GaussNewtonHessian({ ...context, control: of }, of.initial());
  const { blocks } = await lowRank(hessian, model, of, { rank: 200, species: 2, random: new Random(2) });
  return new LowRankPosterior(of, of.initial(), blocks, 2);
}

const quadratic = (matrix: Matrix, a: Float64Array, b: Float64Array): number =>
  Matrix.rowVector(a).mmul(matrix).mmul(Matrix.columnVector(b)).get(0, 0);

describe.each(['a control of sectors', 'the same as a part of a joint one'])('the posterior of %s', (kind) => {
  const of = kind.startsWith('the same') ? new JointControl([control]) : control;
  const maps = of.logFactorMaps!(at);
  const { prior, posterior, kernel } = exact();

  it('has a map of all emissions and one of each sector', () => expect(maps.map(({ sector }) => sector)).toEqual([undefined, 'a', 'b']));

  it('has the standard deviations of the log factors of all emissions and of each sector, before and after', async () => {
    const found = await posteriorOf(of);
    for (const map of maps) {
      const combination = combinationOf(map);
      const sigma = (covariance: Matrix): Float64Array =>
        Float64Array.from(combination.mmul(covariance).mmul(combination.transpose()).diagonal(), (v) => Math.sqrt(Math.max(0, v)));
      const [before, after] = [sigma(prior), sigma(posterior)];
      map.priorSpread().forEach((spread, i) => expect(spread).toBeCloseTo(before[i], 10));
      found.logFactorSigma(map).forEach((value, i) => expect(value).toBeCloseTo(after[i], 6));
      expect(Math.min(...after.map((value, i) => value / (before[i] || 1)).filter((ratio) => ratio > 0))).toBeLessThan(0.8);
    }
  });

  it('has the covariances of sums, and an ensemble about the prior has those of its draws', async () => {
    const found = await posteriorOf(of);
    for (const map of maps) {
      const combination = combinationOf(map);
      const sums = [0, 1].map(() => Float64Array.from({ length: size }, () => random.normal()));
      const weights = sums.map((sum) => Float64Array.from(Matrix.rowVector(sum).mmul(combination).to1DArray()));
      const about = factorSums(map.derivativeAt(at), sums);
      const [cov, before] = [found.covarianceOfSums(map, about), priorCovarianceOfSums(about)];
      for (const [i, j] of [
        [0, 0],
        [0, 1],
        [1, 1],
      ]) {
        expect(cov[i][j]).toBeCloseTo(quadratic(posterior, weights[i], weights[j]), 6);
        expect(before[i][j]).toBeCloseTo(quadratic(prior, weights[i], weights[j]), 9);
      }
      // Draws of the prior that are so small that factors are linear in them.
      const draws = Array.from({ length: 4000 }, () => Float64Array.from({ length: of.size }, () => 1e-3 * random.normal()));
      const sampled = new EnsemblePosterior(draws).covarianceOfSums(map, [about[0]])[0][0] * 1e6;
      expect(Math.abs(sampled / before[0][0] - 1)).toBeLessThan(5 * Math.sqrt(2 / 4000));
    }
  });

  it('divides the degrees of freedom among the sectors', async () => {
    const dofs = (await posteriorOf(of)).dofs();
    const everywhere = new Float64Array(12).fill(1);
    const sumOf = (map: LogFactorMap): number => [0, 1].reduce((sum, group) => sum + map.sumIn(everywhere, [0, 2], group, dofs), 0);
    const trace = (from: number, to: number): number =>
      kernel
        .diagonal()
        .slice(from, to)
        .reduce((a, b) => a + b, 0);
    const [all, a, b] = maps.map(sumOf);
    expect(a).toBeCloseTo(trace(0, size), 5);
    expect(b).toBeCloseTo(trace(size, 2 * size), 5);
    expect(all).toBeCloseTo(a + b, 10);
    expect(Math.min(a, b)).toBeGreaterThan(0.5);
  });
});

it('factors of the sum come back from their log factors, away from the prior as well', () => {
  const there = Float64Array.from({ length: control.size }, () => random.normal());
  const [map] = control.logFactorMaps!(there);
  const factors = control.factors(there);
  map.factorsOf(map.logFactors(there)).forEach((factor, i) => expect(factor).toBeCloseTo(factors[i], 12));
  // To first order they are the factors themselves.
  const direction = Float64Array.from({ length: control.size }, () => 1e-5 * random.normal());
  const moved = map.factorsOf(map.logFactors(there.map((v, i) => v + direction[i])));
  const change = control.derivativeAt(there).tangent(direction);
  moved.forEach((factor, i) => expect(Math.abs(factor - factors[i] - change[i])).toBeLessThan(1e-8));
  // Its prior spread is the length of its row of the linear map, which unit vectors give.
  const squares = new Float64Array(size);
  for (let k = 0; k < control.size; k++) {
    map.logFactors(new Float64Array(control.size).with(k, 1)).forEach((value, i) => (squares[i] += value * value));
  }
  map.priorSpread().forEach((spread, i) => expect(spread).toBeCloseTo(Math.sqrt(squares[i]), 12));
});
