/** Observations that only judge: what is read of them, and what is refused by the entry's name. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../../case';
import { observationsSchema, withheldSchema } from '../../case/schema/experiment-schema';
import { DEFAULT_CHANNELS } from '../../base/species';
import { temporaryFolder } from '../../files/testing/shared-data';
import { chooseWithheld } from '../../inversion/observations/withheld';
import { unitGrid } from '../../inversion/testing/small-world';
import { independentFiles, readIndependent } from './independent';
import { withholdingKey } from './withheld-by-name';

const folder = temporaryFolder();
const pathOf = (name: string): string => join(folder.path, name);
const grid = unitGrid(30, 30);
const PERIODS = ['july', 'august'].map((name, i) => ({ name, start: `2017-0${7 + i}-01T00:00:00Z`, hours: 24, spinUpHours: 6 }));
const IDS = Array.from({ length: 40 }, (_, i) => `M${i}`);
const ROWS = IDS.map((id, i) => `${id},${((7 * i) % 30) + 0.5},${(i % 30) + 0.5}`);

beforeEach(() => {
  writeFileSync(pathOf('stations.csv'), ['id,lon,lat', ...ROWS, 'FAR,-60,-30'].join('\n'));
  writeFileSync(pathOf('july.csv'), valuesAt('2017-07-01T08:00Z'));
  writeFileSync(pathOf('august.csv'), valuesAt('2017-08-01T08:00Z'));
});

const valuesAt = (...times: string[]): string =>
  ['station,time,no2', ...[...IDS, 'FAR'].flatMap((id) => times.map((time) => `${id},${time},11`))].join('\n');

/** A case with one entry. */
function caseOf(entry: object): Case {
  const columns = { species: { NO2: { column: 'no2', unit: 'ppb' } } };
  const observations = observationsSchema().parse({
    stations: { file: pathOf('none.csv') },
    files: pathOf('none.csv'),
    columns,
    independent: [{ name: 'sensors', stations: { file: pathOf('stations.csv') }, files: pathOf('{period}.csv'), columns, ...entry }],
  });
  const species = Object.fromEntries(DEFAULT_CHANNELS.species.map((name) => [name, { relative: 0.1, absolute: 1 }]));
  return {
    periods: PERIODS.map((period) => ({ ...period, start: new Date(period.start) })),
    emissions: { groups: { NOx: {} } },
    concentrations: {},
    observations,
    inversion: { siteTypeError: {}, observationError: species },
    withheld: withheldSchema.parse({}),
  } as unknown as Case;
}

const notes: string[] = [];
beforeEach(() => void notes.splice(0));
const read = (entry: object): ReturnType<typeof readIndependent> => {
  const settings = caseOf(entry);
  return readIndependent(settings, settings.observations.independent[0], grid, { tell: (text) => void notes.push(text) });
};

it('all of its stations inside the grid are withheld, in the blocks that those of the case are drawn in', async () => {
  const periods = await read({});
  expect([...periods.keys()]).toEqual(['july', 'august']);
  const { monitors, operator } = periods.get('july')!;
  expect([...monitors.withheld].sort()).toEqual([...IDS].sort());
  expect(monitors.watched.size).toBe(0);
  expect(operator.times.map(({ start }) => start.toISOString())).toEqual(['2017-07-01T08:00:00.000Z']);
  const { block } = chooseWithheld(monitors.observations.stations, grid, withheldSchema.parse({}));
  expect(monitors.block).toEqual(block);
  expect(notes).toEqual([]);
});

it('a campaign may be silent in a period, which is told; in all of them it is refused', async () => {
  expect([...(await read({ files: pathOf('july.csv') })).keys()]).toEqual(['july']);
  expect(notes).toEqual([
    expect.stringMatching(/^nothing is compared in one of the periods: observations\.independent, sensors: .*no time lies between 2017-08-01/),
  ]);
  writeFileSync(pathOf('august.csv'), valuesAt('2017-08-01T02:00Z'));
  expect([...(await read({})).keys()]).toEqual(['july']);
  writeFileSync(pathOf('july.csv'), valuesAt('2016-07-01T08:00Z'));
  await expect(read({ files: pathOf('july.csv') })).rejects.toMatchObject({ code: 'OBSERVATIONS_EMPTY', exitCode: 3 });
});

it.each([
  ['no such file', { files: '/nowhere/{period}.csv' }, 'FILE_MISSING', /there is no such file: check the path/],
  ['a pattern that nothing matches', { files: '/nowhere/*.csv' }, 'FILES_NONE', /no file matches: check the pattern/],
  ['no list of stations', { stations: { file: '/nowhere/stations.csv' } }, 'FILE_MISSING', /stations\.csv/],
  ['another column', { columns: { species: { NO2: { column: 'NO2 [ppb]', unit: 'ppb' } } } }, 'COLUMN_MISSING', /name the right column in the case/],
  ['a species that is not simulated', { columns: { species: { CO: { column: 'no2', unit: 'ppb' } } } }, undefined, /CO/],
])('%s is told by the name of the entry', async (_, entry, code, text) => {
  const error = await Promise.resolve()
    .then(() => read(entry))
    .then(
      () => undefined,
      (cause: unknown) => cause as Error & { code?: string },
    );
  if (code === undefined) return void expect(error!.message).toMatch(text);
  expect(error).toMatchObject({ code, message: expect.stringMatching(/^observations\.independent, sensors: /) as string });
  expect(error!.message).toMatch(text);
});

it('stations that all lie outside the grid are refused', async () => {
  writeFileSync(pathOf('stations.csv'), 'id,lon,lat\nFAR,-60,-30');
  await expect(read({})).rejects.toMatchObject({
    code: 'STATIONS_OUTSIDE_GRID',
    message: expect.stringMatching(/^observations\.independent, sensors: .*check lon and lat/) as string,
  });
});

it('its files are known, and nothing of it decides what is inverted', () => {
  const settings = caseOf({});
  expect(independentFiles(settings)).toEqual(['stations.csv', 'july.csv', 'august.csv'].map(pathOf));
  expect(() => independentFiles(caseOf({ files: '/nowhere/*.csv' }))).toThrow(/^observations\.independent, sensors: .*no file matches/);
  expect(JSON.stringify(withholdingKey(settings))).not.toContain('sensors');
});
