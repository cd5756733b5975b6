import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CHANNELS, GROUPS, SPECIES } from '../base/species';
import { type Case } from '../case';
import { observationsSchema } from '../case/schema/experiment-schema';
import { readObservations } from '../observations/observations';
import { ConfigError } from '../base/errors';
import { GRID, WORLD } from '../surrogate/testing/tiny-world';
import { groupLast, writeTwinObservations } from './twin-observations';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-twin-'));
  writeFileSync(join(folder, 'stations.csv'), `id,lon,lat\n${STATIONS.map(([id, lon, lat]) => `${id},${lon},${lat}`).join('\n')}\n`);
});
afterEach(() => rmSync(folder, { recursive: true }));

const STATIONS = [...Array.from({ length: 8 }, (_, i) => [`s${i}`, i + 0.3, 7 - i + 0.6] as const), ['far', 50, 50] as const];
/** Truth of NO2, SO2, O3, PM2.5: one large, one at its floor, one that is nothing, one mean. */
const TRUTH = [40, 0.5, 0, 100];

const UNITS = { NO2: 'ppb', SO2: 'ppb', O3: 'ppb', 'PM2.5': 'ug m-3' };

function caseWith(
  twin: object | undefined,
  { units = UNITS, ...more }: { units?: typeof UNITS; columns?: object; timeZone?: string; gasReference?: object } = {},
): Case {
  const species = {
    NO2: { column: 'no2', unit: units.NO2 },
    SO2: { column: 'so2', unit: units.SO2 },
    O3: { column: 'o3', unit: units.O3 },
    'PM2.5': { column: 'pm', unit: units['PM2.5'] },
  };
  const stations = { file: join(folder, 'stations.csv') };
  return {
    emissions: { groups: {} },
    concentrations: {},
    observations: observationsSchema(DEFAULT_CHANNELS).parse({
      stations,
      files: join(folder, 'obs*.csv'),
      columns: { species },
      ...(twin ? { twin } : {}),
      ...more,
    }),
  } as unknown as Case;
}

function truth(hours: number): Float32Array {
  return Float32Array.from({ length: hours * WORLD.rows * WORLD.cols * 4 }, (_, i) => TRUTH[i % 4]);
}

async function written(name: string, twin: object, period = 'winter', fields = truth(500)): Promise<string> {
  const path = join(folder, name);
  await writeTwinObservations(path, caseWith(twin), { name: period, start: WORLD.start }, GRID, fields);
  return readFileSync(path, 'utf8');
}

