/** What `uncertainty` says of a small twin of two periods, held against its own maps, the inventory and the truth. */
import { readdirSync } from 'node:fs';
import { DEFAULT_CHANNELS, GROUPS } from '../../base/species';
import { readCf } from '../../files/netcdf/netcdf-cf';
import { readPrepared } from '../../fields/prepared';
import type { Grid } from '../../grid/grid';
import { readTruthFactors } from '../../worlds/truth-factors';
import { FACTORS_FILE, readFactors } from '../../assimilation/factors/factors-file';
import type { StageEvent } from '../engine/stage';
import type { RunOptions } from '../run';
import { PRIOR } from '../../case/case-runs';
import { NO_CERTIFICATE, SMALL_TRAINING } from '../testing/small-settings';
import { SmallTwin, TWIN_CELLS } from '../testing/small-twin';
import type { UncertaintySummary } from '../inversions/uncertainty';

const HOURS = 54;
const PERIODS = ['winter', 'summer'];
const LEAST_REDUCTION = 0.01;
const SETTINGS = [
  ...SMALL_TRAINING,
  ...NO_CERTIFICATE,
  'inversion.iterations=3',
  'inversion.hoursPerDay=2',
  'inversion.stopOnWithheld=false',
  `inversion.uncertainty={method: lanczos, rank: 6, leastReduction: ${LEAST_REDUCTION}}`,
  'regions={west: {cols: [0, 4], rows: [0, 11]}}',
];

const twin = new SmallTwin({ hours: HOURS, spinUpHours: 18, stations: 24 }, SETTINGS);
let grid: Grid;
beforeAll(async () => {
  grid = twin.grid();
  await twin.run([], ['simulate', 'prepare', 'train', 'evaluate', 'certify', 'export', 'invert', 'uncertainty']);
});

const summary = (): UncertaintySummary => twin.read('uncertainty/uncertainty.json');
/** A map of the stage, `[5, H, W]`. */
function mapOf(name: string): ArrayLike<number> {
  const found = readCf(twin.inRun('uncertainty/uncertainty.nc')).variables.find((variable) => variable.name === name)!;
  return found.data;
}
const truthOf = (period: string): Float32Array => readTruthFactors(twin.load().truth!.factors, grid, period, GROUPS);
/** Mean over the period, of a group in a cell. */
function emissionsOf(period: string): (cell: number, group: number) => number {
  const { emissions } = readPrepared(twin.inRun('prepare'), period, DEFAULT_CHANNELS, { runs: [PRIOR] }).runs.get(PRIOR)!;
  return (cell, group) => {
    let sum = 0;
    for (let hour = 0; hour < HOURS; hour++) sum += emissions[(hour * TWIN_CELLS + cell) * GROUPS.length + group];
    return sum / HOURS;
  };
}

it('each period has its own maps: intervals about its factors, as wide as their σ', () => {
  const widths = PERIODS.map((period) => {
    const { data: factors } = readFactors(twin.inRun('invert', FACTORS_FILE), { grid, groups: GROUPS }, period);
    const [low, high, sigma, reduction, constrained] = ['factor_low', 'factor_high', 'log_factor_sigma', 'reduction', 'constrained'].map((name) =>
      mapOf(`${name}_${period}`),
    );
    expect(factors).toHaveLength(TWIN_CELLS * GROUPS.length);
    factors.forEach((factor, i) => {
      expect(low[i]).toBeLessThanOrEqual(factor * (1 + 1e-6));
      expect(high[i]).toBeGreaterThanOrEqual(factor * (1 - 1e-6));
      // The bound draws a factor towards 1, so that the interval is no wider than without it.
      expect(Math.log(high[i] / low[i])).toBeLessThanOrEqual(2 * sigma[i] * (1 + 1e-5) + 1e-6);
      if (sigma[i] > 0) expect(Math.log(high[i] / low[i])).toBeGreaterThan(sigma[i]);
      expect(constrained[i]).toBe(reduction[i] >= LEAST_REDUCTION ? 1 : 0);
    });
    return Array.from(sigma);
  });
  expect(widths[0]).not.toEqual(widths[1]);
});

it('rows of the averaging kernel are of the cells that emit most, and sum to what is said of them', () => {
  const rows = summary().kernelRows!;
  expect(rows.map(({ period, region, group }) => [period, region, group])).toEqual(
    PERIODS.flatMap((period) => [undefined, 'west'].flatMap((region) => GROUPS.map((group) => [period, region, group]))),
  );
  for (const period of PERIODS) {
    const emissions = emissionsOf(period);
    const kernel = mapOf(`averaging_kernel_${period}`);
    rows
      .filter((row) => row.period === period)
      .forEach(({ region, group, row, col, itself, groups }, r) => {
        const g = GROUPS.indexOf(group);
        const inArea = Array.from({ length: TWIN_CELLS }, (_, cell) => cell).filter((cell) => region === undefined || cell % 12 <= 4);
        const most = Math.max(...inArea.map((cell) => emissions(cell, g)));
        expect(emissions(row * 12 + col, g) / most).toBeCloseTo(1, 5);
        const first = r * TWIN_CELLS * GROUPS.length;
        expect(kernel[first + (row * 12 + col) * GROUPS.length + g]).toBeCloseTo(itself, 6);
        groups.forEach((sum, other) => {
          const own = Array.from({ length: TWIN_CELLS }, (_, cell) => kernel[first + cell * GROUPS.length + other]);
          expect(own.reduce((all, value) => all + value, 0)).toBeCloseTo(sum, 4);
        });
      });
  }
});

