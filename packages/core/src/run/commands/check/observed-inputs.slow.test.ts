/** Observations as a real case has them, held against the case. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { loadCase } from '../../../case';
import { checkedWorld, codes } from '../../testing/checked-world';
import { realInputs } from '../../testing/real-inputs';
import { runStages } from '../../run-case';
import { checkInputs } from './check-case';

const checked = checkedWorld();
const { pathOf, input, check } = checked;
const { replace, realObservations, firstHours } = realInputs(checked);

/** A single monitor can be inverted, but neither withheld nor watched. */
const ONE_MONITOR = ['withheld.fraction=0', 'inversion.stopOnWithheld=false'];

test('monitors that are listed but not heard can neither be withheld nor watched', async () => {
  realObservations((ids) => firstHours(ids.slice(0, 1), '20,30').map((line) => line.replace('2026-01-08', '2026-01-09')));
  expect(codes(await check())).toEqual(['WITHHELD_ONE_BLOCK withheld']);
  expect(codes(await check(['withheld.fraction=0', 'inversion.stopOnWithheld=true']))).toEqual(['WATCHED_ONE_BLOCK inversion.stopOnWithheld']);
  expect(codes(await check(ONE_MONITOR))).toEqual([]);
});

test('what errors by type of site and by the spread within cells ask of the stations is told by its key', async () => {
  realObservations((ids) => firstHours(ids.slice(0, 1), '20,30'));
  const asked = ['inversion.representativeness=cell-spread', 'observations.stations.type=id', 'inversion.siteTypeError={ traffic: 3 }'];
  expect(codes(await check([...ONE_MONITOR, ...asked]))).toEqual([
    'OBSERVATION_REPRESENTATIVENESS inversion.representativeness',
    'OBSERVATION_SITE_TYPE inversion.siteTypeError',
  ]);
});

test('what the quality rules would leave out is told, and that nothing would be left', async () => {
  realObservations((ids) => firstHours(ids, '20,30').concat(`${ids[0]},2026-01-09T00:00Z,21,31`));
  const stuck = await check([...ONE_MONITOR, 'observations.quality.stuckSteps=10', 'inversion.hoursPerDay=24']);
  expect(stuck.problems).toEqual([]);
  expect(stuck.notes).toContain('observations, winter: 60 values of NO2 that stood still were left out');
  expect(stuck.right.join('\n')).toMatch(/observations, winter: 1 stations in the grid, 1 values of NO2/);
  const short = await check(['observations.quality.minimumHours=21']);
  expect(codes(short)).toEqual(Array.from({ length: 2 }, () => 'OBSERVATIONS_EMPTY observations.columns.species.NO2'));
});

test('stations and values inside the grid are told apart from those outside, and those between the hours with their stations', async () => {
  const between = (ids: string[]): string[] => ['FAR', ids[1]].map((id) => `${id},2026-01-09T03:20Z,20,30`);
  realObservations((ids) => [...firstHours([...ids, 'FAR', 'UNKNOWN'], '20,30'), ...between(ids)]);
  const list = readFileSync(input('stations.csv'), 'utf8');
  const [header, first] = list.split('\n').map((line) => line.split(','));
  const far = header.map((name, i) => ({ id: 'FAR', lon: '-60', lat: '-30' })[name] ?? first[i]).join(',');
  writeFileSync(input('stations.csv'), `${list.trimEnd()}\n${far}\n`);
  const { right, notes, problems } = await check([...ONE_MONITOR, 'inversion.hoursPerDay=24']);
  expect(problems).toEqual([]);
  expect(right.join('\n')).toMatch(/observations, winter: 3 stations in the grid, 60 values of NO2\n/);
  const [, station] = list.split('\n').slice(1, 4).map((line) => line.split(',')[0]); // prettier-ignore
  expect(notes).toEqual(
    expect.arrayContaining([
      '1 stations lie outside the grid',
      'observations, winter: 20 values of NO2 at stations outside the grid were left out',
      `observations, winter: 1 values of NO2 at times between those of the others were left out (of 1 stations: ${station})`,
    ]),
  );
});

/** The files of all periods under one pattern, as many networks give them. */
function oneFile(text: (lines: string[]) => string | Buffer): void {
  realObservations((ids) => firstHours(ids, '20,30'));
  const [winter, summer] = ['obs_winter.csv', 'obs_summer.csv'].map((name) => readFileSync(input(name), 'utf8'));
  writeFileSync(input('obs_all.csv'), text([...winter.trimEnd().split('\n'), ...summer.trimEnd().split('\n').slice(1)]));
  replace('case.yaml', [/obs_\{period\}\.csv/, 'obs_all.csv']);
}

