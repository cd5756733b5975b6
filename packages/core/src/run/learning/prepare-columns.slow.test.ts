import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCase } from '../../case';
import { gridOf } from '../../case/gridded/regions';
import { squares, tropomiCdl, tropomiNo2 } from '../../columns/testing/column-cdl';
import { readColumns, type StoredColumns } from '../../columns/column-store';
import { readPrepared } from '../../fields/prepared';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import { describeShared, sharedData } from '../../files/testing/shared-data';
import { ncgen } from '../../files/testing/cdl';
import { channelsOfCase, speciesOfTable } from '../../base/species';
import { writeDemoWorld } from '../../worlds/demo-world';
import type { StageEvent } from '../engine/stage';
import { runStages } from '../run-case';

/** ms since 2010, of midnight of winter's second day */
const DAY = Date.UTC(2026, 0, 6) - Date.UTC(2010, 0, 1);

let folder: string;
let file: string;
let middle: { lon: number; lat: number };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'prepare-columns-'));
  file = await writeDemoWorld(folder, { rows: 12, cols: 12, hours: 30, spinUpHours: 6, stations: 12 });
  middle = gridOf(loadCase(file)).centre(6, 6);
  await prepare();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (...path: string[]): string => join(folder, 'run/prepare/winter', ...path);
let told: string[];

/** Pixels of half a degree over all of the grid. */
function orbit(name: string, { hour = 3, qa = 100, east = 0, kernel = 1, day = DAY } = {}): string {
  const count = 24 * 24;
  const like = <T>(value: T): T[] => Array.from({ length: count }, () => value);
  const columns = Array.from({ length: count }, (_, i) => 1e-4 + 1e-7 * i);
  const variables = tropomiNo2({
    scanlines: 24,
    pixels: 24,
    ...squares(middle.lon - 6 + east, middle.lat - 6, 0.5, 24, 24),
    qa: like(qa),
    columns,
    kernels: like([kernel / 2, kernel, 2 * kernel]).flat(),
  });
  variables['PRODUCT/time'].values = [day / 1000];
  variables['PRODUCT/delta_time'].values = Array.from({ length: 24 }, () => 3_600_000 * hour);
  return ncgen(join(folder, name), tropomiCdl(variables, 24, 24), 'netCDF-4');
}

/** Runs simulate and prepare. @returns the files of winter that were written */
async function prepare(...set: string[]): Promise<string[]> {
  const before = new Map((existsSync(at()) ? readdirSync(at()) : []).map((name) => [name, statSync(at(name)).mtimeMs]));
  told = [];
  const settings = loadCase(file, ['members.count=2', 'response.groups=[]', 'paperMode.run=false', ...set]);
  const onEvent = (event: StageEvent): void => void (event.kind === 'log' && event.stage === 'prepare' && told.push(event.text));
  await runStages(settings, { out: join(folder, 'run'), stages: ['simulate', 'prepare'], threads: 1, onEvent });
  return readdirSync(at())
    .filter((name) => before.get(name) !== statSync(at(name)).mtimeMs)
    .sort();
}

const withColumns = (...set: string[]): Promise<string[]> => prepare(`columns.NO2_column.files=${folder}/S5P*.nc`, ...set);
const COLUMNS = 'columns-NO2_column.nc';
const RUNS = ['run-member01.nc', 'run-member02.nc', 'run-prior.nc'];

it('columns come first, and every run has them beside its concentrations', async () => {
  const [without] = [readPrepared(join(folder, 'run/prepare'), 'winter', channelsOfCase([], ['O3'].map(speciesOfTable)))];
  orbit('S5P_a.nc');
  expect(await withColumns()).toEqual([COLUMNS, ...RUNS]);
  expect(told.filter((text) => text.includes(': NO2_column'))).toEqual([
    expect.stringMatching(/^winter: NO2_column: TROPOMI L2 NO2: \d+ of 576 pixels in 1 overpass make 144 values of cells$/),
    'summer: NO2_column: no file is of this period',
  ]);
  const columns: StoredColumns = readColumns(join(folder, 'run/prepare'), 'winter', 'NO2_column');
  expect(new Set(columns.hour)).toEqual(new Set([27]));
  const species = channelsOfCase([], ['O3', 'NO2_column'].map(speciesOfTable));
  const { runs } = readPrepared(join(folder, 'run/prepare'), 'winter', species);
  for (const [name, { concentrations }] of runs) {
    expect(concentrations.every((value) => value > 0 && value < 1e4)).toBe(true);
    expect(concentrations.filter((_, i) => i % 2 === 0)).toEqual(without.runs.get(name)!.concentrations);
  }
  // The layers of summer's runs reach up to the same tropopause, though no retrieval of these days tells it.
  expect(readColumns(join(folder, 'run/prepare'), 'summer', 'NO2_column').tropopause).toBe(columns.tropopause);
});

