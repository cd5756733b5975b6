// The whole files that are spoiled: made up here, one of each kind, and the real ones of ../shared/data where that folder is.
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

const require = createRequire(import.meta.url);
const { Grid, IoapiWriter, writeCf, writeGriddesc } = require('../../packages/core/dist/index.js');
const { DuckDBInstance } = require('@duckdb/node-api');

/** Real files above it are left out: a copy of each input is written. */
const LARGEST = 500_000;

const grid = new Grid({
  name: 'FUZZ',
  gdtyp: 2,
  pAlp: 25,
  pBet: 40,
  pGam: 110,
  xcent: 110,
  ycent: 34,
  xorig: -50000,
  yorig: -40000,
  xcell: 10000,
  ycell: 10000,
  cols: 5,
  rows: 4,
});

function ioapi(path, format) {
  const variables = [
    { name: 'NO', units: 'moles/s' },
    { name: 'PM25', units: 'g/s' },
  ];
  const writer = IoapiWriter.create(path, {
    grid,
    time: { start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 6 },
    layers: 2,
    variables,
    format,
  });
  for (const { name } of variables)
    writer.write(
      name,
      0,
      Float32Array.from({ length: 240 }, (_, i) => i),
    );
  writer.close();
}

const OBSERVATIONS = `station,time,no2,pm25\n${Array.from({ length: 60 }, (_, i) => `${'AB'[i % 2]},2017-01-0${1 + (i % 3)}T${String(i % 24).padStart(2, '0')}:00,${i},${2 * i}`).join('\n')}\n`;
const WIDE = `date,hour,type,1001A,1002A\n${Array.from({ length: 24 }, (_, hour) => `20190101,${hour},NO2,${hour},${hour + 1}\n20190101,${hour},O3,,${hour}`).join('\n')}\n`;
const STATIONS = 'id,lon,lat\nA,110.1,34.1\nB,110.2,34.2\nC,,\n';
const CASE = `name: fuzz
grid: { griddesc: GRIDDESC, name: FUZZ }
periods:
  - { name: winter, start: 2017-01-01T00:00:00Z, hours: 100, spinUpHours: 10 }
meteorology: { files: "METCRO2D_{period}.nc" }
emissions:
  files: "EMIS_{period}.nc"
  groups:
${['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'].map((group) => `    ${group}: { variables: [${group}], molarMass: 46 }`).join('\n')}
observations:
  stations: { file: stations.csv }
  files: obs.csv
  columns: { species: { NO2: { column: no2, unit: ug m-3 } } }
regions: { box: { rows: [0, 2], cols: [0, 3] } }
`;

async function parquet(path, csv) {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (FROM read_csv('${csv}')) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
}

/** @returns [{ kind, name, bytes, text }], kind being what tools/fuzz/exercise.mjs reads it as */
export async function makeSeeds(folder, real) {
  mkdirSync(folder, { recursive: true });
  const at = (name) => join(folder, name);
  for (const format of ['classic', '64bit', 'cdf5', 'netcdf4']) ioapi(at(`${format}.nc`), format);
  writeCf(at('cf.nc'), {
    dimensions: { time: 2, lat: 3, lon: 4 },
    coordinates: [
      { name: 'time', dimensions: ['time'], data: Float64Array.of(0, 1), attributes: { units: 'days since 2020-01-01' } },
      { name: 'lat', dimensions: ['lat'], data: Float64Array.of(1, 2, 3), attributes: { units: 'degrees_north' } },
      { name: 'lon', dimensions: ['lon'], data: Float64Array.of(1, 2, 3, 4), attributes: { units: 'degrees_east' } },
    ],
    variables: [{ name: 'no', dimensions: ['time', 'lat', 'lon'], data: new Float32Array(24), attributes: { units: 'kg m-2 s-1' } }],
    attributes: { Conventions: 'CF-1.10' },
  });
  writeGriddesc(at('GRIDDESC'), grid);
  writeFileSync(at('obs.csv'), OBSERVATIONS);
  writeFileSync(at('obs.csv.gz'), gzipSync(OBSERVATIONS));
  await parquet(at('obs.parquet'), at('obs.csv'));
  writeFileSync(at('wide.csv'), WIDE);
  writeFileSync(at('stations.csv'), STATIONS);
  writeFileSync(at('case.yaml'), CASE);
  const own = (name, kind, text = false) => ({ kind, name, bytes: readFileSync(at(name)), text });
  return [
    ...['classic.nc', '64bit.nc', 'cdf5.nc', 'netcdf4.nc'].map((name) => own(name, 'ioapi')),
    own('cf.nc', 'cf'),
    own('GRIDDESC', 'griddesc', true),
    own('obs.csv', 'long', true),
    own('obs.csv.gz', 'long'),
    own('obs.parquet', 'long'),
    own('wide.csv', 'wide', true),
    own('stations.csv', 'stations', true),
    own('case.yaml', 'case', true),
    ...(real && existsSync(real) ? realSeeds(real) : []),
  ];
}

function realSeeds(real) {
  const files = readdirSync(real, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(real, name)).isFile());
  return files.flatMap((name) => {
    const bytes = readFileSync(join(real, name));
    if (bytes.length > LARGEST) return [];
    if (/GRIDDESC/.test(name)) return [{ kind: 'griddesc', name, bytes, text: true }];
    if (bytes.subarray(0, 3).toString('latin1') === 'CDF' || bytes.subarray(1, 4).toString('latin1') === 'HDF')
      return [{ kind: 'ioapi', name, bytes, text: false }];
    if (/china_sites_20190101/.test(name))
      return [
        { kind: 'wide', name, bytes, text: false },
        { kind: 'wide', name: 'cut.csv', bytes: firstColumns(bytes), text: true },
      ];
    return /stations\.csv$/.test(name) ? [{ kind: 'stations', name, bytes, text: true }] : [];
  });
}

/** The first hundred stations of a real wide file, as plain text: it is spoiled where that is read. */
function firstColumns(packed) {
  const lines = gunzipSync(packed).toString('utf8').split('\n');
  return Buffer.from(lines.map((line) => line.split(',').slice(0, 100).join(',')).join('\n'));
}
