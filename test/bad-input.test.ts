/** Bad input through the command line: one sentence with a code and the file, the right exit code, nothing half-written. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWhere } from './testing/describe-where';
import { IoapiFile } from '../packages/core/src/files/ioapi/ioapi-file';
import type { IoapiVariable } from '../packages/core/src/files/ioapi/ioapi-header';
import { IoapiWriter } from '../packages/core/src/files/ioapi/ioapi-writer';
import type { TimeAxis } from '../packages/core/src/grid/grid';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { MAIN, SHORT_STAGES, SMALL_RUN } from './testing/small-run';

// Whole runs on a machine that does other things too.
jest.setTimeout(400_000);

const SETTINGS = [
  ...SMALL_RUN,
  ...SHORT_STAGES,
  'members.count=0',
  'training.differenceWeight=0',
  'training.iterations=2',
  'inversion.iterations=2',
  'inversion.hoursPerDay=1',
].flatMap((setting) => ['--set', setting]);

let world: string;
let folder: string;
beforeAll(async () => {
  world = mkdtempSync(join(tmpdir(), 'world-'));
  await writeDemoWorld(world, { size: 'quick', rows: 16, cols: 16, hours: 100, spinUpHours: 72, stations: 30 });
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bad-'));
  cpSync(world, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));
afterAll(() => rmSync(world, { recursive: true }));

function retroplume(command: string, ...more: string[]): { status: number | null; stderr: string } {
  const args = [MAIN, command, join(folder, 'case.yaml'), '--out', join(folder, 'run'), '--quiet', '--threads', '1', ...SETTINGS, ...more];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

function input(name: string): string {
  return join(folder, 'inputs', name);
}

interface Changes {
  to?: string;
  time?: (time: TimeAxis) => TimeAxis;
  first?: number;
  variables?: (variables: IoapiVariable[]) => IoapiVariable[];
  data?: (name: string, data: Float32Array) => void;
}

/** Writes an I/O API file again with something changed. */
function rewrite(name: string, { to = name, time = (t) => t, first = 0, variables = (v) => v, data = () => undefined }: Changes): void {
  const from = IoapiFile.open(input(name));
  const axis = time(from.time);
  const kept = variables(from.variables);
  const contents = from.variables.map((variable) => {
    const values = from.read(variable.name, first, axis.count);
    data(variable.name, values);
    return values;
  });
  const { grid, layers } = from;
  from.close();
  const writer = IoapiWriter.create(input(to), { grid, layers, time: axis, variables: kept });
  kept.forEach((variable, i) => writer.write(variable.name, 0, contents[i]));
  writer.close();
}

function replaceInCase(from: string | RegExp, to: string): void {
  const path = join(folder, 'case.yaml');
  const text = readFileSync(path, 'utf8');
  expect(text).toMatch(from);
  writeFileSync(path, text.replace(from, to));
}

function cutHours(from: number, to: number): void {
  const hour = 3600_000;
  rewrite('METCRO2D_winter.nc', {
    to: 'METCRO2D_winter_b.nc',
    first: to,
    time: (t) => ({ ...t, start: new Date(t.start.getTime() + to * hour), count: t.count - to }),
  });
  rewrite('METCRO2D_winter.nc', { time: (t) => ({ ...t, count: from }) });
}

interface BadInput {
  what: string;
  damage: () => void;
  exit: number;
  says: RegExp;
  /** the stage that finds it; default simulate */
  stage?: string;
}

