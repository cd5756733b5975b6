/** Headers, types and times of I/O API files by other hands; every file is made by ncgen. */
import { join } from 'node:path';

import { Grid, dotGrid } from '../../../grid/grid';
import { inspectNetcdf } from './netcdf';
import { IoapiFile } from '../../../files/ioapi/ioapi-file';
import { IoapiSeries } from '../../../files/ioapi/ioapi-series';
import { pressureWeights } from '../../../weather/mcip/mcip-reader';
import { FORMS, ioapiCdl, ncgen, type IoapiCdl } from '../../../files/testing/cdl';
import { failure, temporaryFolder } from '../../../files/testing/shared-data';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const count = (length: number, first = 0): number[] => Array.from({ length }, (_, i) => first + i);
const base: IoapiCdl = { cols: 4, rows: 3, flags: [[2017001, 0]], variables: { HT: { type: 'float', values: count(12) } } };
/** Writes `base` with changes and opens it. */
function open(change: Partial<IoapiCdl>, options: Parameters<typeof IoapiFile.open>[1] = {}): IoapiFile {
  return IoapiFile.open(ncgen(at('a.nc'), ioapiCdl({ ...base, ...change })), options);
}
const grid = new Grid({
  name: 'inner', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34,
  xorig: -20000, yorig: 20000, xcell: 10000, ycell: 10000, cols: 2, rows: 2,
}); // prettier-ignore

describe.each(FORMS)('types and fill values, %s', (form) => {
  test('float, double and int; BADVAL3, IMISS3, fill values of netCDF and of the variable', () => {
    const variables: IoapiCdl['variables'] = {
      F: { type: 'float', values: [1.5, -9.999e36, '_', -1e30, ...count(8)] },
      D: { type: 'double', values: [1e-3, -9.999e36, '_', -99, ...count(8)], attributes: ['missing_value = -99.'] },
      I: { type: 'int', values: [7, -9999, '_', 0, ...count(8)] },
      G: { type: 'float', values: [7, -99.9, '_', 0, ...count(8)], attributes: ['_FillValue = -99.9f'] },
    };
    const file = IoapiFile.open(ncgen(at('a.nc'), ioapiCdl({ ...base, variables }), form));
    const first = (name: string): number[] => [...file.read(name).slice(0, 4)];
    expect(first('F')).toEqual([1.5, NaN, NaN, Math.fround(-1e30)]);
    expect(first('D')).toEqual([Math.fround(1e-3), NaN, NaN, NaN]);
    expect(first('I')).toEqual([7, NaN, NaN, 0]);
    expect(first('G')).toEqual([7, NaN, NaN, 0]);
    file.close();
  });
});

