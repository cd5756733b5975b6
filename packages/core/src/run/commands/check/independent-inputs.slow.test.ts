/** Observations that only judge, held against the case. */
import { writeFileSync } from 'node:fs';
import { loadCase } from '../../../case';
import { checkedWorld, codes } from '../../testing/checked-world';
import { realInputs } from '../../testing/real-inputs';
import { checkInputs } from './check-case';

const checked = checkedWorld();
const { pathOf, input, check } = checked;
const { realObservations, firstHours } = realInputs(checked);

const QUIET = ['withheld.fraction=0', 'inversion.stopOnWithheld=false', 'inversion.hoursPerDay=24'];
const ENTRY: Record<string, string> = {
  name: 'sensors',
  stations: '{file: inputs/stations.csv}',
  files: '"inputs/sensors_{period}.csv"',
  columns: '{species: {NO2: {column: no2, unit: ug m-3}}}',
};
const entries = (...changes: Record<string, string>[]): string[] => [
  ...QUIET,
  `observations.independent=[${changes
    .map(
      (change) =>
        `{${Object.entries({ ...ENTRY, ...change })
          .map((pair) => pair.join(': '))
          .join(', ')}}`,
    )
    .join(', ')}]`,
];

beforeEach(() => {
  realObservations((ids) => {
    const rows = ['station,time,no2', ...firstHours([...ids, 'UNKNOWN'], '20')].join('\n');
    writeFileSync(input('sensors_winter.csv'), rows);
    writeFileSync(input('sensors_summer.csv'), rows.replaceAll('2026-01-08', '2026-07-09'));
    return firstHours(ids, '20,30');
  });
});

test('what they hold, what is left out of them and their gases in µg m-3 are told by their names', async () => {
  const result = await check(entries({}, { name: 'flags', quality: '{range: {NO2: {max: 1}}}' }));
  expect(codes(result)).toEqual(['OBSERVATIONS_EMPTY observations.independent.1']);
  const { right, notes } = result;
  expect(right).toContain('observations.independent, sensors, winter: 3 stations in the grid, 60 values of NO2');
  expect(notes.join('\n')).toMatch(/observations\.independent, sensors, summer: .*UNKNOWN/);
  expect(notes.join('\n')).not.toContain('hold no'); // no columns of other species are named
  expect(notes).toContain(
    'observations.independent, sensors: gases in ug m-3 are taken at 273.15 K and 101325 Pa: set its gasReference if the network has another',
  );
});

test.each<[string, Record<string, string>[], string, RegExp]>([
  [
    'no files',
    [{ files: 'inputs/none.csv' }],
    'FILE_MISSING observations.independent.0',
    /^observations\.independent, sensors: .*none\.csv: there is no such file: check/,
  ],
  ['a pattern without files', [{ files: '"inputs/none*.csv"' }], 'FILES_NONE observations.independent.0', /no file matches: check the pattern/],
  ['no list of stations', [{ stations: '{file: inputs/none.csv}' }], 'FILE_MISSING observations.independent.0', /none\.csv/],
  ['one name twice', [{}, {}], 'CASE_INVALID observations.independent.1.name', /the name sensors is used twice: rename one/],
  ['a name of tables', [{ name: 'withheld' }], 'CASE_INVALID observations.independent.0.name', /give it another name/],
  ['a name that is no name of a file', [{ name: '"a b"' }], 'CASE_INVALID observations.independent.0.name', /expected letters, digits, - and _/],
  ['no name', [{ name: 'null' }], 'CASE_INVALID observations.independent.0.name', /name/],
  ['an unknown key', [{ zone: 'UTC' }], 'CASE_UNKNOWN_KEY observations.independent.0.zone', /unknown key .*timeZone/],
  [
    'a species of no case',
    [{ columns: '{species: {CO: {column: co, unit: ppm}}}' }],
    'CASE_UNKNOWN_KEY observations.independent.0.columns.species.CO',
    /CO/,
  ],
  ['no columns', [{ columns: 'null' }], 'CASE_INVALID observations.independent.0.columns', /columns/],
  ['a query of another layout', [{ sql: '"SELECT 1"' }], 'CASE_INVALID observations.independent.0.sql', /layout: sql/],
  ['hours of days', [{ resolution: 'daily', quality: '{minimumHours: 3}' }], 'CASE_INVALID observations.independent.0.quality.minimumHours', /hours/],
])('%s: one sentence with a code and a remedy', async (_, changes, code, text) => {
  const result = await check(entries(...changes));
  const { problems, exitCode } = result;
  expect(codes(result)).toEqual([code]);
  expect(problems[0].message).toMatch(text);
  expect(exitCode).toBe(code.startsWith('CASE') ? 2 : 3);
});

test('stations outside the grid are told, and a run ends before its first stage', async () => {
  writeFileSync(input('far.csv'), 'id,lon,lat\nFAR,-60,-30\n');
  const far = entries({ stations: '{file: inputs/far.csv}' });
  expect(codes(await check(far))).toEqual(['STATIONS_OUTSIDE_GRID observations.independent.0']);
  await expect(checkInputs(loadCase(pathOf('case.yaml'), far))).rejects.toMatchObject({
    code: 'STATIONS_OUTSIDE_GRID',
    message: expect.stringMatching(/^observations\.independent, sensors: /) as string,
  });
});
