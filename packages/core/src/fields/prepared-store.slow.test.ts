import { execFileSync } from 'node:child_process';
import { copyFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

import { DEFAULT_CHANNELS } from '../base/species';
import { unitGrid } from '../inversion/testing/small-world';
import { part, type PeriodSource } from './period-source';
import { writePreparedMeteorology, writePreparedRun } from './prepared';
import { openPrepared } from './prepared-store';
import { failure, temporaryFolder } from '../files/testing/shared-data';

const folder = temporaryFolder();
const grid = unitGrid(3, 4);
const time = { start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 50 };
const ramp = (length: number, first = 0): Float32Array => Float32Array.from({ length }, (_, i) => first + i);
const weather = {
  name: 'jan',
  grid,
  time,
  meteorologyNames: ['u', 'v'],
  meteorology: ramp(50 * 12 * 2),
  geographyNames: ['HT'],
  geography: ramp(12),
};
const emissions = ramp(50 * 12 * 5, 100);
const concentrations = ramp(50 * 12 * 4, 7);
const crop = { row: 1, col: 1, rows: 2, cols: 3 };
const hours = { first: 20, count: 7 };
const expected = part(emissions, grid, 5, crop, hours);

const path = (): string => join(folder.path, 'jan', 'run-prior.nc');
const read = (source: PeriodSource): Float32Array => source.hourly('emissions', crop, hours);

beforeEach(() => {
  writePreparedMeteorology(folder.path, weather);
  writePreparedRun(folder.path, { period: 'jan', run: 'prior', grid, time, channels: DEFAULT_CHANNELS, emissions, concentrations });
});

const storage = (): string => execFileSync('ncdump', ['-hs', path()], { encoding: 'utf8' });

describe('a period that stays in the store', () => {
  it('lies in files whose variables are in one piece', () => {
    expect(storage().match(/(NOx|NH3|SO2|VOC|PM25|NO2|O3):_Storage = "contiguous"/g)).toHaveLength(9);
  });

  it('is read some hours at a time where they are many', () => {
    const wide = { grid: unitGrid(100, 100), time: { ...time, count: 20 } }; // six hours at a time
    const values = ramp(20 * 2e4);
    writePreparedMeteorology(folder.path, { ...weather, ...wide, meteorology: values, geography: new Float32Array(1e4) });
    writePreparedRun(folder.path, {
      period: 'jan',
      run: 'prior',
      ...wide,
      channels: DEFAULT_CHANNELS,
      emissions: new Float32Array(20 * 5e4),
      concentrations: new Float32Array(20 * 4e4),
    });
    const whole = { row: 0, col: 0, rows: 100, cols: 100 };
    const got = openPrepared(folder.path, 'jan', DEFAULT_CHANNELS).hourly('meteorology', whole, { first: 1, count: 19 });
    expect(Buffer.compare(Buffer.from(got.buffer), Buffer.from(values.buffer, 4 * 2e4))).toBe(0);
  });

  it.each([
    ['shorter', (): void => truncateSync(path(), 20_000)],
    ['gone', (): void => rmSync(path())],
    [
      'another',
      (): void => {
        copyFileSync(path(), `${path()}.new`);
        renameSync(`${path()}.new`, path());
      },
    ],
  ])('is refused when a file has become %s since it was first read', (_, spoil) => {
    const source = openPrepared(folder.path, 'jan', DEFAULT_CHANNELS);
    expect(read(source)).toEqual(expected);
    expect(read(source)).toEqual(expected);
    spoil();
    const said = `${path()}: the prepared store has changed or gone while it was read: run prepare again, and this again`;
    expect(() => read(source)).toThrow(failure('PREPARED_CHANGED', said));
  });
});
