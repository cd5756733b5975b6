/** The certificate through the command line on a small twin: the gate's exit code, going on all the same, runs given as files, a command as transport model. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caseChannels, loadCase } from '../packages/core/src/case';
import { IoapiFile } from '../packages/core/src/files/ioapi/ioapi-file';
import { IoapiWriter } from '../packages/core/src/files/ioapi/ioapi-writer';
import { readGriddesc } from '../packages/core/src/grid/griddesc';
import { filesOf, priorSectors } from '../packages/core/src/inventory/reading/sector-files';
import { uniformFactors } from '../packages/core/src/transport/members';
import type { Certificate } from '../packages/core/src/surrogate/judgement/certificate';
import { createCtm } from '../packages/core/src/transport/create-ctm';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { MAIN, SMALL_RUN } from './testing/small-run';

jest.setTimeout(200_000);

const SETTINGS = [
  ...SMALL_RUN,
  'training.iterations=20',
  'training.evaluateEvery=20',
  'certificate.factors=[0.8]',
  'certificate.patches={count: 2, cells: 2}',
  'inversion.iterations=1',
  'inversion.hoursPerDay=1',
  'paperMode.run=false',
];

let folder: string;
let caseFile: string;
let first: Outcome;

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

function retroplume(command: string, settings: string[] = [], options: string[] = [], out = 'run'): Outcome {
  const set = [...SETTINGS, ...settings].flatMap((setting) => ['--set', setting]);
  return spawnSync(process.execPath, [MAIN, command, caseFile, '--out', join(folder, out), '--threads', '1', ...set, ...options], {
    encoding: 'utf8',
  });
}

function certificate(out = 'run'): Certificate {
  return JSON.parse(readFileSync(join(folder, out, 'certify/certificate.json'), 'utf8')) as Certificate;
}

/** Files of the transport model's runs, with the time at which they were written. */
function ctmRuns(): string[] {
  const root = join(folder, 'run/certify-runs');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.nc'));
  return files.sort().map((name) => `${name} ${statSync(join(root, name)).mtimeMs}`);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-certify-'));
  caseFile = await writeDemoWorld(folder, { rows: 16, cols: 16, hours: 60, spinUpHours: 24, stations: 30 });
  first = retroplume('run', [], ['--json']);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('run ends with exit code 5 before the inversion of a surrogate that has learned nothing', () => {
  expect(first.stderr).toMatch(
    /^retroplume: CERTIFICATE_FAILED: invert: .*NOx>NO2, winter: slope .*; and 3 more\), see .*certificate\.json: .*onFailure=warn$/m,
  );
  expect(first.status).toBe(5);
  expect(JSON.parse(first.stdout)).toMatchObject({ error: { code: 'CERTIFICATE_FAILED' } });
  expect(existsSync(join(folder, 'run/invert/record.json'))).toBe(false);
  expect(certificate()).toMatchObject({ verdict: 'failed', differentiation: { passed: true } });
});

it('holds every pair against the runs of simulate and its own, and patches by distance', () => {
  const { pairs, rings } = certificate();
  const runsOf = (group: string): string[] => pairs.find((pair) => pair.group === group && pair.period === 'summer')!.runs;
  expect(runsOf('NOx')).toEqual(['response-NOx', 'NOx-x0.8']);
  expect(runsOf('SO2')).toEqual(['SO2-x0.8']);
  expect(rings.filter(({ group, species, period }) => group === 'NOx' && species === 'NO2' && period === 'winter').map(({ ring }) => ring)).toEqual([
    { fromKm: 0, toKm: 0 },
    { fromKm: 0, toKm: 81 },
    { fromKm: 81, toKm: 216 },
    { fromKm: 216 },
  ]);
  expect(ctmRuns()).toHaveLength(2 * (3 + 3));
});

it('makes no run of the transport model twice, whatever else is asked', () => {
  const before = ctmRuns();
  const { status, stdout } = retroplume('certify', [
    'certificate.pairs=[{group: NOx, species: NO2, minSlope: 0, minR: -1, minSignAgreement: 0, maxSlope: 100}]',
  ]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Certificate of the surrogate: (passed|failed)\n/);
  expect(ctmRuns()).toEqual(before);
});

