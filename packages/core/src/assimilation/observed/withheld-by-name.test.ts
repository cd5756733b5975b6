/** Stations withheld by name: which they are, that nothing they measure enters the cost, and what is refused. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { namingOf } from '../../case/testing/naming';
import type { Case, PeriodSettings } from '../../case';
import { observationsSchema, withheldSchema } from '../../case/schema/experiment-schema';
import { temporaryFolder } from '../../files/testing/shared-data';
import { batchCost } from '../../inversion/cost/cost';
import { unitGrid } from '../../inversion/testing/small-world';
import { chooseWithheld } from '../../inversion/observations/withheld';
import type { StageContext } from '../../run/engine/stage';
import { addErrors } from './error-model';
import { observationFiles, operatorOf, readMonitors, type Monitors } from './monitors';
import { namedStations } from './withheld-by-name';

const folder = temporaryFolder();
const pathOf = (name: string): string => join(folder.path, name);
const grid = unitGrid(30, 30);
const period = { name: 'july', start: '2017-07-01T00:00:00Z', hours: 24, spinUpHours: 0 } as unknown as PeriodSettings;
const IDS = Array.from({ length: 60 }, (_, i) => `S${100 + i}`);
const NAMED = ['S100', 'S131', 'S155'];

/** Two stations in each of 30 cells; the last digit decides the network. FAR lies outside the grid, LOST has no coordinates. */
beforeEach(() => {
  const place = (i: number): string => `${((7 * Math.floor(i / 2)) % 30) + 0.5},${Math.floor(i / 2) + 0.5}`;
  const rows = IDS.map((id, i) => `${id},${place(i)},${id.endsWith('5') ? 'roadside' : 'national'}`);
  writeFileSync(pathOf('stations.csv'), ['id,lon,lat,network', ...rows, 'FAR,-60,-30,national', 'LOST,,,national'].join('\n'));
});

/** @param valueOf - of a station; NaN: none */
function caseOf(withheld: object, valueOf: (i: number) => number = (i) => 10 + i, network: string | undefined = 'network'): Case {
  const rows = IDS.flatMap((id, i) =>
    Number.isNaN(valueOf(i)) ? [] : [3, 4, 5].map((hour) => `${id},2017-07-01T0${hour}:00Z,${valueOf(i) + hour}`),
  );
  writeFileSync(pathOf('obs.csv'), ['station,time,no2', ...rows].join('\n'));
  const observations = observationsSchema().parse({
    stations: { file: pathOf('stations.csv'), network },
    files: pathOf('obs.csv'),
    columns: { species: { NO2: { column: 'no2', unit: 'ppb' } } },
  });
  const inversion = {
    siteTypeError: {},
    representativeness: 'cell-spread',
    dailyMeans: false,
    observationError: { NO2: { relative: 0.1, absolute: 1 } },
  };
  return { ...namingOf(), periods: [period], observations, inversion, withheld: withheldSchema.parse(withheld) } as unknown as Case;
}

function monitorsOf(...of: Parameters<typeof caseOf>): Promise<Monitors> {
  return readMonitors({ caseSettings: caseOf(...of), inputs: {} } as unknown as StageContext, period, grid, true);
}

const failure = (...of: Parameters<typeof caseOf>): Promise<unknown> =>
  monitorsOf(...of).then(
    () => undefined,
    (error: unknown) => error,
  );

it('adds the named to those drawn, watches and uses none of them', async () => {
  const plain = await monitorsOf({});
  expect([...plain.withheld]).toEqual([...chooseWithheld(plain.observations.stations, grid, withheldSchema.parse({})).withheld]);
  const { withheld, watched } = await monitorsOf({ stations: NAMED });
  expect(withheld).toEqual(new Set([...plain.withheld, ...NAMED]));
  expect([...watched].filter((id) => withheld.has(id))).toEqual([]);
  expect((await monitorsOf({ fraction: 0, stations: [...NAMED, 'FAR', 'LOST'] })).withheld).toEqual(new Set(NAMED));
});

