// The child of tools/fuzz.mjs: reads one file after the other as the program would, and says what came of it.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const core = require('../../packages/core/dist/index.js');
const { RetroplumeError } = core;

const folder = process.argv[2];
writeFileSync(join(folder, 'list.csv'), 'id,lon,lat\nA,110.1,34.1\nB,110.2,34.2\n1001A,116,39\n1002A,117,39\n');

function readIoapi(path) {
  const file = core.IoapiFile.open(path);
  try {
    for (const { name } of file.variables) {
      file.read(name, 0, 1);
      file.read(name, Math.max(0, file.time.count - 1), Math.min(1, file.time.count));
    }
  } finally {
    file.close();
  }
}

const observations = (path, layout) =>
  core.readObservations({
    stations: { file: join(folder, 'list.csv'), id: 'id', lon: 'lon', lat: 'lat' },
    files: path,
    layout,
    resolution: 'hourly',
    timeZone: 'Asia/Shanghai',
    columns: { station: 'station', time: 'time', species: { NO2: { column: 'no2', unit: 'ug m-3' }, 'PM2.5': { column: 'pm25', unit: 'ug m-3' } } },
    gasReference: { temperature: 273.15, pressure: 101325, rule: 'china' },
  });

const READERS = {
  ioapi: readIoapi,
  cf: (path) => core.readCf(path),
  griddesc: (path) => core.readGriddesc(path).centre(0, 0),
  long: (path) => observations(path, 'long'),
  wide: (path) => observations(path, 'cnemc-wide'),
  stations: (path) => core.readStations({ file: path, id: /cnemc/.test(path) ? '监测点编码' : 'id', lon: 'lon', lat: 'lat' }),
  case: (path) => core.loadCase(path),
};

/** What a call ends with: `ok`, a code of ours, or `unexpected: …`. */
async function outcome(call) {
  try {
    await call();
    return 'ok';
  } catch (error) {
    return error instanceof RetroplumeError && /^[A-Z][A-Z0-9_]+$/.test(error.code) ? error.code : `unexpected: ${error?.stack ?? error}`;
  }
}

process.on('message', async ({ kind, path }) => {
  const read = await outcome(() => READERS[kind](path));
  const inspected = await outcome(() => core.inspectFile(path));
  process.send({ read, inspected, rss: process.memoryUsage().rss });
});
process.send({ ready: true });
