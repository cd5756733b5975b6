import { gzipSync } from 'node:zlib';

import { inspectTable } from '../run/commands/inspect/table';
import { readStations, AIRNOW_SITE_COLUMNS, readAirnowSites } from './stations';
import { observationTables } from './testing/observation-samples';
import { describeShared, sharedFile } from '../files/testing/shared-data';

const { pathOf, write } = observationTables();
const list = (file: string, more: object = {}): Parameters<typeof readStations>[0] => ({ file, id: 'id', lon: 'lon', lat: 'lat', ...more });

/** A row as the network writes it. */
const row = (id: string, parameter: string, name: string, lat: string, lon: string): string =>
  `${id}|${parameter}|0001|${name}|Active|QC1|Canada-Quebec1|CA|${lat}|${lon}|7.900|-5.00|CA|||||00|CC|00005|QUEBEC||\r\n`;
const rows =
  row('000054703', 'OZONE', 'Bécancour', '46.350000', '-72.433300') +
  row('000054703', 'PM2.5', 'Bécancour', '46.350000', '-72.433300') +
  row('CC0050128', 'CO', 'Aéroport', '45.468297', '-73.741185') +
  row('000000000', 'CO', 'nowhere', '0.000000', '0.000000') +
  row('000000000', 'NO2', 'nowhere', '0.000000', '0.000000');
/** é is one byte, 82 in hexadecimal. */
const codePage850 = Buffer.from(rows.replaceAll('é', '\u0082'), 'latin1');

test.each([
  ['code page 850', codePage850],
  ['UTF-8', Buffer.from(rows)],
  ['code page 850', gzipSync(codePage850)],
])('AirNow’s list of sites is known by its fields; a site stands there once, whatever it measures: %s', async (encoding, content) => {
  const file = write('sites.dat', content);
  const read = await readStations(list(file, { name: 'SiteName', type: 'Status' }));
  expect(read).toEqual({
    stations: [
      { id: '000054703', lon: -72.4333, lat: 46.35, name: 'Bécancour', type: 'Active' },
      { id: 'CC0050128', lon: -73.741185, lat: 45.468297, name: 'Aéroport', type: 'Active' },
    ],
    withoutCoordinates: ['000000000'],
    misplaced: [],
  });
  expect(await inspectTable(file)).toMatchObject({
    kind: 'list of stations, of AirNow',
    facts: { rows: 5, columns: 23, stations: '3 (the first field)', encoding },
    variables: [
      { name: 'Latitude', min: 45.468297, max: 46.35, missing: 1 },
      { name: 'Longitude', min: -73.741185, max: -72.4333, missing: 1 },
    ],
    odd: [{ code: 'NO_COORDINATES' }],
  });
});

test('what is wrong with such a list is told', async () => {
  const file = write('sites.dat', `${rows}000054703|OZONE|short\r\n`);
  await expect(readStations(list(file))).rejects.toMatchObject({
    code: 'TABLE_UNREADABLE',
    message: `${file}: the table cannot be read (expected 23 fields but line 6 has 3): mend the file`,
  });
  write('sites.dat', rows + row('CC0050128', 'NO2', 'moved', '46.468297', '-73.741185'));
  await expect(readStations(list(file))).rejects.toMatchObject({ code: 'STATION_TWICE' });
  write('sites.dat', rows);
  await expect(readStations(list(file, { type: 'type' }))).rejects.toMatchObject({ code: 'COLUMN_MISSING' });
});

test('lists whose header the networks have given need no columns named', async () => {
  const newer = 'StationID|AQSID|FullAQSID|Parameter|SiteName|Latitude|Longitude\nx|060010007|840060010007|NO2|Livermore|37.7|-121.8\n';
  write('v2.dat', `${newer}x|060010007|840060010007|OZONE|Livermore|37.7|-121.8\n`);
  expect((await readStations(list(pathOf('v2.dat')))).stations).toEqual([{ id: '060010007', lon: -121.8, lat: 37.7 }]);
  write('DataExtract.csv', 'Country,Sampling Point Id,Air Pollutant,Longitude,Latitude\nMalta,SPO-1,NO2,14.5,35.9\nMalta,SPO-1,NO2,14.5,35.9\n');
  expect((await readStations(list(pathOf('DataExtract.csv')))).stations).toEqual([{ id: 'SPO-1', lon: 14.5, lat: 35.9 }]);
  for (const name of ['v2.dat', 'DataExtract.csv']) expect(await inspectTable(pathOf(name))).toMatchObject({ kind: 'list of stations', odd: [] });
});

test('a list of the EEA by its stations, whose points stand apart: the remedy is the column of points', async () => {
  const file = write(
    'DataExtract.csv',
    'Station,Sampling Point Id,Longitude,Latitude\nMT7,SPO-1,14.5,35.9\nMT7,SPO-2,14.5,35.9\nMT7,SPO-3,14.5,35.8\n',
  );
  await expect(readStations({ file, id: 'Station', lon: 'Longitude', lat: 'Latitude' })).rejects.toMatchObject({
    code: 'STATION_TWICE',
    message: `${file}: station MT7 stands at 14.5, 35.9 and at 14.5, 35.8: set observations.stations.id: Sampling Point Id, or keep one of the two`,
  });
});

describeShared('the list as the network gives it', () => {
  const file = (): string => sharedFile('networks/airnow/airnow_sites.dat');

  test('18 465 rows of 4 711 sites, of which two are nowhere; names in their letters', async () => {
    const { rows: held, encoding } = readAirnowSites(file());
    expect([held.length, new Set(held.map(([id]) => id)).size, encoding]).toEqual([18465, 4711, 'code page 850']);
    const { stations, withoutCoordinates } = await readStations(list(file(), { name: 'SiteName' }));
    expect([stations.length, withoutCoordinates.length]).toEqual([4709, 2]);
    expect(stations.find(({ id }) => id === '80011G003')).toEqual({ id: '80011G003', lon: -100.83994, lat: 20.537683, name: 'Estación San Juanico' });
    const region = AIRNOW_SITE_COLUMNS.indexOf('AgencyName');
    expect(held.find(([id]) => id === '80011G003')![region]).toBe('Secretaría de Medio Ambiente y Ordenamiento Territorial');
  });
});