test('a fault of files that all periods share is told once, and counted once', async () => {
  oneFile((lines) => lines.join('\n'));
  const set = ['observations.columns.species.NO2.unit=K', 'observations.columns.species.O3={ column: o3, unit: kg }'];
  const { problems, exitCode } = await check(set);
  expect(problems.map(({ code, key }) => `${code} ${key}`)).toEqual([
    'UNIT_MISMATCH observations.columns.species.NO2',
    'UNIT_MISMATCH observations.columns.species.O3',
  ]);
  expect(exitCode).toBe(3);
  await expect(checkInputs(loadCase(pathOf('case.yaml'), set))).rejects.toThrow(/; and 1 more: /);
});

test('a file of several that lacks the column is refused, one that lacks a species is told; a list of globs is read', async () => {
  realObservations((ids) => firstHours(ids, '20,30'), 'NO2: { column: no2, unit: ug m-3 }, O3: { column: o3, unit: ug m-3 }');
  const text = readFileSync(input('obs_winter.csv'), 'utf8').split('\n');
  const part = (name: string, header: string, from: number): void => writeFileSync(input(name), [header, ...text.slice(from, from + 20)].join('\n'));
  part('part_1.csv', 'station,time,no2,o3', 1);
  part('part_2.csv', 'station,time,NO2,O3', 21);
  const set = [...ONE_MONITOR, 'periods=[{name: winter, start: 2026-01-05T00:00:00Z, hours: 100, spinUpHours: 72}]'];
  const lists = ['observations.files=[inputs/part_1.csv, inputs/part_2*.csv]'];
  const refused = await check([...set, ...lists]);
  expect(codes(refused)).toEqual(['NO2', 'O3'].map((name) => `COLUMN_MISSING observations.columns.species.${name}`));
  expect(refused.problems[0].message).toMatch(/part_2\.csv: there is no column no2; it holds station, time, NO2, O3/);
  part('part_2.csv', 'station,time,no2,other', 21);
  const told = await check([...set, ...lists]);
  expect(codes(told)).toEqual([]);
  expect(told.right.join('\n')).toMatch(/observations, winter: 2 stations in the grid, 40 values of NO2, 20 values of O3/);
  expect(told.notes.join('\n')).toMatch(/observations, winter: .*part_2\.csv: no column o3, which other files have/);
  // Of another fault it is that fault alone which is told.
  expect(codes(await check([...set, ...lists, 'observations.columns.species.NO2.unit=K']))).toEqual([
    'UNIT_MISMATCH observations.columns.species.NO2',
  ]);
});

test.each([
  ['FILE_ENCODING', 'files', (lines: string[]) => Buffer.from(`\ufeff${lines.join('\n')}`, 'utf16le')],
  ['OBSERVATIONS_TIME', 'files', (lines: string[]) => [...lines, `${lines[1].split(',')[0]},someday,20,30`].join('\n')],
  ['STATIONS_UNKNOWN', 'files', (lines: string[]) => lines.map((line, i) => (i === 0 ? line : `x${line}`)).join('\n')],
  ['COLUMN_MISSING', 'columns', (lines: string[]) => lines.join('\n').replace('station', 'site')],
])('%s is of all species: told under observations.%s', async (code, key, text) => {
  oneFile(text);
  const one = await check(['periods=[{name: winter, start: 2026-01-05T00:00:00Z, hours: 100, spinUpHours: 72}]']);
  for (const result of [one, await check()])
    expect(result.problems.map((problem) => `${problem.code} ${problem.key}`)).toEqual([`${code} observations.${key}`]);
});

test('a query that fails on the data is told once, under observations.sql, as a fault of the case', async () => {
  oneFile((lines) => [...lines, `${lines[1].split(',')[0]},2026-01-08T01:00Z,broken,30`].join('\n'));
  const { problems, exitCode } = await check([
    'observations.layout=sql',
    `observations.sql="SELECT station, time, 'NO2' AS species, no2::DOUBLE AS value, 'ug m-3' AS unit FROM raw"`,
  ]);
  expect(problems.map(({ code, key }) => `${code} ${key}`)).toEqual(['OBSERVATIONS_SQL observations.sql']);
  expect(problems[0].message).toMatch(/obs_all\.csv \(Conversion Error: .*'broken'/);
  expect(exitCode).toBe(2);
});

test('a query without end is ended by Ctrl-C also before the first stage', async () => {
  oneFile((lines) => lines.join('\n'));
  const settings = loadCase(pathOf('case.yaml'), [
    'observations.layout=sql',
    `observations.sql="SELECT station, time, 'NO2' AS species, no2 AS value, 'ug m-3' AS unit FROM raw WHERE (SELECT count(*) FROM range(1000000000000)) > 0"`,
  ]);
  const control = new AbortController();
  setTimeout(() => control.abort(), 2000);
  await expect(runStages(settings, { out: pathOf('run'), signal: control.signal })).rejects.toMatchObject({
    code: 'INTERRUPTED',
    message: 'observations: interrupted before any stage began: run the same command to go on',
  });
  expect(existsSync(pathOf('run'))).toBe(false);
});
