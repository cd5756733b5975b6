import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caseChannels, examineCase, loadCase } from '../../../case';
import { describeShared, sharedData } from '../../../files/testing/shared-data';
import { writeDemoWorld } from '../../../worlds/demo-world';
import { initCase, type InitResult } from './init';

let dir: string;
let inputs: string;

/** Observations of an hour each, as a user's own table has them. */
function writeObserved(path: string, header = 'station,time,NO2,SO2,O3,PM25'): void {
  const ids = readFileSync(join(inputs, 'stations.csv'), 'utf8').trim().split('\n').slice(1).map((line) => line.split(',')[0]); // prettier-ignore
  const rows = ['2026-01-05', '2026-07-06'].flatMap((day) =>
    Array.from({ length: 96 }, (_, hour) => {
      const time = new Date(Date.parse(`${day}T00:00:00Z`) + hour * 3600e3).toISOString().slice(0, 16);
      return ids.map((id, i) =>
        [id, `${time}Z`, 10 + ((hour * 7 + i) % 9), 4 + ((hour + i) % 5), 30 + ((hour * 3 + i) % 11), 35 + ((hour * 5 + i) % 13)].join(','),
      );
    }).flat(),
  );
  writeFileSync(path, `${header}\n${rows.join('\n')}\n`);
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'init-'));
  await writeDemoWorld(dir, { size: 'quick', rows: 24, cols: 24, hours: 97, stations: 20 });
  rmSync(join(dir, 'case.yaml'));
  inputs = join(dir, 'inputs');
  writeObserved(join(inputs, 'obs.csv'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const init = (name: string, paths: string[], ctm?: 'files' | 'command' | 'builtin'): Promise<InitResult> =>
  initCase(paths, { out: join(dir, name), ctm });
const refused = (code: string, text: RegExp): object => expect.objectContaining({ code, message: expect.stringMatching(text) as string }) as object;

it("makes a case of the demo's world and a table that passes check without an edit, its units and its VOC marked", async () => {
  const { check, open, unused, case: path } = await init('case.yaml', [inputs]);
  expect(check.problems).toEqual([]);
  expect(check.exitCode).toBe(0);
  expect(open).toEqual([expect.stringMatching(/molar mass of your VOC/), expect.stringMatching(/^units of NO2, SO2, O3, PM2\.5/)]);
  expect(unused).toEqual([expect.stringContaining('truth_factors.nc')]);
  const made = loadCase(path);
  expect(made.grid).toEqual({ griddesc: join(inputs, 'GRIDDESC'), name: 'DEMO' });
  expect(made.periods.map(({ name, start, hours, spinUpHours }) => [name, start.toISOString(), hours, spinUpHours])).toEqual([
    ['winter', '2026-01-05T00:00:00.000Z', 96, 24],
    ['summer', '2026-07-06T00:00:00.000Z', 96, 24],
  ]);
  expect([made.meteorology.files, made.emissions.files]).toEqual([join(inputs, 'METCRO2D_{period}.nc'), join(inputs, 'EMIS_{period}.nc')]);
  expect(made.geography).toEqual({ files: join(inputs, 'GRIDCRO2D.nc'), variables: ['HT', 'LWMASK'] });
  expect(made.emissions.groups).toMatchObject({
    NOx: { variables: ['NO', 'NO2'], molarMass: 46.0055 },
    VOC: { variables: ['VOC'] },
    'PM2.5': { variables: ['PM25'] },
  });
  expect(made.observations).toMatchObject({
    layout: 'long',
    files: join(inputs, 'obs.csv'),
    columns: { species: { 'PM2.5': { column: 'PM25', unit: 'ug m-3' } } },
  });
  const text = readFileSync(path, 'utf8');
  expect(text.match(/^\s*# OPEN:/gm)).toHaveLength(open.length);
});

it('overwrites nothing', async () => {
  const path = join(dir, 'mine.yaml');
  writeFileSync(path, 'name: mine\n');
  await expect(init('mine.yaml', [inputs])).rejects.toEqual(refused('INIT_EXISTS', /overwrites nothing.*--out/));
  expect(readFileSync(path, 'utf8')).toBe('name: mine\n');
});

it('says where there is no GRIDDESC, no station and no weather, and leaves check to refuse them', async () => {
  const { open, check } = await init('bare.yaml', [join(inputs, 'EMIS_winter.nc')]);
  expect(open.join('\n')).toMatch(/no GRIDDESC is among the files: .*GDNAM DEMO[^]*weather: none[^]*list of stations[^]*tables of observations/);
  expect(check.exitCode).not.toBe(0);
});

it('asks for the command, and for output and members of a model that runs elsewhere', async () => {
  expect((await init('command.yaml', [inputs], 'command')).open.join('\n')).toMatch(/the command that runs your model/);
  const { open, check } = await init('files.yaml', [inputs], 'files');
  expect(open.join('\n')).toMatch(/the prior run: [^]*members: runs of your model/);
  expect(check.exitCode).not.toBe(0);
});

it.each([
  ['a file that is not there', 'FILE_MISSING', /no such file/, (): string => join(dir, 'none.nc')],
  ['a file of another kind', 'INIT_FILE', /notes\.txt: nothing that a case is made of/, (): string => made('notes.txt', 'hello\n')],
  [
    'a table without times',
    'INIT_TABLE',
    /without a column of time; it holds station, NO2/,
    (): string => made('timeless.csv', 'station,NO2\nA,3\n'),
  ],
  ['a table without stations', 'INIT_TABLE', /without a column of the station/, (): string => made('nowhere.csv', 'time,NO2\n2026-01-05T00:00Z,3\n')],
  ['an empty folder', 'INIT_NONE', /no file of a case/, (): string => (mkdirSync(join(dir, 'empty')), join(dir, 'empty'))],
])('refuses %s, and writes nothing', async (_what, code, text, make) => {
  const out = `refused-${code}.yaml`;
  await expect(init(out, [make()])).rejects.toEqual(refused(code, text));
  expect(() => readFileSync(join(dir, out))).toThrow(/ENOENT/);
});

it('refuses a file of another grid that is named, and leaves one in a folder out', async () => {
  const other = mkdtempSync(join(tmpdir(), 'init-other-'));
  await writeDemoWorld(other, { size: 'quick', rows: 20, cols: 24, hours: 48, spinUpHours: 24, stations: 5 });
  mkdirSync(join(dir, 'more'));
  const path = join(dir, 'more', 'EMIS_other.nc');
  renameSync(join(other, 'inputs', 'EMIS_winter.nc'), path);
  rmSync(other, { recursive: true });
  await expect(init('two.yaml', [inputs, path])).rejects.toEqual(
    refused('GRID_MISMATCH', /EMIS_other\.nc: expected the grid DEMO .*give the files of one grid/),
  );
  const { unused, check } = await init('one.yaml', [inputs, join(dir, 'more')]);
  expect(unused).toContainEqual('more/EMIS_other.nc: on another grid than the most files: DEMO, 24 x 20 cells');
  expect(check.exitCode).toBe(0);
});

it('refuses a netCDF file of no known kind in one sentence that says what it holds', async () => {
  await expect(init('unknown.yaml', [inputs, join(inputs, 'truth_factors.nc')])).rejects.toEqual(
    refused('INIT_FILE', /^[^:]*truth_factors\.nc: a netCDF file with factor_winter, .*, which is neither of the I\/O API .*: leave it out, or/),
  );
});

function made(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

describeShared('files of CMAQ 5.5', () => {
  it('makes a case of the prior run: what is left are the members, the units of the tables and nothing else', async () => {
    const folder = join(dir, 'toy');
    mkdirSync(folder);
    symlinkSync(join(sharedData, 'cmaq55-toy'), join(folder, 'files'));
    const { open, check, case: path } = await initCase([join(folder, 'files')], { out: join(folder, 'case.yaml') });
    expect(open).toEqual([expect.stringMatching(/^members: /), expect.stringMatching(/^units of NO2, SO2, O3, PM2\.5/)]);
    const ours = examineCase(path).case;
    expect(ours.periods.map(({ name, hours, spinUpHours }) => [name, hours, spinUpHours])).toEqual([['january', 120, 24], ['july', 120, 24]]); // prettier-ignore
    expect(ours.priorConcentrations).toBe(join(folder, 'files/conc_prior_{period}.nc'));
    expect(ours.observations.files).toBe(join(folder, 'files/obs_*.csv'));
    expect(ours.emissions.files).toBe(join(folder, 'files/EMIS_{period}_*.nc'));
    expect(ours.concentrations.variables['PM2.5']).toBe('PM25');
    expect(ours.emissions.groups.VOC.variables).toEqual(expect.arrayContaining(['PAR', 'TOL', 'ISOP']));
    expect(ours.emissions.groups.VOC.molarMass).toBeGreaterThan(14);
    expect(ours.emissions.groups.VOC.molarMass).toBeLessThan(60);
    // what its tables, its emissions and its output hold beside the default ones
    expect(caseChannels(ours)).toMatchObject({
      groups: ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5', 'CO', 'PMC'],
      species: ['NO2', 'SO2', 'O3', 'PM2.5', 'CO', 'PM10'],
    });
    expect(check.right.join('\n')).toMatch(/groups NOx, .*, CO, PMC; species NO2, .*, CO, PM10/);
    expect(check.problems).toEqual([]);
  });
});