it('coverage is the share of constrained cells whose true factor lies in the interval of the map', () => {
  const found = summary().coverage!;
  GROUPS.forEach((group, g) => {
    let [cells, hits, all, hit] = [0, 0, 0, 0];
    for (const period of PERIODS) {
      const [low, high, constrained] = ['factor_low', 'factor_high', 'constrained'].map((name) => mapOf(`${name}_${period}`));
      const [truth, emissions] = [truthOf(period), emissionsOf(period)];
      for (let cell = 0; cell < TWIN_CELLS; cell++) {
        const i = cell * GROUPS.length + g;
        if (constrained[i] === 0) continue;
        const isIn = truth[g * TWIN_CELLS + cell] >= low[i] && truth[g * TWIN_CELLS + cell] <= high[i];
        cells++;
        all += emissions(cell, g);
        if (!isIn) continue;
        hits++;
        hit += emissions(cell, g);
      }
    }
    const own = found.find((each) => each.group === group)!;
    expect([own.cells, own.oneSigma]).toEqual([cells, expect.closeTo(hits / cells, 10)]);
    expect(own.weighted.oneSigma).toBeCloseTo(hit / all, 5);
  });
});

it('observations are those of all species, and totals those of the inventory', () => {
  const { observations, innovations, areas } = summary();
  expect(observations).toBe(innovations.reduce((sum, { values }) => sum + values, 0));
  for (const { period, region, group, total } of areas) {
    const emissions = emissionsOf(period);
    const { data: factors } = readFactors(twin.inRun('invert', FACTORS_FILE), { grid, groups: GROUPS }, period);
    let [prior, updated] = [0, 0];
    for (let cell = 0; cell < TWIN_CELLS; cell++) {
      if (region !== undefined && cell % 12 > 4) continue;
      const kilograms = emissions(cell, GROUPS.indexOf(group)) * grid.cellArea(Math.floor(cell / 12));
      prior += kilograms;
      updated += kilograms * factors[cell * GROUPS.length + GROUPS.indexOf(group)];
    }
    expect([total.prior / prior, total.updated / updated]).toEqual([expect.closeTo(1, 5), expect.closeTo(1, 5)]);
  }
});

it('the members of an ensemble are kept one by one: more of them leave those that are there', async () => {
  const ensemble = (count: number, more?: RunOptions): Promise<StageEvent[]> =>
    twin.run([`inversion.uncertainty={method: rto, members: ${count}, leastReduction: ${LEAST_REDUCTION}}`], ['uncertainty'], more);
  const made = (events: StageEvent[]): Set<string> =>
    new Set(events.flatMap((event) => (event.kind === 'progress' ? (/^member \d/.exec(event.text)?.[0] ?? []) : [])));
  const members = (): string[] => readdirSync(twin.inRun('uncertainty/members')).sort();
  const abort = new AbortController();
  const onEvent = (event: StageEvent): void => void (event.kind === 'progress' && event.text.startsWith('member 2') && abort.abort());
  const stopped = ensemble(2, { onEvent, signal: abort.signal });
  await expect(stopped).rejects.toMatchObject({ code: expect.stringContaining('INTERRUPTED') as string });
  expect(members()).toEqual(['checkpoint-2.safetensors', 'member-1.safetensors']);
  expect(made(await ensemble(2))).toEqual(new Set(['member 2']));
  expect(members()).toEqual(['member-1.safetensors', 'member-2.safetensors']);
  const progress = (await ensemble(3)).flatMap((event) => (event.kind === 'progress' && event.text.startsWith('member') ? [event] : []));
  expect(made(progress)).toEqual(new Set(['member 3']));
  expect(progress.every(({ done, total }) => done >= (2 / 3) * total && done <= total)).toBe(true);
  const { method, members: count, areas, kernelRows, dofs } = summary();
  expect([method, count, kernelRows, dofs]).toEqual(['rto', 3, undefined, undefined]);
  expect(areas.every(({ total, dofs: own }) => total.sigma > 0 && own === null)).toBe(true);
});

it('is refused where monitors change meanwhile, which the inversion has named', async () => {
  await expect(twin.runWithChange('stations.csv', ['invert', 'uncertainty'])).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
});