const INPUTS: BadInput[] = [
  {
    what: 'an emission in a wrong unit',
    damage: () =>
      rewrite('EMIS_winter.nc', { variables: (v) => v.map((variable) => (variable.name === 'NO' ? { ...variable, units: 'K' } : variable)) }),
    exit: 3,
    says: /UNIT_\w+: .*EMIS_winter\.nc: NO\b.*"K"/,
  },
  {
    what: 'NaN in emissions',
    damage: () => rewrite('EMIS_winter.nc', { data: (name, values) => name === 'NH3' && values.fill(NaN, 40, 41) }),
    exit: 3,
    says: /NOT_FINITE: .*EMIS_winter\.nc.*NH3/,
  },
  {
    what: 'another grid',
    damage: () => writeFileSync(input('GRIDDESC'), readFileSync(input('GRIDDESC'), 'utf8').replace(/27000\.?0*/, '26000.0')),
    exit: 3,
    says: /GRID_MISMATCH: .*(xcell|XCELL)/,
    stage: 'prepare',
  },
  {
    what: 'hours missing between two files',
    damage: () => cutHours(40, 47),
    exit: 3,
    says: /retroplume: [A-Z_]*(GAP|TFLAG|TIME|COVERED)[A-Z_]*: .*METCRO2D_winter/,
  },
  {
    what: 'a period that the files do not cover',
    damage: () => rewrite('METCRO2D_winter.nc', { time: (t) => ({ ...t, count: 50 }) }),
    exit: 3,
    says: /COVERED: .*METCRO2D_winter/,
  },
  {
    what: 'a truncated file',
    damage: () => truncateSync(input('METCRO2D_summer.nc'), statSync(input('METCRO2D_summer.nc')).size / 2),
    exit: 3,
    says: /TRUNCATED: .*METCRO2D_summer\.nc/,
  },
  { what: 'a file that is no netCDF', damage: () => writeFileSync(input('EMIS_summer.nc'), 'hello'), exit: 3, says: /: .*EMIS_summer\.nc/ },
  {
    what: 'a glob that matches nothing',
    damage: () => replaceInCase('inputs/METCRO2D_{period}*.nc', 'inputs/WRF_{period}*.nc'),
    exit: 3,
    says: /FILES_NONE: .*WRF_winter/,
  },
  { what: 'a file that is missing', damage: () => rmSync(input('GRIDDESC')), exit: 3, says: /: .*GRIDDESC/ },
  {
    what: 'a variable that is missing',
    damage: () => replaceInCase('- NH3', '- AMMONIA'),
    exit: 3,
    says: /VARIABLE_MISSING: .*EMIS_winter\.nc.*AMMONIA/,
  },
  {
    what: 'an unknown key',
    damage: () => appendFileSync(join(folder, 'case.yaml'), 'traning: {}\n'),
    exit: 2,
    says: /CASE_UNKNOWN_KEY: .*case\.yaml:\d+: unknown key traning: did you mean training\?/,
  },
];

