/** Properties of the readers over random tables and headers: a right result, or an error with a code. */
import fc from 'fast-check';

import { NetcdfFile } from '@retroplume/native';

import { RetroplumeError } from '../../base/errors';
import { IoapiFile } from './ioapi-file';
import { fromIoapiStep, fromIoapiTime } from './ioapi-header';
import { observationTables, series } from '../../observations/testing/observation-samples';
import { temporaryFolder } from '../testing/shared-data';
import { writeSample } from '../testing/ioapi-sample';

const SEED = 20260105;
const HOURS = 168;

describe('a week of hours with every kind of gap', () => {
  const { read } = observationTables();
  /** What stands in a cell, and what must be read of it. */
  const cell = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 900 }).map((value) => ({ texts: [String(value / 8)], expected: value / 8 })) },
    { weight: 1, arbitrary: fc.constantFrom('', 'NA', 'nan', '-', '-999', '-9999', ' ').map((text) => ({ texts: [text], expected: NaN })) },
    { weight: 1, arbitrary: fc.constant({ texts: [] as string[], expected: NaN }) }, // no row at all
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 900 }).map((value) => ({ texts: [` ${value}`, `${value}.0`], expected: value })) }, // twice the same
  );
  const week = fc.array(fc.tuple(cell, cell), { minLength: HOURS, maxLength: HOURS });
  /** Hours of a gap, in which neither station has a row. */
  const gap = fc.tuple(fc.integer({ min: 0, max: HOURS - 1 }), fc.integer({ min: 0, max: 60 }));

  test('gives the values that stand there, at their hours, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(week, gap, fc.integer(), async (cells, [first, length], shuffle) => {
        const left = cells.map((pair, hour) => (hour >= first && hour < first + length ? pair.map(() => ({ texts: [], expected: NaN })) : pair));
        const rows = left.flatMap((pair, hour) =>
          pair.flatMap(({ texts }, station) =>
            texts.map((text) => `${'AB'[station]},${new Date(Date.UTC(2017, 0, 1, hour)).toISOString()},,${text}\n`),
          ),
        );
        rows.sort((a, b) => hash(a, shuffle) - hash(b, shuffle));
        const values = [0, 1].map((station) => left.map((pair) => pair[station].expected));
        fc.pre(values.every((own) => own.some((value) => !Number.isNaN(value))));
        const observations = await read(rows.join(''), {
          columns: { station: 'station', time: 'time', species: { 'PM2.5': { column: 'pm25', unit: 'ug m-3' } } },
        });
        // The axis goes from the first hour that has a row to the last.
        const hours = left.flatMap((pair, hour) => (pair.some(({ texts }) => texts.length > 0) ? [hour] : []));
        const [from, to] = [hours[0], hours[hours.length - 1]];
        expect(observations.time).toEqual({ start: new Date(Date.UTC(2017, 0, 1, from)), stepSeconds: 3600, count: to - from + 1 });
        for (const station of [0, 1]) expect(series(observations, 'PM2.5', 'AB'[station])).toEqual(values[station].slice(from, to + 1));
        expect(observations.quality?.absentSteps).toBe(to - from + 1 - hours.length);
      }),
      { numRuns: 12, seed: SEED },
    );
  });
});

/** An order that a number decides. */
function hash(text: string, salt: number): number {
  let value = salt | 0;
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 31) + text.charCodeAt(i)) | 0;
  return value;
}

describe('random attributes of an I/O API file', () => {
  const folder = temporaryFolder();
  const NUMBERS = ['SDATE', 'STIME', 'TSTEP', 'NCOLS', 'NROWS', 'GDTYP', 'FTYPE', 'XORIG', 'XCELL', 'P_ALP', 'P_BET', 'P_GAM', 'YCENT'];
  const number = fc.oneof(
    fc.integer({ min: -10, max: 10 }),
    fc.constantFrom(0, -1, 2017001, 2017366, 240000, 10000, 999999, 2147483647, -2147483648, 1e300, -1e300, NaN, Infinity, 45.5, 90, 180, 1e-300),
    fc.double(),
  );
  const text = fc.oneof(fc.constantFrom('', ' ', '\0', 'NO2', 'NO2             PM25            ', 'x'.repeat(5000)), fc.string());

  test('are refused with a code, or are what the file is then read as', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NUMBERS), number, (name, value) => {
        const file = withAttribute(name, Float64Array.of(value));
        const opened = attempt(file);
        if (!opened) return;
        const { grid, time } = opened;
        const told: Record<string, number> = { NCOLS: grid.cols, NROWS: grid.rows, GDTYP: grid.gdtyp, XORIG: grid.xorig, XCELL: grid.xcell, P_ALP: grid.pAlp, P_BET: grid.pBet, P_GAM: grid.pGam, YCENT: grid.ycent }; // prettier-ignore
        if (name in told) expect(told[name]).toBe(value);
        if (name === 'TSTEP') expect(time.stepSeconds).toBe(fromIoapiStep(value));
        if (name === 'FTYPE') expect(value).toBe(1);
        if (name === 'SDATE') expect(time.start).toEqual(fromIoapiTime(value, 220000));
      }),
      { numRuns: 80, seed: SEED },
    );
    fc.assert(
      fc.property(fc.constantFrom('GDNAM', 'VAR-LIST', ...NUMBERS), text, (name, value) => {
        const opened = attempt(withAttribute(name, value));
        if (NUMBERS.includes(name)) expect(opened).toBeUndefined();
        else if (opened) expect(opened.variables.every((variable) => ['NO2', 'PM25'].includes(variable))).toBe(true);
      }),
      { numRuns: 40, seed: SEED },
    );
  });

  function withAttribute(name: string, value: string | Float64Array): string {
    const path = `${folder.path}/header.nc`;
    writeSample(path, { format: 'netcdf4' });
    const file = NetcdfFile.open(path, 'write');
    file.putAttribute('', name, value);
    file.close();
    return path;
  }

  /** What the header says, or undefined where it is refused with a code. */
  function attempt(path: string): { grid: IoapiFile['grid']['definition']; time: IoapiFile['time']; variables: string[] } | undefined {
    try {
      const file = IoapiFile.open(path);
      const found = { grid: file.grid.definition, time: file.time, variables: file.variables.map(({ name }) => name) };
      for (const name of found.variables) expect(file.read(name, 0, 1).every(Number.isFinite)).toBe(true);
      file.close();
      return found;
    } catch (error) {
      expect(error).toBeInstanceOf(RetroplumeError);
      expect((error as RetroplumeError).code).toMatch(/^[A-Z][A-Z0-9_]+$/);
      return undefined;
    }
  }
});
