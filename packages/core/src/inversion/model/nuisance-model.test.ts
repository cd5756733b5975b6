import { inverse, Matrix } from 'ml-matrix';
import { Random } from '../../base/random';
import { evaluate, type EvaluationContext } from '../cost/evaluation';
import { Role } from '../cost/cost';
import type { ForwardModel, ModelPart } from './forward-model';
import { GaussNewtonHessian } from '../cost/hessian';
import { invert } from '../solve/invert';
import type { InversionProblem, InversionSettings } from '../solve/inversion-problem';
import { controlFor, costFor, completeSettings } from '../solve/inversion-settings';
import { NuisanceModel } from './nuisance-model';
import { MatrixModel, observationBatch } from '../testing/linear-models';
import { dot } from '../../base/vectors';
import { twinSettings } from '../testing/plume-twin';
import { timesCovariance } from '../testing/posterior-covariance';
import { TotalsModel } from './totals-model';
import { lowRank } from '../uncertainty/low-rank';
import { LowRankPosterior } from '../uncertainty/posterior';
import { randomisedMember } from '../uncertainty/randomised';

const random = new Random(12);
const normals = (n: number, scale = 1): Float64Array => Float64Array.from({ length: n }, () => scale * random.normal());
const shape = { slots: 2, rows: 3, cols: 4, groups: 2 };
const SIZE = 48;
const settings: InversionSettings = {
  ...twinSettings,
  optimiser: 'lbfgs',
  learningRate: 0.3,
  iterations: 200,
  tolerance: 0,
  loss: 'huber',
  bound: 3,
  stopOnWithheld: false,
};

/** A model of log factors with all that can stand beside it: two batches, biases of three places, a run with something else changed, two whose parts vary alike, two known totals. */
function fullModel(parts?: readonly ModelPart[]): TotalsModel {
  const matrices = [5, 6].map((rows) => Array.from({ length: rows }, () => [...normals(SIZE)]));
  const batches = [5, 6].map((n) =>
    observationBatch([...normals(n, 2)], 0.7, {
      species: Array.from({ length: n }, (_, i) => i % 2),
      role: Array.from({ length: n }, (_, i) => (i === 3 ? Role.withheld : Role.used)),
    }),
  );
  const places = [Int32Array.of(0, 1, 2, -1, 0), Int32Array.of(2, 2, 1, 0, -1, 1)];
  const columns = [normals(5), normals(6)];
  // Of three nodes each observation sees two.
  const nodes = [5, 6].map((n) => ({
    index: Int32Array.from({ length: 2 * n }, (_, e) => (e + (e >> 1)) % 3),
    weight: normals(2 * n),
    columns: [normals(n), normals(n)],
  }));
  const beside = new NuisanceModel(new MatrixModel(shape, matrices, batches, true, parts), [
    { spread: [0.4, 0.8, 0.4], coefficientsOf: (batch) => ({ index: places[batch], columns: [new Float64Array(places[batch].length).fill(1)] }) },
    { spread: [0.5], coefficientsOf: (batch) => ({ index: new Int32Array(columns[batch].length), columns: [columns[batch]] }) },
    { spread: [0.3, 0.3, 0.6, 0.2, 0.2, 0.4], coefficientsOf: (batch) => nodes[batch] },
  ]);
  const total = (first: number, value: number): ConstructorParameters<typeof TotalsModel>[1][number] => ({
    index: Int32Array.from({ length: 6 }, (_, i) => first + 2 * i),
    weight: normals(6).map(Math.abs),
    value,
    spread: 0.05,
  });
  return new TotalsModel(beside, [total(0, 1.2), total(25, 0.9)], 2);
}

const problem: InversionProblem = {
  groups: ['NOx', 'VOC'],
  species: ['NO2', 'O3'],
  priorEmissions: normals(SIZE).map((x) => (x > -1 ? Math.abs(x) : 0)),
  lengthCells: [1.5, 1],
  spreadFactor: normals(24).map((x) => 0.5 + Math.abs(x)),
  groupCorrelation: [{ groups: ['NOx', 'VOC'], value: 0.6 }],
  slotCorrelation: [0, 0.4],
  totals: true,
};

function contextOf(model: TotalsModel, change: Partial<InversionSettings> = {}): EvaluationContext {
  const complete = completeSettings({ ...settings, priorSpread: { NOx: 0.5, VOC: 0.3 }, ...change });
  return {
    model,
    control: controlFor(model, problem, complete),
    cost: costFor(model, problem, complete),
    species: problem.species,
    groups: problem.groups,
  };
}

