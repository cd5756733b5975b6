import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readGriddesc } from '../grid/griddesc';
import type { Grid } from '../grid/grid';
import type { ObservationsSpec } from './observation-layouts';
import { readObservations } from './observations';
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
