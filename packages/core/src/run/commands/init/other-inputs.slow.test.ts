/** Weather, inventories and tables of other kinds than one file of each: made of the demo's world, so that `check` reads them through. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCase } from '../../../case';
import { IoapiFile } from '../../../files/ioapi/ioapi-file';
import { IoapiWriter } from '../../../files/ioapi/ioapi-writer';
import { writeCf } from '../../../files/netcdf/netcdf-cf';
import { Grid, type TimeAxis } from '../../../grid/grid';
import { wrfFromMcip } from '../../../weather/testing/wrf-from-mcip';
import { writeDemoWorld } from '../../../worlds/demo-world';
import { initCase, type InitResult } from './init';

let dir: string;
let inputs: string;
const PERIODS = ['winter', 'summer'];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'init-other-'));
  await writeDemoWorld(dir, { size: 'quick', rows: 24, cols: 24, hours: 97, stations: 20 });
  inputs = join(dir, 'inputs');
  const ids = readFileSync(join(inputs, 'stations.csv'), 'utf8').trim().split('\n').slice(1).map((line) => line.split(',')[0]); // prettier-ignore
  const rows = ['2026-01-05', '2026-07-06'].flatMap((day) =>
    Array.from({ length: 96 }, (_, hour) => {
      const time = new Date(Date.parse(`${day}T00:00:00Z`) + hour * 3600e3).toISOString().slice(0, 16);
      return ids.map((id, i) => [id, time, 10 + ((hour * 7 + i) % 9), 4 + ((hour + i) % 5), 30 + ((hour * 3 + i) % 11), 35].join(','));
    }).flat(),
  );
  writeFileSync(join(inputs, 'obs.csv'), `station,time,NO2 (ppb),SO2 (ppb),O3 (ppb),PM25 (ug/m3)\n${rows.join('\n')}\n`);
});
afterAll(() => rmSync(dir, { recursive: true }));

/** A folder with copies of some of the demo's files. */
function folderOf(name: string, copied: RegExp): string {
  const folder = join(dir, name);
  mkdirSync(folder);
  cpSync(inputs, folder, { recursive: true, filter: (path) => path === inputs || copied.test(path) });
  return folder;
}

const init = (folder: string): Promise<InitResult> => initCase([folder], { out: join(folder, 'case.yaml'), ctm: 'builtin' });

/** Problems, but none of a network that so few hours do not train. */
const problemsOf = ({ check }: InitResult): string[] => check.problems.map(({ message }) => message);

function opened<T>(path: string, call: (file: IoapiFile) => T): T {
  const file = IoapiFile.open(path);
  try {
    return call(file);
  } finally {
    file.close();
  }
}

it("takes weather and geography of WRF's output, without the first hour, whose rain needs the hour before", async () => {
  const folder = folderOf('wrf', /EMIS|GRIDDESC|stations|obs/);
  for (const period of PERIODS) opened(join(inputs, `METCRO2D_${period}.nc`), (met) => wrfFromMcip(join(folder, `wrfout_d01_${period}`), met));
  const result = await init(folder);
  expect(problemsOf(result)).toEqual([]);
  const made = loadCase(result.case);
  expect(made.meteorology.files).toBe(join(folder, 'wrfout_d01_{period}'));
  expect(made.periods.map(({ start, hours }) => [start.toISOString(), hours])).toEqual([
    ['2026-01-05T01:00:00.000Z', 96],
    ['2026-07-06T01:00:00.000Z', 96],
  ]);
});

