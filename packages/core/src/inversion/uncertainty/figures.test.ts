import { GROUPS } from '../../base/species';
import { CorrelationFilter } from '../../grid/correlation';
import { LogFactorControl } from '../control/log-factor-control';
import { MixedBasis, RegionBasis, SharedNumber } from '../control/correlation-bases';
import { dot } from '../../base/vectors';
import { unitGrid } from '../testing/small-world';
import { coverage } from './coverage';
import { areaFigures, cellFigures, unconstrainedGroups, type FiguresInput } from './figures';
import type { Posterior } from './posterior';

const shape = { slots: 2, rows: 1, cols: 2, groups: 5 };
const SIZE = 20;
/** NOx and SO2 in both cells, NH3 in the second only, nothing else. */
const priorEmissions = Float64Array.from({ length: SIZE }, (_, i) => [2, i % 10 < 5 ? 0 : 1, 3, 0, 0][i % 5]);
const control = new LogFactorControl(shape, {
  spread: [0.5, 0.1, 0.5, 0.1, 0.5],
  basis: new CorrelationFilter(1, 2, 0),
  bound: 1e300,
  emitting: Uint8Array.from(priorEmissions, (e) => (e > 0 ? 1 : 0)),
});
/** Halves the σ of NOx, leaves that of NH3, takes a twentieth from that of SO2; errors of cells are independent. */
const part = (i: number): number => [0.5, 1, 0.95, 1, 1][i % 5];
const posterior: Posterior = {
  logFactorSigma: () => control.priorSpread().map((spread, i) => part(i) * spread),
  covarianceOfSums: (_, sums) =>
    sums.map((a) =>
      sums.map((b) =>
        dot(
          a.weights.map((w, i) => w * b.weights[i] * (part(i) * control.priorSpread()[i]) ** 2),
          new Float64Array(SIZE).fill(1),
        ),
      ),
    ),
};
const grid = { ...unitGrid(1, 2), cellArea: () => 10, rows: 1, cols: 2 } as unknown as FiguresInput['grid'];
const input: FiguresInput = {
  settings: { leastReduction: 0.1, constrainedGroups: [] },
  grid,
  groups: GROUPS,
  periods: [
    { name: 'winter', slotHours: [744] },
    { name: 'summer', slotHours: [744] },
  ],
  areas: [{ mask: Float32Array.of(1, 1) }, { region: 'east', mask: Float32Array.of(0, 1) }],
  shape,
  map: control,
  priorEmissions,
  initial: control.initial(),
  control: control.initial(),
  posterior,
  dofs: Float64Array.from({ length: SIZE }, (_, i) => i),
};

