import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case, InversionSettings, PeriodSettings } from '../../case';
import { observationsSchema } from '../../case/schema/experiment-schema';
import type { Station } from '../../observations/stations';
import { observationsOf, unitGrid } from '../../inversion/testing/small-world';
import { chooseWithheld } from '../../inversion/observations/withheld';
import type { StageContext } from '../../run/engine/stage';
import { expectSiteTypes, observationFiles, observationsInWords, operatorOf, readMonitors, spreadsOf, spreadsWithout } from './monitors';
import { julyOf, UNIT_ERRORS } from '../testing/july-monitors';

const grid = unitGrid(1, 60); // cells of a degree: 4 minutes of solar time each
const period = julyOf(24);

/** Hours (UTC) at which O3 is compared, at 0.5° and in column `east`, by default 45.5° east; NO2 always is. */
function compared(hoursOfDay: InversionSettings['hoursOfDay'], hoursPerDay?: number, east = 45): [west: number[], east: number[]] {
  const day = Array.from({ length: 48 }, () => 5);
  const observations = observationsOf(
    [
      ['west', 0.5, 0.5],
      ['east', east + 0.5, 0.5],
    ],
    { start: '2017-07-01T00:00:00Z', stepSeconds: 3600, count: 24 },
    { NO2: day, O3: day },
  );
  const monitors = { observations, withheld: new Set<string>(), watched: new Set<string>() };
  const operator = operatorOf(UNIT_ERRORS, period, grid, monitors, { firstHour: 0, watch: false, hoursPerDay, hoursOfDay });
  const { species, place } = operator.batch();
  const { cell: cells, hour: hours } = place!();
  const hoursAt = (of: number, cell: number): number[] =>
    [...hours].flatMap((hour, i) => (species[i] === of && cells[i] === cell ? [hour % 24] : []));
  expect(hoursAt(0, 0)).toHaveLength(hoursPerDay ?? 24);
  return [hoursAt(2, 0), hoursAt(2, east)];
}

describe('operatorOf', () => {
  it('compares a species at some hours of the local day alone', () => {
    expect(compared({ O3: [9, 12] })).toEqual([
      [9, 10, 11],
      [6, 7, 8],
    ]);
    expect(compared({ O3: [22, 1] })).toEqual([
      [0, 22, 23],
      [19, 20, 21],
    ]);
    expect(compared({})[0]).toHaveLength(24);
    // The middle of an hour counts: 54 minutes ahead, that from 8 to 9 is at 9:24.
    expect(compared({ O3: [9, 12] }, undefined, 13)[1]).toEqual([8, 9, 10]);
  });

  it('counts the first moment of a range and not the last', () => {
    // At 7.5° the middle of an hour is a full one.
    expect(compared({ O3: [10, 12] }, undefined, 7)[1]).toEqual([9, 10]);
    expect(compared({ O3: [22, 1] }, undefined, 7)[1]).toEqual([21, 22, 23]);
  });

  it('takes hours of a species that no monitor measures', () => {
    expect(compared({ SO2: [9, 12] })[0]).toHaveLength(24);
  });

  it('refuses hours that leave nothing of a species', () => {
    expect(() => compared({ O3: [13, 15] }, 2)).toThrow(
      /hoursOfDay\.O3: in july no value between 13 and 15 h of local solar time is compared, at 2 hours a day/,
    );
  });
});

