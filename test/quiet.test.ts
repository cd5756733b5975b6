/** `--quiet` silences progress and notes; what was asked for is on stdout with it, too. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { MAIN, SHORT_STAGES, SMALL_RUN } from './testing/small-run';

jest.setTimeout(200_000); // runs on a busy machine

let folder: string;
let caseFile: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'quiet-'));
  caseFile = await writeDemoWorld(join(folder, 'world'), { rows: 16, cols: 16, hours: 60, spinUpHours: 24, stations: 30 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function told(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', cwd: folder });
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

const ofCase = (command: string, ...more: string[]): string =>
  told(command, caseFile, '--out', 'run', '--quiet', ...[...SMALL_RUN, ...SHORT_STAGES].flatMap((setting) => ['--set', setting]), ...more);

test('the verdict on a case, what a run would do, the scripts of its jobs', () => {
  expect(ofCase('check')).toMatch(/case\.yaml: no problem\nAs it should be:\n/);
  expect(ofCase('run', '--dry-run')).toMatch(/\/run:\n {2}simulate +to be made\n/);
  expect(ofCase('run', '--submit', 'slurm', '--dry-run')).toMatch(/#!\/bin\/(ba)?sh[^]*\nJobs for slurm \(not submitted\):\n/);
});

test('where a run is, its bundle, and how that compares', () => {
  expect(ofCase('run', '--stages', 'simulate,prepare')).toMatch(/^Run folder: .*\/run\n$/);
  expect(told('bundle', 'run')).toMatch(/run\.tar\.gz: \S+ MB, 2 stages, /);
  expect(told('reproduce', 'run.tar.gz', '--quiet')).toMatch(/^\d+ products: \d+ the same to the bit, /);
});

test('where the programs for kernel_bench are', () => {
  expect(told('bench', '--programs', join(folder, 'programs'), '--quiet')).toMatch(/^\d+ programs in .*\/programs\n$/);
});