it('takes names from a file, and all stations of a network', async () => {
  writeFileSync(pathOf('judges.txt'), `\ufeff# judges\r\n${NAMED.join('\r\n')}\r\n\r\n`);
  const settings = caseOf({ stations: { file: pathOf('judges.txt') } });
  expect(await namedStations(settings)).toEqual(new Set(NAMED));
  expect(observationFiles(settings)).toContain(pathOf('judges.txt'));
  expect((await monitorsOf({ fraction: 0, networks: ['roadside'] })).withheld).toEqual(new Set(IDS.filter((id) => id.endsWith('5'))));
});

it('what a named station measures, or that it measures at all, changes no bit of the cost', async () => {
  const named = new Set(NAMED.map((id) => IDS.indexOf(id)));
  const costWith = async (change: (value: number) => number, withheld: object = { fraction: 0, stations: NAMED }): Promise<unknown> => {
    const settings = caseOf(withheld, (i) => (named.has(i) ? change(10 + i) : 10 + i));
    const monitors = await readMonitors({ caseSettings: settings, inputs: {} } as unknown as StageContext, period, grid, false);
    const operator = operatorOf(settings, period, grid, monitors, { firstHour: 0, watch: false });
    const { cell, species } = operator.observed;
    const simulated = Float32Array.from(cell, (place) => 12 + (place % 7));
    const model = {
      level: 'simulated' as const,
      surrogate: [0.3, 0.3, 0.3, 0.3],
      correlationHours: [6, 6, 6, 6],
      correlationCells: Array.from({ length: 4 }, (): [number, number] => [3, 3]),
      decorrelated: true,
    };
    expect(new Set(species).size).toBe(1);
    addErrors(operator, model, simulated, grid.cols);
    const { cost, gradient, used } = batchCost(operator.batch(), simulated, { loss: 'l2', weights: [1, 1, 1, 1] } as never);
    return { cost: [...cost], gradient: [...gradient].filter((value) => value !== 0), used, spread: monitors.cellSpread };
  };
  const asIs = await costWith((value) => value);
  expect(await costWith((value) => 5 * value)).toEqual(asIs);
  expect(await costWith((value) => (value === 10 ? value : NaN))).toEqual(asIs);
  // The same change of stations that are used is seen.
  expect(await costWith((value) => 5 * value, { fraction: 0 })).not.toEqual(await costWith((value) => value, { fraction: 0 }));
});

it.each([
  [
    'WITHHELD_UNKNOWN',
    { stations: ['S100', 'S1O1'] },
    /withheld\.stations: 1 of its 2 names .*stations\.csv \(such as "S1O1"\): did you mean "S101"\?/,
  ],
  ['WITHHELD_UNKNOWN', { networks: ['rodside'] }, /no station in .* is of the network "rodside".* national, roadside: did you mean "roadside"\?/],
  ['WITHHELD_UNHEARD', { stations: ['FAR', 'LOST'] }, /none of the 2 stations that are named has a value inside the grid/],
  ['WITHHELD_ALL', { networks: ['roadside', 'national'] }, /all 60 stations .* are withheld/],
])('%s: %j is refused', async (code, withheld, message) => {
  expect(await failure(withheld)).toMatchObject({ code, message: expect.stringMatching(message) as string });
});

it('refuses a file of names that is empty or not there, a missing column, and a station of two networks', async () => {
  const file = pathOf('judges.txt');
  writeFileSync(file, '# none\n\n');
  expect(await failure({ stations: { file } })).toMatchObject({ code: 'FILE_EMPTY' });
  expect(await failure({ stations: { file: pathOf('none.txt') } })).toMatchObject({ code: 'FILE_UNREADABLE' });
  expect(await failure({ networks: ['roadside'] }, undefined, 'owner')).toMatchObject({ code: 'COLUMN_MISSING' });
  writeFileSync(pathOf('stations.csv'), 'id,lon,lat,network\nS100,0.5,0.5,a\nS100,0.5,0.5,b\n');
  expect(await failure({ networks: ['a'] })).toMatchObject({ code: 'STATION_TWICE' });
});
