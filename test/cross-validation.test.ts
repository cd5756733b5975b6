/** Cross-validation of a small twin: an end by kill -9 and after it, other lists, its choice taken by the inversion, and bad input. */
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CrossValidation } from '../packages/core/src/assimilation/cross-validation/candidates';
import type { InvertSummary } from '../packages/core/src/run/inversions/run-inversion';
import type { StageRecord } from '../packages/core/src/run/engine/record';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { MAIN, SHORT_STAGES, SMALL_RUN, winterOnly } from './testing/small-run';

const SETTINGS = [...SMALL_RUN, winterOnly(60, 24), ...SHORT_STAGES, 'withheld.blockCells=4'];

const FOLDS = ['crossValidation.folds=2', 'crossValidation.iterations=2', 'crossValidation.hoursPerDay=1'];
const TRIED = [...FOLDS, 'crossValidation.try.lengthKm=[27, 160]', 'crossValidation.try.spreadScale=[0.5]'];

jest.setTimeout(400_000); // a dozen commands, on a busy machine too

let folder: string;
let caseFile: string;

function argumentsOf(command: string, settings: string[], out: string): string[] {
  return [MAIN, command, caseFile, '--out', out, '--threads', '1', ...[...SETTINGS, ...settings].flatMap((setting) => ['--set', setting])];
}

function retroplume(command: string, settings: string[], out = join(folder, 'run')): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, argumentsOf(command, settings, out), { encoding: 'utf8' });
}

function ok(command: string, settings: string[]): string {
  const { status, stderr } = retroplume(command, settings);
  expect([command, status, stderr.match(/^retroplume: .*/m)]).toEqual([command, 0, null]);
  return stderr;
}

function json<T>(file: string): T {
  return JSON.parse(readFileSync(join(folder, 'run', file), 'utf8')) as T;
}