it.each<[string, () => string[], string[]]>([
  ['nothing', () => [], []],
  ['the bias that the inversion finds', () => ['columns.NO2_column.bias=0.1'], []],
  ['a member', () => ['members.count=3'], ['run-member03.nc']],
  ['how they are compared', () => ['columns.NO2_column.method=replace_apriori'], [COLUMNS, ...RUNS]],
  ['another file', () => [`columns.NO2_column.files=[${folder}/S5P*.nc, ${orbit('late.nc', { hour: 4 })}]`], [COLUMNS, ...RUNS]],
  ['a file of another day', () => [`columns.NO2_column.files=[${folder}/S5P*.nc, ${orbit('day.nc', { hour: 72 })}]`], []],
  ['a file with other values', () => (orbit('S5P_a.nc', { hour: 3.5 }), []), [COLUMNS, ...RUNS]],
])('after %s is changed only what rests on it is made again', async (_, set, written) => {
  orbit('S5P_a.nc');
  await withColumns();
  expect(await withColumns(...set())).toEqual(written);
});

it('without columns the store is as it was', async () => {
  await withColumns();
  await prepare();
  expect(readdirSync(at()).sort()).toEqual(['meteorology.nc', ...RUNS]);
});

it('runs that are brought with their layers are prepared as those that are made', async () => {
  orbit('S5P_a.nc');
  await withColumns();
  const made = readPrepared(join(folder, 'run/prepare'), 'winter', channelsOfCase([], [speciesOfTable('NO2_column')]));
  const expected = made.runs.get('member01')!.concentrations.slice();
  const broughtFile = (kind: string): string => join(folder, 'brought', `${kind}_{period}.nc`);
  for (const period of ['winter', 'summer']) {
    const source = (kind: string): string => join(folder, 'run/simulate/member01', `${kind}_${period}.nc`);
    const target = (kind: string): string => broughtFile(kind).replace('{period}', period);
    copyOf(source('ACONC'), target('ACONC'));
    copyOf(source('EMIS'), target('EMIS'));
    // The gas and the air apart, as CMAQ and MCIP have them.
    copyOf(source('LAYERS'), target('CONC'), ['NO2']);
    copyOf(source('LAYERS'), target('METCRO3D'), ['PRES', 'DENS', 'ZF', 'ZH']);
  }
  const run = `{name: brought, emissions: "${broughtFile('EMIS')}", concentrations: "${broughtFile('ACONC')}", layers: "${broughtFile('CONC')}"}`;
  const set = [`concentrations.layers.meteorology=${broughtFile('METCRO3D')}`, `members.runs=[${run}]`];
  expect(await withColumns(...set)).toEqual([COLUMNS, 'run-brought.nc', 'run-prior.nc']);
  const { runs } = readPrepared(join(folder, 'run/prepare'), 'winter', channelsOfCase([], [speciesOfTable('NO2_column')]));
  expect(runs.get('brought')!.concentrations).toEqual(expected);
  // Layers that begin in the spin-up and end there, of another run: it has none where the prior has.
  rmSync(broughtFile('CONC').replace('{period}', 'winter'));
  copyOf(join(folder, 'run/simulate/member01/LAYERS_winter.nc'), broughtFile('CONC').replace('{period}', 'winter'), ['NO2'], 4);
  await expect(withColumns(...set)).rejects.toMatchObject({ code: 'LAYERS_INSTANT' });
});

