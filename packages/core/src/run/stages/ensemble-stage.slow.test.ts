/** The update from members alone, and periods without members, on a small twin. */
import { existsSync, readFileSync } from 'node:fs';
import { gridOf } from '../../case/gridded/regions';
import { FACTORS_FILE, readFactors } from '../../assimilation/factors/factors-file';
import type { EnsembleSummary } from '../inversions/run-ensemble';
import type { VerifySummary } from '../results/verify';
import { readRecord } from '../engine/record';
import type { StageEvent } from '../engine/stage';
import { NO_CERTIFICATE, SMALL_TRAINING } from '../testing/small-settings';
import { SmallTwin } from '../testing/small-twin';

const SETTINGS = [
  ...SMALL_TRAINING,
  ...NO_CERTIFICATE,
  'members.count=4',
  'response.groups=[]',
  'withheld.blockCells=3',
  'inversion.iterations=2',
  'ensembleMode.run=true',
];
const twin = new SmallTwin({ hours: 54, spinUpHours: 18, stations: 24 }, SETTINGS);
const week = (name: string, month: string, more = ''): string =>
  `{ name: ${name}, start: 2026-${month}T00:00:00Z, hours: 54, spinUpHours: 18${more} }`;

/** Stages that were made, and not found up to date. */
const made = (events: readonly StageEvent[]): string[] =>
  events.flatMap((event) => (event.kind === 'stage-done' ? [event.variant === 'default' ? event.stage : `${event.variant}/${event.stage}`] : []));

beforeAll(() => twin.run([], 'all'));

it('moves inverted groups near monitors, and is run by the transport model', () => {
  const { members, stations } = twin.read<EnsembleSummary>('ensemble/invert/inversion.json');
  expect(members).toEqual({ winter: 4, summer: 4 });
  expect(stations).toHaveLength(2);
  const groups = ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'];
  const { data } = readFactors(twin.inRun('ensemble/invert', FACTORS_FILE), { grid: gridOf(twin.load()), groups }, 'winter');
  expect(data.some((factor) => Math.abs(factor - 1) > 0.05)).toBe(true);
  expect(data.every((factor) => factor > 0.05 && factor < 20)).toBe(true);
  const { used, withheld } = readRecord(twin.inRun('ensemble/verify'))!.summary as VerifySummary;
  expect(used.NO2!.updatedMae).toBeLessThan(used.NO2!.priorMae);
  expect(withheld.NO2!.prior.n).toBe((readRecord(twin.inRun('verify'))!.summary as VerifySummary).withheld.NO2!.prior.n);
});

it('stands in the report beside the update with the network', () => {
  const page = readFileSync(twin.inRun('report', 'report.html'), 'utf8');
  expect(page).toContain('table-members-alone');
  expect(page).toContain('Without the network 4 members');
});

it('needs no training', async () => {
  expect(made(await twin.run(['training.seed=5'], 'all'))).toEqual(expect.arrayContaining(['train', 'invert']));
  expect(made(await twin.run(['training.seed=6'], ['train', 'invert']))).not.toContain('ensemble/invert');
});

it('is refused where a period has no members, or too few', () => {
  expect(() => twin.load(['members.count=2'])).toThrow(/ensembleMode\.run: the period winter has 2 members: it takes 3 or more/);
  expect(() => twin.load(['inversion.errorCorrelation.inSpace=exact'])).toThrow(/ensembleMode\.run: it takes errors of monitors as independent/);
});

it('a period without members that is added trains nothing anew', async () => {
  const runs = ['ensembleMode.run=false', 'training.seed=6'];
  await twin.run([...runs, `periods=[${week('winter', '01-05')}]`], ['simulate', 'prepare', 'train', 'evaluate', 'certify']);
  const added = await twin.run([...runs, `periods=[${week('winter', '01-05')}, ${week('summer', '07-06', ', members: false')}]`], 'all');
  expect(made(added)).toEqual(expect.arrayContaining(['prepare', 'invert', 'verify']));
  expect(made(added)).not.toContain('train');
  expect(made(added)).not.toContain('certify');
  expect(existsSync(twin.inRun('verify', 'ACONC_summer.nc'))).toBe(true);
});
