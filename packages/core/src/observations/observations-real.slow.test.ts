import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readGriddesc } from '../grid/griddesc';
import type { Grid } from '../grid/grid';
import type { ObservationsSpec } from './observation-layouts';
import { readObservations, type Observations } from './observations';
import type { SpeciesRequest } from './observed-species';
import { stationsToCells } from './station-cells';
import { observationTables, series, ug } from './testing/observation-samples';
import { describeShared, failure, sharedData, sharedFile } from '../files/testing/shared-data';

const { pathOf, write, spec } = observationTables();

describeShared('real monitors', () => {
  const cn27 = (): Grid => readGriddesc(sharedFile('china-201701/GRIDDESC'), 'cn27');
  const cnemc = (files: string): ObservationsSpec => ({
    stations: { file: join(sharedData, 'cnemc-2019-01/stations.csv'), id: '监测点编码', lon: '经度', lat: '纬度', name: '监测点名称' },
    files: join(sharedData, 'cnemc-2019-01', files),
    layout: 'cnemc-wide',
    resolution: 'hourly',
    timeZone: 'Asia/Shanghai',
    gasReference: { temperature: 298.15, pressure: 101325 },
  });

  test('China, January 2017: daily means at 1639 stations, against the file’s own lines', async () => {
    const species = { NO2: ug('no2_ugm3'), SO2: ug('so2_ugm3'), O3: ug('o3_ugm3'), 'PM2.5': ug('pm25_ugm3') };
    const observations = await readObservations(
      spec({
        stations: { file: join(sharedData, 'china-201701/stations.csv'), id: 'station', lon: 'lon', lat: 'lat' },
        files: join(sharedData, 'china-201701/obs_daily.csv.gz'),
        resolution: 'daily',
        timeZone: 'Asia/Shanghai',
        columns: { station: 'station', time: 'date', species },
      }),
    );
    // day 1 is missing, days 2 to 31 are there
    expect(observations.time).toEqual({ start: new Date('2017-01-01T16:00Z'), stepSeconds: 86400, count: 30 });
    expect(observations.quality).toMatchObject({
      stationsWithoutCoordinates: [],
      stationsUnknown: [],
      absentSteps: 0,
      species: { NO2: { valid: 41572 }, 'PM2.5': { valid: 41316 } },
    });
    expect(observations.stations.length + (observations.quality?.stationsSilent.length ?? 0)).toBe(1639);
    // S0001,2017-01-03,171.04,12.67,9.09,381.92
    expect(series(observations, 'PM2.5', 'S0001')[1]).toBeCloseTo(381.92, 4);
    expect(series(observations, 'NO2', 'S0001')[1]).toBeCloseTo(171.04 / 2.052515, 3);
    const cells = stationsToCells(observations, cn27());
    expect(cells.outside).toEqual([]);
    expect(cells.cells.reduce((sum, { members }) => sum + members.length, 0)).toBe(observations.stations.length);
    expect(cells.cells.length).toBe(607);
  });

  test('CNEMC, two days of January 2019: Beijing time, stations without coordinates, against the files’ own cells', async () => {
    const observations = await readObservations(cnemc('china_sites_2019010[12].csv.gz'));
    // hour 0 of Beijing's 1 January, 16:00 UTC, is the end of the first hour
    expect(observations.time).toEqual({ start: new Date('2018-12-31T15:00Z'), stepSeconds: 3600, count: 48 });
    expect(observations.species).toEqual(['NO2', 'SO2', 'O3', 'PM2.5']);
    expect(observations.quality?.stationsWithoutCoordinates).toHaveLength(14);
    expect(observations.quality?.stationsWithoutCoordinates).toContain('3019A');
    // 20190101,0,PM2.5,53,,68: 1001A has 53, 1002A nothing, 1003A 68
    expect(series(observations, 'PM2.5', '1001A')[0]).toBe(53);
    expect(series(observations, 'PM2.5', '1003A')[0]).toBe(68);
    expect(series(observations, 'PM2.5', '1002A')[0]).toBeNaN();
    expect(observations.stations.find(({ id }) => id === '1001A')).toEqual({ id: '1001A', lon: 116.366, lat: 39.8673, name: '万寿西宫' });
  });

  /** A script that shares nothing with this repository (Python: csv, gzip, math) counted values and cells' means of hours or days, and took the means of both. */
  describe('all that is there, against an independent script: [values, their mean, cells’ means, their mean]', () => {
    const SIX: SpeciesRequest[] = ['NO2', 'SO2', 'O3', 'PM2.5', 'CO', 'PM10'].map((name) => ({ name }));
    const about = (value: number): number => expect.closeTo(value, 5 - Math.ceil(Math.log10(value))) as number;
    const expected = (values: number, mean: number, cellMeans: number, meanOfCells: number): number[] => [
      values,
      about(mean),
      cellMeans,
      about(meanOfCells),
    ];
    const counts = (observations: Observations): Record<string, number[]> => {
      const { values, species, quality } = observations;
      const cells = stationsToCells(observations, cn27());
      const summary = (all: Float32Array): number[] => {
        const valid = all.filter((value) => !Number.isNaN(value));
        return [valid.length, valid.reduce((sum, value) => sum + value, 0) / valid.length];
      };
      for (const name of species)
        expect(quality?.species[name]).toMatchObject({ valid: summary(values.get(name)!)[0], negative: 0, absurd: 0, unreadable: 0 });
      return Object.fromEntries(species.map((name) => [name, [...summary(values.get(name)!), ...summary(cells.values.get(name)!)]]));
    };

    test('CNEMC, January 2019, hourly: these files hold four of the six pollutants', async () => {
      const observations = await readObservations({ ...cnemc('china_sites_201901*.csv.gz'), species: SIX }, { grid: cn27() });
      expect(observations.time).toEqual({ start: new Date('2018-12-31T15:00Z'), stepSeconds: 3600, count: 744 });
      expect([observations.stations.length, stationsToCells(observations, cn27()).cells.length]).toEqual([1475, 616]);
      expect(counts(observations)).toEqual({
        NO2: expected(1064530, 21.8974066, 452464, 20.7101913),
        SO2: expected(1064253, 6.7459356, 452308, 6.5028289),
        O3: expected(1057027, 17.6256288, 451002, 18.4603705),
        'PM2.5': expected(1061053, 69.7662841, 451039, 65.8003196),
      });
    });

    test('China, January 2017, days: six pollutants', async () => {
      const named = { NO2: ug('no2_ugm3'), SO2: ug('so2_ugm3'), O3: ug('o3_ugm3'), 'PM2.5': ug('pm25_ugm3'), PM10: ug('pm10_ugm3') };
      const observations = await readObservations(
        spec({
          stations: { file: join(sharedData, 'china-201701/stations.csv'), id: 'station', lon: 'lon', lat: 'lat' },
          files: join(sharedData, 'china-201701/obs_daily.csv.gz'),
          resolution: 'daily',
          timeZone: 'Asia/Shanghai',
          columns: { station: 'station', time: 'date', species: { ...named, CO: { column: 'co_mgm3', unit: 'mg m-3' } } },
          species: SIX,
        }),
        { grid: cn27() },
      );
      expect([observations.stations.length, stationsToCells(observations, cn27()).cells.length]).toEqual([1423, 607]);
      expect(counts(observations)).toEqual({
        NO2: expected(41572, 19.7117772, 17993, 18.7275178),
        SO2: expected(41544, 11.3119472, 18000, 10.7504755),
        O3: expected(41201, 19.8475169, 17948, 20.3517923),
        'PM2.5': expected(41316, 80.0391631, 17925, 76.1071504),
        CO: expected(41332, 1166.2887476, 17962, 1140.7824511),
        PM10: expected(34048, 122.6247915, 15891, 116.8979371),
      });
    });

    test('Beijing, January 2017, hours: six pollutants of twelve monitors, eleven of which stand in one cell', async () => {
      const names = 'Aotizhongxin Changping Dingling Dongsi Guanyuan Gucheng Huairou Nongzhanguan Shunyi Tiantan Wanliu'.split(' ');
      write('stations.csv', `id,lon,lat\n${names.map((name) => `${name},116.397,39.982\n`).join('')}Wanshouxigong,117.5,40.5\n`);
      const species = {
        PM10: ug('pm10_ugm3'),
        NO2: ug('no2_ugm3'),
        SO2: ug('so2_ugm3'),
        O3: ug('o3_ugm3'),
        CO: ug('co_ugm3'),
        'PM2.5': ug('pm25_ugm3'),
      };
      const columns = { station: 'station', time: 'time_local', species };
      const observations = await readObservations(
        spec({ files: join(sharedData, 'china-201701/beijing_hourly_201701.csv.gz'), timeZone: 'Asia/Shanghai', columns, species: SIX }),
        { grid: cn27() },
      );
      expect(observations.species).toEqual(SIX.map(({ name }) => name));
      expect(counts(observations)).toEqual({
        NO2: expected(8896, 30.7681565, 1485, 32.542125),
        SO2: expected(8901, 6.4851811, 1484, 6.4921544),
        O3: expected(8886, 15.8361948, 1483, 14.5865758),
        'PM2.5': expected(8886, 113.3009228, 1486, 122.1287498),
        CO: expected(8735, 1597.7145886, 1424, 1682.4670028),
        PM10: expected(8901, 133.3099652, 1486, 140.8154221),
      });
    });
  });

  test('a real day cut short', async () => {
    copyFileSync(sharedFile('cnemc-2019-01/china_sites_20190101*'), pathOf('obs_20190101.csv.gz'));
    writeFileSync(pathOf('obs_20190101.csv.gz'), readFileSync(sharedFile('cnemc-2019-01/china_sites_20190101*')).subarray(0, 100000));
    await expect(readObservations({ ...cnemc(''), files: pathOf('obs_*.gz') })).rejects.toThrow(
      failure('FILE_TRUNCATED', `${pathOf('obs_20190101.csv.gz')}: the gzip file is truncated: copy or download it again`),
    );
  });

  test('Beijing’s twelve monitors, hourly, as a long table', async () => {
    write('stations.csv', 'id,lon,lat\nAotizhongxin,116.397,39.982\n');
    const observations = await readObservations(
      spec({
        files: join(sharedData, 'china-201701/beijing_hourly_201701.csv.gz'),
        timeZone: 'Asia/Shanghai',
        columns: { station: 'station', time: 'time_local', species: { 'PM2.5': ug('pm25_ugm3') } },
      }),
    );
    expect(observations.time).toEqual({ start: new Date('2016-12-31T16:00Z'), stepSeconds: 3600, count: 744 });
    expect(series(observations, 'PM2.5', 'Aotizhongxin').slice(0, 3)).toEqual([485, 477, 454]);
    expect(observations.quality?.stationsUnknown).toHaveLength(11);
  });
});
