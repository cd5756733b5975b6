import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Grid } from '../../grid/grid';
import { EMISSION_OVERLAP, IoapiSeries, OUTPUT_OVERLAP, WEATHER_OVERLAP } from './ioapi-series';
import type { IoapiContents } from './ioapi-writer';
import { expandGlob } from '../glob';
import { grid, hourly, writeSample } from '../testing/ioapi-sample';
import { failure, temporaryFolder } from '../testing/shared-data';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);

describe('IoapiSeries', () => {
  const day = (name: string, start: string, count: number, value: (i: number) => number, options: Partial<IoapiContents> = {}): string => {
    writeSample(at(name), { time: hourly(start, count), layers: 1, variables: [{ name: 'NO2', units: 'moles/s' }], ...options }, value);
    return at(name);
  };

  test('files are joined in time, whatever their order', () => {
    const b = day('b.nc', '2017-01-02T00:00Z', 24, (i) => 1000 + i);
    const a = day('a.nc', '2017-01-01T00:00Z', 24, (i) => i);
    const series = IoapiSeries.open([b, a]);
    expect(series.time).toEqual(hourly('2017-01-01T00:00Z', 48));
    expect(series.path).toBe(`${a} … ${b}`);
    expect([...series.read('NO2', 23, 2)]).toEqual([
      ...Array.from({ length: 20 }, (_, i) => 460 + i),
      ...Array.from({ length: 20 }, (_, i) => 1000 + i),
    ]);
    for (const [first, count] of [
      [40, 9],
      [0.5, 1],
      [0, 1.5],
      [-1, 1],
    ])
      expect(() => series.read('NO2', first, count)).toThrow(expect.objectContaining({ code: 'STEP_OUTSIDE' }) as Error);
    series.close();
  });

  test('the 25th hour of CMAQ: it may be there twice if it is the same', () => {
    const a = day('a.nc', '2017-01-01T00:00Z', 25, (i) => i);
    const b = day('b.nc', '2017-01-02T00:00Z', 25, (i) => 480 + i);
    const series = IoapiSeries.open([a, b]);
    expect(series.time.count).toBe(49);
    expect([...series.read('NO2')]).toEqual(Array.from({ length: 49 * 20 }, (_, i) => i));
    series.close();
  });

  test('and if it differs it is refused, or one is chosen', () => {
    const a = day('a.nc', '2017-01-01T00:00Z', 25, () => 1);
    const b = day('b.nc', '2017-01-02T00:00Z', 25, () => 2);
    const refused = IoapiSeries.open([a, b]);
    expect(() => refused.read('NO2', 0, 1)).toThrow(
      failure(
        'FILES_OVERLAP',
        `${b}: NO2 at 2017-01-02T00:00Z differs from that in ${a}, which holds the same hour: cut the files so that each hour is in one file, or give only one of them`,
      ),
    );
    refused.close();
    for (const [counts, value] of [
      ['earlier', 1],
      ['later', 2],
    ] as const) {
      const series = IoapiSeries.open([a, b], { overlap: { counts, mayDiffer: 1 } });
      expect([23, 24, 25].map((step) => series.read('NO2', step, 1)[0])).toEqual([1, value, 2]);
      expect(series.notes).toEqual([
        `${b}: NO2 at 2017-01-02T00:00Z differs from that in ${a}, which holds the same hour: the ${counts} file's hour counts`,
      ]);
      series.close();
    }
  });

  test('one note for all files that differ, none for those that do not', () => {
    const files = [0, 1, 2].map((d) => day(`${d}.nc`, `2017-01-0${d + 1}T00:00Z`, 25, () => d));
    const series = IoapiSeries.open(files, { overlap: EMISSION_OVERLAP });
    series.read('NO2', 0, 1);
    expect(series.notes).toEqual([expect.stringMatching(/^[^(]*1\.nc: .* \(as in 1 more pair of files\): the later/)]);
    series.close();
    const same = IoapiSeries.open([files[0]], { overlap: EMISSION_OVERLAP });
    same.read('NO2');
    expect(same.notes).toEqual([]);
    same.close();
  });

  test('more than an hour that differs is refused, in one sentence for all variables', () => {
    const variables = ['NO', 'NO2'].map((name) => ({ name, units: 'moles/s' }));
    const a = day('a.nc', '2017-01-01T00:00Z', 48, () => 1, { variables });
    const b = day('b.nc', '2017-01-02T00:00Z', 48, (i) => (i < 20 ? 1 : 2), { variables });
    for (const overlap of [EMISSION_OVERLAP, OUTPUT_OVERLAP]) {
      const series = IoapiSeries.open([a, b], { overlap });
      const messages = variables.map(({ name }) => {
        try {
          return String(series.read(name));
        } catch (error) {
          return (error as Error).message;
        }
      });
      expect(messages[0]).toMatch(
        /b\.nc: NO at 2017-01-02T01:00Z differs .*: cut the files so that each hour is in one file, or give only one of them$/,
      );
      expect(messages[1]).toBe(messages[0]);
      series.close();
    }
    const weather = IoapiSeries.open([a, b], { overlap: WEATHER_OVERLAP });
    expect([...weather.read('NO2', 0, 1), ...weather.read('NO2', 30, 1)]).toEqual([...Array<number>(20).fill(1), ...Array<number>(20).fill(2)]);
    weather.close();
  });

  test('a file that lies wholly inside another is held against it, too', () => {
    const a = day('a.nc', '2017-01-01T00:00Z', 48, () => 1);
    const other = day('b.nc', '2017-01-01T00:00Z', 48, () => 2);
    const series = IoapiSeries.open([a, other], { overlap: EMISSION_OVERLAP });
    expect(series.time.count).toBe(48);
    expect(() => series.read('NO2', 0, 1)).toThrow(expect.objectContaining({ code: 'FILES_OVERLAP' }) as Error);
    series.close();
    const copy = day('c.nc', '2017-01-02T00:00Z', 12, () => 1);
    const alike = IoapiSeries.open([a, copy], { overlap: EMISSION_OVERLAP });
    expect([...alike.read('NO2')]).toEqual(Array(48 * 20).fill(1));
    alike.close();
  });

  test('a day that is missing, another grid, another unit, fewer variables, another step', () => {
    const a = day('a.nc', '2017-01-01T00:00Z', 24, () => 1);
    const c = day('c.nc', '2017-01-03T00:00Z', 24, () => 1);
    expect(() => IoapiSeries.open([c, a])).toThrow(
      failure(
        'TFLAG_GAP',
        `${c}: expected to begin at 2017-01-02T00:00Z, where ${a} ends, but it begins at 2017-01-03T00:00Z: give the files that lie between`,
      ),
    );
    const moved = day('m.nc', '2017-01-02T00:00Z', 24, () => 1, { grid: new Grid({ ...grid.definition, xorig: -60000 }) });
    expect(() => IoapiSeries.open([a, moved])).toThrow(
      failure(
        'GRID_MISMATCH',
        `${moved}: expected the grid TEST with XORIG -50000 but received TEST with XORIG -60000: give files on the case's grid, or name the other grid in the case`,
      ),
    );
    const unit = day('u.nc', '2017-01-02T00:00Z', 24, () => 1, { variables: [{ name: 'NO2', units: 'g/s' }] });
    expect(() => IoapiSeries.open([a, unit])).toThrow(
      failure('FILES_DIFFER', `${unit}: expected NO2 in "moles/s" as in ${a} but received "g/s": give files of one run`),
    );
    const more = day('o.nc', '2017-01-02T00:00Z', 24, () => 1, { variables: ['NO2', 'SO2'].map((name) => ({ name, units: 'moles/s' })) });
    const series = IoapiSeries.open([more, a]);
    expect(series.variables.map(({ name }) => name)).toEqual(['NO2', 'SO2']);
    expect(series.read('NO2')).toHaveLength(48 * 20);
    expect(() => series.read('SO2', 0, 1)).toThrow(
      failure('FILES_DIFFER', `${a}: expected the variable SO2 as in ${more} but received none of that name: give files of one run`),
    );
    expect(() => series.read('CO', 0, 1)).toThrow(expect.objectContaining({ code: 'VARIABLE_MISSING' }) as Error);
    series.close();
    const daily = day('d.nc', '2017-01-02T00:00Z', 1, () => 1, { time: { start: new Date('2017-01-02T00:00Z'), stepSeconds: 86400, count: 1 } });
    expect(() => IoapiSeries.open([a, daily])).toThrow(
      failure('FILES_DIFFER', `${daily}: expected a time step (s) of 3600 as in ${a} but received 86400: give files of one run`),
    );
    expect(() => IoapiSeries.open([])).toThrow(failure('FILES_NONE', 'no I/O API file was given: check the pattern in the case'));
  });
});

describe('expandGlob', () => {
  test('patterns', () => {
    for (const name of ['EMIS_a.nc', 'EMIS_b.nc', 'EMIS_b.txt', 'E(1).nc', '.hidden.nc']) writeFileSync(at(name), '');
    expect(expandGlob(at('EMIS_*.nc'))).toEqual([at('EMIS_a.nc'), at('EMIS_b.nc')]);
    expect(expandGlob(at('EMIS_[!a].nc'))).toEqual([at('EMIS_b.nc')]);
    expect(expandGlob(at('EMIS_?.*'))).toHaveLength(3);
    expect(expandGlob(join(folder.path, '..', '*', 'EMIS_a.nc'))).toContain(at('EMIS_a.nc'));
    expect(expandGlob(at('E(1)*'))).toEqual([at('E(1).nc')]);
    expect(expandGlob(at('*.nc'))).toHaveLength(3);
    expect(() => expandGlob(at('MET_*.nc'))).toThrow(
      failure('FILES_NONE', `${at('MET_*.nc')}: no file matches: check the pattern in the case, and the folder that it is relative to`),
    );
    expect(() => expandGlob(at('MET.nc'))).toThrow(failure('FILE_MISSING', `${at('MET.nc')}: there is no such file: check the path in the case`));
  });
});