describe('readMonitors', () => {
  const square = unitGrid(30, 30);
  const periods = [
    { name: 'winter', start: '2026-01-05T00:00:00Z', hours: 24, spinUpHours: 0 },
    { name: 'summer', start: '2026-07-06T00:00:00Z', hours: 24, spinUpHours: 0 },
  ] as unknown as PeriodSettings[];
  const ids = Array.from({ length: 60 }, (_, i) => `s${i}`);
  const place = (i: number): [lon: number, lat: number] => [((7 * i) % 30) + 0.5, Math.floor(i / 2) + 0.5];
  const stations = ids.map((id, i) => ({ id, lon: place(i)[0], lat: place(i)[1] }));
  const choice = { fraction: 0.2, blockCells: 6, seed: 3 };
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'retroplume-monitors-'));
    writeFileSync(join(folder, 'stations.csv'), `id,lon,lat\n${stations.map(({ id, lon, lat }) => `${id},${lon},${lat}`).join('\n')}\n`);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  interface Drawn {
    withheld: string[];
    watched: string[];
    stations: number;
  }

  /** Withheld and watched stations of each period, sorted, in a run of a case of which some stations have values in each period. */
  async function drawn(heard: readonly (readonly string[])[], { watch = true, fraction = choice.fraction } = {}): Promise<Drawn[]> {
    ['2026-01-05', '2026-07-06'].forEach((day, p) =>
      writeFileSync(join(folder, `obs_${periods[p].name}.csv`), `station,time,no2\n${heard[p].map((id) => `${id},${day}T05:00Z,20`).join('\n')}\n`),
    );
    const observations = observationsSchema().parse({
      stations: { file: join(folder, 'stations.csv') },
      files: join(folder, 'obs_{period}.csv'),
      columns: { species: { NO2: { column: 'no2', unit: 'ppb' } } },
    });
    const inversion = { siteTypeError: {}, representativeness: 'none' };
    const context = { caseSettings: { ...UNIT_ERRORS, periods, observations, inversion, withheld: { ...choice, fraction } }, inputs: {} };
    const all: Drawn[] = [];
    for (const each of periods) {
      const { withheld, watched, observations: read } = await readMonitors(context as unknown as StageContext, each, square, watch);
      all.push({ withheld: [...withheld].sort(), watched: [...watched].sort(), stations: read.stations.length });
    }
    return all;
  }

  it('draws the same stations in every period, though a block is silent in one', async () => {
    const { block } = chooseWithheld(stations, square, choice);
    const names = [...block.values()];
    const lone = ids.filter((id) => names.filter((name) => name === block.get(id)).length === 1);
    const silent = lone.slice(0, 3);
    expect(silent).toHaveLength(3);
    for (const id of silent) {
      const [winter, summer] = await drawn([ids, ids.filter((each) => each !== id)]);
      expect([winter.stations, summer.stations]).toEqual([60, 59]);
      expect(summer).toEqual({ ...winter, stations: 59 });
    }
  });

  it('draws no watched ones where none are asked for, so that a single monitor will do', async () => {
    const [winter] = await drawn([['s1'], ['s1']], { watch: false, fraction: 0 });
    expect(winter).toEqual({ withheld: [], watched: [], stations: 1 });
    await expect(drawn([['s1'], ['s1']], { fraction: 0 })).rejects.toThrow(/set inversion\.stopOnWithheld: false/);
  });

  it('knows how far the monitors of a cell are apart from all periods, and no site type by a period that lacks it', async () => {
    writeFileSync(join(folder, 'stations.csv'), 'id,lon,lat,type\na,0.2,0.5,traffic\nb,0.8,0.5,urban\nc,20.5,20.5,rural\n');
    const write = (period: string, rows: string[]): void =>
      writeFileSync(join(folder, `obs_${period}.csv`), `station,time,no2\n${rows.join('\n')}\n`);
    write('winter', ['a,2026-01-05T05:00Z,10', 'b,2026-01-05T05:00Z,30', 'c,2026-01-05T05:00Z,5']);
    write('summer', ['b,2026-07-06T05:00Z,10', 'c,2026-07-06T05:00Z,5']);
    const observations = observationsSchema().parse({
      stations: { file: join(folder, 'stations.csv'), type: 'type' },
      files: join(folder, 'obs_{period}.csv'),
      columns: { species: { NO2: { column: 'no2', unit: 'ppb' } } },
    });
    const inversion = { siteTypeError: { traffic: 3 }, representativeness: 'cell-spread', dailyMeans: false };
    const context = {
      caseSettings: { ...UNIT_ERRORS, periods, observations, inversion, withheld: { ...choice, fraction: 0 } },
      inputs: {},
    } as unknown as StageContext;
    for (const each of periods) {
      const { cellSpread } = await readMonitors(context, each, square, false);
      expect(cellSpread!.NO2).toBeCloseTo(Math.SQRT2 * (10 / 20), 6);
    }
  });

  it('reads, and records, the files of each glob of a list', async () => {
    const at = (name: string): string => join(folder, name);
    for (const name of ['winter', 'summer'])
      for (const [i, id] of ['s1', 's2'].entries())
        writeFileSync(at(`${name}_${i}.csv`), `station,time,no2\n${id},2026-0${name === 'winter' ? '1-05' : '7-06'}T00:00Z,5\n`);
    const observations = observationsSchema().parse({
      stations: { file: at('stations.csv') },
      files: [at('{period}_0.csv'), at('*_[1-9].csv')],
      columns: { species: { NO2: { column: 'no2', unit: 'ppb' } } },
    });
    const periods = ['2026-01-05', '2026-07-06'].map((day, i) => ({
      name: ['winter', 'summer'][i],
      start: `${day}T00:00:00Z`,
      hours: 24,
      spinUpHours: 0,
    })) as unknown as PeriodSettings[];
    expect(observationFiles({ observations, periods, withheld: choice } as unknown as Case)).toEqual(
      ['stations', 'winter_0', 'summer_1', 'winter_1', 'summer_0'].map((name) => at(`${name}.csv`)),
    );
    const inversion = { siteTypeError: {}, representativeness: 'none' };
    const context = {
      caseSettings: { ...UNIT_ERRORS, periods, observations, inversion, withheld: { ...choice, fraction: 0 } },
      inputs: {},
    } as unknown as StageContext;
    for (const each of periods)
      expect((await readMonitors(context, each, square, false)).observations.stations.map(({ id }) => id)).toEqual(['s1', 's2']);
  });

  it('draws among the stations of one period where they are those of all', async () => {
    const { withheld } = chooseWithheld(stations, square, choice);
    const rest = stations.filter(({ id }) => !withheld.has(id));
    const { withheld: watched } = chooseWithheld(rest, square, { ...choice, fraction: 0.15, seed: choice.seed + 1 });
    expect((await drawn([ids, ids]))[1]).toEqual({ withheld: [...withheld].sort(), watched: [...watched].sort(), stations: 60 });
  });
});