describe('observations of a twin', () => {
  it('have noise of the given part of the value, or of the floor where that is larger', async () => {
    await written('obs.csv', { noise: 0.05 });
    const { values, stations, time } = await readObservations(caseWith({}).observations);
    expect(stations.map(({ id }) => id)).not.toContain('far');
    expect([stations.length, time.count]).toEqual([8, 500]);
    const moments = SPECIES.map((name) => {
      const series = values.get(name)!;
      const mean = series.reduce((sum, value) => sum + value, 0) / series.length;
      return { mean, deviation: Math.sqrt(series.reduce((sum, value) => sum + (value - mean) ** 2, 0) / series.length) };
    });
    // 4000 values: the mean is known to deviation/63, the deviation to 1.1 %; bounds of four times that.
    const [no2, so2, o3, pm] = moments;
    expect(Math.abs(no2.mean - 40)).toBeLessThan((4 * 2) / 63);
    expect(Math.abs(no2.deviation / 2 - 1)).toBeLessThan(0.045);
    expect(Math.abs(pm.deviation / 5 - 1)).toBeLessThan(0.045);
    expect(Math.abs(so2.deviation / 0.2 - 1)).toBeLessThan(0.05); // 0.05 · 0.5 is below the floor of 0.2; 0.6 % are cut at 0
    // Half of a normal number with deviation 0.5 cut at zero: its mean is 0.5/√(2π).
    expect(Math.abs(o3.mean - 0.5 / Math.sqrt(2 * Math.PI))).toBeLessThan(0.02);
    expect(Math.min(...values.get('O3')!)).toBe(0);
  });

  it('are read again where names of stations and columns hold commas, quotes and line breaks', async () => {
    const ids = ['Essen, Ost', '6" mast', 'two\nlines'];
    writeFileSync(join(folder, 'stations.csv'), `id,lon,lat\n${ids.map((id, i) => `"${id.replaceAll('"', '""')}",${i + 0.3},1.5`).join('\n')}\n`);
    const of = caseWith({ noise: 0 });
    of.observations.columns!.species.NO2!.column = 'NO2, hourly';
    await writeTwinObservations(join(folder, 'obs.csv'), of, { name: 'winter', start: WORLD.start }, GRID, truth(2));
    const { stations, values } = await readObservations(of.observations);
    expect(stations.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(values.get('NO2')).toHaveLength(6);
    // ten times the floor of the noise
    values.get('NO2')!.forEach((value) => expect(Math.abs(value - 40)).toBeLessThan(5));
  });

  it('stand at the hour and the cell of their station', async () => {
    const fields = truth(3);
    fields[(2 * WORLD.rows * WORLD.cols + 5 * WORLD.cols + 2) * 4 + 3] = 7000; // hour 2, row 5, column 2: station s2
    const lines = (await written('obs.csv', { noise: 0 }, 'winter', fields)).split('\n');
    expect(lines[0]).toBe('station,time,no2,so2,o3,pm');
    const marked = lines.filter((line) => Number(line.split(',')[5]) > 6000);
    expect(marked).toHaveLength(1);
    expect(marked[0]).toMatch(/^s2,2026-01-05T02:00Z,/);
  });

  it.each([
    ['another time zone', { timeZone: 'Asia/Shanghai' }],
    ['other units', { units: { NO2: 'ug m-3', SO2: 'mg m-3', O3: 'ppm', 'PM2.5': 'mg m-3' }, gasReference: { rule: 'eu' } }],
  ])('are read as what they are in a case with %s', async (_, more) => {
    const read = async (settings: Case): Promise<{ start: Date; values: number[] }> => {
      await writeTwinObservations(join(folder, 'obs.csv'), settings, { name: 'winter', start: WORLD.start }, GRID, truth(30));
      const { time, values } = await readObservations(settings.observations);
      return { start: time.start, values: SPECIES.flatMap((name) => [...values.get(name)!]) };
    };
    const plain = await read(caseWith({}));
    const { start, values } = await read(caseWith({}, more));
    expect(start).toEqual(WORLD.start);
    // The digits of the file are those of doubles: back in ppb they are the same but for the last bit of a float.
    values.forEach((value, i) => expect(Math.abs(value - plain.values[i])).toBeLessThanOrEqual(2 ** -23 * plain.values[i]));
    expect(values).toHaveLength(30 * 8 * 4);
  });

  it('are the same for the same seed and others for another seed or period', async () => {
    const first = await written('a.csv', { seed: 7 });
    expect(await written('b.csv', { seed: 7 })).toBe(first);
    expect(await written('c.csv', { seed: 8 })).not.toBe(first);
    expect(await written('d.csv', { seed: 7 }, 'summer')).not.toBe(first);
  });

  it('need the settings of the twin', async () => {
    await expect(
      writeTwinObservations(join(folder, 'obs.csv'), caseWith(undefined), { name: 'winter', start: WORLD.start }, GRID, truth(1)),
    ).rejects.toThrow(ConfigError);
  });
});

it('groups come last in what the members take', () => {
  const cells = 3;
  const groupFirst = Float32Array.from({ length: GROUPS.length * cells }, (_, i) => 10 * Math.floor(i / cells) + (i % cells)); // 10·group + cell
  expect([...groupLast(groupFirst, GROUPS.length)]).toEqual([0, 10, 20, 30, 40, 1, 11, 21, 31, 41, 2, 12, 22, 32, 42]);
});
