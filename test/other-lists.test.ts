/** Cases whose groups and species are other than the default ones, through every stage by the command line. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { caseChannels, loadCase } from '../packages/core/src/case';
import { readCf } from '../packages/core/src/files/netcdf/netcdf-cf';
import { filesOf, priorSectors } from '../packages/core/src/inventory/reading/sector-files';
import { writeScaledEmissions } from '../packages/core/src/inventory/scaling/scaled-emissions';
import type { BundleResult } from '../packages/core/src/run/commands/bundle/bundle';
import type { SubmitResult } from '../packages/core/src/run/commands/jobs/submit-chain';
import type { RunResult } from '../packages/core/src/run/run';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { MAIN, SHORT_STAGES, SMALL_NETWORK, SMALL_RUN, winterOnly } from './testing/small-run';

jest.setTimeout(900_000); // three whole runs, on a busy machine too

interface Lists {
  groups: string[];
  species: string[];
}

const LISTS: [string, Lists][] = [
  ['NO2 and O3 alone', { groups: ['NOx', 'VOC'], species: ['NO2', 'O3'] }],
  ['CO alone', { groups: ['CO'], species: ['CO'] }],
  [
    'eight groups and nine species',
    {
      groups: ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5', 'CO', 'PMC', 'ISOP'],
      species: ['NO2', 'SO2', 'O3', 'PM2.5', 'CO', 'PM10', 'NH3', 'HCHO', 'NO'],
    },
  ],
];

/** Every part that a run can have, as short as it goes. */
const settingsOf = ({ groups }: Lists): string[] => [
  ...SMALL_RUN,
  winterOnly(60, 24),
  ...SHORT_STAGES,
  `response.groups=[${groups[0]}]`,
  'certificate.patches={count: 1, cells: 2}',
  'withheld.blockCells=4',
  'crossValidation.folds=2',
  'crossValidation.iterations=1',
  'crossValidation.hoursPerDay=1',
  'crossValidation.try.spreadScale=[0.5]',
  'inversion.uncertainty.method=lanczos',
  'inversion.uncertainty.rank=3',
  `inversion.sectors=[{sector: part, priorSpread: {${groups[0]}: 0.8}}]`,
  'emissions.sectors={part: {files: "part_{period}.nc"}}',
  'loop.passes=2',
  'loop.iterations=10',
  'loop.smallestGain=0',
  'paperMode.run=true',
  'paperMode.surrogate.window=[{count: 2, hours: 1}]',
  ...SMALL_NETWORK.map((setting) => `paperMode.surrogate.${setting}`),
  'paperMode.training.iterations=2',
  'paperMode.training.batch=2',
  'paperMode.inversion.iterations=2',
];

describe.each(LISTS)('a case with %s', (_, lists) => {
  const { groups, species } = lists;
  let folder: string;
  let caseFile: string;
  let out: string;

  const retroplume = (command: string, place: string, ...more: string[]): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, [MAIN, command, place, ...settingsOf(lists).flatMap((setting) => ['--set', setting]), ...more], { encoding: 'utf8' });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'other-lists-'));
    out = join(folder, 'run');
    caseFile = await writeDemoWorld(folder, { rows: 16, cols: 16, hours: 60, spinUpHours: 24, stations: 30, groups, species });
    const settings = loadCase(caseFile);
    const { name } = settings.periods[0];
    // A sector with a third of everything.
    writeScaledEmissions(filesOf(priorSectors(settings, name)), join(folder, `part_${name}.nc`), new Float32Array(256 * groups.length).fill(1 / 3), settings.emissions.groups); // prettier-ignore
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('names them in its order', () => {
    expect(caseChannels(loadCase(caseFile))).toMatchObject({ groups, species });
  });

  it('is told of a species that it does not name', () => {
    expect(() => loadCase(caseFile, ['observations.columns.species.OC={column: OC, unit: ug m-3}'])).toThrow(
      /observations[.]columns[.]species[.]OC: concentrations[.]species does not name this species: add it there/,
    );
  });

  it('is checked without a problem', () => {
    const { status, stdout, stderr } = retroplume('check', caseFile);
    expect([status, stderr, stdout.match(/^.*\b(?:problem|wrong)\b.*$/gm)]).toEqual([0, '', [expect.stringMatching(/no problem/)]]);
  });

  it('runs to the report, with the paper’s mode, cross-validation, uncertainty, sectors and a closed loop', () => {
    const { status, stderr, stdout } = retroplume('run', caseFile, '--out', out, '--threads', '1', '--json');
    expect([status, stderr.match(/^retroplume: .*/m)?.[0]]).toEqual([0, undefined]);
    const result = JSON.parse(stdout) as RunResult;
    expect(Object.keys(result.withheld ?? {})).toEqual(species);
    const page = readFileSync(join(out, 'report/report.html'), 'utf8');
    for (const name of [...groups, ...species]) expect(page).toContain(name);
  });

  it.each(['', 'paper/'])('leaves factors and scores of them all in %sinvert and verify', (variant) => {
    const factors = readCf(join(out, `${variant}invert/factors.nc`));
    expect(factors.attributes['groups']).toBe(groups.join(' '));
    const [header, ...rows] = readFileSync(join(out, `${variant}verify/scores.csv`), 'utf8')
      .trim()
      .split('\n');
    const column = header.split(',').indexOf('species');
    expect([...new Set(rows.map((row) => row.split(',')[column]))].sort()).toEqual([...species].sort());
  });

  it('has an uncertainty of every group', () => {
    const summary = readFileSync(join(out, 'uncertainty/uncertainty.json'), 'utf8');
    for (const group of groups) expect(summary).toContain(`"${group}"`);
  });

  it('becomes a bundle, and a chain of jobs', () => {
    const bundled = spawnSync(process.execPath, [MAIN, 'bundle', out, '--json'], { encoding: 'utf8' });
    expect([bundled.status, bundled.stderr]).toEqual([0, '']);
    expect((JSON.parse(bundled.stdout) as BundleResult).stages).toEqual(expect.arrayContaining(['invert', 'verify', 'report']));
    const jobs = retroplume('run', caseFile, '--out', join(folder, 'other'), '--submit', 'slurm', '--dry-run', '--json');
    expect([jobs.status, (JSON.parse(jobs.stdout) as SubmitResult).jobs.length > 3]).toEqual([0, true]);
  });
});

