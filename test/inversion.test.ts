/** A small twin inverted with everything beside the default control: other places and times of factors, nuisance terms, known totals, several starts. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCf } from '../packages/core/src/files/netcdf/netcdf-cf';
import type { EvaluateSummary } from '../packages/core/src/run/learning/evaluate';
import type { InvertSummary } from '../packages/core/src/run/inversions/run-inversion';
import type { PreviewSummary } from '../packages/core/src/run/inversions/preview';
import type { TrainSummary } from '../packages/core/src/run/learning/train';
import type { UncertaintySummary } from '../packages/core/src/run/inversions/uncertainty';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { MAIN, SHORT_STAGES, SMALL_RUN, winterOnly } from './testing/small-run';

const SETTINGS = [
  ...SMALL_RUN,
  winterOnly(60, 24),
  ...SHORT_STAGES,
  'training.testMembers=1',
  'inversion.nuisance.runs=[{name: inflow, options: {background.O3: 60}, spread: 0.5}]',
];

let folder: string;
let caseFile: string;

function retroplume(command: string, ...more: string[]): SpawnSyncReturns<string> {
  const settings = [...SETTINGS, ...more].flatMap((setting) => ['--set', setting]);
  return spawnSync(process.execPath, [MAIN, command, caseFile, '--out', join(folder, 'run'), '--threads', '1', ...settings], { encoding: 'utf8' });
}

function inverted(...more: string[]): InvertSummary {
  const { status, stderr } = retroplume('invert', ...more);
  expect([status, stderr.match(/^retroplume: .*/m)]).toEqual([0, null]);
  return JSON.parse(readFileSync(join(folder, 'run/invert/inversion.json'), 'utf8')) as InvertSummary;
}

