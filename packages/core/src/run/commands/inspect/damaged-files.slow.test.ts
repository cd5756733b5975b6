/**
 * Cut, flipped and shuffled bytes of gridded files: an error with a code, or values; never another error, a hang or the end of the process.
 * The forms of the classic family, whose headers are checked here before netCDF-C sees them; netCDF-4 is HDF5's to check.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import fc from 'fast-check';

import { RetroplumeError } from '../../../base/errors';
import { Grid } from '../../../grid/grid';
import { inspectNetcdf } from './netcdf';
import { IoapiFile, type IoapiReader } from '../../../files/ioapi/ioapi-file';
import { ioapiCdl, ncgen, type FORMS } from '../../../files/testing/cdl';
import { failure, temporaryFolder } from '../../../files/testing/shared-data';
import { wrfFromMcip } from '../../../weather/testing/wrf-from-mcip';
import { IoapiWriter } from '../../../files/ioapi/ioapi-writer';
import { openWeather } from '../../../weather/open-weather';

const folder = temporaryFolder();
const grid = new Grid({
  name: 'TEST', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34,
  xorig: -30000, yorig: 10000, xcell: 10000, ycell: 10000, cols: 4, rows: 3,
}); // prettier-ignore
/** Inputs that the tests see; `RETROPLUME_FUZZ_RUNS=10000` for a long hunt. */
const numRuns = Number(process.env.RETROPLUME_FUZZ_RUNS ?? 300);

/** Bytes that are changed, a piece that is laid over another place, and how much is kept. */
interface Damage {
  flips: { at: number; value: number }[];
  move: { from: number; to: number; length: number };
  kept: number;
}
const place = fc.nat(4000); // headers, and some of the values
const damage = fc.record<Damage>({
  flips: fc.array(fc.record({ at: place, value: fc.nat(255) }), { maxLength: 4 }),
  move: fc.record({ from: place, to: place, length: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(60)) }),
  kept: fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, fc.double({ min: 0, max: 1, noNaN: true })),
});

function damaged(bytes: Buffer, { flips, move, kept }: Damage): Buffer {
  const changed = Buffer.from(bytes);
  for (const { at, value } of flips) changed[at % bytes.length] = value;
  changed.copy(changed, move.to % bytes.length, move.from % bytes.length, Math.min((move.from % bytes.length) + move.length, bytes.length));
  return changed.subarray(0, Math.round(kept * bytes.length));
}

function readAll(open: () => IoapiReader): void {
  const reader = open();
  try {
    for (const { name } of reader.variables) reader.read(name, 0, Math.min(reader.time.count, 2));
  } finally {
    reader.close();
  }
}

/** Opens and reads damaged copies of a file. @returns how often each code came, `ok` where values were read */
function hunt(original: string, open: (path: string) => IoapiReader): Map<string, number> {
  const bytes = readFileSync(original);
  const path = join(folder.path, 'damaged.nc');
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(damage, (change) => {
      writeFileSync(path, damaged(bytes, change));
      let outcome = 'ok';
      try {
        readAll(() => open(path));
      } catch (error) {
        if (!(error instanceof RetroplumeError)) throw error;
        expect(error.message).toMatch(/: .+/);
        outcome = error.code;
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }),
    { seed: 20170101, numRuns },
  );
  return outcomes;
}

test.each<(typeof FORMS)[number]>(['classic', '64-bit offset', '64-bit data'])('I/O API, %s', (form) => {
  const values = Array.from({ length: 24 }, (_, i) => i);
  const cdl = ioapiCdl({ cols: 4, rows: 3, flags: [[2017001, 0], [2017001, 10000]], variables: { HT: { type: 'float', values }, N: { type: 'int', values } } }); // prettier-ignore
  const outcomes = hunt(ncgen(join(folder.path, 'a.nc'), cdl, form), (path) => IoapiFile.open(path, { grid }));
  expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['ok', 'FILE_DAMAGED', 'FILE_TRUNCATED', 'IOAPI_HEADER']));
});

