/** The ensemble design through the command line: written for an external transport model, kept, interrupted, refused, and what simulate makes of it. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IoapiFile } from '../packages/core/src/files/ioapi/ioapi-file';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { MAIN } from './testing/small-run';

// Runs of the transport model on a machine that does other things too.
jest.setTimeout(200_000);

const DESIGN = [
  'members.count=1',
  'members.perGroup=1',
  'members.scalings=[0.5]',
  'members.regionFactors=[{region: north, factor: 2}, {region: south, group: SO2, factor: 0.25}]',
];
const GROUPS = ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'];
const NAMES = [
  'member01',
  ...GROUPS.map((group) => `member01-${group}`),
  ...GROUPS.map((group) => `scaling-${group}-x0.5`),
  'region-north-all-x2',
  'region-south-SO2-x0.25',
];

let folder: string;
let caseFile: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'design-'));
  caseFile = await writeDemoWorld(folder, { size: 'quick', rows: 16, cols: 16, hours: 100, spinUpHours: 72, stations: 30 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function commandLine(args: string[], settings: string[]): string[] {
  return [MAIN, 'simulate', caseFile, '--out', join(folder, 'run'), ...args, ...settings.flatMap((setting) => ['--set', setting])];
}

function simulate(args: string[], settings = DESIGN): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, commandLine(args, settings), { encoding: 'utf8', cwd: folder });
}

interface Manifest {
  grid: { rows: number; cols: number };
  periods: { name: string; hours: number }[];
  random: { seed: number };
  regions: Record<string, unknown>;
  members: {
    name: string;
    kind: string;
    group: string;
    region?: string;
    factor?: number;
    seed?: number;
    runs: { period: string; emissions: string; concentrations: string; streams?: string[] }[];
  }[];
  expected: { variables: Record<string, { variable: string; unit: string }> };
  caseKeys: { members: { runs: { name: string; emissions: string; concentrations: string }[] } };
}

function manifest(dir: string): Manifest {
  return JSON.parse(readFileSync(join(folder, dir, 'design.json'), 'utf8')) as Manifest;
}

/** Every file under a folder with the moment of its last change. */
function changes(dir: string): Map<string, number> {
  const names = readdirSync(join(folder, dir), { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(folder, dir, name)).isFile());
  return new Map(names.sort().map((name) => [name, statSync(join(folder, dir, name)).mtimeMs]));
}

function fields(path: string, variable: string): Float32Array {
  const file = IoapiFile.open(path);
  const values = file.read(variable);
  file.close();
  return values;
}

const EMISSION_FILES = NAMES.flatMap((name) => ['summer', 'winter'].map((period) => `${name}/EMIS_${period}.nc`));

