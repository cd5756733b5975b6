import { CorrelationFilter } from '../../grid/correlation';
import { ConfigError } from '../../base/errors';
import type { ForwardModel } from '../model/forward-model';
import { invert } from '../solve/invert';
import type { InversionProblem, InversionSettings } from '../solve/inversion-problem';
import { JointControl } from './joint-control';
import { LogFactorControl } from './log-factor-control';
import { MatrixModel, observationBatch } from '../testing/linear-models';
import { twinSettings } from '../testing/plume-twin';

const CELL = { slots: 1, rows: 1, cols: 1, groups: 1 };

/** One monitor that sees ln f + 2 ln g: f on the emissions of one cell, g on what was there before. */
function model(value: number, error: number): ForwardModel {
  const matrix = new MatrixModel(CELL, [[[1, 2]]], [observationBatch([value], error)], true);
  return Object.assign(matrix, { initialConcentrations: CELL });
}

const settings: InversionSettings = {
  ...twinSettings,
  optimiser: 'lbfgs',
  learningRate: 0.1,
  iterations: 100,
  tolerance: 1e-12,
  loss: 'l2',
  bound: 1e9,
  stopOnWithheld: false,
};
const problem: InversionProblem = {
  groups: ['NOx'],
  species: ['NO2'],
  priorEmissions: [1],
  lengthCells: 0,
  initialConcentrations: { spread: 0.2, lengthCells: 0 },
};

describe('emissions and initial concentrations inverted together', () => {
  it('share the misfit as their spreads say, in closed form', async () => {
    const { factors, initialConcentrations, atBound, emissionPrior, history } = await invert(model(1, 0.5), problem, settings);
    // x = Sa Kᵀ (K Sa Kᵀ + So)⁻¹ y with Sa = diag(0.25, 0.04), K = (1, 2), So = 0.25: K Sa Kᵀ + So = 0.25 + 0.16 + 0.25
    const [f, g] = [0.25 / 0.66, 0.08 / 0.66];
    expect(Math.log(factors[0])).toBeCloseTo(f, 5);
    expect(Math.log(initialConcentrations!.factors[0])).toBeCloseTo(g, 5);
    expect(emissionPrior).toBeCloseTo(f ** 2 / (2 * 0.25), 4);
    expect(history.at(-1)!.prior).toBeCloseTo(f ** 2 / (2 * 0.25) + g ** 2 / (2 * 0.04), 4);
    expect([factors.length, Object.keys(atBound)]).toEqual([1, ['NOx']]);
    const { gain } = initialConcentrations!;
    const misfit = (x: number): number => (x - 1) ** 2 / (2 * 0.25);
    expect(gain.prior.observation).toBeCloseTo(misfit(0), 6);
    expect(gain.emissions.observation).toBeCloseTo(misfit(f), 4);
    expect(gain.initialConcentrations.observation).toBeCloseTo(misfit(2 * g), 4);
    expect(gain.both.observation).toBeCloseTo(misfit(f + 2 * g), 4);
    expect(gain.shareOfInitialConcentrations).toBeCloseTo((misfit(f) - misfit(f + 2 * g)) / (misfit(0) - misfit(f + 2 * g)), 4);
  });

  it('have no share where the misfit does not fall', async () => {
    const { initialConcentrations } = await invert(model(0, 0.5), problem, { ...settings, iterations: 1 });
    expect(initialConcentrations!.gain.shareOfInitialConcentrations).toBeNull();
  });

  it('need a spread, and a prior term', async () => {
    const without = { ...problem, initialConcentrations: undefined };
    await expect(invert(model(1, 0.5), without, settings)).rejects.toThrow(ConfigError);
    await expect(invert(model(1, 0.5), problem, { ...settings, mode: 'paper', optimiser: 'sgd' })).rejects.toThrow(
      'a model with factors on initial concentrations needs their spread and length in the problem, and mode default',
    );
  });
});

it('the joint control is its parts side by side', () => {
  const part = (spread: number): LogFactorControl =>
    new LogFactorControl({ ...CELL, cols: 2 }, { spread: [spread], basis: new CorrelationFilter(1, 2, 1), bound: 3, emitting: Uint8Array.of(1, 1) });
  const [e, c] = [part(0.5), part(0.2)];
  const joint = new JointControl([e, c]);
  const v = Float64Array.of(0.3, -1, 2, 0.5);
  const [ve, vc] = [v.slice(0, 2), v.slice(2)];
  expect([...joint.factors(v)]).toEqual([...e.factors(ve), ...c.factors(vc)]);
  expect([...joint.derivativeAt(v).gradient([1, 2, 3, 4])]).toEqual([...e.derivativeAt(ve).gradient([1, 2]), ...c.derivativeAt(vc).gradient([3, 4])]);
  expect(joint.penalty(v)).toBeCloseTo((0.09 + 1 + 4 + 0.25) / 2, 12);
  const gradient = new Float64Array(4);
  joint.addPenaltyGradient(v, gradient);
  expect(gradient).toEqual(v);
  expect([...joint.initial()]).toEqual([0, 0, 0, 0]);
  expect([...joint.withPrior(v, 0)]).toEqual([0, 0, 2, 0.5]);
  expect([...joint.withPrior(v, 1)]).toEqual([0.3, -1, 0, 0]);
});