const finished = (): string[] => {
  const dir = join(folder, 'run/crossvalidate/inversions');
  return existsSync(dir) ? readdirSync(dir).filter((name) => name.endsWith('.json')) : [];
};
const written = (names: string[]): number[] => names.map((name) => statSync(join(folder, 'run/crossvalidate/inversions', name)).mtimeMs);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-cross-validation-'));
  caseFile = await writeDemoWorld(folder, { rows: 16, cols: 16, hours: 60, spinUpHours: 24, stations: 30 });
  for (const stage of ['simulate', 'prepare', 'train', 'evaluate', 'certify', 'export']) ok(stage, []);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('goes on after kill -9 with what was finished, and finds what it would have found', async () => {
  const child = spawn(process.execPath, argumentsOf('crossvalidate', TRIED, join(folder, 'run')), { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  while (finished().length < 2) await sleep(20);
  child.kill('SIGKILL');
  await ended;
  const before = finished();
  expect(existsSync(join(folder, 'run/crossvalidate/record.json'))).toBe(false);
  const times = written(before);
  expect(ok('crossvalidate', TRIED)).toMatch(/warning: .* spreads and errors are chosen at 1 hour a day and used at \d+ /);
  expect(written(before)).toEqual(times);
  const { candidates, folds, picked, best } = json<CrossValidation>('crossvalidate/crossvalidation.json');
  expect(candidates.map(({ changes }) => changes.join())).toEqual(['', 'lengthKm 27', 'lengthKm 160', expect.stringMatching(/spreadScale 0\.5$/)]);
  expect(finished()).toHaveLength(candidates.length * 2);
  expect(picked).toBe(best);
  const means = candidates.map(({ score }) => score.mean);
  expect(means[picked]).toBe(Math.min(...means));
  expect(new Set(means).size).toBe(4);
  expect(folds.map(({ name }) => name)).toEqual(['1', '2']);
  // All candidates are judged by the same values.
  const counts = candidates.map((each) => each.folds.flatMap(({ errors }) => errors.map(({ n }) => n)));
  expect(new Set(counts.map(String)).size).toBe(1);

  const table = readFileSync(join(folder, 'run/crossvalidate/crossvalidation.csv'), 'utf8').trim().split('\n');
  expect(table).toHaveLength(1 + counts[0].length * 4);
  expect(table[1]).toMatch(/^0,[01],81,0,,1,1,0,0,0,1,NO2,ppb,\d+,/);

  rmSync(join(folder, 'run/crossvalidate'), { recursive: true });
  ok('crossvalidate', TRIED);
  expect(json<CrossValidation>('crossvalidate/crossvalidation.json').candidates).toEqual(candidates);
});

it('does nothing twice with another list, and chooses by the rule that is asked for', () => {
  const before = finished();
  const times = written(before);
  ok('crossvalidate', [...TRIED, 'crossValidation.try.spreadScale=[0.5, 2]', 'crossValidation.choose=one-standard-error']);
  expect(written(before)).toEqual(times);
  const { candidates, picked, best, lCurves } = json<CrossValidation>('crossvalidate/crossvalidation.json');
  expect(candidates).toHaveLength(5);
  expect(lCurves).toMatchObject([{ key: 'spreadScale', corner: null }]); // three points are too few for a corner
  expect(lCurves[0].points.map(({ candidate }) => candidates[candidate].candidate.spreadScale)).toEqual([0.5, 1, 2]);
  const limit = candidates[best].score.mean + candidates[best].score.standardError!;
  const fewest = Math.min(...candidates.filter(({ score }) => score.mean <= limit).map(({ changes }) => changes.length));
  expect(candidates[picked].changes).toHaveLength(fewest);
});

it('leaves each region out, and has its choice taken by the inversion, which says so', () => {
  const regions = ['crossValidation.by=regions', ...TRIED.slice(1), 'crossValidation.apply=true'];
  const early = retroplume('invert', regions);
  expect([early.status, early.stderr]).toEqual([0, expect.stringContaining('taken from cross-validation')]); // what lies there, of other folds
  rmSync(join(folder, 'run/crossvalidate'), { recursive: true });
  const missing = retroplume('invert', regions);
  expect([missing.status, missing.stderr]).toEqual([
    2,
    expect.stringMatching(/^retroplume: CROSS_VALIDATION_MISSING: .*run "retroplume crossvalidate"/m),
  ]);
  ok('crossvalidate', regions);
  const { folds, candidates, picked } = json<CrossValidation>('crossvalidate/crossvalidation.json');
  expect(folds.map(({ name }) => name)).toEqual(['south', 'north']);
  ok('invert', regions);
  const { settings } = json<StageRecord>('invert/record.json') as {
    settings: { inversion: { lengthKm: number; priorSpread: Record<string, number> } };
  };
  const { lengthKm, spreadScale } = candidates[picked].candidate;
  expect(settings.inversion).toMatchObject({ lengthKm, priorSpread: { NOx: 0.5 * spreadScale } });
  expect(json<InvertSummary>('invert/inversion.json').crossValidated).toMatch(candidates[picked].changes.join(', ') || /^the case's own/);
});

it('warns where withheld blocks are narrow beside the length of the prior', () => {
  // A length that nothing before may have chosen.
  expect(ok('invert', ['inversion.lengthKm=80'])).toMatch(/warning: .* blocks of 4 cells \(108 km\) are narrower than twice/);
});

it('refuses what it cannot do, with the remedy', () => {
  const refused = (settings: string[], command = 'crossvalidate'): string => {
    const { status, stderr } = retroplume(command, settings);
    expect(status).not.toBe(0);
    return stderr;
  };
  expect(refused([])).toMatch(/^retroplume: CROSS_VALIDATION_OFF: /m);
  expect(refused(FOLDS)).toContain('there is nothing to choose from');
  expect(refused([...FOLDS, 'crossValidation.try.lengthKm=[]'])).toContain('crossValidation.try.lengthKm');
  expect(refused(['crossValidation.apply=true'], 'invert')).toContain('nothing is chosen that could be taken');
  expect(refused([...TRIED, 'crossValidation.folds=50'])).toMatch(/^retroplume: FOLDS_TOO_FEW_BLOCKS: .*too few for 50 folds/m);
  expect(refused([...TRIED, 'crossValidation.by=regions', 'regions.sea={rows: [0, 0], cols: [0, 0]}'])).toMatch(
    /^retroplume: FOLD_REGION_EMPTY: .*region sea holds no station/m,
  );
});