describe('steps', () => {
  test.each<[number, [number, number][], string, number]>([
    [240000, [[2016366, 0], [2017001, 0], [2017002, 0]], '2016-12-31T00:00Z', 86400],
    [3000, [[2017001, 233000], [2017002, 0]], '2017-01-01T23:30Z', 1800],
    [130, [[2017001, 235830], [2017002, 0]], '2017-01-01T23:58:30Z', 90],
    [7440000, [[2017001, 0], [2017032, 0]], '2017-01-01T00:00Z', 744 * 3600],
    [10000, [[2016060, 230000], [2016061, 0]], '2016-02-29T23:00Z', 3600],
  ])('TSTEP %i', (step, flags, start, stepSeconds) => {
    const file = open({ flags, header: { TSTEP: step }, variables: { HT: { type: 'float', values: count(12 * flags.length) } } });
    expect(file.time).toEqual({ start: new Date(start), stepSeconds, count: flags.length });
    file.close();
  }); // prettier-ignore

  test('TSTEP 0: TFLAG 0,0, whatever SDATE says', () => {
    for (const SDATE of [2011180, 0, -635]) {
      const file = open({ flags: [[0, 0]], header: { TSTEP: 0, SDATE } });
      expect(file.time).toMatchObject({ stepSeconds: 0, count: 1 });
      expect([...file.read('HT')]).toEqual(count(12));
      file.close();
    }
  });

  test('a restart file (TSTEP -10000): two records, the later overwritten first', () => {
    const variables: IoapiCdl['variables'] = { HT: { type: 'float', values: [...count(12, 100), ...count(12)] } };
    const file = open({ flags: [[2017001, 40000], [2017001, 30000]], header: { TSTEP: -10000, SDATE: 2017001, STIME: 0 }, variables }); // prettier-ignore
    expect(file.time).toEqual({ start: new Date('2017-01-01T03:00Z'), stepSeconds: 3600, count: 2 });
    expect([...file.read('HT')]).toEqual([...count(12), ...count(12, 100)]);
    expect([...file.read('HT', 1, 1)]).toEqual(count(12, 100));
    file.close();
    const flags: IoapiCdl['flags'] = [[2017001, 40000], [2017001, 20000]]; // prettier-ignore
    expect(() => open({ flags, header: { TSTEP: -10000 }, variables })).toThrow(
      failure(
        'TFLAG_GAP',
        `${at('a.nc')}: expected step 1 at 2017-01-01T03:00Z but its TFLAG says 2017-01-01T04:00Z: give a file without missing or repeated steps`,
      ),
    );
  });

  test('TSTEP 0 and a TFLAG with a date: without time, as the header says, and told', () => {
    const file = open({ flags: [[2017001, 50000]], header: { TSTEP: 0 } });
    expect([file.time.stepSeconds, [...file.read('HT')]]).toEqual([0, count(12)]);
    file.close();
    const told =
      'TSTEP is 0, so that its fields are taken as independent of time, but TFLAG says 2017-01-01T05:00Z: set TSTEP if they are of that hour';
    const series = IoapiSeries.open([at('a.nc')]);
    expect(series.notes).toEqual([`${at('a.nc')}: ${told}`]);
    series.close();
    expect(inspectNetcdf(at('a.nc')).odd).toEqual([{ code: 'TFLAG_DATED', text: told }]);
  });

  test.each<[string, number, number]>([
    ['the day 400', 2017400, 0],
    ['the day 366 of a year that has 365', 2017366, 0],
    ['a year of two digits', 17001, 0],
    ['hour 25', 2017001, 250000],
    ['minute 60', 2017001, 6000],
  ])('SDATE, STIME and TFLAG that agree on %s are refused', (_, date, time) => {
    const flags: IoapiCdl['flags'] = [[date, time]];
    expect(() => open({ flags })).toThrow(expect.objectContaining({ code: 'TFLAG_INVALID' }) as Error);
    expect(inspectNetcdf(at('a.nc')).odd.map(({ code }) => code)).toEqual(['TFLAG_INVALID']);
  });

  test('the last day of a leap year, and midnight as the end of a day, are times', () => {
    const file = open({ flags: [[2016366, 240000], [2017001, 10000]], header: { SDATE: 2017001, STIME: 0 }, variables: { HT: { type: 'float', values: count(24) } } }); // prettier-ignore
    expect(file.time).toEqual({ start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 2 });
    file.close();
  });

  test('to inspect: STIME that is not the first TFLAG, no name of the grid, other layers than NLAYS says, a restart file', () => {
    const odd = (change: Partial<IoapiCdl>): string[] => {
      open(change).close();
      return inspectNetcdf(at('a.nc')).odd.map(({ code, text }) => `${code}: ${text}`);
    };
    expect(odd({})).toEqual([]);
    expect(odd({ header: { GDNAM: '"                "' } })).toEqual([
      'GDNAM_BLANK: GDNAM is blank: the grid has no name, and is known by its numbers alone',
    ]);
    expect(odd({ header: { NLAYS: 35 } })).toEqual([
      'LAYERS: NLAYS says 35 layers but it holds 1: it does not tell which; they are taken for the lowest',
    ]);
    expect(() => odd({ header: { STIME: 10000 } })).toThrow('SDATE and STIME say 2017-01-01T01:00Z but the first TFLAG says 2017-01-01T00:00Z');
    expect(inspectNetcdf(at('a.nc')).odd.map(({ code }) => code)).toEqual(['TFLAG_START']);
    const variables: IoapiCdl['variables'] = { HT: { type: 'float', values: count(24) } };
    expect(odd({ flags: [[2017001, 40000], [2017001, 30000]], header: { TSTEP: -10000 }, variables })).toEqual([]); // prettier-ignore
    expect(inspectNetcdf(at('a.nc')).time).toEqual({ first: '2017-01-01T03:00Z', last: '2017-01-01T04:00Z', steps: 2, stepSeconds: 3600 });
  });

  test.each(['int64', 'double', 'string'])('TFLAG of the type %s', (type) => {
    const cdl = ioapiCdl(base).replace('int TFLAG', `${type} TFLAG`);
    const path = ncgen(at('a.nc'), type === 'string' ? cdl.replace(/TFLAG = .*/, 'TFLAG = "2017001", "0" ;') : cdl, 'netCDF-4');
    if (type === 'string') expect(() => IoapiFile.open(path)).toThrow('expected numbers in TFLAG');
    else {
      const file = IoapiFile.open(path);
      expect(file.time.start).toEqual(new Date('2017-01-01T00:00Z'));
      file.close();
      expect(inspectNetcdf(path)).toMatchObject({ time: { first: '2017-01-01T00:00Z' }, odd: [] });
    }
  });

  test('TSTEP 0 with several records is refused', () => {
    expect(() => open({ flags: [[0, 0], [0, 0]], header: { TSTEP: 0 }, variables: { HT: { type: 'float', values: count(24) } } })).toThrow(
      failure(
        'IOAPI_HEADER',
        `${at('a.nc')}: a file without time steps (TSTEP 0) holds one record but received 2: give a gridded I/O API file, as CMAQ and MCIP write them`,
      ),
    ); // prettier-ignore
  });
});

test('attributes padded with NULs, with both, or not at all', () => {
  const header = {
    GDNAM: String.raw`"TEST\000\000\000  \000"`,
    'VAR-LIST': String.raw`"HT\000\000\000\000\000\000\000\000\000\000\000\000\000\000"`,
  };
  const attributes = [String.raw`var_desc = "height\000\000"`];
  const file = open({ header, variables: { HT: { ...base.variables.HT, attributes } } });
  expect(file.grid.name).toBe('TEST');
  expect(file.variables).toEqual([{ name: 'HT', units: 'm', description: 'height' }]);
  file.close();
});