describe('figures of a posterior', () => {
  it('says which cells are constrained: those whose σ has fallen by a tenth, or that are forced in', () => {
    const { reduction, constrained } = cellFigures(input);
    expect([...constrained.subarray(0, 10)]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    [0.5, 0, 0.05, 0, 0].forEach((expected, g) => expect(reduction[g]).toBeCloseTo(expected, 12));
    const lower = cellFigures({ ...input, settings: { leastReduction: 0.04, constrainedGroups: ['NH3'] } });
    // NH3 in the second cell only: what emits nothing has no factor to constrain.
    expect([...lower.constrained.subarray(0, 10)]).toEqual([1, 0, 1, 0, 0, 1, 1, 1, 0, 0]);
  });

  it('gives totals with intervals by period, region and group; by hand', () => {
    const { areas, correlations } = areaFigures(input, cellFigures(input));
    expect(areas.map(({ period, region, group }) => [period, region, group].join())).toEqual(
      ['winter', 'summer'].flatMap((period) =>
        ['', 'east'].flatMap((region) => ['NOx', 'NH3', 'SO2'].map((group) => [period, region, group].join())),
      ),
    );
    const [nox, nh3, so2] = areas;
    // Two cells of 2 kg m-2 s-1 on 10 m² with independent errors of 50 %: 40 ± 10√2, halved a posteriori.
    expect(nox.total.prior).toBeCloseTo(40, 12);
    expect(nox.total.updated).toBeCloseTo(40, 12);
    expect(nox.total.priorSigma).toBeCloseTo(10 * Math.SQRT2, 10);
    expect(nox.total.sigma).toBeCloseTo(5 * Math.SQRT2, 10);
    expect(nox.total.reduction).toBeCloseTo(0.5, 10);
    expect(nox.total.twoSigma[1]).toBeCloseTo(40 * Math.exp((10 * Math.SQRT2) / 40), 8);
    expect(nox.total.oneSigma[1]).toBeCloseTo(40 * Math.exp((5 * Math.SQRT2) / 40), 8);
    for (const [low, high] of [nox.total.oneSigma, nox.total.twoSigma]) expect(low * high).toBeCloseTo(1600, 8);
    expect([nox, nh3, so2].map(({ total }) => total.constrained)).toEqual([true, false, false]);
    const ofNox = (leastReduction: number): boolean =>
      areaFigures({ ...input, settings: { leastReduction, constrainedGroups: [] } }, cellFigures(input)).areas[0].total.constrained;
    expect([0.49, 0.51].map(ofNox)).toEqual([true, false]); // reduced by a half
    expect([nox, nh3, so2].map(({ constrained }) => constrained)).toEqual([1, 0, 0]);
    expect(areas[4].total.prior).toBe(10); // NH3, east: all of it
    // The control's elements are [slots, groups, cells]: of NOx in winter 0 and 1, in summer 10 and 11; SO2 4 and 5.
    expect(areas.filter(({ group }) => group !== 'NH3').map(({ dofs }) => dofs)).toEqual([1, 9, 1, 5, 21, 29, 11, 15]);
    expect(correlations[0].correlation[0].slice(0, 3)).toEqual([1, 0, 0]);
    expect(correlations.map(({ period, region }) => [period, region])).toEqual(areas.filter(({ group }) => group === 'NOx').map(({ period, region }) => [period, region])); // prettier-ignore
  });

  it('keeps what was found of the degrees of freedom apart from what is estimated, and has the mean reduction of cells, by emission', () => {
    const cells = cellFigures(input);
    expect([...cells.sigma]).toEqual([...posterior.logFactorSigma(control)]);
    cells.reduction[5] = 0.9; // of NOx in the second cell; 0.5 in the first
    const uneven = {
      ...input,
      priorEmissions: priorEmissions.map((e, i) => (i === 5 ? 3 * e : e)),
      dofsEstimate: input.dofs!.map((each) => 10 * each),
    };
    const [nox, nh3] = areaFigures(uneven, cells).areas;
    expect([nox.dofs, nox.dofsEstimate]).toEqual([1, 10]);
    expect(nox.reduction).toBeCloseTo((0.5 + 3 * 0.9) / 4, 12);
    expect(nh3.reduction).toBeCloseTo(0, 12);
    const without = areaFigures({ ...input, dofs: undefined }, cells).areas[0];
    expect([without.dofs, without.dofsEstimate]).toEqual([null, null]);
  });

  it('has nothing of an area where nothing is emitted', () => {
    const sea = { region: 'sea', mask: Float32Array.of(0, 0) };
    const { areas, correlations } = areaFigures({ ...input, areas: [...input.areas, sea] }, cellFigures(input));
    expect([areas.some(({ region }) => region === 'sea'), correlations.length]).toEqual([false, 4]);
  });

  it('takes the totals of groups for constrained that are said to be, too', () => {
    const { areas } = areaFigures({ ...input, settings: { leastReduction: 0.1, constrainedGroups: ['SO2'] } }, cellFigures(input));
    expect(areas.slice(0, 3).map(({ total }) => total.constrained)).toEqual([true, false, true]);
  });
});

it('groups are unconstrained of which no total is constrained, in no period and region', () => {
  const { areas } = areaFigures(input, cellFigures(input));
  expect(unconstrainedGroups(areas)).toEqual(['NH3', 'SO2']); // VOC and PM2.5 are not emitted
  const inOne = areas.map((area) => (area.group === 'SO2' && area.period === 'summer' && area.region ? { ...area, total: { ...area.total, constrained: true } } : area)); // prettier-ignore
  expect(unconstrainedGroups(inOne)).toEqual(['NH3']);
});

it('tells how the errors of two totals go together', () => {
  const covariance = [0, 1, 2, 3, 4].map((i) => [0, 1, 2, 3, 4].map((j) => (i > 1 || j > 1 ? 0 : i === j ? [4, 9][i] : -3)));
  const { correlations } = areaFigures({ ...input, posterior: { ...posterior, covarianceOfSums: () => covariance } }, cellFigures(input));
  expect(correlations[0].correlation.slice(0, 3).map((row) => row.slice(0, 3))).toEqual([
    [1, -0.5, 0],
    [-0.5, 1, 0],
    [0, 0, 0],
  ]);
});

it('takes a variance that rounding has put below zero for none, and a small one as it is', () => {
  const sigmaOf = (variance: number): number => {
    const covarianceOfSums = (): number[][] => [0, 1, 2, 3, 4].map((i) => [0, 1, 2, 3, 4].map((j) => (i === j ? variance : 0)));
    return areaFigures({ ...input, posterior: { ...posterior, covarianceOfSums } }, cellFigures(input)).areas[0].total.sigma;
  };
  expect([-1e-12, 0.25].map(sigmaOf)).toEqual([0, 0.5]);
});

it('weighs a cell with the area of its row', () => {
  const tall = { slots: 2, rows: 3, cols: 2, groups: 5 };
  const emissions = Float64Array.from({ length: 60 }, (_, i) => (i % 5 === 0 ? (i < 30 ? 2 : 7) : 0));
  const map = new LogFactorControl(tall, {
    spread: [0.5, 0.5, 0.5, 0.5, 0.5],
    basis: new CorrelationFilter(3, 2, 0),
    bound: 1e300,
    emitting: Uint8Array.from(emissions, (e) => (e > 0 ? 1 : 0)),
  });
  const east = { region: 'east', mask: Float32Array.of(0, 1, 0, 1, 0, 0.5) };
  const { areas } = areaFigures(
    {
      ...input,
      shape: tall,
      map,
      priorEmissions: emissions,
      initial: map.initial(),
      control: map.initial(),
      grid: { ...unitGrid(3, 2), cellArea: (row: number) => 10 * (row + 1) } as unknown as FiguresInput['grid'],
      areas: [{ mask: new Float32Array(6).fill(1) }, east],
      posterior: { logFactorSigma: () => map.priorSpread(), covarianceOfSums: (_, sums) => sums.map(() => sums.map(() => 0)) },
      dofs: undefined,
    },
    { sigma: new Float64Array(60), reduction: new Float64Array(60), constrained: new Uint8Array(60) },
  );
  expect(areas.map(({ total }) => total.prior)).toEqual([2, 7].flatMap((emission) => [2 * emission * (10 + 20 + 30), emission * (10 + 20 + 15)]));
});

describe('a period whose slots have different numbers of hours', () => {
  // Factors by month from 25 January: 168 and 576 hours.
  const [areas, uniform] = [
    [168, 576],
    [372, 372],
  ].map((slotHours) => {
    const january = { ...input, periods: [{ name: 'january', slotHours }], priorEmissions: priorEmissions.map((e, i) => (i < 10 ? 3 * e : e)) };
    january.control = input.control.map((_, i) => (i < 10 ? Math.log(2) / 0.5 : 0)); // NOx and SO2 of January are twice as large
    return areaFigures(january, cellFigures(january)).areas;
  });

  it('has totals that are means over its hours; by hand', () => {
    const [nox] = areas;
    const [january, february] = [(168 / 744) * 120, (576 / 744) * 40]; // kg s-1 of two cells of 10 m²
    expect(nox.total.prior).toBeCloseTo(january + february, 10);
    expect(nox.total.updated).toBeCloseTo(2 * january + february, 10);
    expect(nox.total.priorSigma).toBeCloseTo(Math.hypot(january, february) / 2 / Math.SQRT2, 10);
    // The posterior of the test is about factors of 1.
    expect(nox.total.sigma).toBeCloseTo(Math.hypot(january, february) / 4 / Math.SQRT2, 10);
    // What it is reduced from is the prior's spread about the result, where January's emissions are twice as large.
    expect(nox.total.reduction).toBeCloseTo(1 - Math.hypot(january, february) / 2 / Math.hypot(2 * january, february), 10);
  });

  it('is what it was where they are equal', () => {
    expect(uniform[0].total.prior).toBeCloseTo(80, 10);
    expect(uniform[0].total.updated).toBeCloseTo(140, 10);
  });
});

describe('degrees of freedom of factors that are not of cells', () => {
  it('go to areas by the part that they have of the cells behind each number, and add up', () => {
    const region = new RegionBasis(Int32Array.of(0, 0), 1);
    const basis = new MixedBasis([
      { basis: region, part: 0.5 },
      { basis: new SharedNumber(region, 2), part: 0.5 },
    ]);
    const ofRegions = new LogFactorControl(shape, {
      spread: [0.5, 0.1, 0.5, 0.1, 0.5],
      basis,
      bound: 3,
      emitting: new Uint8Array(SIZE).fill(1),
    });
    const whole = { ...input, map: ofRegions, control: ofRegions.initial(), dofs: Float64Array.from({ length: SIZE }, (_, i) => i) };
    const areas = [Float32Array.of(1, 0), Float32Array.of(0, 1)].map(
      (mask) => areaFigures({ ...whole, areas: [{ mask }] }, cellFigures(whole)).areas,
    );
    const [west, east] = areas.map((all) => all.filter(({ period, group }) => period === 'winter' && group === 'SO2').map(({ dofs }) => dofs));
    expect([west, east]).toEqual([[4.5], [4.5]]); // elements 4 and 5, half of each
  });
});

describe('coverage', () => {
  it('counts true factors within the intervals, in constrained cells only; by hand', () => {
    const sigma = new Float64Array(SIZE).fill(0.1);
    const constrained = new Uint8Array(SIZE);
    for (const i of [0, 5, 10]) constrained[i] = 1; // NOx in three of four
    const z = new Float64Array(SIZE).fill(0.2);
    const truth = new Float64Array(SIZE).fill(1);
    truth[0] = Math.exp(0.29); // within 1σ
    truth[5] = Math.exp(0.01); // within 2σ
    truth[10] = Math.exp(0.41); // beyond
    const weights = new Float64Array(SIZE).fill(1);
    weights[10] = 6;
    const [nox, ...others] = coverage(control, z, { sigma, constrained }, truth, weights, GROUPS);
    expect(others).toEqual([]);
    expect(nox).toMatchObject({ group: 'NOx', cells: 3 });
    expect([nox.oneSigma, nox.twoSigma, nox.weighted.oneSigma, nox.weighted.twoSigma].map((x) => Math.round(1e6 * x))).toEqual([
      333333, 666667, 125000, 250000,
    ]);
  });
});