describe('simulate --design', () => {
  it('writes an emission file per member and period, and a manifest that names them; runs nothing', () => {
    const { status, stdout, stderr } = simulate(['--design', 'design', '--json']);
    expect(stderr).not.toMatch(/retroplume: [A-Z]/);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ design: join(folder, 'design'), members: NAMES, written: 26, kept: 0 });
    expect([...changes('design').keys()]).toEqual([...EMISSION_FILES, 'design.json'].sort());
    expect(existsSync(join(folder, 'run'))).toBe(false);
    const { members, grid, random, regions, expected, caseKeys } = manifest('design');
    expect(members.map(({ name }) => name)).toEqual(NAMES);
    expect(grid).toMatchObject({ rows: 16, cols: 16 });
    expect(Object.keys(regions).sort()).toEqual(['north', 'south']);
    expect(members[1]).toMatchObject({ kind: 'group', group: 'NOx', seed: random.seed });
    const [{ period, streams }] = members[1].runs;
    expect(streams).toEqual([`member 0 of NOx ${period}`, `member 0 of NOx ${period}, stretch 1`]);
    expect(members[12]).toMatchObject({ kind: 'region', region: 'south', group: 'SO2', factor: 0.25 });
    expect(members.flatMap(({ runs }) => runs.map(({ emissions }) => emissions)).sort()).toEqual([...EMISSION_FILES].sort());
    expect(expected.variables['PM2.5']).toEqual({ variable: 'PM25', unit: 'ug m-3' });
    expect(caseKeys.members.runs[12]).toEqual({
      name: 'region-south-SO2-x0.25',
      emissions: 'design/region-south-SO2-x0.25/EMIS_{period}.nc',
      concentrations: 'design/region-south-SO2-x0.25/ACONC_{period}.nc',
    });
  });

  it('changes what the design says and nothing else', () => {
    const prior = join(folder, 'inputs/EMIS_winter.nc');
    const inSouth = join(folder, 'design/region-south-SO2-x0.25/EMIS_winter.nc');
    const [before, after] = [fields(prior, 'SO2'), fields(inSouth, 'SO2')];
    const half = (16 * 16) / 2;
    for (let i = 0; i < before.length; i++) expect(after[i]).toBeCloseTo(before[i] * (i % 256 < half ? 0.25 : 1), 5);
    expect(fields(inSouth, 'NO')).toEqual(fields(prior, 'NO'));
    const halved = fields(join(folder, 'design/scaling-NOx-x0.5/EMIS_winter.nc'), 'NO2');
    expect(halved).toEqual(fields(prior, 'NO2').map((value) => value / 2));
    const units = (path: string): unknown => {
      const file = IoapiFile.open(path);
      file.close();
      return [file.variables, file.time, file.layers];
    };
    expect(units(inSouth)).toEqual(units(prior));
  });

  it('draws the random factors anew after each stretch, if the case asks for it', () => {
    const settings = ['members.count=1', 'members.stretchHours=36'];
    expect(JSON.parse(simulate(['--design', 'stretches', '--json'], settings).stdout)).toMatchObject({ written: 2 });
    expect(manifest('stretches').members[0].runs.find(({ period }) => period === 'winter')!.streams).toEqual([
      'member 0 winter',
      'member 0 winter, stretch 1',
      'member 0 winter, stretch 2',
    ]);
    const [prior, whole, stretches] = ['inputs', 'design/member01', 'stretches/member01'].map((run) =>
      fields(join(folder, run, 'EMIS_winter.nc'), 'NO'),
    );
    // One cell that emits at all hours; the last stretch is shorter, and the file's last step, at which it ends, is of it.
    const cell = prior.subarray(0, 256).indexOf(Math.max(...prior.subarray(0, 256)));
    const factors = Array.from({ length: prior.length / 256 }, (_, hour) => stretches[hour * 256 + cell] / prior[hour * 256 + cell]);
    factors.forEach((factor, hour) => expect(factor).toBeCloseTo(factors[36 * Math.min(2, Math.floor(hour / 36))], 5));
    expect(new Set(factors.map((factor) => factor.toFixed(3))).size).toBe(3);
    expect(stretches.subarray(0, 36 * 256)).toEqual(whole.subarray(0, 36 * 256));
  });

  it('keeps what is there, and writes anew what is damaged or of another design', () => {
    const before = changes('design');
    expect(JSON.parse(simulate(['--design', 'design', '--json']).stdout)).toMatchObject({ written: 0, kept: 26 });
    expect(changes('design')).toEqual(before);
    const damaged = join(folder, 'design/scaling-NOx-x0.5/EMIS_winter.nc');
    const whole = readFileSync(damaged);
    truncateSync(damaged, 5000);
    expect(JSON.parse(simulate(['--design', 'design', '--json']).stdout)).toMatchObject({ written: 1, kept: 25 });
    expect(statSync(damaged).size).toBe(whole.length);
    // Another seed changes the random members in both periods, not the scalings and regions.
    expect(JSON.parse(simulate(['--design', 'design', '--json'], [...DESIGN, 'members.seed=99']).stdout)).toMatchObject({ written: 12, kept: 14 });
    expect(manifest('design').random.seed).toBe(99);
    expect(changes('design').get('scaling-VOC-x0.5/EMIS_summer.nc')).toBe(before.get('scaling-VOC-x0.5/EMIS_summer.nc'));
  });

  it('ends on Ctrl-C with 130 and a sentence, leaves no manifest and nothing half-written, and goes on', async () => {
    const child = spawn(process.execPath, commandLine(['--design', 'stopped'], [...DESIGN, 'members.perGroup=20']), { cwd: folder });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    const first = join(folder, 'stopped/member01/EMIS_winter.nc');
    let sent = false;
    const timer = setInterval(() => {
      if (!sent && existsSync(first)) sent = child.kill('SIGINT'); // a second one ends the process at once
    }, 5);
    const status = await new Promise((done) => child.on('close', done));
    clearInterval(timer);
    expect(stderr).toMatch(/retroplume: INTERRUPTED: simulate --design: .*run the same command to go on/);
    expect(status).toBe(130);
    const left = [...changes('stopped').keys()];
    expect(left.filter((name) => !name.endsWith('.nc'))).toEqual([]);
    const { written, kept } = JSON.parse(simulate(['--design', 'stopped', '--json'], [...DESIGN, 'members.perGroup=20']).stdout) as Record<
      string,
      number
    >;
    expect([written + kept, kept]).toEqual([2 * (1 + 100 + 5 + 2), left.length]);
    expect(manifest('stopped').members).toHaveLength(108);
  });

  it('writes into the run folder where no folder is named', () => {
    const { status, stdout } = simulate(['--design'], ['members.count=1']);
    expect(stdout).toBe(`Design: ${join(folder, 'run/design/design.json')}\n`);
    expect(status).toBe(0);
  });
});