/** No product of a stage that failed, no temporary file anywhere. */
function expectNothingHalfWritten(stage: string): void {
  const out = join(folder, 'run');
  if (!existsSync(out)) return;
  expect(existsSync(join(out, stage, 'record.json'))).toBe(false);
  expect(readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'))).toEqual([]);
}

function expectOneSentence(stderr: string): void {
  expect(stderr).toMatch(/^retroplume: [A-Z][A-Z0-9_]+: .{20,}\n$/);
  expect(stderr).not.toMatch(/UNEXPECTED/);
}

describe('inputs of the transport model', () => {
  it.each(INPUTS)('$what', ({ damage, exit, says, stage = 'simulate' }) => {
    damage();
    const { status, stderr } = retroplume('run');
    expect(stderr).toMatch(says);
    expectOneSentence(stderr);
    expect(status).toBe(exit);
    expectNothingHalfWritten(stage);
  });
});

describe('a finished run, gone on with', () => {
  /** Its observations are files, as a real case has them; a copy of it has only the inversion to make again. */
  let real: string;
  beforeAll(() => {
    real = folder = mkdtempSync(join(tmpdir(), 'real-'));
    cpSync(world, folder, { recursive: true, preserveTimestamps: true });
    expect(retroplume('simulate').status).toBe(0);
    for (const name of observationFiles('run/simulate')) cpSync(join(folder, 'run/simulate', name), input(name.replace('observations', 'obs')));
    replaceInCase(/ {2}twin:\n(?: {4}.*\n)+/, '  files: inputs/obs_*.csv\n');
    replaceInCase(/truth:\n {2}factors: .*\n/, '');
    rmSync(join(folder, 'run'), { recursive: true });
    expect(retroplume('run').status).toBe(0);
  });
  afterAll(() => rmSync(real, { recursive: true }));
  beforeEach(() => cpSync(real, folder, { recursive: true, preserveTimestamps: true }));

  function observationFiles(where: string): string[] {
    return readdirSync(join(folder, where)).filter((name) => /^obs(ervations)?_/.test(name));
  }

  function changeObservations(change: (lines: string[]) => string[]): void {
    for (const name of observationFiles('inputs')) {
      writeFileSync(input(name), `${change(readFileSync(input(name), 'utf8').trimEnd().split('\n')).join('\n')}\n`);
    }
  }

  it('does not invert with fields that its surrogate was not trained with', () => {
    const { status, stderr } = retroplume('invert', '--set', 'surrogate.priorConcentrations=false', '--set', 'inversion.iterations=1');
    expect(stderr).toMatch(/SURROGATE_INPUTS: period \w+: the surrogate was trained with the fields .*prior_PM25 but the case now gives /);
    expectOneSentence(stderr);
    expect(status).toBe(3);
    expect(existsSync(join(folder, 'run/invert/record.json'))).toBe(false);
  });

  it('a stage that is run alone with other hours or on another grid than what it reads says so, and keeps what it had made', () => {
    const made = readFileSync(join(folder, 'run/apply/record.json'), 'utf8');
    const hours = retroplume('apply', '--set', 'periods=[{name: winter, start: 2026-01-06T00:00:00Z, hours: 36, spinUpHours: 8}]');
    expect(hours.stderr).toMatch(
      /PREPARED_TIME: period winter: what was prepared has \d+ hours from .* but the case now has 36 hours from 2026-01-06T/,
    );
    writeFileSync(input('GRIDDESC'), readFileSync(input('GRIDDESC'), 'utf8').replace('-216000.0', '-189000.0'));
    const grid = retroplume('apply', '--set', 'regions={}');
    expect(grid.stderr).toMatch(
      /GRID_MISMATCH: period winter, as it was prepared: expected the grid DEMO with XORIG -189000 but received DEMO with XORIG -216000: run "retroplume run"/,
    );
    expect(readFileSync(join(folder, 'run/apply/record.json'), 'utf8')).toBe(made);
  });

  it('leaves a folder of the name of a stage that is not its own, and says so before anything is run', () => {
    rmSync(join(folder, 'run'), { recursive: true });
    mkdirSync(join(folder, 'run/report'), { recursive: true });
    writeFileSync(join(folder, 'run/report/thesis.txt'), 'precious');
    const { status, stderr } = retroplume('run');
    expect(stderr).toMatch(/FOLDER_NOT_OURS: .*run\/report: expected a folder that Retroplume has made but received one that holds thesis\.txt/);
    expectOneSentence(stderr);
    expect(status).toBe(2);
    expect(readdirSync(join(folder, 'run'), { recursive: true })).toEqual(['report', 'report/thesis.txt']);
  });

  it('tells that the folder is that of another case', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [MAIN, 'report', join(folder, 'case.yaml'), '--out', join(folder, 'run'), '--set', 'name=renamed'],
      {
        encoding: 'utf8',
      },
    );
    expect(stderr).toMatch(/the last run in .*run was of the case "demo", not "renamed"/);
    expect(status).toBe(0);
  });

  it('a wrong unit of the observations is told before anything is run', () => {
    rmSync(join(folder, 'run'), { recursive: true });
    replaceInCase('unit: ppb', 'unit: ppx');
    const { status, stderr } = retroplume('run');
    expect(stderr).toMatch(/UNIT_UNKNOWN: .*NO2.*: unit "ppx": [^;]*\n$/); // one fault, in files that both periods share
    expectOneSentence(stderr);
    expect(status).toBe(3);
    expect(existsSync(join(folder, 'run'))).toBe(false);
  });

  it('observations of which a species is missing throughout are refused, and the species named', () => {
    changeObservations(([head, ...rows]) => {
      const column = head.split(',').indexOf('SO2');
      return [
        head,
        ...rows.map((row) =>
          row
            .split(',')
            .map((cell, i) => (i === column ? '' : cell))
            .join(','),
        ),
      ];
    });
    const { status, stderr } = retroplume('run');
    expect(stderr).toMatch(/SO2/);
    expectOneSentence(stderr);
    expect(status).toBe(3);
  });

  it('observations without any value are refused', () => {
    changeObservations(([head, ...rows]) => [
      head,
      ...rows.map((row) =>
        row
          .split(',')
          .map((cell, i) => (i < 2 ? cell : ''))
          .join(','),
      ),
    ]);
    const { status, stderr } = retroplume('run');
    expectOneSentence(stderr);
    expect(status).toBe(3);
  });

  it('observations of which all stations lie outside the grid are refused', () => {
    const [head, ...rows] = readFileSync(input('stations.csv'), 'utf8').trimEnd().split('\n');
    const lat = head.split(',').indexOf('lat');
    const moved = rows.map((row) =>
      row
        .split(',')
        .map((cell, i) => (i === lat ? '-60' : cell))
        .join(','),
    );
    writeFileSync(input('stations.csv'), `${[head, ...moved].join('\n')}\n`);
    const { status, stderr } = retroplume('run');
    expect(stderr).toMatch(/STATIONS_OUTSIDE_GRID: .*inside the grid/);
    expectOneSentence(stderr);
    expect(status).toBe(3);
  });
});

const small = mkdtempSync(join(tmpdir(), 'small-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', small]).status === 0;
afterAll(() => {
  if (mounted) spawnSync('umount', [small]);
  rmSync(small, { recursive: true });
});

describeWhere(mounted, 'no right to mount a small file system', 'a full disk', () => {
  it('is told in one sentence and leaves nothing half-written', () => {
    const out = join(small, 'run');
    mkdirSync(out);
    const { status, stderr } = retroplume('run', '--out', out);
    expect(stderr).toMatch(/DISK_FULL: .*(free|room|space)/i);
    expectOneSentence(stderr);
    expect(status).toBe(3);
    expect(readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp') || name.endsWith('record.json'))).toEqual(
      [],
    );
  });
});
