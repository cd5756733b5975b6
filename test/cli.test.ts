import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cudaDevices } from '@retroplume/native';
import { Grid, writeCf, writeGriddesc } from '../packages/core/src';
import type { CfVariable } from '../packages/core/src/files/netcdf/netcdf-cf';
import { describeOnCuda } from '../packages/core/src/graph/testing/describe-on-cuda';
import { MAIN } from './testing/small-run';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'cli-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function retroplume(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [MAIN, ...args], { cwd: folder, encoding: 'utf8' });
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
      'check',
      'inspect',
      'inventory',
      'simulate',
      'prepare',
      'train',
      'evaluate',
      'certify',
      'export',
      'preview',
      'crossvalidate',
      'invert',
      'uncertainty',
      'apply',
      'verify',
      'loop',
      'report',
      'compare',
      'runs',
      'bundle',
      'reproduce',
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
    for (const option of ['--out', '--set', '--device', '--precision', '--threads', '--json', '--quiet', '--verbose'])
      expect(stdout).toContain(option);
  });

  it.each([
    [
      'run',
      'run folder (default: runs/NAME of the case, or the run folder that is given as the case)',
      '(default: OMP_NUM_THREADS, else every processor',
    ],
    ['demo', 'run folder (default: runs/demo, with', '(default: OMP_NUM_THREADS, else every processor'],
    ['reproduce', 'run folder (default: BUNDLE-reproduced, beside it)', "processor threads (default: the run's)"],
  ])('of %s tells what it takes where nothing is said', (command, ...defaults) => {
    const stdout = retroplume(command, '--help').stdout.replace(/\n\s+/g, ' ');
    for (const each of defaults) expect(stdout).toContain(each);
  });

  it('tells the version', () => expect(retroplume('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/));
});

describe('check', () => {
  it('lists every problem on stdout, and ends with 3 where files are missing', () => {
    const { status, stdout, stderr } = retroplume('check', writeCase());
    expect(status).toBe(3);
    expect(stdout).toMatch(/case\.yaml: 4 problems\n/);
    for (const line of [
      /GRIDDESC_MISSING: .*case\.yaml:2: grid: /,
      /FILE_MISSING: .*METCRO2D_winter\.nc/,
      /FILE_MISSING: .*EMIS_winter\.nc/,
      /FILE_MISSING: .*stations\.csv/,
    ])
      expect(stdout).toMatch(line);
    expect(stderr).toBe('');
  });

  it('ends with 2 where the case file is wrong, and prints one object with --json', () => {
    const { status, stdout } = retroplume('check', writeCase('traning: {}\n'), '--json');
    expect(status).toBe(2);
    const { problems } = JSON.parse(stdout) as { problems: { code: string; place: string; key: string }[] };
    expect(problems).toHaveLength(5);
    expect(problems[0]).toMatchObject({ code: 'CASE_UNKNOWN_KEY', key: 'traning' });
    expect(problems[0].place).toMatch(/case\.yaml:\d+$/);
  });
});

describe('inspect', () => {
  it('tells of one file after the other, also of one that cannot be read', () => {
    writeFileSync(join(folder, 'stations.csv'), 'id,lon,lat,opened\nA,116,39,20230101\n');
    writeFileSync(join(folder, 'noise'), 'noise');
    const { status, stdout } = retroplume('inspect', 'stations.csv', 'noise');
    rmSync(join(folder, 'stations.csv'));
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^stations\.csv: list of stations, 36 bytes\n[^]*opened .* 20230101 … 20230101, mean 20230101\n[^]*noise: a file that Retroplume does not know/,
    );
  });

  it('of a file that is not there fails, with one object for --json', () => {
    const { status, stdout, stderr } = retroplume('inspect', 'none', '--json');
    expect(status).toBe(3);
    expect(stderr).toBe('retroplume: FILE_MISSING: none: there is no such file: check the path\n');
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'FILE_MISSING' } });
  });
});

