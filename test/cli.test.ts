import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..');
const main = join(root, 'packages/cli/dist/main.js');

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'cli-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function retroplume(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8' });
}

function writeCase(extra = ''): string {
  const path = join(folder, 'case.yaml');
  const groups = ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'].map((group) => `    ${group}: { variables: [${group}] }`).join('\n');
  writeFileSync(
    path,
    `name: tiny
grid: { griddesc: GRIDDESC, name: TINY }
periods: [{ name: winter, start: 2026-01-05T00:00:00Z, hours: 216 }]
meteorology: { files: "METCRO2D_{period}.nc" }
emissions:
  files: "EMIS_{period}.nc"
  groups:
${groups}
truth: { factors: truth.nc }
observations: { stations: { file: stations.csv }, twin: {} }
${extra}`,
  );
  return path;
}

describe('help', () => {
  it('lists every command', () => {
    const { status, stdout } = retroplume('--help');
    expect(status).toBe(0);
    for (const command of [
      'demo',
      'run',
      'simulate',
      'prepare',
      'train',
      'evaluate',
      'export',
      'invert',
      'apply',
      'verify',
      'report',
      'bench',
      'doctor',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    }
    expect(stdout).toContain('Exit codes');
  });

  it('of a command lists its options', () => {
    const { status, stdout } = retroplume('train', '--help');
    expect(status).toBe(0);
    for (const option of ['--out', '--set', '--device', '--threads', '--json', '--quiet', '--verbose']) expect(stdout).toContain(option);
  });

  it('tells the version', () => expect(retroplume('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/));
});

describe('wrong usage ends with code 2 and one sentence', () => {
  it.each([
    [['trian', 'case.yaml'], /^retroplume: CLI_USAGE: unknown command 'trian' \(did you mean train\?\): see retroplume --help\n$/],
    [['run', 'case.yaml', '--thread', '2'], /^retroplume: CLI_USAGE: unknown option '--thread' \(did you mean --threads\?\)/],
    [['run'], /^retroplume: CLI_USAGE: missing required argument 'case'/],
    [['run', 'case.yaml', '--threads', '0'], /expected a whole number of at least 1/],
    [['run', 'case.yaml', '--device', 'tpu'], /Allowed choices are auto, cpu, cuda/],
    [['demo', '--quick', '--full'], /cannot be used with/],
    [['demo', '--profile', 'none/trace.json'], /^retroplume: PROFILE_PATH: .*trace\.json: name a file in a folder that exists/],
    [['run', 'none.yaml'], /^retroplume: CASE_FILE_MISSING: none\.yaml: no such case file/],
  ])('%j', (args, message) => {
    const { status, stderr, stdout } = retroplume(...args);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  it('names the line and the nearest key of an unknown key, and points at --set', () => {
    const { status, stderr } = retroplume('run', writeCase('inversion: { iteratons: 3 }'), '--set', 'training.batsch=2');
    expect(status).toBe(2);
    expect(stderr).toMatch(/CASE_UNKNOWN_KEY/);
    expect(stderr).toMatch(/case\.yaml:15: unknown key inversion\.iteratons: did you mean iterations\?/);
    expect(stderr).toMatch(/--set training\.batsch=2: unknown key training\.batsch: did you mean batch\?/);
  });

  it('keeps the stack for --verbose', () => {
    expect(retroplume('run', 'none.yaml').stderr).not.toMatch(/\n\s+at /);
    expect(retroplume('run', 'none.yaml', '--verbose').stderr).toMatch(/\n\s+at /);
  });

  it('with --json says it on stdout too', () => {
    const { status, stdout } = retroplume('run', 'none.yaml', '--json');
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'CASE_FILE_MISSING', message: expect.stringContaining('none.yaml') as string } });
    expect(status).toBe(2);
  });
});

describe('devices and data', () => {
  it('a CUDA device that this version cannot use is an error that says what was looked for', () => {
    const { status, stderr } = retroplume('run', writeCase(), '--device', 'cuda');
    expect(stderr).toMatch(/^retroplume: DEVICE_CUDA_MISSING: .*(nvidia|GPU).*use --device cpu\n$/);
    expect(status).toBe(4);
  });

  it('missing input files end with code 3 and name the file', () => {
    const { status, stderr } = retroplume('run', writeCase());
    expect(stderr).toMatch(/retroplume: [A-Z_]+: .*(GRIDDESC|METCRO2D|EMIS|truth|stations)/);
    expect(stderr).not.toMatch(/UNEXPECTED|\n\s+at /);
    expect(status).toBe(3);
  });
});

describe('doctor', () => {
  it('finds what the set-up made', () => {
    const { status, stdout } = retroplume('doctor', '--json');
    const { findings, cpu } = JSON.parse(stdout) as {
      findings: { name: string; found: boolean; needed: boolean; detail: string }[];
      cpu: { cores: number };
    };
    expect(cpu.cores).toBeGreaterThan(0);
    expect(findings.filter((finding) => finding.needed && !finding.found)).toEqual([]);
    expect(findings.map((finding) => finding.name)).toEqual(expect.arrayContaining(['ONNX Runtime', 'MPI', 'GPU']));
    expect(status).toBe(0);
  });

  it('survives a reader that closes the pipe', () => {
    const shell = spawnSync('bash', ['-c', `set -o pipefail; "${process.execPath}" "${main}" doctor | head -n 1`], { encoding: 'utf8' });
    expect(shell.stderr).toBe('');
    expect(shell.status).toBe(0);
  });
});