it('counts runs that the case gives as files: one of a single group for its pairs, one of several by itself, one of none not', () => {
  const of = (run: string, file: string): string => join(folder, 'run/simulate', run, `${file}_{period}.nc`);
  const given = (name: string, run: string, emissions = of(run, 'EMIS')): string =>
    `{name: ${name}, emissions: "${emissions}", concentrations: "${of(run, 'ACONC')}"}`;
  const prior = loadCase(caseFile, SETTINGS).emissions.files as string;
  const { status, stderr } = retroplume('certify', [
    `certificate.runs=[${given('outside', 'response-NOx')}, ${given('mixed', 'member01')}, ${given('same', 'member01', prior)}]`,
    'certificate.factors=[]',
  ]);
  expect(status).toBe(0);
  expect(stderr).toMatch(/warning: certificate\.runs: same: its emissions in winter are those of the prior run, so that it judges nothing there/);
  const { pairs, joint } = certificate();
  const nox = pairs.find(({ group, species, period }) => group === 'NOx' && species === 'NO2' && period === 'winter')!;
  expect(nox.runs).toEqual(['response-NOx', 'outside']);
  expect(new Set(joint.map(({ run }) => run))).toEqual(new Set(['member01, member02', 'mixed']));
  expect(joint.at(-1)!.groups).toEqual(['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5']);
});

/** Sensitivities of NO2 and O3 to all NOx, from two runs of the reference model with ± 1 %, in ppmV for + 100 %: what CMAQ-DDM-3D would write. */
async function writeSensitivities(): Promise<string> {
  const settings = loadCase(caseFile, SETTINGS);
  const ctm = createCtm(settings);
  for (const period of settings.periods) {
    const runs: string[] = [];
    const { rows, cols } = readGriddesc(settings.grid.griddesc, settings.grid.name);
    for (const factor of [1.01, 0.99]) {
      const output = join(folder, `NOx-x${factor}_${period.name}.nc`);
      const factors = uniformFactors({ rows, cols }, caseChannels(settings).groups, { group: 'NOx', factor });
      await ctm.run({ run: 'difference', period, emissionFiles: filesOf(priorSectors(settings, period.name)), output, factors });
      runs.push(output);
    }
    const [more, less] = runs.map((path) => IoapiFile.open(path));
    const variables = ['NO2', 'O3'].map((name) => ({ name: `${name}_ENX`, units: 'ppmV' }));
    const writer = IoapiWriter.create(join(folder, `ASENS_${period.name}.nc`), { grid: more.grid, time: more.time, layers: 1, variables });
    for (const name of ['NO2', 'O3']) {
      const low = less.read(name, 0, less.time.count);
      const values = more.read(name, 0, more.time.count).map((value, i) => (1e-3 * (value - low[i])) / 0.02);
      writer.write(`${name}_ENX`, 0, values);
    }
    writer.close();
    more.close();
    less.close();
  }
  return join(folder, 'ASENS_{period}.nc');
}

it('holds the derivative against sensitivities that the case gives as files', async () => {
  const files = await writeSensitivities();
  const given = (more: string): string[] => [
    'certificate.factors=[]',
    `certificate.sensitivities=[{name: fd, group: NOx, files: "${files}", ${more}}]`,
  ];
  const { status, stdout } = retroplume('certify', given('variables: {NO2: NO2_ENX, O3: O3_ENX}'));
  expect(status).toBe(0);
  expect(stdout).toMatch(/NOx>NO2, winter, sensitivity fd: /); // twenty steps of training teach no response
  const { pairs, sensitivities } = certificate();
  expect(sensitivities.map(({ species, period }) => `${species} ${period}`)).toEqual(['NO2 winter', 'O3 winter', 'NO2 summer', 'O3 summer']);
  for (const { species, period, figures } of sensitivities) {
    const run = pairs.find((pair) => pair.group === 'NOx' && pair.species === species && pair.period === period)!;
    // The run has 1.3 times the NOx: the same to first order. O3 falls less and less steeply.
    expect(figures.ctmChange / (run.figures.ctmChange / 0.3)).toBeGreaterThan(0.8);
    expect(figures.ctmChange / (run.figures.ctmChange / 0.3)).toBeLessThan(1.4);
  }
  const south = given('variables: {NO2: NO2_ENX}, region: south');
  expect(retroplume('certify', south).status).toBe(0);
  expect(certificate().sensitivities.map(({ where }) => where)).toEqual(['south', 'south']);
  const wrong = retroplume('certify', given('variables: {NO2: NO2_EN2}'));
  expect(wrong.stderr).toMatch(/^retroplume: VARIABLE_MISSING: .*ASENS_winter\.nc: there is no variable NO2_EN2; it holds NO2_ENX, O3_ENX/m);
  expect(wrong.status).toBe(3);
});