describe('a case with a group and a species that nobody knows', () => {
  let folder: string;
  let caseFile: string;
  let known: string;

  const SETTINGS = [...SMALL_RUN, winterOnly(60, 24), ...SHORT_STAGES, 'certificate.patches.count=0', 'response.groups=[]'].flatMap((setting) => [
    '--set',
    setting,
  ]);
  const retroplume = (command: string, place: string, out: string): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, [MAIN, command, place, '--out', join(folder, out), '--threads', '1', ...SETTINGS], { encoding: 'utf8' });

  /** The case of CO, in which it is called SOOTX, with what the table does not hold of that; its runs are there. */
  function writeCase(given: object): void {
    const values = parse(readFileSync(known, 'utf8')) as Record<string, Record<string, unknown>>;
    const simulated = join(folder, 'known/simulate');
    const { truth: _truth, ctm: _ctm, inversion, observations, ...others } = values;
    const { twin: _twin, ...measured } = observations;
    const changed = {
      ...others,
      emissions: { ...values['emissions'], groups: { SOOTX: { variables: ['CO'], molarMass: 28.01 } } },
      concentrations: { species: [{ name: 'SOOTX', unit: 'ppb' }], variables: { SOOTX: 'CO' } },
      ctm: { kind: 'command', command: 'false {output}' }, // its runs are there
      priorConcentrations: join(simulated, 'prior/ACONC_{period}.nc'),
      members: { runs: ['member01', 'member02'].map((name) => ({ name, emissions: join(simulated, name, 'EMIS_{period}.nc'), concentrations: join(simulated, name, 'ACONC_{period}.nc') })) }, // prettier-ignore
      observations: { ...measured, files: join(simulated, 'observations_{period}.csv'), columns: { station: 'station', time: 'time', species: { SOOTX: { column: 'CO', unit: 'ppb' } } } }, // prettier-ignore
      certificate: { onFailure: 'warn' },
      inversion: { ...inversion, stopOnWithheld: false },
    };
    writeFileSync(caseFile, stringify(merged(changed, given)));
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'unknown-names-'));
    known = await writeDemoWorld(folder, { rows: 16, cols: 16, hours: 60, spinUpHours: 24, stations: 30, groups: ['CO'], species: ['CO'] });
    caseFile = join(folder, 'own.yaml');
    expect(retroplume('simulate', known, 'known').status).toBe(0);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is refused with the keys that are missing, and that the names are unknown', () => {
    writeCase({});
    const { status, stderr } = retroplume('prepare', caseFile, 'refused');
    expect(status).toBe(2);
    for (const key of [
      'members.spread.SOOTX',
      'inversion.priorSpread.SOOTX',
      'inversion.observationError.SOOTX.absolute',
      'observations.quality.negativeFloor.SOOTX',
    ]) {
      expect(stderr).toMatch(new RegExp(`${key.replaceAll('.', '[.]')} is missing: add it \\(.*SOOTX is none of those that Retroplume knows`));
    }
  });

  it.each(['simulate', 'prepare', 'train', 'evaluate', 'certify', 'export', 'invert', 'apply'])('goes through %s with them', (stage) => {
    writeCase({
      members: { spread: { SOOTX: 0.4 } },
      inversion: { priorSpread: { SOOTX: 0.5 }, observationError: { SOOTX: { absolute: 20 } } },
      observations: { quality: { negativeFloor: { SOOTX: 0 } } },
    });
    const { status, stderr } = retroplume(stage, caseFile, 'own');
    expect([status, stderr.match(/^retroplume: .*/m)?.[0]]).toEqual([0, undefined]);
  });
});

function merged(base: object, given: object): object {
  const isTree = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
  const out: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(given)) out[key] = isTree(out[key]) && isTree(value) ? merged(out[key], value) : value;
  return out;
}
