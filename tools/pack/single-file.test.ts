/** The command as one file: does what the command of the clone does, and finds what lies beside its modules. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeDemoWorld } from '../../packages/core/src/worlds/demo-world';

const root = join(__dirname, '../..');
const CLONE = join(root, 'packages/cli/dist/main.js');

let folder: string;
let single: string;
let caseFile: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'single-file-'));
  mkdirSync(join(folder, 'packages/cli'), { recursive: true });
  for (const path of ['package.json', 'dist']) cpSync(join(root, 'packages/cli', path), join(folder, 'packages/cli', path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  symlinkSync(join(root, 'packages/cli/node_modules'), join(folder, 'packages/cli/node_modules'));
  const module = JSON.stringify(join(root, 'tools/pack/single-file.mjs'));
  const text = `import { intoOneFile } from ${module}; await intoOneFile(${JSON.stringify(folder)});`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  single = join(folder, 'packages/cli/dist/main.js');
  caseFile = await writeDemoWorld(folder, { rows: 12, cols: 12, hours: 30, spinUpHours: 6, stations: 12 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (main: string, args: string[], options: string[] = []): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [...options, main, ...args], { cwd: folder, encoding: 'utf8' });

it.each([
  [['--help']],
  [['inspect', 'stations.csv']], // by DuckDB
  [['check', 'case.yaml', '--quiet', '--json']], // by netCDF
  [['run', 'case.yaml', '--submit', 'slurm', '--dry-run', '--out', 'run']], // by the templates of scripts
  [['run', 'missing.yaml', '--verbose']],
])('says what the clone says: %j', (args) => {
  const [expected, found] = [CLONE, single].map((main) => run(main, args));
  // Where in its sources an error was made is said otherwise.
  const told = ({ status, stdout, stderr }: SpawnSyncReturns<string>): unknown => [status, stdout, stderr.replace(/\n +at .*/g, '')];
  expect(found.stdout + found.stderr).not.toBe('');
  expect(told(found)).toEqual(told(expected));
});

it('is one file', () => {
  const count = join(folder, 'count.cjs');
  writeFileSync(count, "process.on('exit', () => console.log(Object.keys(require.cache).filter((path) => path.endsWith('.js')).length));");
  const loaded = (main: string): number => Number(run(main, ['run', 'missing.yaml'], ['-r', count]).stdout);
  expect(loaded(single)).toBe(1);
  expect(loaded(CLONE)).toBeGreaterThan(150);
});

it('computes what the clone computes', () => {
  const settings = ['members.count=2', 'response.groups=[NOx]'].flatMap((setting) => ['--set', setting]);
  const [expected, found] = [CLONE, single].map((main, i) => {
    const { status, stderr } = run(main, ['run', caseFile, '--stages', 'simulate,prepare', '--out', `run ${i}`, '--quiet', ...settings]);
    expect([status, stderr]).toEqual([0, '']);
    return join(folder, `run ${i}/prepare`); // the transport model's own files tell when they were written
  });
  const { status, stdout } = spawnSync('diff', ['-rq', '--exclude=record.json', expected, found], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, '']);
});