it('a run that is not there is told before anything runs, with exit code 3', () => {
  const { status, stderr } = retroplume('certify', ['certificate.runs=[{name: lost, emissions: nowhere/E_*.nc, concentrations: nowhere/C_*.nc}]']);
  expect(stderr).toMatch(/^retroplume: [A-Z_]+: .*nowhere\/E_\*\.nc/m);
  expect(status).toBe(3);
});

it('goes on when told to, says so, and the report begins with a banner', () => {
  const { status, stdout, stderr } = retroplume('run', ['certificate.onFailure=warn']);
  expect(stderr).toMatch(/warning: the surrogate is inverted though its certificate failed/);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Certificate of the surrogate: failed\n {2}NOx>NO2, winter: /);
  const page = readFileSync(join(folder, 'run/report/report.html'), 'utf8');
  expect(page).toContain('id="certificate-banner"');
  expect(page).toContain('id="table-certificate"');
});

it('hands a command files with the changed emissions, no run twice that was made by itself; one that answers otherwise certifies nothing', () => {
  const calls = join(folder, 'calls');
  const simulated = join(folder, 'run/simulate');
  // Members have their own runs; those of the certificate are a member's.
  const command = `echo {run} >>${calls}; f=${simulated}/{run}/ACONC_{period}.nc; test -f $f || f=${simulated}/member01/ACONC_{period}.nc; cp $f {output}`;
  const asked = [`ctm={kind: command, command: "${command}"}`, 'members.count=1', 'response.groups=[]', 'certificate.patches.count=0'];
  const steps = [['simulate'], ['prepare'], ['certify', '--run', 'NOx-x0.8'], ['train'], ['evaluate'], ['certify']];
  for (const [stage, ...options] of steps) {
    const { status, stderr } = retroplume(stage, asked, options, 'command');
    expect({ stage, status, stderr: status === 0 ? '' : stderr }).toEqual({ stage, status: 0, stderr: '' });
  }
  const groups = readFileSync(calls, 'utf8')
    .split('\n')
    .filter((run) => /-x/.test(run));
  expect(groups).toEqual(['NOx-x0.8', 'SO2-x0.8', 'PM2.5-x0.8'].flatMap((run) => [run, run])); // in two periods
  const made = readdirSync(join(folder, 'command/certify-runs'), { recursive: true, encoding: 'utf8' });
  for (const name of ['NOx-x0.8/EMIS_winter.nc', 'NOx-x0.8/ACONC_winter.nc', 'NOx-x0.8/ACONC_winter.log']) {
    expect(made.some((path) => path.endsWith(name))).toBe(true);
  }
  const told = readFileSync(calls, 'utf8');
  const kept = [...asked, `ctm={kind: command, command: "true; ${command}", timeoutHours: 2}`];
  expect(retroplume('simulate', kept, ['--changed-runs', 'keep'], 'command').status).toBe(0);
  expect(retroplume('prepare', kept, [], 'command').status).toBe(0);
  expect(retroplume('certify', kept, ['--run', 'NOx-x0.8'], 'command').stderr).toContain('up to date');
  expect(readFileSync(calls, 'utf8')).toBe(told);
  const { verdict, reasons } = certificate('command');
  expect(verdict).toBe('failed');
  expect(reasons[0]).toMatch(/^NOx>NO2, winter: slope .* is below 0.6/);
});
