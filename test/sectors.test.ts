/** A small twin whose inventory lies in two sectors, through every stage by the command line: one has factors of its own. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IoapiFile } from '../packages/core/src/files/ioapi/ioapi-file';
import { IoapiWriter } from '../packages/core/src/files/ioapi/ioapi-writer';
import { Grid, type TimeAxis } from '../packages/core/src/grid/grid';
import { cfVariable, readCf } from '../packages/core/src/files/netcdf/netcdf-cf';
import { filesOf, priorSectors } from '../packages/core/src/inventory/reading/sector-files';
import { writeScaledEmissions } from '../packages/core/src/inventory/scaling/scaled-emissions';
import { loadCase, type Case } from '../packages/core/src/case';
import type { UncertaintySummary } from '../packages/core/src/run/inversions/uncertainty';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { MAIN, SHORT_STAGES, SMALL_RUN } from './testing/small-run';

const [ROWS, COLS] = [16, 16];
const CELLS = ROWS * COLS;
const SECTORS = 'emissions.sectors={pt_egu: {files: "pt_egu_{period}.nc"}}';
const OWN = 'inversion.sectors=[{sector: pt_egu, priorSpread: {SO2: 0.8}}]';

let folder: string;
let caseFile: string;
let settings: Case;

function retroplume(command: string, ...more: string[]): SpawnSyncReturns<string> {
  const all = [...SMALL_RUN, ...SHORT_STAGES, 'emissions.files=rest_{period}.nc', ...more].flatMap((setting) => ['--set', setting]);
  return spawnSync(process.execPath, [MAIN, command, caseFile, '--out', join(folder, 'run'), '--threads', '1', ...all], { encoding: 'utf8' });
}

const inRun = (...path: string[]): string => join(folder, 'run', ...path);

function values(path: string, variable: string): Float32Array {
  const file = IoapiFile.open(path);
  try {
    return file.read(variable);
  } finally {
    file.close();
  }
}

/** Sum over the hours of a variable, by cell. */
function byCell(path: string, variable: string): Float64Array {
  const sum = new Float64Array(CELLS);
  values(path, variable).forEach((value, i) => (sum[i % CELLS] += value));
  return sum;
}

let report: SpawnSyncReturns<string>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-sectors-'));
  caseFile = await writeDemoWorld(folder, { rows: ROWS, cols: COLS, hours: 60, spinUpHours: 24, stations: 30 });
  settings = loadCase(caseFile);
  // Power has 80 % of some groups in the east, and 10 % in the west; the rest is the rest.
  const share = Float32Array.from({ length: CELLS * 5 }, (_, i) => (Math.floor(i / 5) % COLS < COLS / 2 ? 0.1 : [0.5, 0, 0.8, 0.1, 0.3][i % 5]));
  for (const { name } of settings.periods) {
    const [whole] = filesOf(priorSectors(settings, name));
    writeScaledEmissions([whole], join(folder, `pt_egu_${name}.nc`), share, settings.emissions.groups);
    writeScaledEmissions(
      [whole],
      join(folder, `rest_${name}.nc`),
      share.map((part) => 1 - part),
      settings.emissions.groups,
    );
  }
  report = retroplume('run', SECTORS, OWN);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('runs every stage', () => expect([report.status, report.stderr.match(/^retroplume: .*/m)]).toEqual([0, null]));

it('prepares the sum of the sectors, and writes members and the updated inventory in sectors', () => {
  const [path] = filesOf(priorSectors(settings, 'winter'));
  const file = IoapiFile.open(path);
  const area = file.grid.cellArea(0);
  file.close();
  const prepared = cfVariable(readCf(inRun('prepare/winter/run-prior.nc')), 'emission_SO2', '').data as Float32Array;
  const so2 = values(path, 'SO2');
  expect(prepared).toHaveLength(so2.length);
  const { molarMass } = settings.emissions.groups.SO2;
  so2.forEach((value, i) => value > 0 && expect(prepared[i] / ((value * molarMass!) / 1000 / area)).toBeCloseTo(1, 5));
  expect(readdirSync(inRun('simulate/member01')).filter((name) => name.includes('winter'))).toEqual([
    'ACONC_winter.nc',
    'EMIS_winter_pt_egu.nc',
    'EMIS_winter_rest.nc',
  ]);
  expect(
    readdirSync(inRun('apply'))
      .filter((name) => name.endsWith('.nc'))
      .sort(),
  ).toEqual(['pt_egu', 'rest'].flatMap((sector) => settings.periods.map(({ name }) => `${sector}_${name}.updated.nc`)).sort());
});