it('takes weather of CF files such as those of ERA5, a variable a file', async () => {
  const folder = folderOf('era5', /EMIS|GRIDDESC|GRIDCRO2D|stations|obs/);
  const [lat, lon] = [Float64Array.from({ length: 61 }, (_, i) => 60 - i), Float64Array.from({ length: 81 }, (_, i) => i - 80)];
  const FIELDS: [string, string, number][] = [['u10', 'm s-1', 3], ['v10', 'm s-1', 1], ['t2m', 'K', 280], ['d2m', 'K', 275], ['sp', 'Pa', 100000], ['blh', 'm', 500], ['ssrd', 'J m-2', 36e4], ['tp', 'm', 1e-4]]; // prettier-ignore
  for (const [i, name] of PERIODS.entries()) {
    const hours = 97;
    for (const [variable, units, value] of FIELDS)
      writeCf(join(folder, `${variable}_${name}.nc`), {
        dimensions: { time: hours, latitude: lat.length, longitude: lon.length },
        coordinates: [
          { name: 'time', dimensions: ['time'], data: Float64Array.from({ length: hours }, (_, hour) => hour), attributes: { units: `hours since ${['2026-01-05', '2026-07-06'][i]} 00:00:00` } },
          { name: 'latitude', dimensions: ['latitude'], data: lat, attributes: { units: 'degrees_north' } },
          { name: 'longitude', dimensions: ['longitude'], data: lon, attributes: { units: 'degrees_east' } },
        ],
        variables: [{ name: variable, dimensions: ['time', 'latitude', 'longitude'], data: new Float32Array(hours * lat.length * lon.length).fill(value), attributes: { units } }],
      }); // prettier-ignore
  }
  const result = await init(folder);
  expect(problemsOf(result)).toEqual([]);
  expect(readFileSync(result.case, 'utf8')).toMatch(/# Weather of CF files by the names of ERA5/);
});

/** Hours of a period, as its emissions have them. */
const timeOf = (period: string): TimeAxis => opened(join(inputs, `EMIS_${period}.nc`), ({ time }) => time);

it('makes sectors of in-line point sources with their own stack groups', async () => {
  const folder = folderOf('points', /METCRO2D|EMIS|GRIDDESC|GRIDCRO2D|stations|obs/);
  const grid = opened(join(inputs, 'EMIS_winter.nc'), (file) => file.grid);
  const write = (name: string, sources: number, time: TimeAxis, variables: { name: string; units: string }[], value: (name: string, source: number) => number): void => {
    const writer = IoapiWriter.create(join(folder, name), { grid: new Grid({ ...grid.definition, rows: sources, cols: 1 }), layers: 1, time, variables });
    for (const { name: variable } of variables)
      writer.write(variable, 0, Float32Array.from({ length: time.count * sources }, (_, i) => value(variable, i % sources)));
    writer.close();
  }; // prettier-ignore
  const SECTORS: [string, number][] = [['egu', 3], ['cement', 4]]; // prettier-ignore
  const places = ['LATITUDE', 'LONGITUDE'].map((name) => ({ name, units: 'degrees' }));
  for (const [sector, sources] of SECTORS) {
    for (const period of PERIODS) write(`inln_${sector}_${period}.nc`, sources, timeOf(period), [{ name: 'SO2', units: 'moles/s' }], () => 1);
    write(`stack_groups_${sector}.nc`, sources, { start: timeOf('winter').start, stepSeconds: 0, count: 1 }, places, (name, source) => {
      const { lon, lat } = grid.centre(3 + source, 5);
      return name === 'LATITUDE' ? lat : lon;
    });
  }
  const result = await init(folder);
  expect(problemsOf(result)).toEqual([]);
  const { sectors } = loadCase(result.case).emissions;
  expect(sectors['inln_egu']).toMatchObject({ files: join(folder, 'inln_egu_{period}.nc'), stackGroups: join(folder, 'stack_groups_egu.nc'), partial: true }); // prettier-ignore
  expect(sectors['inln_cement']).toMatchObject({ stackGroups: join(folder, 'stack_groups_cement.nc') });
  rmSync(join(folder, 'stack_groups_egu.nc'));
  rmSync(result.case);
  expect((await init(folder)).unused).toContainEqual(expect.stringMatching(/inln_egu_.*: in-line point sources, and no stack groups of 3 sources/));
});

it("makes a sector of representative days with SMOKE's table of merge dates", async () => {
  const folder = folderOf('days', /METCRO2D|EMIS|GRIDDESC|GRIDCRO2D|stations|obs/);
  const DAYS = ['20260105', '20260107', '20260706', '20260708'];
  for (const day of DAYS) {
    const start = new Date(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00Z`);
    opened(join(inputs, 'EMIS_winter.nc'), (file) => {
      const variables = file.variables.filter(({ name }) => name.startsWith('NO'));
      const writer = IoapiWriter.create(join(folder, `nonroad_${day}_24.nc`), { grid: file.grid, layers: 1, time: { start, stepSeconds: 3600, count: 25 }, variables });
      for (const { name } of variables) writer.write(name, 0, file.read(name, 0, 25, 0));
      writer.close();
    }); // prettier-ignore
  }
  const lines = [5, 6, 7, 8].map((day) => `2026010${day}, 2026010${day - ((day - 5) % 2)}, 2026010${day}`);
  const summer = [6, 7, 8, 9].map((day) => `2026070${day}, 2026070${day - (day % 2)}, 2026070${day}`);
  writeFileSync(join(folder, 'smk_merge_dates_2026.txt'), `    Date,  week_N,      all\n${[...lines, ...summer].join('\n')}\n`);
  const result = await init(folder);
  expect(problemsOf(result)).toEqual([]);
  const { sectors } = loadCase(result.case).emissions;
  expect(sectors['nonroad_24']).toMatchObject({
    files: join(folder, 'nonroad_*_24.nc'),
    dates: { files: [join(folder, 'smk_merge_dates_2026.txt')], column: 'week_N' },
    partial: true,
  });
});

it('takes runs that are brought: the prior run, members, and one with a single group changed, from the folders of a folder', async () => {
  const folder = folderOf('runs', /METCRO2D|EMIS|GRIDDESC|GRIDCRO2D|stations|obs/);
  for (const [i, run] of ['prior', 'member01', 'member02', 'response-NOx'].entries()) {
    mkdirSync(join(folder, run));
    for (const period of PERIODS) {
      const emissions = join(inputs, `EMIS_${period}.nc`);
      if (run !== 'prior') cpSync(emissions, join(folder, run, `EMIS_${period}.nc`));
      opened(emissions, ({ grid, time }) => {
        const variables = Object.entries({ NO2: 'ppmV', SO2: 'ppmV', O3: 'ppmV', PM25_TOT: 'ug m-3' }).map(([name, units]) => ({ name, units }));
        const writer = IoapiWriter.create(join(folder, run, `COMBINE_ACONC_${period}.nc`), { grid, layers: 1, time, variables });
        const values = Float32Array.from({ length: time.count * grid.rows * grid.cols }, (_, at) => 1e-3 * (1 + i) * (1 + (at % 7)));
        for (const { name } of variables) writer.write(name, 0, values);
        writer.close();
      });
    }
  }
  const result = await initCase([folder], { out: join(folder, 'case.yaml') });
  expect(problemsOf(result)).toEqual([]);
  const made = loadCase(result.case);
  expect(made.priorConcentrations).toBe(join(folder, 'prior/COMBINE_ACONC_{period}.nc'));
  expect(made.concentrations.variables['PM2.5']).toBe('PM25_TOT');
  expect(made.members.runs?.map(({ name }) => name)).toEqual(['member01', 'member02']);
  expect(made.certificate.runs).toEqual([
    { name: 'response-NOx', emissions: join(folder, 'response-NOx/EMIS_{period}.nc'), concentrations: join(folder, 'response-NOx/COMBINE_ACONC_{period}.nc') },
  ]); // prettier-ignore
  expect(made.response.groups).toEqual([]);
});

it('says where the stations lie if the tables have no zone, and which tables are of another layout', async () => {
  const folder = folderOf('tables', /METCRO2D|EMIS|GRIDDESC|GRIDCRO2D|stations|obs/);
  writeFileSync(join(folder, 'daily.csv'), 'station,date,PM25\nS001,2026-01-05,30\n');
  const { open, unused } = await init(folder);
  expect(open).toContainEqual(
    expect.stringMatching(/^the time zone of the tables, .*the stations lie about 41 °W, where clocks are some 3 h behind UTC\)/),
  );
  expect(unused).toContainEqual('daily.csv: daily in the layout long: a case has one layout and resolution (the layout sql reads any)');
});