describe('the whole cost: every control, B, R, operators', () => {
  it.each(['l2', 'huber', 'student'] as const)('has a gradient whose Taylor remainder falls at rate 2, in double: %s', async (loss) => {
    const context = contextOf(fullModel(), { loss });
    const { size } = context.control;
    expect(size).toBe(SIZE + 10);
    const [v, d] = [normals(size, 0.5), normals(size)];
    const all = [0, 1, 2];
    const { total, gradient } = await evaluate(context, v, all, 0, true);
    const slope = dot(gradient!, d);
    const remainders = [];
    for (const h of [1e-2, 1e-3, 1e-4]) {
      const { total: moved } = await evaluate(
        context,
        v.map((x, i) => x + h * d[i]),
        all,
        0,
        false,
      );
      remainders.push(Math.abs(moved - total - h * slope));
    }
    // Huber's second derivative jumps, so its remainder is only bounded by h².
    expect(remainders[1] / remainders[0]).toBeLessThan(0.02);
    expect(remainders[2] / remainders[1]).toBeLessThan(0.02);
  });

  it('has a tangent and an adjoint that are transposes, to rounding', async () => {
    const model = fullModel();
    const context = contextOf(model);
    const v = normals(context.control.size, 0.5);
    const hessian = new GaussNewtonHessian(context, v);
    const [a, b] = [normals(v.length), normals(v.length)];
    const [ha, hb] = [(await hessian.product(a)).control, (await hessian.product(b)).control];
    expect(dot(ha, b) / dot(a, hb)).toBeCloseTo(1, 12);
    const factors = context.control.factors(v);
    const direction = normals(factors.length);
    let [forward, backward] = [0, 0];
    const tangents = await model.tangents!(factors, direction, [0, 1, 2]);
    for (const batch of [0, 1, 2]) {
      const w = normals(model.observations(batch).values.length);
      await model.forward(factors, batch);
      forward += dot(Float64Array.from(tangents[batch]), w);
      await model.addAdjoint(w, batch);
    }
    backward = dot(await model.takeGradient(), direction);
    expect(backward / forward).toBeCloseTo(1, 12);
  });

  it('has one posterior, whether its parts have a Krylov space each or all together', async () => {
    const each = [0, 1].map((batch) => ({ slots: [batch, batch + 1] as const, batches: [batch, batch + 1] as const }));
    const model = fullModel(each);
    expect(model.parts).toHaveLength(3); // the known totals have their own
    const context = contextOf(model, { loss: 'l2' });
    const at = normals(context.control.size, 0.5);
    const hessian = new GaussNewtonHessian(context, at);
    const posteriorOf = async (of: ForwardModel): Promise<{ products: number; posterior: LowRankPosterior }> => {
      const { blocks, products } = await lowRank(hessian, of, context.control, { rank: 100, species: 3, random: new Random(4) });
      expect(blocks).toHaveLength(1); // all of them see the nuisance numbers
      return { products, posterior: new LowRankPosterior(context.control, at, blocks, 3) };
    };
    const apart = await posteriorOf(model);
    const together = await posteriorOf(Object.create(model, { parts: { value: undefined } }) as ForwardModel);
    expect(apart.posterior.eigenvalues).toHaveLength(11); // 5 + 6 values less two withheld, and two totals
    together.posterior.eigenvalues.forEach((value, k) => expect(apart.posterior.eigenvalues[k] / value).toBeCloseTo(1, 6));
    const v = normals(at.length);
    const [a, b] = [apart, together].map(({ posterior }) => timesCovariance(posterior, v));
    a.forEach((value, i) => expect(value).toBeCloseTo(b[i], 7));
    expect(apart.products).toBeLessThan(together.products);
  });

  it('counts the degrees of freedom of each species, those of known totals apart', async () => {
    const model = fullModel();
    const context = contextOf(model, { loss: 'l2' });
    const at = normals(context.control.size, 0.5);
    const hessian = new GaussNewtonHessian(context, at);
    const { blocks } = await lowRank(hessian, model, context.control, { rank: 100, species: 2, random: new Random(4) });
    const found = new LowRankPosterior(context.control, at, blocks, 2).dofsBySpecies();
    // By hand: rows of W^½ G, the influence matrix G (I + GᵀG)⁻¹ Gᵀ, its diagonal by species.
    const columns: number[][] = [];
    for (let k = 0; k < at.length; k++) {
      const unit = Float64Array.from(at, (_, i) => (i === k ? 1 : 0));
      columns.push((await hessian.product(unit)).simulated.flatMap((each) => [...each]));
    }
    const rows = new Matrix(columns).transpose();
    const influence = rows.mmul(inverse(Matrix.eye(at.length).add(rows.transpose().mmul(rows)))).mmul(rows.transpose());
    const kinds = [0, 1, 2].flatMap((batch) => [...model.observations(batch).species]);
    const exact = [0, 1, 2].map((kind) => kinds.reduce((sum, each, i) => sum + (each === kind ? influence.get(i, i) : 0), 0));
    expect(exact[2]).toBeGreaterThan(1); // two totals
    [0, 1].forEach((s) => expect(found[s]).toBeCloseTo(exact[s], 6));
  });

  it('has members of its ensemble: nuisance numbers are drawn and inverted with the rest', async () => {
    const model = fullModel();
    const start = contextOf(model).control.initial();
    const complete = { ...settings, priorSpread: { NOx: 0.5, VOC: 0.3 }, iterations: 5 };
    const member = await randomisedMember(model, problem, complete, { member: 0, seed: 5, start });
    expect(member).toHaveLength(SIZE + 10);
    expect(member.subarray(SIZE).every((value) => value !== 0)).toBe(true);
  });
});