it('gives the sector factors of its own, and their sum is what the model saw', () => {
  const factors = readCf(inRun('invert/factors.nc'));
  const of = (name: string): Float32Array => cfVariable(factors, name, 'factors.nc').data as Float32Array;
  const [sum, power, rest] = [of('factor_winter'), of('sector_factor_pt_egu_winter'), of('sector_factor_rest_winter')];
  const difference = power.reduce((most, factor, i) => Math.max(most, Math.abs(factor - rest[i])), 0);
  expect(difference).toBeGreaterThan(1e-3);
  const emitted = (prefix: string, name: string, variable: string): Float64Array => byCell(join(prefix, name), variable);
  for (const [g, variable] of [
    [0, 'NO2'],
    [2, 'SO2'],
    [4, 'PM25'],
  ] as const) {
    const [p, r] = ['pt_egu_winter.nc', 'rest_winter.nc'].map((name) => emitted(folder, name, variable));
    const [up, ur] = ['pt_egu_winter.updated.nc', 'rest_winter.updated.nc'].map((name) => emitted(inRun('apply'), name, variable));
    for (let cell = 0; cell < CELLS; cell++) {
      if (p[cell] > 0) expect(up[cell] / p[cell]).toBeCloseTo(power[cell * 5 + g], 5);
      if (r[cell] > 0) expect(ur[cell] / r[cell]).toBeCloseTo(rest[cell * 5 + g], 5);
      if (p[cell] + r[cell] > 0) expect((up[cell] + ur[cell]) / (p[cell] + r[cell])).toBeCloseTo(sum[cell * 5 + g], 5);
    }
  }
});

it('writes rules for CMAQ with a stream for each sector', () => {
  const rules = readFileSync(inRun('apply/desid/desid_winter.nml'), 'utf8');
  writeFileSync(join(folder, 'base.nml'), " 'EVERYWHERE', 'ALL', 'SO2', 'SO2', 'GAS', 1.0, 'UNIT', 'a',\n");
  expect(rules).toContain('labels: REST, PT_EGU');
  const program = join(__dirname, 'programs/evaluate-desid.cjs');
  const fragment = [inRun('apply/desid/desid_winter.nml'), inRun('apply/desid/masks_winter.nc')];
  for (const sector of ['pt_egu', 'rest']) {
    const { stdout } = spawnSync(
      process.execPath,
      [program, sector.toUpperCase(), join(folder, `${sector}_winter.nc`), join(folder, 'base.nml'), ...fragment],
      { encoding: 'utf8', maxBuffer: 2 ** 28 },
    );
    const scaled = (JSON.parse(stdout) as { SO2: { SO2: number[] } }).SO2.SO2;
    const updated = values(inRun(`apply/${sector}_winter.updated.nc`), 'SO2');
    updated.forEach((value, i) => expect(Math.abs(scaled[i] - value)).toBeLessThanOrEqual(4e-7 * value));
  }
});

it('verifies with the files of both', () => expect(existsSync(inRun('verify/ACONC_winter.nc'))).toBe(true));