/** Factors of NOx in winter, `[(hours,) rows, cols]`. */
function nitrogenOxides(): { shape: string[]; values: number[] } {
  const { dimensions, data } = readCf(join(folder, 'run/invert/factors.nc')).variables.find(({ name }) => name === 'factor_winter')!;
  return { shape: dimensions, values: [...(data as Float32Array)].filter((_, i) => i % 5 === 0) };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-inversion-'));
  caseFile = await writeDemoWorld(folder, { rows: 16, cols: 16, hours: 60, spinUpHours: 24, stations: 30 });
  for (const stage of ['simulate', 'prepare', 'train', 'evaluate', 'certify', 'export']) {
    const { status, stderr } = retroplume(stage);
    expect([stage, status, stderr.match(/^retroplume: .*/m)]).toEqual([stage, 0, null]);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('judges the surrogate by a member that was kept for it, and says in a stage alone what the case no longer says', () => {
  const summaryOf = <T>(stage: string): T => (JSON.parse(readFileSync(join(folder, 'run', stage, 'record.json'), 'utf8')) as { summary: T }).summary;
  const evaluated = retroplume('evaluate');
  expect(evaluated.status).toBe(0);
  expect(evaluated.stderr).not.toContain('made with other settings');
  expect(summaryOf<TrainSummary>('train')).toMatchObject({ runs: ['prior', 'member01'], testRuns: ['member02'] });
  const { testRuns, concentrations } = summaryOf<EvaluateSummary>('evaluate');
  expect(testRuns).toEqual(['member02']);
  const [{ test, all }] = concentrations;
  // Another run than the prior's, and all of its hours.
  expect(test.nme).not.toEqual(all.nme);
  expect(test.nme.every((value) => value > 0 && value < 10)).toBe(true);
  const { status, stderr } = retroplume('evaluate', 'training.testMembers=0', 'response.factor=1.2');
  expect(status).toBe(0);
  expect(stderr).toMatch(
    /^ {2}made with other settings or inputs than the case has now, or damaged since, and taken as it is: simulate, train \("retroplume run" makes it anew\)$/m,
  );
});

it('simulates the run of a nuisance term, and inverts its number and biases with the emissions', () => {
  expect(existsSync(join(folder, 'run/simulate/nuisance-inflow/ACONC_winter.nc'))).toBe(true);
  const { nuisance, history } = inverted('inversion.nuisance.stationBias={O3: 2}');
  expect(history.at(-1)!.total).toBeLessThan(history[0].total);
  expect(nuisance![nuisance!.length - 1]).toMatchObject({ name: 'inflow', unit: "of the run's change", spread: 0.5 });
  expect(
    nuisance!.slice(0, -1).every(({ name, unit, spread }) => /^bias O3 at row \d+, column \d+$/.test(name) && unit === 'ppb' && spread === 2),
  ).toBe(true);
  // The prior run lacks some inflow or has too much: either way the number moves.
  expect(nuisance!.filter(({ value }) => value !== 0).length).toBeGreaterThan(nuisance!.length / 2);
});

it('gives all monitors a bias that they share, beside those of each cell', () => {
  // So many steps that it is the minima that are compared: after three, more numbers may still cost more.
  const settings = ['inversion.iterations=20', 'inversion.nuisance.stationBias={O3: 2}'];
  const without = inverted(...settings);
  const { nuisance, history } = inverted(...settings, 'inversion.nuisance.sharedBias={O3: 8, PM2.5: 4}');
  const shared = nuisance!.filter(({ name }) => name.endsWith('of all monitors'));
  expect(shared).toMatchObject([
    { name: 'bias O3 of all monitors', unit: 'ppb', spread: 8 },
    { name: 'bias PM2.5 of all monitors', unit: 'ug m-3', spread: 4 },
  ]);
  expect(nuisance).toHaveLength(without.nuisance!.length + 2);
  expect(shared.every(({ value }) => value !== 0)).toBe(true);
  // What the cells' biases have in common costs less as one number.
  const meanSquare = ({ nuisance: all }: InvertSummary): number =>
    all!.filter(({ name }) => name.startsWith('bias O3 at')).reduce((sum, { value }, _, { length }) => sum + value ** 2 / length, 0);
  expect(meanSquare({ nuisance } as InvertSummary)).toBeLessThan(meanSquare(without));
  expect(history.at(-1)!.total).toBeLessThan(without.history.at(-1)!.total);
});

it('lets errors of the inventory reach farther than the correlation length', () => {
  inverted();
  const alike = (): number => {
    // How much of the mean square of the log factors is left when those of blocks of 5 x 5 cells are averaged
    const logs = nitrogenOxides().values.map(Math.log);
    const blocks = [0, 5, 10].flatMap((row) => [0, 5, 10].map((col) => logs.filter((_, i) => within(i, row, col))));
    const square = (values: number[]): number => values.reduce((sum, value) => sum + value * value, 0) / values.length;
    return square(blocks.map((block) => block.reduce((sum, value) => sum + value, 0) / block.length)) / square(blocks.flat());
  };
  const within = (i: number, row: number, col: number): boolean =>
    Math.floor(i / 16) >= row && Math.floor(i / 16) < row + 5 && i % 16 >= col && i % 16 < col + 5;
  const near = alike();
  inverted('inversion.factorCorrelation.far={part: 0.9, km: 400}');
  expect(alike()).toBeGreaterThan(near);
  const { status, stderr } = retroplume('invert', 'inversion.factorCorrelation.far={part: 0.5, km: 50}');
  expect([status, stderr]).toEqual([
    2,
    expect.stringContaining('inversion.factorCorrelation.far.km: expected more than inversion.lengthKm (81 km) but received 50'),
  ]);
});

it('gives the part of a run that varies a number for each place and time, and one over a length without end is one number', () => {
  const inflow = (varies: string): string => `inversion.nuisance.runs=[{name: inflow, options: {background.O3: 60}, spread: 0.5, varies: ${varies}}]`;
  const one = inverted();
  const same = inverted(inflow('{ hours: 1000000 }'));
  expect(same.nuisance![0].name).toBe('inflow at 2026-01-05T00:00Z');
  expect(same.nuisance![0].value).toBeCloseTo(one.nuisance![0].value, 3);
  const field = inverted(inflow('{ hours: 12, km: 150 }'));
  // 60 hours in nodes 18 apart, 16 cells of 27 km in nodes 225 km apart
  expect(field.nuisance).toHaveLength(5 * 3 * 3);
  expect(field.nuisance![(1 * 3 + 2) * 3 + 1]).toMatchObject({ name: 'inflow at 2026-01-05T18:00Z, row 16.7, column 8.3', spread: 0.5 });
  expect(field.history.at(-1)!.total).toBeLessThan(one.history.at(-1)!.total);
  const { status, stderr } = retroplume('invert', inflow('{}'));
  expect([status, stderr]).toEqual([2, expect.stringContaining('inversion.nuisance.runs.0.varies: expected hours, km or both')]);
  const tooFine = /NUISANCE_NODES: .*inflow: varies makes \d+ numbers of its part, more than 100000: give more hours or km/;
  for (const command of ['invert', 'run']) {
    const fine = retroplume(command, inflow('{ hours: 1, km: 1 }'));
    expect([command, fine.status, fine.stderr]).toEqual([command, 2, expect.stringMatching(tooFine)]);
    // A whole run looks before its first stage, which may take days.
    expect([command, /^[a-z]+ (…|is up to date)/m.test(fine.stderr)]).toEqual([command, command === 'invert']);
  }
});

it('counts what the monitors say of biases and runs apart from what they say of the emissions', () => {
  const settings = ['inversion.nuisance.stationBias={O3: 20}', 'inversion.uncertainty.method=lanczos', 'inversion.uncertainty.rank=6'];
  inverted(...settings);
  for (const stage of ['preview', 'uncertainty']) {
    const { status, stderr } = retroplume(stage, ...settings);
    expect([stage, status, stderr.match(/^retroplume: .*/m)]).toEqual([stage, 0, null]);
    expect(stderr).toMatch(/degrees of freedom for signal on the emissions.*, beside some \d+ on nuisance numbers/);
  }
  const read = <T>(path: string): T => JSON.parse(readFileSync(join(folder, 'run', path), 'utf8')) as T;
  const { areas, dofs, dofsEstimate, dofsBeside, dofsEstimateBeside, eigenvalues } = read<UncertaintySummary>('uncertainty/uncertainty.json');
  const sumOf = (figures: (number | null | false)[]): number => figures.reduce<number>((sum, each) => sum + (each || 0), 0);
  expect(sumOf(areas.map(({ region, dofs: own }) => region === undefined && own))).toBeCloseTo(dofs!, 6);
  expect(sumOf(areas.map(({ region, dofsEstimate: own }) => region === undefined && own))).toBeCloseTo(dofsEstimate!, 6);
  // With the biases it is all that the products have found, and there are more of them than of anything else that so few products can tell.
  expect(dofs! + dofsBeside!.nuisance!).toBeCloseTo(sumOf(eigenvalues!.map((value) => value / (1 + value))), 6);
  expect(dofsBeside!.nuisance).toBeGreaterThan(0.5);
  expect(dofsEstimateBeside!.nuisance).toBeGreaterThan(0.5);
  const preview = read<PreviewSummary>('preview/preview.json');
  expect(sumOf(preview.areas.map(({ region, dofsEstimate: own }) => region === undefined && own))).toBeCloseTo(preview.dofsEstimate, 6);
  expect(preview.dofsEstimateBeside!.nuisance).toBeGreaterThan(0.5);
});

it('has the totals of a period in its uncertainty, whatever hours share a factor', () => {
  const priorTotals = (factors: string): number[] => {
    const settings = [`inversion.factors=${factors}`, 'inversion.uncertainty.method=lanczos', 'inversion.uncertainty.rank=2'];
    inverted(...settings);
    const { status, stderr } = retroplume('uncertainty', ...settings);
    expect([status, stderr.match(/^retroplume: .*/m)]).toEqual([0, null]);
    const { areas } = JSON.parse(readFileSync(join(folder, 'run/uncertainty/uncertainty.json'), 'utf8')) as UncertaintySummary;
    return areas.map(({ total }) => total.prior);
  };
  const whole = priorTotals('period');
  expect(whole.length).toBeGreaterThanOrEqual(5);
  // Of 60 hours the last day has twelve. Means of slots are in single precision.
  priorTotals('day').forEach((prior, i) => expect(prior / whole[i]).toBeCloseTo(1, 5));
});

it('compares daily means of hourly observations', () => {
  const hourly = inverted().history;
  const daily = inverted('inversion.dailyMeans=true').history;
  // Of the compared hours one whole day is left, of which each monitor has one value instead of the case's four.
  expect(daily[0].total).toBeLessThan(hourly[0].total / 2);
  expect(daily.at(-1)!.total).toBeLessThan(daily[0].total);
});

it('holds a total that is known', () => {
  const ratio = (): number => {
    const { values } = nitrogenOxides();
    return values.reduce((a, b) => a + b, 0) / values.length;
  };
  inverted();
  const free = ratio();
  const TOLD = 'inversion.totals=[{group: NOx, factor: 1.5, spread: 0.001}]';
  const told = inverted(TOLD, 'inversion.iterations=12');
  expect(Math.abs(ratio() - 1.5)).toBeLessThan(Math.abs(free - 1.5) / 2);
  expect(told.history[0].bySpecies).toHaveLength(5); // the totals stand behind the four species
  expect(told.history.at(-1)!.bySpecies[4]).toBeLessThan(told.history[0].bySpecies[4] / 10);
  const settings = [TOLD, 'inversion.uncertainty.method=lanczos', 'inversion.uncertainty.rank=3'];
  inverted(...settings);
  const { status, stderr } = retroplume('uncertainty', ...settings);
  expect([status, stderr.match(/^retroplume: .*/m)]).toEqual([0, null]);
});

it('has one factor for each region, and for each day', () => {
  inverted('inversion.space=regions');
  const emitting = nitrogenOxides().values.filter((factor) => factor !== 1);
  expect(new Set(emitting).size).toBe(2); // the demo's north and south
  inverted('inversion.space=blocks', 'inversion.blockKm=108', 'inversion.factors=day');
  const { shape, values } = nitrogenOxides();
  expect(shape[0]).toBe('hour_winter');
  const ofHour = (t: number): string => values.slice(t * 256, (t + 1) * 256).join();
  expect([ofHour(24) === ofHour(47), ofHour(23) === ofHour(24)]).toEqual([true, false]);
});

it('starts from several controls and keeps the best', () => {
  const { starts, history } = inverted('inversion.starts=3');
  expect(starts!.map(({ start }) => start)).toEqual([0, 1, 2]);
  expect(Math.min(...starts!.map(({ total }) => total))).toBe(Math.min(...history.map(({ total }) => total)));
  expect(new Set(starts!.map(({ total }) => total)).size).toBe(3);
});

it('ends with exit code 5 where the factors are nothing but bounds and the case says so', () => {
  const narrow = ['inversion.bound=1.01', 'inversion.saturation.share=0.05'];
  const warned = retroplume('invert', ...narrow);
  expect([warned.status, warned.stderr]).toEqual([
    0,
    expect.stringMatching(/warning: the factors of many emitting cells lie at their bound \(\d+ % of NOx/),
  ]);
  const refused = retroplume('invert', ...narrow, 'inversion.saturation.onFailure=refuse');
  expect([refused.status, refused.stderr]).toEqual([5, expect.stringContaining('INVERSION_SATURATED')]);
  expect(existsSync(join(folder, 'run/invert/factors.nc'))).toBe(false); // of the settings before: no result of other settings stays
});
