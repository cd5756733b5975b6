/** A small twin whose surrogate takes initial concentrations: rolled out, then the same surrogate with them as a part of the control, through the command line. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SPECIES } from '../packages/core/src/base/species';
import { readResponseSums } from '../packages/core/src/assimilation/surrogate/evaluated-responses';
import type { EvaluateSummary } from '../packages/core/src/run/learning/evaluate';
import type { InvertSummary } from '../packages/core/src/run/inversions/run-inversion';
import { responseFigures } from '../packages/core/src/surrogate/judgement/response-comparison';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { MAIN, SHORT_STAGES, SMALL_RUN } from './testing/small-run';

const SETTINGS = [
  ...SMALL_RUN,
  ...SHORT_STAGES,
  'response.groups=[SO2]',
  'surrogate.network=lstm-unet',
  'surrogate.window=[{count: 4, hours: 1}]',
  'surrogate.tracers=[]',
  'training.rolloutWindows=2',
];

let folder: string;
let caseFile: string;

function retroplume(from: string, ...more: string[]): SpawnSyncReturns<string> {
  const settings = [...SETTINGS, `surrogate.initialConcentrations=${from}`, ...more].flatMap((setting) => ['--set', setting]);
  return spawnSync(process.execPath, [MAIN, 'run', caseFile, '--out', join(folder, 'run'), '--threads', '1', ...settings], { encoding: 'utf8' });
}

function read<T>(path: string): T {
  return JSON.parse(readFileSync(join(folder, 'run', path), 'utf8')) as T;
}

const doneStages = (log: string): string[] => [...log.matchAll(/^(\w+) done in/gm)].map(([, stage]) => stage);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-initial-'));
  caseFile = await writeDemoWorld(folder, { rows: 16, cols: 16, hours: 60, spinUpHours: 24, stations: 30 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('is rolled out in every stage, and evaluated with them from each place', () => {
  const { status, stdout, stderr } = retroplume('rollout');
  expect([status, stderr.match(/^retroplume: .*/m)]).toEqual([0, null]);
  const { initialConcentrations, response } = read<EvaluateSummary>('evaluate/evaluation.json');
  expect(initialConcentrations!.map(({ from, period }) => `${from} ${period}`)).toEqual(
    ['winter', 'summer'].flatMap((period) => ['prior', 'rollout', 'zero'].map((from) => `${from} ${period}`)),
  );
  const slope = (from: string): number =>
    initialConcentrations!.find((each) => each.from === from)!.response.find(({ pair }) => pair === 'SO2>SO2')!.slope;
  expect(response.find(({ pair }) => pair === 'SO2>SO2')!.slope).toBe(slope('rollout'));
  expect(new Set(['prior', 'rollout', 'zero'].map(slope)).size).toBe(3);
  // What certify takes is of the surrogate as it is inverted.
  const sums = readResponseSums(join(folder, 'run/evaluate')).get('winter')!.sums.get('SO2')!;
  expect(responseFigures(sums[SPECIES.indexOf('SO2')]).slope).toBe(slope('rollout'));
  expect(stdout).toMatch(
    /initial concentrations from:\n {2}the prior run +SO2>SO2 -?\d\.\d\d\n {2}its own output +SO2>SO2 -?\d\.\d\d\n {2}nowhere \(0\)/,
  );
  const { history, initialConcentrations: gain } = read<InvertSummary>('invert/inversion.json');
  expect(history.at(-1)!.total).toBeLessThan(history[0].total);
  expect(gain).toBeUndefined();
  const page = readFileSync(join(folder, 'run/report/report.html'), 'utf8');
  expect(page).toContain('table-initial-concentrations');
  expect(page).not.toContain('table-initial-gain');
});

it('as a part of the control: the surrogate is not trained again, and what they took of the gain is told', () => {
  const { status, stderr } = retroplume('control');
  expect([status, stderr.match(/^retroplume: .*/m)]).toEqual([0, null]);
  expect(doneStages(stderr)).toEqual(['evaluate', 'certify', 'export', 'invert', 'apply', 'verify', 'report']);
  const { history, initialConcentrations: gain } = read<InvertSummary>('invert/inversion.json');
  expect(gain!.prior.observation).toBe(history[0].observation);
  expect(gain!.both.observation).toBeLessThan(gain!.emissions.observation);
  expect(gain!.shareOfInitialConcentrations).toBeGreaterThan(0);
  const share = (100 * gain!.shareOfInitialConcentrations!).toFixed(0);
  expect(stderr).toContain(`initial concentrations took ${share} % of the fall of the misfit`);
  expect(readFileSync(join(folder, 'run/report/report.html'), 'utf8')).toContain('table-initial-gain');
});

it('refuses what does not go together, before anything is run', () => {
  const both = retroplume('control', 'inversion.mode=paper');
  expect([both.status, both.stderr]).toEqual([2, expect.stringContaining('surrogate.initialConcentrations: control needs inversion.mode default')]);
  const none = retroplume('none');
  expect([none.status, none.stderr]).toEqual([2, expect.stringContaining('training.rolloutWindows: without initial concentrations')]);
  const long = retroplume('rollout', 'training.rolloutWindows=4', 'surrogate.window=[{count: 14, hours: 1}]');
  expect([long.status, long.stderr]).toEqual([2, expect.stringMatching(/CASE_ROLLOUT: training\.rolloutWindows: windows of 56 h together/)]);
});