describe('what the monitors know of sectors', () => {
  interface Found {
    areas: UncertaintySummary['areas'];
    sectors: NonNullable<UncertaintySummary['sectors']>;
    dofs: number;
  }
  const found = (path: string): Found => JSON.parse(readFileSync(inRun(path), 'utf8')) as Found;
  const LANCZOS = ['inversion.uncertainty.method=lanczos', 'inversion.uncertainty.rank=6'];

  it('is told of each and of all: totals, cells, before and after, in the report', () => {
    for (const stage of ['preview', 'uncertainty', 'report']) {
      const { status, stderr } = retroplume(stage, SECTORS, OWN, ...LANCZOS);
      expect([stage, status, stderr.match(/^retroplume: .*/m)]).toEqual([stage, 0, null]);
    }
    const { areas, sectors, dofs } = found('uncertainty/uncertainty.json');
    expect(sectors.map(({ sector }) => sector).sort()).toEqual(['pt_egu', 'rest']);
    const so2 = (list: typeof areas): (typeof areas)[number] => list.find(({ period, group }) => period === 'winter' && group === 'SO2')!;
    const [all, ...own] = [areas, ...sectors.map((each) => each.areas)].map((list) => so2(list));
    for (const key of ['prior', 'updated'] as const) expect((own[0].total[key] + own[1].total[key]) / all.total[key]).toBeCloseTo(1, 6);
    // Sectors are independent a priori; afterwards what is known of their sum sets their errors against each other.
    expect(Math.hypot(own[0].total.priorSigma, own[1].total.priorSigma) / all.total.priorSigma).toBeCloseTo(1, 5);
    expect(Math.hypot(own[0].total.sigma, own[1].total.sigma) / all.total.sigma).toBeGreaterThan(1.01);
    for (const { total } of own) expect(total.sigma).toBeLessThan(total.updated * (total.priorSigma / total.prior));
    const sumOf = (lists: (typeof areas)[]): number =>
      lists.flat().reduce((sum, { region, dofs: own }) => sum + (region === undefined ? own! : 0), 0);
    expect(sumOf([areas])).toBeCloseTo(dofs, 6);
    expect(sumOf(sectors.map((each) => each.areas))).toBeCloseTo(dofs, 6);
    const file = readCf(inRun('uncertainty/uncertainty.nc'));
    const sigma = cfVariable(file, 'sector_log_factor_sigma_pt_egu_winter', '').data as Float32Array;
    const power = byCell(join(folder, 'pt_egu_winter.nc'), 'SO2');
    power.forEach((value, cell) => (value > 0 ? expect(sigma[cell * 5 + 2]).toBeGreaterThan(0) : expect(sigma[cell * 5 + 2]).toBe(0)));
    expect(Math.max(...sigma)).toBeCloseTo(0.8, 2); // OWN: where no monitor sees it
    expect(found('preview/preview.json').sectors).toHaveLength(2);
    expect(readFileSync(inRun('report/report.html'), 'utf8')).toMatch(/<th[^>]*>Sector/);
  });

  it('by an ensemble as well', () => {
    const { status, stderr } = retroplume('uncertainty', SECTORS, OWN, 'inversion.uncertainty.method=rto', 'inversion.uncertainty.members=3');
    expect([status, stderr.match(/^retroplume: .*/m)]).toEqual([0, null]);
    const { sectors } = found('uncertainty/uncertainty.json');
    for (const { areas } of sectors) for (const { total } of areas) expect(total.sigma).toBeGreaterThan(0);
  });
});

it('writes a design of runs by sector, and takes runs back so', () => {
  const simulate = (out: string, more: string[], settings: string[]): SpawnSyncReturns<string> => {
    const all = [...SMALL_RUN, ...SHORT_STAGES, 'emissions.files=rest_{period}.nc', SECTORS, ...settings].flatMap((setting) => ['--set', setting]);
    const [stage, ...args] = more;
    return spawnSync(process.execPath, [MAIN, stage, caseFile, '--out', join(folder, out), ...args, ...all], { encoding: 'utf8' });
  };
  const design = simulate('none', ['simulate', '--design', join(folder, 'design'), '--json'], []);
  expect([design.status, design.stderr.match(/^retroplume: .*/m)]).toEqual([0, null]);
  const manifest = JSON.parse(readFileSync(join(folder, 'design/design.json'), 'utf8')) as {
    prior: { period: string; emissions: Record<string, string[]> }[];
    members: { name: string; runs: { period: string; emissions: Record<string, string> }[] }[];
    caseKeys: { members: { runs: { name: string; emissions: string; concentrations: string }[] } };
  };
  const winter = manifest.members[0].runs.find(({ period }) => period === 'winter')!;
  expect(winter.emissions).toEqual({ rest: 'member01/EMIS_winter_rest.nc', pt_egu: 'member01/EMIS_winter_pt_egu.nc' });
  expect(manifest.prior.find(({ period }) => period === 'winter')!.emissions).toEqual({
    rest: [join(folder, 'rest_winter.nc')],
    pt_egu: [join(folder, 'pt_egu_winter.nc')],
  });
  for (const path of Object.values(winter.emissions)) {
    for (const variable of ['NO', 'SO2']) expect(values(join(folder, 'design', path), variable)).toEqual(values(inRun('simulate', path), variable));
  }
  const again = simulate('none', ['simulate', '--design', join(folder, 'design'), '--json'], []);
  expect(JSON.parse(again.stdout)).toMatchObject({ written: 0, kept: 2 * 2 * manifest.members.length });

  // Back in with the concentrations that simulate made of the same files.
  const runs = manifest.caseKeys.members.runs.map((run) => ({ ...run, concentrations: inRun('simulate', run.name, 'ACONC_{period}.nc') }));
  expect(runs[0].emissions).toBe('design/member01/EMIS_{period}_{sector}.nc');
  const back = [`members.runs=${JSON.stringify(runs)}`, 'response.groups=[]', `certificate.runs=${JSON.stringify([{ ...runs[0], name: 'again' }])}`];
  const check = simulate('back', ['check'], back);
  expect([check.status, check.stderr.match(/^retroplume: .*/m)]).toEqual([0, null]);
  for (const stage of ['simulate', 'prepare', 'train', 'evaluate', 'certify']) {
    const { status, stderr } = simulate('back', [stage, '--threads', '1'], back);
    expect([stage, status, stderr.match(/^retroplume: .*/m)]).toEqual([stage, 0, null]);
  }
  const emissions = (run: string): Float32Array =>
    cfVariable(readCf(join(folder, run, 'prepare/winter/run-member01.nc')), 'emission_SO2', '').data as Float32Array;
  expect(emissions('back')).toEqual(emissions('run'));
  const whole = simulate('back', ['check'], [...back, 'emissions.sectors={}']);
  expect([whole.status, whole.stdout]).toEqual([2, expect.stringMatching(/nothing can stand for \{sector\}: name the files/) as string]);
});