describe('a design that cannot be written is refused in one sentence', () => {
  const given = 'members.runs=[{name: a, emissions: E.nc, concentrations: C.nc}]';
  it.each([
    ['no members', ['members.count=0', 'training.differenceWeight=0'], 2, /DESIGN_EMPTY: .*case\.yaml: .*set members\.count, perGroup/],
    ['members that the case brings', [given], 2, /DESIGN_GIVEN: .*take members\.runs out/],
    [
      'an unknown region',
      ['members.regionFactors=[{region: nroth, factor: 2}]'],
      2,
      /CASE_INVALID: .*there is no region nroth: did you mean north\?/,
    ],
    ['a factor of 0', ['members.scalings=[0]'], 2, /CASE_INVALID: .*members\.scalings\.0: expected more than 0 but received 0/],
    ['too many members', ['members.count=200', 'members.scalings=[2]'], 2, /CASE_INVALID: .*make 205 members, but at most 200/],
    [
      'a region outside the grid',
      ['regions.sea={rows: [70, 80], cols: [0, 3]}', 'members.regionFactors=[{region: sea, factor: 2}]'],
      2,
      /REGION_OUTSIDE: regions: rows \[70, 80\] goes beyond the grid .*: end it at \d+ at most/,
    ],
    ['emissions that are not there', ['emissions.files=none_{period}*.nc'], 3, /FILES_NONE: .*none_winter/],
  ])('%s', (_, settings, exit, says) => {
    const { status, stderr } = simulate(['--design', 'refused', '--quiet'], settings);
    expect(stderr).toMatch(says);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(status).toBe(exit);
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });

  it('a folder that cannot be made', () => {
    writeFileSync(join(folder, 'taken'), '');
    const { status, stderr } = simulate(['--design', 'taken/design', '--quiet']);
    expect(stderr).toMatch(/^retroplume: DESIGN_FOLDER: .*taken\/design: .*\(ENOTDIR\): name another one with --design\n$/);
    expect(status).toBe(3);
  });
});

describe('simulate with a design', () => {
  const SMALL = ['members.count=1', 'members.regionFactors=[{region: south, group: SO2, factor: 0.25}]', 'response.groups=[]'];

  it('runs its members, with the emissions of --design, and leaves the manifest beside them', () => {
    const { status, stderr } = simulate(['--threads', '2'], SMALL);
    expect(stderr).not.toMatch(/retroplume: [A-Z]/);
    expect(status).toBe(0);
    const record = JSON.parse(readFileSync(join(folder, 'run/simulate/record.json'), 'utf8')) as { products: string[] };
    expect(record.products).toContain('design.json');
    const { members } = manifest('run/simulate');
    expect(members.map(({ name }) => name)).toEqual(['member01', 'region-south-SO2-x0.25']);
    expect(simulate(['--design', 'small'], SMALL).status).toBe(0);
    for (const { runs } of members) {
      for (const { emissions, concentrations } of runs) {
        expect(existsSync(join(folder, 'run/simulate', concentrations))).toBe(true);
        const [made, designed] = ['run/simulate', 'small'].map((dir) => fields(join(folder, dir, emissions), 'SO2'));
        expect(designed).toEqual(made);
      }
    }
  });

  function prepare(settings: string[], out = 'run'): { status: number | null; stderr: string } {
    const args = [MAIN, 'prepare', caseFile, '--out', join(folder, out), ...settings.flatMap((setting) => ['--set', setting])];
    return spawnSync(process.execPath, args, { encoding: 'utf8', cwd: folder });
  }

  const prepared = (out: string): string[] => readdirSync(join(folder, out, 'prepare/winter')).filter((name) => name.startsWith('run-'));

  it('takes the runs back as the keys that the manifest gives', () => {
    const { caseKeys } = manifest('run/simulate');
    const back = ['response.groups=[]', `members.runs=${JSON.stringify(caseKeys.members.runs)}`];
    expect(simulate(['--out', join(folder, 'back'), '--threads', '2'], back).status).toBe(0);
    expect(existsSync(join(folder, 'back/simulate/design.json'))).toBe(false);
    expect(prepare(back, 'back').status).toBe(0);
    expect(prepared('back').sort()).toEqual(['run-member01.nc', 'run-prior.nc', 'run-region-south-SO2-x0.25.nc']);
  });

  it('is prepared again when the design changes', () => {
    expect(prepare(SMALL).stderr).toContain('prepare done');
    expect(prepare(SMALL).stderr).toContain('prepare is up to date');
    const changed = [...SMALL, 'members.count=0', 'members.regionFactors.0.region=north'];
    const early = prepare(changed);
    expect(early.stderr).toMatch(/retroplume: FILE_MISSING: .*region-north-SO2-x0\.25/); // simulate has not made it
    expect(early.status).toBe(3);
    expect(simulate(['--threads', '2'], changed).status).toBe(0);
    expect(prepare(changed).stderr).toContain('prepare done');
    expect(prepared('run').sort()).toEqual(['run-prior.nc', 'run-region-north-SO2-x0.25.nc']);
  });
});
