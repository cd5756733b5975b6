/** What a run is told to do is what it then does: one key of each stage changed, on a run made of the smallest parts. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCase, type Case } from '../case';
import { writeDemoWorld } from '../worlds/demo-world';
import { plannedWork, type PlannedStage } from './planned-work';
import { runStages } from './run-case';
import type { StageEvent } from './engine/stage';
import { NO_CERTIFICATE, SMALL_TRAINING, winterOnly } from './testing/small-settings';

jest.setTimeout(300_000);

const SMALL = [
  winterOnly(52, 24),
  ...SMALL_TRAINING,
  'training.iterations=4',
  'training.evaluateEvery=2',
  ...NO_CERTIFICATE,
  'inversion.iterations=2',
  'inversion.hoursPerDay=2',
  'inversion.stopOnWithheld=false',
  'inversion.uncertainty={method: lanczos, rank: 2}',
];

let folder: string;
let file: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'planned-'));
  file = await writeDemoWorld(folder, { rows: 12, cols: 12, hours: 52, spinUpHours: 24, stations: 12 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const out = (...path: string[]): string => join(folder, 'run', ...path);
const withSet = (...set: string[]): Case => loadCase(file, [...SMALL, ...set]);
const planned = async (of: Case): Promise<PlannedStage[]> => (await plannedWork(of, { out: out(), threads: 1, device: 'cpu' })).stages;
const names = (stages: PlannedStage[], state?: string): string[] =>
  stages.filter((stage) => stage.state !== 'up to date' && (state === undefined || stage.state === state)).map(({ stage }) => stage);

/** The stages that a run makes. */
async function made(of: Case): Promise<string[]> {
  const events: StageEvent[] = [];
  await runStages(of, { out: out(), threads: 1, device: 'cpu', onEvent: (event) => events.push(event) });
  return events.flatMap((event) => (event.kind === 'stage-start' ? [event.stage] : []));
}

it('of a new folder is everything, and makes no folder', async () => {
  const stages = await planned(withSet());
  expect(existsSync(out())).toBe(false);
  expect(stages.every(({ state, why }) => state === 'new' && why === undefined)).toBe(true);
  expect(stages[0].runs).toEqual(['prior', 'member01', 'member02', 'response-NOx', 'truth']);
  expect(await made(withSet())).toEqual(names(stages));
});

// In this order: each is laid over those before it, and nothing is left to be made when the next comes.
const kept: string[] = [];
it.each<[string, string, string, RegExp]>([
  ['regions.new={rows: [0, 3], cols: [0, 3]}', 'uncertainty', 'kept', /^regions\.new\.\S+ none → \[0,3\]/],
  ['scores.ozoneCutoff=30', 'verify', 'kept', /^scores\.ozoneCutoff 40 → 30$/],
  ['inversion.uncertainty.rank=1', 'uncertainty', 'kept', /^uncertainty\.rank 2 → 1$/],
  ['emissions.hemco={}', 'apply', 'kept', /^hemco\.degrees none → 0\.25$/],
  ['inversion.lengthKm=54', 'invert', 'anew', /^inversion\.lengthKm 81 → 54$/],
  ['members.seed=99', 'simulate', 'kept', /^members\.seed \d+ → 99$/],
])('%s: first %s, which is %s', async (set, first, state, why) => {
  kept.push(set);
  const of = withSet(...kept);
  const stages = await planned(of);
  const changed = stages.filter((stage) => stage.state !== 'up to date');
  expect(changed[0]).toMatchObject({ stage: first, state, why: expect.stringMatching(why) as string });
  expect(await made(of)).toEqual(names(stages));
});

it('a run of the transport model that only the inversion reads leaves what was learned as it is', async () => {
  const before = statSync(out('train', 'record.json')).mtimeMs;
  kept.push('inversion.nuisance.runs=[{name: HONO, options: {honoRate: 2e-5}, spread: 1}]');
  const of = withSet(...kept);
  const stages = await planned(of);
  const upToDate = stages.filter(({ state }) => state === 'up to date').map(({ stage }) => stage);
  expect(upToDate).toEqual(['prepare', 'train', 'evaluate', 'certify', 'export']);
  expect(await made(of)).toEqual(names(stages));
  expect(statSync(out('train', 'record.json')).mtimeMs).toBe(before);
});

it('a report alone says that it shows an uncertainty of other settings', async () => {
  const told: string[] = [];
  const onEvent = (event: StageEvent): unknown => event.kind === 'log' && told.push(event.text);
  const report = (...set: string[]): Promise<unknown> =>
    runStages(withSet(...kept, ...set), { out: out(), stages: ['report'], threads: 1, device: 'cpu', onEvent });
  await report();
  expect(told).toEqual([]);
  await report('inversion.uncertainty.rank=2');
  expect(told).toEqual([expect.stringMatching(/taken as it is: uncertainty \(/), expect.stringMatching(/^changed since its last run/)]);
  const page = (): string => readFileSync(out('report', 'report.html'), 'utf8');
  expect(page()).toContain('and taken as it is: uncertainty.');
  await report();
  expect(page()).not.toContain('taken as it is');
});

// Told alone: each of these takes as long as a run.
it.each<[string, string, RegExp, string[], string?]>([
  ['certificate.pairs=[{group: NOx, species: NO2}]', 'certify', /pairs\.1\.group "SO2" → none/, ['evaluate', 'export']],
  ['training.seed=12', 'train', /^training\.seed 11 → 12$/, []],
  ['meteorology.variables=[u, v, PBL, RGRND, TEMP2, Q2, RN]', 'prepare', /^meteorology \["u","v",/, [], 'kept'],
])('%s: first %s, and all after it', async (set, first, why, current, state = 'anew') => {
  const stages = await planned(withSet(...kept, set));
  const from = stages.findIndex(({ stage }) => stage === first);
  expect(stages[from]).toMatchObject({ state, why: expect.stringMatching(why) as string });
  const others = stages.filter(({ stage }) => stage !== first && current.includes(stage));
  expect([...stages.slice(0, from), ...others].every(({ state }) => state === 'up to date')).toBe(true);
  const after = stages.slice(from + 1).filter(({ stage }) => !current.includes(stage));
  for (const { why: told, state: then } of after) expect([then, told]).toEqual(['anew', expect.stringMatching(/before it |^case\./)]);
});

it('beside a damaged product makes that stage alone, which keeps the others', async () => {
  rmSync(out('simulate/member01/ACONC_winter.nc'));
  const stages = await planned(withSet(...kept));
  const [simulate] = stages;
  expect(simulate).toMatchObject({ state: 'kept', runs: ['member01'], why: expect.stringMatching(/member01.*is not there any more/) as string });
  const before = statSync(out('simulate/member02/ACONC_winter.nc')).mtimeMs;
  expect(await made(withSet(...kept))).toEqual(names(stages));
  expect(statSync(out('simulate/member02/ACONC_winter.nc')).mtimeMs).toBe(before);
});