/** Some variables of a file, in a file of their own. */
function copyOf(path: string, target: string, names?: string[], steps?: number): void {
  const source = IoapiFile.open(path);
  const { grid, layers } = source;
  const time = { ...source.time, count: steps ?? source.time.count };
  const variables = source.variables.filter(({ name }) => names?.includes(name) ?? true);
  const writer = IoapiWriter.create(target, { grid, time, layers, variables });
  for (const { name } of variables) writer.write(name, 0, source.read(name, 0, time.count));
  for (const each of [source, writer]) each.close();
}

it.each<[string, () => string[], string, RegExp]>([
  [
    'no file of the days',
    () => [`columns.NO2_column.files=${orbit('far.nc', { hour: 100 })}`],
    'COLUMN_NO_OVERPASS',
    /^columns\.NO2_column: no file has a pixel on the grid in an hour of a period after its spin-up: give files of the periods' days, in UTC$/,
  ],
  [
    'none over the grid',
    () => [`columns.NO2_column.files=${orbit('west.nc', { east: 90 })}`],
    'COLUMN_NO_OVERLAP',
    /none of the 576 pixels lies on the grid/,
  ],
  [
    'clouds alone',
    () => [`columns.NO2_column.files=${orbit('cloudy.nc', { qa: 50 })}`],
    'COLUMN_ALL_FLAGGED',
    /none of the \d+ pixels near the grid DEMO passes \(\d+ not qa_value > 0\.75\)/,
  ],
  [
    'kernels that see nothing',
    () => [`columns.NO2_column.files=${orbit('blind.nc', { kernel: 0.01 })}`],
    'COLUMN_NONE_FITS',
    /^columns\.NO2_column: under the averaging kernel none of its 144 values of the prior run is of the size of the prior's plain column/,
  ],
  [
    'another gas',
    () => [`columns={HCHO_column: {files: ${orbit('no2.nc')}}}`],
    'COLUMN_GAS',
    /no2\.nc: expected columns of HCHO for columns\.HCHO_column but received TROPOMI L2 NO2/,
  ],
])('%s', async (_, set, code, message) => {
  await expect(prepare(...set())).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
});

describeShared('layers at other hours than the satellite passes', () => {
  it('are told', async () => {
    const toy = join(sharedData, 'cmaq55-toy');
    const { grid } = IoapiFile.open(join(toy, 'layers/METCRO3D_06Z_january.nc'));
    middle = grid.centre(12, 12);
    const evening = orbit('evening.nc', { hour: 18, day: Date.UTC(2017, 0, 11) - Date.UTC(2010, 0, 1) });
    const yaml = join(folder, 'toy.yaml');
    writeFileSync(
      yaml,
      `name: toy
grid: { griddesc: ${toy}/GRIDDESC, name: TOY12 }
periods: [{ name: january, start: 2017-01-10T00:00:00Z, hours: 120, spinUpHours: 24 }]
meteorology: { files: "${toy}/METCRO2D_20170*.nc" }
emissions: { files: "${toy}/EMIS_{period}_*.nc", groups: { NOx: { variables: [NO, NO2], molarMass: 46.0055 } } }
concentrations: { species: [NO2], layers: { meteorology: "${toy}/layers/METCRO3D_06Z_*.nc" } }
columns: { NO2_column: { files: ${evening} } }
priorConcentrations: "${toy}/conc_prior_{period}.nc"
priorLayers: "${toy}/layers/conc3d_prior_{period}.nc"
members: { runs: [{ name: m1, emissions: "${toy}/EMIS_{period}_*.nc", concentrations: "${toy}/conc_member01_{period}.nc", layers: "${toy}/layers/conc3d_member01_{period}.nc" }] }
response: { groups: [] }
observations: { stations: { file: ${toy}/stations.csv }, files: "${toy}/obs_{period}.csv", columns: { species: { NO2: { column: NO2, unit: ppb } } } }
`,
    );
    const stages = runStages(loadCase(yaml), { out: join(folder, 'toy'), stages: ['simulate', 'prepare'], threads: 1 });
    await expect(stages).rejects.toMatchObject({
      code: 'COLUMN_NO_LAYERS',
      message: expect.stringMatching(
        /^columns\.NO2_column: the prior run has no layers in the hours of its \d+ values: give layers, and their meteorology, at the hours at which/,
      ) as string,
    });
  });
});