describe('part of a larger grid', () => {
  test('cells of the case’s window, all layers and steps', () => {
    const flags: IoapiCdl['flags'] = [[2017001, 0], [2017001, 10000]]; // prettier-ignore
    const file = open({ flags, layers: 2, variables: { HT: { type: 'float', values: count(48) } } }, { grid });
    expect(file.stagger).toBe('cross');
    expect(file.grid.definition).toEqual(grid.definition);
    // rows 1 and 2, columns 1 and 2 of 3 x 4
    expect([...file.read('HT', 0, 1, 0)]).toEqual([5, 6, 9, 10]);
    expect([...file.read('HT', 1, 1)]).toEqual([29, 30, 33, 34, 41, 42, 45, 46]);
    file.close();
  });

  test('corners of the cells from a dot grid', () => {
    const header = { XORIG: '-35000.', YORIG: '5000.' };
    const file = open({ cols: 5, rows: 4, header, variables: { HT: { type: 'float', values: count(20) } } }, { grid, dots: true });
    expect(file.stagger).toBe('dot');
    expect(file.grid.definition).toEqual(dotGrid(grid).definition);
    expect([...file.read('HT')]).toEqual([6, 7, 8, 11, 12, 13, 16, 17, 18]);
    file.close();
  });

  test('a series takes the window from every file; a file that does not hold it is refused', () => {
    const write = (name: string, change: Partial<IoapiCdl>): string => ncgen(at(name), ioapiCdl({ ...base, ...change }));
    const first = write('1.nc', {});
    const second = write('2.nc', { flags: [[2017001, 10000]], cols: 3, header: { XORIG: '-20000.' }, variables: { HT: { type: 'float', values: count(9, 20) } } }); // prettier-ignore
    const series = IoapiSeries.open([first, second], { grid });
    expect([...series.read('HT')]).toEqual([5, 6, 9, 10, 23, 24, 26, 27]);
    series.close();
    const third = write('3.nc', { flags: [[2017001, 10000]], header: { XORIG: '-10000.' } });
    expect(() => IoapiSeries.open([first, third], { grid })).toThrow(expect.objectContaining({ code: 'GRID_MISMATCH' }) as Error);
    expect(() => open({ header: { XORIG: '-25000.' } }, { grid })).toThrow(
      failure(
        'GRID_MISMATCH',
        `${at('a.nc')}: the case's grid inner (XORIG -20000, YORIG 20000) begins 0.5 columns and 1 rows, no whole number, from the corner of the file's TEST (XORIG -25000, YORIG 10000, 4 x 3): give files on the case's grid, or on one that holds it cell for cell`,
      ),
    );
  });
});

describe('layers by pressure thickness', () => {
  const of = (VGTYP: number, VGLVLS: number[], layers = VGLVLS.length - 1): Parameters<typeof pressureWeights>[0] => ({ path: 'met.nc', layers, attributes: { VGTYP: Int32Array.of(VGTYP), VGLVLS: Float32Array.from(VGLVLS) } }); // prettier-ignore
  const rounded = (weights: Float64Array): number[] => [...weights].map((weight) => Number(weight.toFixed(6)));

  test('sigma levels and pressures; the lowest of them', () => {
    expect(rounded(pressureWeights(of(7, [1, 0.99, 0.96, 0.9]), 3))).toEqual([0.1, 0.3, 0.6]);
    expect(rounded(pressureWeights(of(7, [1, 0.99, 0.96, 0.9]), 2))).toEqual([0.25, 0.75]);
    expect(rounded(pressureWeights(of(4, [1000, 900, 500]), 2))).toEqual([0.2, 0.8]);
    // One layer needs no levels: VERDI's sample file says VGTYP 42 and VGLVLS 0, 0.
    expect([...pressureWeights(of(42, [0, 0]), 1)]).toEqual([1]);
  });

  test('refused: too few, heights, no levels', () => {
    const remedy = 'give a gridded I/O API file, as CMAQ and MCIP write them';
    const fails = (file: Parameters<typeof pressureWeights>[0], code: string, said: string): void =>
      expect(() => pressureWeights(file, 2)).toThrow(failure(code, `met.nc: ${said}`));
    fails(of(7, [1, 0.99]), 'LAYER_OUTSIDE', 'the lowest 2 layers were asked for but it has 1: ask for fewer');
    fails(
      of(6, [0, 40, 100]),
      'IOAPI_HEADER',
      `layers are weighted by pressure, but its vertical coordinate (VGTYP 6) is none of pressure: ${remedy}`,
    );
    fails(of(7, [0, 0, 0]), 'IOAPI_HEADER', `expected VGLVLS to be 3 levels that fall with height but received 0, 0, 0: ${remedy}`);
    fails(of(7, [1, 0.9], 2), 'IOAPI_HEADER', `expected VGLVLS to be 3 levels that fall with height but received 1, 0.8999999761581421: ${remedy}`);
  });
});