it('without factors of its own a sector has those of the rest', () => {
  const { status } = retroplume('invert', SECTORS);
  expect(status).toBe(0);
  expect(readCf(inRun('invert/factors.nc')).variables.some(({ name }) => name.startsWith('sector_factor'))).toBe(false);
  expect(retroplume('apply', SECTORS).status).toBe(0);
  const factor = cfVariable(readCf(inRun('invert/factors.nc')), 'factor_winter', '').data as Float32Array;
  for (const sector of ['pt_egu', 'rest']) {
    const [prior, updated] = [byCell(join(folder, `${sector}_winter.nc`), 'SO2'), byCell(inRun(`apply/${sector}_winter.updated.nc`), 'SO2')];
    updated.forEach((value, cell) => prior[cell] > 0 && expect(value / prior[cell]).toBeCloseTo(factor[cell * 5 + 2], 5));
  }
});

it('takes in-line point files as a sector, and writes those of members as point files', () => {
  const gridded = IoapiFile.open(filesOf(priorSectors(settings, 'winter'))[0]);
  const { grid, time } = gridded;
  gridded.close();
  const places = [grid.centre(5, 6), grid.centre(9, 3)];
  const onPoints = new Grid({ ...grid.definition, rows: 2, cols: 1 });
  const write = (name: string, axis: TimeAxis, variables: { name: string; units: string }[], given: number[]): void => {
    const writer = IoapiWriter.create(join(folder, name), { grid: onPoints, layers: 1, time: axis, variables });
    variables.forEach((each, v) =>
      writer.write(
        each.name,
        0,
        Float32Array.from({ length: 2 * axis.count }, (_, i) => given[2 * v + (i % 2)]),
      ),
    );
    writer.close();
  };
  const degrees = ['LATITUDE', 'LONGITUDE'].map((name) => ({ name, units: 'degrees' }));
  write('stacks.nc', { ...time, count: 1, stepSeconds: 0 }, degrees, [...places.map(({ lat }) => lat), ...places.map(({ lon }) => lon)]);
  for (const { name } of settings.periods) {
    const file = IoapiFile.open(filesOf(priorSectors(settings, name))[0]);
    write(`inln_${name}.nc`, file.time, [{ name: 'SO2', units: 'moles/s' }], [100, 200]);
    file.close();
  }
  // Farms emit ammonia alone, and their files hold nothing else.
  for (const { name } of settings.periods) {
    const file = IoapiFile.open(filesOf(priorSectors(settings, name))[0]);
    const writer = IoapiWriter.create(join(folder, `farms_${name}.nc`), {
      grid,
      layers: 1,
      time: file.time,
      variables: [{ name: 'NH3', units: 'moles/s' }],
    });
    writer.write('NH3', 0, new Float32Array(CELLS * file.time.count).fill(3));
    writer.close();
    file.close();
  }
  const stacks = '{files: "inln_{period}.nc", stackGroups: stacks.nc, groups: {SO2: {variables: [SO2], molarMass: 64.066}}}';
  const sectors = `emissions.sectors={pt_egu: {files: "pt_egu_{period}.nc"}, stacks: ${stacks}, farms: {files: ["farms_{period}.nc"], partial: true}}`;
  const all = [...SMALL_RUN, ...SHORT_STAGES, 'emissions.files=rest_{period}.nc', sectors].flatMap((setting) => ['--set', setting]);
  for (const stage of ['simulate', 'prepare']) {
    const run = spawnSync(process.execPath, [MAIN, stage, caseFile, '--out', join(folder, 'points'), '--threads', '1', ...all], { encoding: 'utf8' });
    expect([stage, run.status, run.stderr.match(/^retroplume: .*/m)]).toEqual([stage, 0, null]);
  }
  const prepared = (run: string, group = 'SO2'): Float32Array =>
    cfVariable(readCf(join(folder, run, 'prepare/winter/run-prior.nc')), `emission_${group}`, '').data as Float32Array;
  const [without, withStacks] = [prepared('run'), prepared('points')];
  withStacks.forEach((value, i) => {
    const added = ((value - without[i]) * grid.cellArea(0)) / 0.064066;
    const expected = i % CELLS === 5 * COLS + 6 ? 100 : i % CELLS === 9 * COLS + 3 ? 200 : 0;
    if (Math.abs(added - expected) > 0.01) throw new Error(`${added} instead of ${expected} mol s-1 at ${i}`);
  });
  const member = IoapiFile.open(join(folder, 'points/simulate/member01/EMIS_winter_stacks.nc'));
  expect([member.grid.rows, member.grid.cols]).toEqual([2, 1]);
  member.close();
  const [noFarms, withFarms] = ['run', 'points'].map((run) => prepared(run, 'NH3'));
  withFarms.forEach((value, i) => expect(((value - noFarms[i]) * grid.cellArea(0)) / 0.017031).toBeCloseTo(3, 3));
  const farms = IoapiFile.open(join(folder, 'points/simulate/member01/EMIS_winter_farms.nc'));
  expect(farms.variables.map(({ name }) => name)).toEqual(['NH3']);
  farms.close();
});