test('WRF', () => {
  const time = { start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 2 };
  const variables = ['WSPD10', 'WDIR10', 'TEMP2', 'RN'].map((name) => ({ name, units: 'm' }));
  const writer = IoapiWriter.create(join(folder.path, 'met.nc'), { grid, time, layers: 1, variables });
  for (const { name } of variables) writer.write(name, 0, new Float32Array(24).fill(1));
  writer.close();
  const met = IoapiFile.open(join(folder.path, 'met.nc'));
  wrfFromMcip(join(folder.path, 'wrfout.nc'), met, 'classic');
  met.close();
  const outcomes = hunt(join(folder.path, 'wrfout.nc'), (path) => openWeather([path], { grid }));
  expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['ok', 'FILE_DAMAGED', 'GRID_MISMATCH', 'WRF_TIME']));
});

test('CF', () => {
  const units: Record<string, string> = { u10: 'm s-1', v10: 'm s-1', t2m: 'K', tp: 'm', ssrd: 'J m-2' };
  const fields = Object.keys(units);
  const axis = (first: number): string => Array.from({ length: 5 }, (_, i) => first + 0.5 * i).join(', ');
  const declared = fields.map((name) => `short ${name}(time, latitude, longitude) ; ${name}:units = "${units[name]}" ; ${name}:scale_factor = 0.01 ; ${name}:add_offset = 280. ;`); // prettier-ignore
  const cdl = `netcdf c { dimensions: time = 2 ; latitude = 5 ; longitude = 5 ;
    variables: float longitude(longitude) ; longitude:units = "degrees_east" ; float latitude(latitude) ; latitude:units = "degrees_north" ;
      int time(time) ; time:units = "hours since 1900-01-01 00:00:00.0" ; ${declared.join('\n')}
    data: longitude = ${axis(109)} ; latitude = ${axis(33.5)} ; time = 1025616, 1025617 ;
      ${fields.map((name) => `${name} = ${Array.from({ length: 50 }, (_, i) => i).join(', ')} ;`).join('\n')} }`;
  const outcomes = hunt(ncgen(join(folder.path, 'a.nc'), cdl), (path) => openWeather([path], { grid }));
  expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['ok', 'FILE_DAMAGED', 'CF_UNEVEN']));
});

test('a chunk that is said to be shorter than its checksum, and a file that is still packed', () => {
  const variables = { HT: { type: 'float' as const, values: Array.from({ length: 12 }, (_, i) => i), attributes: ['_Fletcher32 = "true"', '_ChunkSizes = 1, 1, 3, 4'] } }; // prettier-ignore
  const path = ncgen(join(folder.path, 'sum.nc'), ioapiCdl({ cols: 4, rows: 3, flags: [[2017001, 0]], variables }), 'netCDF-4');
  const bytes = readFileSync(path);
  const trees = [...bytes.keys()].filter((at) => bytes.toString('latin1', at, at + 5) === 'TREE\x01' && bytes.readUInt32LE(at + 24) === 52);
  expect(trees).toHaveLength(1);
  bytes.writeUInt32LE(2, trees[0] + 24);
  writeFileSync(path, bytes);
  const damage = expect.objectContaining({ code: 'FILE_TRUNCATED', message: expect.stringContaining('truncated or damaged (reading HT') as string }) as Error; // prettier-ignore
  expect(() => inspectNetcdf(path)).toThrow(damage);
  expect(() => readAll(() => IoapiFile.open(path))).toThrow(damage);
  const packed = join(folder.path, 'a.nc.gz');
  writeFileSync(packed, gzipSync(bytes));
  const said = 'expected a netCDF file but received one packed with gzip: unpack it (gunzip a.nc.gz) and name the unpacked file';
  expect(() => IoapiFile.open(packed)).toThrow(failure('FILE_NOT_NETCDF', `${packed}: ${said}`));
});