it('a bias takes what one monitor alone sees, a known total what it is told; in closed form', async () => {
  // one factor seen by three monitors; the third reads 0.6 too high
  const one = { slots: 1, rows: 1, cols: 1, groups: 1 };
  const observed = observationBatch([0.3, 0.3, 0.9], 0.1);
  const model = new NuisanceModel(new MatrixModel(one, [[[1], [1], [1]]], [observed], true), [
    { spread: [0.5, 0.5, 0.5], coefficientsOf: () => ({ index: Int32Array.of(0, 1, 2), columns: [[1, 1, 1]] }) },
  ]);
  const plain: InversionProblem = { groups: ['NOx'], species: ['NO2'], priorEmissions: [1], lengthCells: 0 };
  const exact: InversionSettings = { ...settings, loss: 'l2', bound: 1e6, gradientReduction: 1e-12 };
  const { factors, nuisance } = await invert(model, plain, exact);
  // x: prior 0.5², each monitor with 0.1² + 0.5²: a weighted mean
  const [prior, each] = [1 / 0.25, 1 / (0.01 + 0.25)];
  const x = (each * (0.3 + 0.3 + 0.9)) / (prior + 3 * each);
  expect(Math.log(factors[0])).toBeCloseTo(x, 6); // factors are given as float32
  expect(nuisance!.length).toBe(3);
  [0.3, 0.3, 0.9].forEach((y, i) => expect(nuisance![i]).toBeCloseTo(((y - x) * 0.25) / 0.26, 6));

  const told = new TotalsModel(
    new MatrixModel(one, [[[1]]], [observationBatch([0], 10)], true),
    [{ index: Int32Array.of(0), weight: Float64Array.of(7), value: 1.3, spread: 1e-4 }],
    1,
  );
  const result = await invert(told, { ...plain, totals: true }, exact);
  expect(result.factors[0]).toBeCloseTo(1.3, 5);
});

it('adds of each run its column times what an observation sees of the numbers of that run', async () => {
  const one = { slots: 1, rows: 1, cols: 1, groups: 1 };
  const beside = new NuisanceModel(new MatrixModel(one, [[[1], [1]]], [observationBatch([0, 0], 1)], true), [
    {
      spread: [1, 1, 1, 1], // two nodes of two runs
      coefficientsOf: () => ({
        index: Int32Array.of(0, 1, 1, -1),
        weight: Float64Array.of(0.6, 0.8, 0.5, 1),
        columns: [Float64Array.of(2, 3), Float64Array.of(-1, 10)],
      }),
    },
  ]);
  const factors = Float64Array.of(1, 1, 10, 100, 1000);
  expect([...(await beside.forward(factors, 0))]).toEqual([2 * (0.6 + 8) - (60 + 800), 3 * 5 + 10 * 500]);
  await beside.addAdjoint(Float64Array.of(1, 0.1), 0);
  const [, ...gradient] = await beside.takeGradient();
  [1.2, 1.6 + 0.15, -0.6, -0.8 + 0.5].forEach((value, k) => expect(gradient[k]).toBeCloseTo(value, 12));
});