it('the log of an inversion tells what is left out of the observations, with the stations', () => {
  const read = observationsOf([['a', 0.5, 0.5]], { start: '2017-07-01T00:00:00Z', stepSeconds: 3600, count: 24 }, { NO2: Array<number>(24).fill(5) });
  expect(observationsInWords('july', read, ['O3'])).toEqual(['july: no value of O3: it is not used']);
  const counts = { unit: 'ppb' as const, valid: 24, missing: 0, belowZero: 0, negative: 0, absurd: 0, unreadable: 0, repeated: 0 };
  const quality = {
    stationsWithoutCoordinates: [],
    stationsUnknown: [],
    stationsSilent: [],
    stationsOutside: ['x', 'y'],
    absentSteps: 0,
    species: { NO2: { ...counts, offStep: { values: 3, stations: ['b', 'c', 'd', 'e', 'f', 'g'] } } },
  };
  expect(observationsInWords('july', { ...read, quality }, [])).toEqual([
    'warning: july: 3 values of NO2 at times between those of the others were left out (of 6 stations: b, c, d, e, f …)',
    'july: 2 stations lie outside the grid and are left out',
  ]);
});

describe('how far the monitors of a cell are apart', () => {
  const stations = ['a', 'b', 'c', 'd'].map((id, i): [string, number, number] => [id, i < 2 ? 0.5 : 7.5, i < 2 ? 0.5 : 1.5]);
  const square = unitGrid(3, 10);
  const time = { start: '2017-07-01T00:00:00Z', stepSeconds: 3600, count: 24 };
  /** `a` and `b` swap 10 and 30 by the hour, `c` and `d` stay at 10 and 30. */
  const observations = observationsOf(stations, time, {
    NO2: Array.from({ length: 24 }, (_, hour) => (hour % 2 ? [10, 30, 10, 30] : [30, 10, 10, 30])).flat(),
  });
  const settings = (dailyMeans: boolean, representativeness = 'cell-spread'): InversionSettings =>
    ({ representativeness, dailyMeans }) as unknown as InversionSettings;
  const half = Math.SQRT2 * (10 / 20);

  it('is seen in what is compared: hours, or means of days', () => {
    const spreads = (dailyMeans: boolean): number =>
      spreadsWithout(new Set(), observations.stations, square, [spreadsOf(settings(dailyMeans), observations, square)!]).NO2;
    expect(spreads(false)).toBeCloseTo(half, 6);
    expect(spreads(true)).toBeCloseTo(half / Math.SQRT2, 6); // nothing in one cell of two
    expect(spreadsOf(settings(true, 'none'), observations, square)).toBeUndefined();
  });

  it('is not looked at in the cells of withheld stations', () => {
    const spreads = [spreadsOf(settings(true), observations, square)!];
    const without = (id: string): number => spreadsWithout(new Set([id]), observations.stations, square, spreads).NO2;
    expect(without('b')).toBeCloseTo(half, 6);
    expect(without('d')).toBe(0);
  });
});

describe('expectSiteTypes', () => {
  const place = (id: string, lon: number, type?: string): Station => ({ id, lon, lat: 0.5, type });
  const stations = [place('a', 0.5, 'traffic'), place('b', 1.5, 'rural'), place('c', 2.5), place('d', 99, 'industry')];

  it('takes types of stations in the grid, with a value in whichever period', () => {
    expect(() => expectSiteTypes({ traffic: 3, rural: 0.5 }, stations, grid)).not.toThrow();
    expect(() => expectSiteTypes({}, [], grid)).not.toThrow();
  });

  it('refuses others', () => {
    for (const type of ['trafic', 'industry'])
      expect(() => expectSiteTypes({ [type]: 3 }, stations, grid)).toThrow(
        `inversion.siteTypeError.${type}: no station in the grid is of that type; types are rural, traffic: mend the name, or`,
      );
    expect(() => expectSiteTypes({ traffic: 3 }, [place('c', 2.5)], grid)).toThrow(/types are not given/);
  });
});