describe('wrong usage ends with code 2 and one sentence', () => {
  it.each([
    [['trian', 'case.yaml'], /^retroplume: CLI_USAGE: unknown command 'trian' \(did you mean train\?\): see retroplume --help\n$/],
    [['run', 'case.yaml', '--thread', '2'], /^retroplume: CLI_USAGE: unknown option '--thread' \(did you mean --threads\?\)/],
    [['run'], /^retroplume: CLI_USAGE: missing required argument 'case'/],
    [['run', 'case.yaml', '--threads', '0'], /expected a whole number of at least 1/],
    [['run', 'case.yaml', '--threads', '100000'], /expected at most 1024 threads/],
    [['run', 'case.yaml', '--out', ''], /CLI_USAGE: .*--out.*expected a path but received an empty text \(a shell variable that is not set\?\)/],
    [['bundle', ''], /CLI_USAGE: .*expected a path but received an empty text/],
    [['run', 'case.yaml', '--device', 'tpu'], /argument 'tpu' is invalid\. expected auto, cpu, cuda or cuda:N/],
    [['run', 'case.yaml', '--precision', 'fp8'], /Allowed choices are float32, tf32, bf16/],
    [['demo', '--quick', '--full'], /cannot be used with/],
    // What would do nothing there is refused.
    [['check', 'case.yaml', '--threads', '2'], /unknown option '--threads'/],
    [['check', 'case.yaml', '--profile', 'trace.json'], /unknown option '--profile'/],
    [['verify', 'case.yaml', '--profile', 'trace.json'], /unknown option '--profile'/],
    [['reproduce', 'run.tar.gz', '--profile', 'trace.json'], /unknown option '--profile'/],
    [['inspect', 'case.yaml', '--quiet'], /unknown option '--quiet'/],
    [['doctor', '--quiet'], /unknown option '--quiet'/],
    [['run', 'case.yaml', '--submit', '--threads', '2'], /'--submit \[scheduler\]' cannot be used with option '--threads <n>'/],
    [['simulate', 'case.yaml', '--design', '--device', 'cpu'], /'--design \[folder\]' cannot be used with option '--device <device>'/],
    [['certify', 'case.yaml', '--run', 'NOx-x0.8', '--profile', 'trace.json'], /'--run <name>' cannot be used with option '--profile <file>'/],
    [['bench', '--programs', 'folder', '--rounds', '3'], /'--programs <dir>' cannot be used with option '--rounds <n>'/],
    [['run', 'case.yaml', '--dry-run', '--variant', 'paper'], /'--dry-run' cannot be used with option '--variant <name>'/],
    [['run', 'case.yaml', '--stages', 'train', '--changed-runs', 'keep'], /'--changed-runs <what>' would do nothing with --stages train: /],
    [
      ['run', 'case.yaml', '--stages', 'apply,report', '--profile', 'f'],
      /CLI_USAGE: .*'--profile <file>' would do nothing with --stages apply,report/,
    ],
    [['run', 'case.yaml', '--variant', 'paper', '--changed-runs', 'keep'], /'--changed-runs <what>' cannot be used with option '--variant <name>'/],
    [['simulate', 'case.yaml', '--design', '--changed-runs', 'keep'], /'--changed-runs <what>' cannot be used with option '--design/],
    [['demo', '--profile', 'none/trace.json'], /^retroplume: PROFILE_PATH: .*trace\.json: name a file in a folder that exists/],
    [['run', 'none.yaml'], /^retroplume: CASE_FILE_MISSING: none\.yaml: there is no such file/],
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

describeOnCuda('the command line', () => {
  it.each([['--device', 'auto'], ['--device', 'cuda'], ['--device', 'cuda:0'], []])('tells the first GPU for %s %s', (...options) => {
    expect(retroplume('run', writeCase(), ...options).stderr).toMatch(/^device: cuda:0 .+ \(sm_\d+, \d+ GiB\)\n/);
  });

  it('tells the products, and the GPUs where the index is wrong', () => {
    expect(retroplume('run', writeCase('precision: bf16')).stderr).toMatch(/^device: cuda:0 .+, precision bf16\n/);
    const { status, stderr } = retroplume('run', writeCase(), '--device', 'cuda:999');
    expect([status, stderr]).toEqual([4, expect.stringMatching(/DEVICE_CUDA_MISSING: device cuda:999: .* it has cuda:0 .*: use --device cuda:0/)]);
  });
});

describe('devices and data', () => {
  /** As on a machine without a GPU: CUDA does not see those that are hidden. */
  const withoutGpu = (...args: string[]): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, [MAIN, ...args], { cwd: folder, encoding: 'utf8', env: { ...process.env, CUDA_VISIBLE_DEVICES: '-1' } });

  it.each([
    ['cuda', ['run', '--device', 'cuda'], ''],
    ['cuda:7', ['run', '--device', 'cuda:7'], ''],
    ['cuda', ['train'], 'device: cuda'],
    ['cuda', ['demo', '--device', 'cuda', '--out', 'never'], undefined],
  ])('%s that is not there is an error that says what was looked for: %j %s', (device, [command, ...options], extra) => {
    const { status, stderr } = withoutGpu(command, ...(extra === undefined ? [] : [writeCase(extra)]), ...options);
    expect(stderr).toMatch(
      /^retroplume: DEVICE_CUDA_MISSING: device cuda(:7)?: expected .*(CUDA kernels|a GPU that CUDA can use).* or use --device cpu\n$/,
    );
    expect(stderr).toContain(`device ${device}: `);
    expect(status).toBe(4);
    expect(existsSync(join(folder, 'never'))).toBe(false);
  });

  it('auto takes the CPU where there is no GPU, and says so', () => {
    expect(withoutGpu('run', writeCase(), '--threads', '2').stderr).toMatch(/^device: cpu, 2 threads, (amx|avx512|avx2|baseline)\n/);
  });

  it('the device is told once, that of the command line before that of the case', () => {
    const { stderr } = retroplume('run', writeCase('device: cuda:999'), '--device', 'cpu', '--threads', '2');
    expect(stderr.match(/device: cpu, 2 threads, (amx|avx512|avx2|baseline)\n/g)).toHaveLength(1);
    expect(retroplume('run', writeCase(), '--quiet').stderr).not.toMatch(/^device/);
  });

  it.each([
    [['--device', 'cpu', '--precision', 'tf32'], ''],
    [['--device', 'cpu'], 'precision: bf16'],
  ])('rounded products on the CPU are refused: %j %s', (options, extra) => {
    const { status, stderr } = retroplume('run', writeCase(extra), ...options);
    expect(stderr).toMatch(/^retroplume: PRECISION_NEEDS_CUDA: precision (tf32|bf16): expected a GPU but device cpu .*use --precision float32.*\n$/);
    expect(status).toBe(2);
  });

  it('a key that does nothing is told before anything else, but not with --quiet', () => {
    const told = /^note: --set loop\.iterations=5: loop\.iterations does nothing: with passes: 1 there is no loop\ndevice: cpu/;
    expect(withoutGpu('run', writeCase(), '--set', 'loop.iterations=5').stderr).toMatch(told);
    expect(withoutGpu('run', writeCase(), '--set', 'loop.iterations=5', '--quiet').stderr).not.toMatch(/note/);
  });

  it('missing input files end with code 3 and name the file', () => {
    const { status, stderr } = retroplume('run', writeCase());
    expect(stderr).toMatch(/retroplume: [A-Z_]+: .*(GRIDDESC|METCRO2D|EMIS|truth|stations)/);
    expect(stderr).not.toMatch(/UNEXPECTED|\n\s+at /);
    expect(status).toBe(3);
  });
});

describe('inventory', () => {
  /** 1e-9 kg m-2 s-1 on 8 x 8 degrees, into six hours on a grid inside them. */
  function written(profile: string): string {
    const at = (name: string): string => join(folder, name);
    const axis = (name: string, first: number, units: string): CfVariable => ({
      name,
      dimensions: [name],
      data: Float64Array.from({ length: 8 }, (_, i) => first + i),
      attributes: { units },
    });
    writeCf(at('inventory.nc'), {
      dimensions: { lat: 8, lon: 8 },
      coordinates: [axis('lat', 30.5, 'degrees_north'), axis('lon', 106.5, 'degrees_east')],
      variables: [{ name: 'so2', dimensions: ['lat', 'lon'], data: new Float64Array(64).fill(1e-9), attributes: { units: 'kg m-2 s-1' } }],
    });
    const projection = { gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34 };
    writeGriddesc(
      at('GRIDDESC'),
      new Grid({ name: 'SMALL', ...projection, xorig: -54000, yorig: -54000, xcell: 27000, ycell: 27000, cols: 4, rows: 4 }),
    );
    writeFileSync(
      at('inventory.yaml'),
      `grid: { griddesc: GRIDDESC, name: SMALL }\nstart: 2017-01-02T00:00:00Z\nhours: 6\noutput: EMIS.nc\nsources:\n  - { file: inventory.nc, variable: so2, species: SO2, speciesUnits: g/s${profile} }\n`,
    );
    const { status, stdout, stderr } = retroplume('inventory', 'inventory.yaml');
    expect([status, stderr]).toEqual([0, '']);
    return stdout;
  }

  it('tells what is in the file where a profile makes it another mass than that of the inventory', () => {
    expect(written('')).toMatch(/ {2}SO2 from so2 of inventory\.nc: \S+ g on the grid, \d+\.\d\d % of the inventory\n$/);
    // Three in the first six hours of a day of UTC, one in the others: a mean of 1.5.
    const hour = Array.from({ length: 24 }, (_, h) => (h < 6 ? 3 : 1));
    const [, onGrid, inFile] = /: (\S+) g on the grid, .*; with its profile (\S+) g in the file\n$/.exec(
      written(`, profile: { hour: [${hour.join(', ')}], utcOffset: 0 }`),
    )!;
    expect(Number(inFile) / Number(onGrid)).toBeCloseTo(2, 4);
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
    expect(findings.map((finding) => finding.name)).toEqual(
      expect.arrayContaining(['ONNX Runtime', 'TensorFlow (tfjs-node)', 'MPI (mpi.node)', 'MPI launcher', 'CUDA kernels', 'NVIDIA driver', 'GPU']),
    );
    expect(status).toBe(0);
  });

  it('says of GPUs what CUDA says, and what to do', () => {
    const { stdout } = retroplume('doctor');
    const { built, reason, devices } = cudaDevices();
    expect(stdout).toMatch(built ? /^found {4}CUDA kernels: built into/m : /^missing {2}CUDA kernels: .*nvcc.*\n +→ .*install nvcc/m);
    if (devices.length > 0) expect(stdout).toContain(`found    GPU: cuda:0 ${devices[0].name}`);
    else expect(stdout).toContain(`missing  GPU: ${reason}\n         → runs use the CPU`);
  });

  it('says in one sentence that stdout has no room', () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'doctor', '--json'], { encoding: 'utf8', stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    expect(stderr).toMatch(/^retroplume: WRITE_FAILED: stdout: cannot be written \(ENOSPC.*\): send it where there is room\n$/);
    expect(status).toBe(3);
  });

  it('survives a reader that closes the pipe', () => {
    const shell = spawnSync('bash', ['-c', `set -o pipefail; "${process.execPath}" "${MAIN}" doctor | head -n 1`], { encoding: 'utf8' });
    expect(shell.stderr).toBe('');
    expect(shell.status).toBe(0);
  });

  it('goes on where nobody reads stderr any more', async () => {
    // The device is told first; the files are looked for later.
    const child = spawn(process.execPath, [MAIN, 'run', writeCase(), '--device', 'cpu'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.destroy();
    const [status] = (await once(child, 'close')) as [number | null];
    expect(status).toBe(3);
  });
});

it.each(['run case.yaml', 'check case.yaml', 'demo --quick', 'bundle mine', 'reproduce mine.tar.gz'])(
  'in a folder that has been removed says so: %s',
  (args) => {
    const gone = mkdtempSync(join(folder, 'gone-'));
    const { status, stderr } = spawnSync('sh', ['-c', `rmdir "$PWD" && exec "$0" "$1" ${args}`, process.execPath, MAIN], {
      cwd: gone,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([
      2,
      'retroplume: WORKING_FOLDER_GONE: the folder that this was started in is not there any more: change to one that is (cd), and run it again\n',
    ]);
  },
);

it('prints no characters that a terminal takes for commands, whichever names its input has', () => {
  const name = 'a\x1b[2J\x9b1mb.csv';
  writeFileSync(join(folder, name), 'station,time\x1b]0;title\x07,lat\n1,2,3\n');
  const told = [
    retroplume('inspect', name),
    retroplume('inspect', name, '--json'),
    retroplume('check', `${name}.yaml`),
    retroplume('run', '--\x1b[2J'),
  ];
  for (const { stdout, stderr } of told) expect(stdout + stderr).not.toMatch(/[^\P{Cc}\t\n]/u);
  expect(told[0].stdout).toContain('a\\u001b[2J\\u009b1mb.csv');
  expect((JSON.parse(told[1].stdout) as { files: { path: string }[] }).files[0].path).toBe(name);
  expect(told[2].stderr).toContain('CASE_FILE_MISSING: a\\u001b[2J\\u009b1mb.csv.yaml');
  expect(told[3].stderr).toContain("CLI_USAGE: unknown option '--\\u001b[2J'");
});