it.each([
  [
    'a file in two sectors',
    ['emissions.sectors={pt_egu: {files: "rest_{period}.nc"}}'],
    2,
    /SECTOR_FILES: .*rest_winter\.nc: the file is in the sectors rest and pt_egu/,
  ],
  [
    'a sector that is not there',
    [SECTORS, 'inversion.sectors=[{sector: traffic}]'],
    2,
    /inversion\.sectors\.0\.sector: there is no sector traffic: known are pt_egu/,
  ],
  ['a sector twice', [SECTORS, 'inversion.sectors=[{sector: pt_egu}, {sector: pt_egu}]'], 2, /the sector pt_egu stands here twice/],
  ['the paper’s mode', [SECTORS, OWN, 'inversion.mode=paper'], 2, /inversion\.sectors: sectors need a prior term/],
  [
    'the name of the rest',
    ['emissions.sectors={rest: {files: "pt_egu_{period}.nc"}}'],
    2,
    /emissions\.sectors\.rest: rest is what lies in no sector/,
  ],
  [
    'a name that no variable can have',
    ['emissions.sectors={on-road: {files: "pt_egu_{period}.nc"}}'],
    2,
    /expected a letter and then up to 15 letters, digits and _/,
  ],
  [
    'names that would be one in files',
    [SECTORS, 'periods.0.name=winter_pt', 'emissions.sectors.egu={files: "a.nc"}', 'periods.1.name=winter'],
    2,
    /emissions\.sectors\.egu: egu in winter_pt and pt_egu in winter would have the same name in files/,
  ],
  [
    'names that differ in capitals alone',
    [SECTORS, 'emissions.sectors.PT_egu={files: "a.nc"}'],
    2,
    /emissions\.sectors\.PT_egu\.label: PT_EGU is the stream of pt_egu, too: give each its own label/,
  ],
  ['no files at all', ['emissions.files=', 'emissions.sectors={}'], 2, /emissions/],
  ['files that are not there', ['emissions.sectors={pt_egu: {files: "none_{period}*.nc"}}'], 3, /FILES_NONE/],
  [
    'a variable that a sector lacks',
    ['emissions.sectors={pt_egu: {files: "pt_egu_{period}.nc", groups: {NOx: {variables: [NOX]}}}}'],
    3,
    /VARIABLE_MISSING: .*NOX/,
  ],
])('refuses %s', (_, more, exit, message) => {
  const { status, stderr } = retroplume('simulate', ...more);
  expect([status, stderr]).toEqual([exit, expect.stringMatching(message)]);
});
