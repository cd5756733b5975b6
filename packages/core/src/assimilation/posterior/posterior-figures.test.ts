/** Degrees of freedom of emissions and of nuisance numbers beside them, against the trace of the averaging kernel in closed form; totals against their definition. */
import { inverse, Matrix } from 'ml-matrix';
import { GROUPS } from '../../base/species';
import { Grid } from '../../grid/grid';
import type { ForwardModel } from '../../inversion/model/forward-model';
import { GaussNewtonHessian } from '../../inversion/cost/hessian';
import type { InversionProblem } from '../../inversion/solve/inversion-problem';
import { completeSettings, controlFor } from '../../inversion/solve/inversion-settings';
import { NuisanceModel } from '../../inversion/model/nuisance-model';
import { gaussianWorld } from '../../inversion/testing/gaussian-world';
import { lowRank } from '../../inversion/uncertainty/low-rank';
import { LowRankPosterior } from '../../inversion/uncertainty/posterior';
import { Random } from '../../base/random';
import type { StageContext } from '../../run/engine/stage';
import type { InversionSetup } from '../inversion-setup';
import { besideInWords, posteriorFigures, roundingOf, sumsByPart, type MapFigures } from './posterior-figures';

const BIASES = [0.9, 0.6, 0.3];
const VALUES = 9;
const { model, problem, settings, context, closed } = gaussianWorld(VALUES);
/** Biases of three monitors that see both slots. */
const place = Int32Array.from({ length: VALUES }, (_, i) => i % BIASES.length);
const beside = new NuisanceModel(model, [{ spread: BIASES, coefficientsOf: () => ({ index: place, columns: [new Float32Array(VALUES).fill(1)] }) }]);

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

it('a product rounds by some units of its arithmetic: on tensor cores 2¹³ times as much as exactly', () => {
  const [exact, rounded] = (['float32', 'tf32'] as const).map((precision) => roundingOf({ precision } as StageContext));
  expect(exact / 2 ** -24).toBeGreaterThan(4);
  expect(rounded / exact).toBe(2 ** 13);
});

describe('figures of two periods of two slots each, of other lengths', () => {
  const grid = new Grid({
    name: 'S',
    gdtyp: 2,
    pAlp: 25,
    pBet: 40,
    pGam: 0,
    xcent: 0,
    ycent: 34,
    xorig: -50000,
    yorig: -50000,
    xcell: 27000,
    ycell: 27000,
    rows: 2,
    cols: 3,
  });
  const shape = { slots: 4, rows: 2, cols: 3, groups: GROUPS.length };
  const size = 4 * 6 * GROUPS.length;
  const random = new Random(6);
  const emissions = [0, 1].map(() => Float64Array.from({ length: size }, () => 0.2 + random.uniform()));
  const spreads = Object.fromEntries(GROUPS.map((group) => [group, 0.4]));
  /** hours of the slots of each period */
  const HOURS = [
    [3, 1],
    [2, 5],
  ];
  const slots = HOURS.map((hours) => ({ count: 2, slotOfHour: Int32Array.from(hours.flatMap((n, slot) => new Array<number>(n).fill(slot))) }));
  const uncertainty = { leastReduction: 0.1, constrainedGroups: [] };
  const stage = {
    variant: 'default',
    stage: 'uncertainty',
    caseSettings: { regions: { west: { rows: [0, 1], cols: [0, 0] } } },
    settings: { inversion: { uncertainty } },
  } as unknown as StageContext;
  const all = emissions[0].map((value, i) => value + emissions[1][i]);
  const given: InversionProblem = { groups: [...GROUPS], species: ['NO2'], priorEmissions: all, lengthCells: 1 };
  const bySectors = { ...given, sectors: ['a', 'b'].map((name, s) => ({ name, priorEmissions: emissions[s], priorSpread: spreads })) };

  /** About a control, of nothing observed. */
  function figures(own: InversionProblem, move: number): MapFigures[] {
    const whole = completeSettings({ ...settings, priorSpread: spreads });
    const control = controlFor({ shape } as ForwardModel, own, whole);
    const at = control.initial().map(() => move * random.normal());
    const setup = { grid, problem: own, periods: [{ name: 'winter' }, { name: 'summer' }], slots } as unknown as InversionSetup;
    return posteriorFigures(stage, setup, control, { control: at, posterior: new LowRankPosterior(control, at, [], 1) });
  }

  /** kg s-1 of a period, by the definition of a mean over its hours. */
  function total(of: Float64Array, period: number, group: number, west: boolean): number {
    let sum = 0;
    HOURS[period].forEach((hours, slot) => {
      for (let cell = 0; cell < 6; cell++) {
        if (west && cell % 3 > 0) continue;
        sum += hours * grid.cellArea(Math.floor(cell / 3)) * of[((2 * period + slot) * 6 + cell) * GROUPS.length + group];
      }
    });
    return sum / HOURS[period].reduce((n, hours) => n + hours, 0);
  }

  const expectTotals = ({ areas }: MapFigures, of: Float64Array): void => {
    expect(areas).toHaveLength(2 * 2 * GROUPS.length);
    for (const { period, region, group, total: found } of areas) {
      const exact = total(of, ['winter', 'summer'].indexOf(period), GROUPS.indexOf(group), region === 'west');
      expect(found.prior / exact).toBeCloseTo(1, 6);
    }
  };

  it('have the totals of the inventory, each hour counted once, and those of sectors their own', () => {
    const [whole, ...none] = figures(given, 0.3);
    expect(none).toEqual([]);
    expectTotals(whole, all);
    const maps = figures(bySectors, 0.3);
    expect(maps.map(({ map }) => map.sector)).toEqual([undefined, 'a', 'b']);
    maps.forEach((map, m) => expectTotals(map, m === 0 ? all : emissions[m - 1]));
  });

  it('say what was unsure a priori about the prior, wherever the inversion has ended', () => {
    const sigmas = (move: number): number[] => figures(given, move)[0].areas.map(({ total: { priorSigma } }) => priorSigma);
    expect(Math.min(...sigmas(0))).toBeGreaterThan(0);
    expect(sigmas(0.5)).toEqual(sigmas(0));
  });
});
