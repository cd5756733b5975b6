import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { NetcdfFile, type NetcdfArray } from '@retroplume/native';

import { IoapiFile, filesWithin, headOf } from './ioapi-file';
import { fromIoapiStep, fromIoapiTime, toIoapiStep, toIoapiTime } from './ioapi-header';
import { contents, grid, header, perStep, writeSample, hourly } from '../testing/ioapi-sample';
import { failure, temporaryFolder } from '../testing/shared-data';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);

/** Opens a finished file again and changes it behind the writer's back. */
function patch(path: string, change: (file: NetcdfFile) => void): void {
  const file = NetcdfFile.open(path, 'write');
  change(file);
  file.close();
}

const blank = (text: string, width: number): string => `"${text.padEnd(width)}"`;

describe.each(['classic', '64bit', 'netcdf4'] as const)('round trip, %s', (format) => {
  test('values, grid, time and header', () => {
    writeSample(at('a.nc'), { format });
    const file = IoapiFile.open(at('a.nc'));
    expect(file.grid.definition).toEqual(grid.definition);
    expect(file.time).toEqual(contents.time);
    expect(file.layers).toBe(2);
    expect(file.variables).toEqual([
      { name: 'NO2', units: 'moles/s', description: 'nitrogen dioxide' },
      { name: 'PM25', units: 'g/s', description: 'PM25' },
    ]);
    expect([...file.read('NO2', 1, 2)]).toEqual(Array.from({ length: 2 * perStep }, (_, i) => perStep + i));
    // one layer only: [steps, 1, rows, cols]
    expect([...file.read('NO2', 3, 1, 1)]).toEqual(Array.from({ length: 20 }, (_, i) => 3 * perStep + 20 + i));
    file.close();
    expect(readdirSync(folder.path)).toEqual(['a.nc']);
  });

  test('as ncdump sees it: widths, types, TFLAG across New Year', () => {
    writeSample(at('a.nc'), { format });
    const text = header(at('a.nc'));
    for (const line of [
      'TSTEP = UNLIMITED ; // (4 currently)',
      'DATE-TIME = 2 ;',
      'VAR = 2 ;',
      'int TFLAG(TSTEP, VAR, DATE-TIME) ;',
      'TFLAG:units = "<YYYYDDD,HHMMSS>" ;',
      `NO2:long_name = ${blank('NO2', 16)} ;`,
      `NO2:units = ${blank('moles/s', 16)} ;`,
      `NO2:var_desc = ${blank('nitrogen dioxide', 80)} ;`,
      ':FTYPE = 1 ;',
      ':SDATE = 2016366 ;',
      ':STIME = 220000 ;',
      ':TSTEP = 10000 ;',
      ':NVARS = 2 ;',
      ':NLAYS = 2 ;',
      ':GDTYP = 2 ;',
      ':P_ALP = 25. ;',
      ':VGLVLS = 1.f, 0.5f, 0.f ;',
      `:GDNAM = ${blank('TEST', 16)} ;`,
      `:UPNAM = ${blank('RETROPLUME', 16)} ;`,
      `:VAR-LIST = "${'NO2'.padEnd(16)}${'PM25'.padEnd(16)}" ;`,
    ]) {
      expect(text).toContain(line);
    }
    const flags = NetcdfFile.open(at('a.nc'));
    expect([...flags.read<Int32Array>('TFLAG')]).toEqual([
      2016366, 220000, 2016366, 220000, 2016366, 230000, 2016366, 230000, 2017001, 0, 2017001, 0, 2017001, 10000, 2017001, 10000,
    ]);
    expect((flags.attributes().get('FILEDESC') as string).length).toBe(4800);
    flags.close();
  });
});

test('another file’s attributes are passed on as they are, but never what follows from the contents', () => {
  writeSample(at('a.nc'), {
    attributes: { VGTYP: Int32Array.of(42), VGTOP: Float32Array.of(5000), FILEDESC: 'merged by hand', NVARS: 99, MINE: 'x' },
  });
  const first = IoapiFile.open(at('a.nc'));
  writeSample(at('b.nc'), { attributes: first.attributes, variables: [{ name: 'O3', units: 'ppbV' }] });
  first.close();
  const text = header(at('b.nc'));
  expect(text).toContain(':VGTYP = 42 ;');
  expect(text).toContain(':MINE = "x" ;');
  expect(text).toContain(`:FILEDESC = ${blank('merged by hand', 4800)} ;`);
  expect(text).toContain(':NVARS = 1 ;');
  expect(text).toContain(`:VAR-LIST = ${blank('O3', 16)} ;`);
});

test('a file without time steps has TSTEP 0 and TFLAG 0,0', () => {
  writeSample(at('static.nc'), { time: { start: new Date('2017-01-01T00:00Z'), stepSeconds: 0, count: 1 }, layers: 1 });
  const file = IoapiFile.open(at('static.nc'));
  expect(file.time).toEqual({ start: new Date('2017-01-01T00:00Z'), stepSeconds: 0, count: 1 });
  expect(file.read('PM25').length).toBe(20);
  file.close();
  expect(header(at('static.nc'))).toContain(':TSTEP = 0 ;');
});

test('times of the I/O API', () => {
  expect(toIoapiTime(new Date('2016-02-29T23:59:58Z'))).toEqual([2016060, 235958]);
  expect(fromIoapiTime(2016366, 220000)).toEqual(new Date('2016-12-31T22:00:00Z'));
  expect([3600, 86400, 744 * 3600, 90].map(toIoapiStep)).toEqual([10000, 240000, 7440000, 130]);
  expect([10000, 240000, 7440000, 130].map(fromIoapiStep)).toEqual([3600, 86400, 744 * 3600, 90]);
});

describe('what is wrong with a file is said in one sentence', () => {
  test('missing, not netCDF, not I/O API', () => {
    expect(() => IoapiFile.open(at('none.nc'))).toThrow(
      failure('FILE_MISSING', `${at('none.nc')}: there is no such file: check the path in the case`),
    );
    execFileSync('mkfifo', [at('pipe.nc')]);
    expect(() => IoapiFile.open(at('pipe.nc'))).toThrow(
      failure('FILE_UNREADABLE', `${at('pipe.nc')}: expected a netCDF file but received a pipe or a device: give a file`),
    );
    mkdirSync(at('folder.nc'));
    expect(() => IoapiFile.open(at('folder.nc'))).toThrow(
      failure('FILE_UNREADABLE', `${at('folder.nc')}: expected a netCDF file but received a folder: give a file`),
    );
    writeFileSync(at('empty.nc'), '');
    expect(() => IoapiFile.open(at('empty.nc'))).toThrow(failure('FILE_EMPTY', `${at('empty.nc')}: the file is empty: copy or make it again`));
    writeFileSync(at('text.nc'), 'station,lon,lat\n');
    expect(() => IoapiFile.open(at('text.nc'))).toThrow(
      failure('FILE_NOT_NETCDF', `${at('text.nc')}: expected a netCDF file but received something else: check the path in the case`),
    );
    const plain = NetcdfFile.create(at('plain.nc'), 'classic');
    plain.close();
    expect(() => IoapiFile.open(at('plain.nc'))).toThrow(
      failure(
        'IOAPI_HEADER',
        `${at('plain.nc')}: expected the attribute FTYPE to be a number but received none: give a gridded I/O API file, as CMAQ and MCIP write them`,
      ),
    );
  });

  test.each(['classic', '64bit', 'netcdf4'] as const)('truncated, %s', (format) => {
    writeSample(at('a.nc'), { format });
    const size = statSync(at('a.nc')).size;
    truncateSync(at('a.nc'), size - 100);
    const text =
      format === 'netcdf4'
        ? /^.*a\.nc: the netCDF-4 file is truncated or damaged \(.*\): copy or make it again \(in a run folder: delete it, and run makes it anew\)$/
        : new RegExp(`^.*a\\.nc: the file is truncated: it has ${size - 100} bytes, its header promises ${size}: copy or make it again$`);
    expect(() => IoapiFile.open(at('a.nc'))).toThrow(
      expect.objectContaining({ code: 'FILE_TRUNCATED', exitCode: 3, message: expect.stringMatching(text) as string }) as Error,
    );
  });

  test('a gap in TFLAG, a repeated step, a start that is not the header’s', () => {
    const setFlag = (step: number, date: number, time: number): void => {
      writeSample(at('a.nc'));
      patch(at('a.nc'), (file) => file.write('TFLAG', [step, 1, 0], [1, 1, 2], Int32Array.of(date, time)));
    };
    const remedy = 'give a file without missing or repeated steps';
    setFlag(2, 2017001, 10000);
    expect(() => IoapiFile.open(at('a.nc'))).toThrow(
      failure('TFLAG_GAP', `${at('a.nc')}: expected step 2 at 2017-01-01T00:00Z but its TFLAG says 2017-01-01T01:00Z: ${remedy}`),
    );
    setFlag(3, 2017001, 0);
    expect(() => IoapiFile.open(at('a.nc'))).toThrow(
      failure('TFLAG_GAP', `${at('a.nc')}: expected step 3 at 2017-01-01T01:00Z but its TFLAG says 2017-01-01T00:00Z: ${remedy}`),
    );
    setFlag(0, 2016366, 210000);
    expect(() => IoapiFile.open(at('a.nc'))).toThrow(
      failure(
        'TFLAG_START',
        `${at('a.nc')}: SDATE and STIME say 2016-12-31T22:00Z but the first TFLAG says 2016-12-31T21:00Z: set SDATE and STIME to the first TFLAG`,
      ),
    );
    for (const date of [0, 20161231, 2016000, 2016367]) {
      setFlag(0, date, 0);
      const said = `its TFLAG is ${date}, 0, which is no YYYYDDD and HHMMSS: write the times of the steps into TFLAG`;
      expect(() => IoapiFile.open(at('a.nc'))).toThrow(failure('TFLAG_INVALID', `${at('a.nc')}: expected step 0 at 2016-12-31T22:00Z but ${said}`));
    }
  });

  test('a header that contradicts the file', () => {
    const broken = (attribute: string, value: NetcdfArray | string, said: string): void => {
      writeSample(at('a.nc'), { format: 'netcdf4' });
      patch(at('a.nc'), (file) => file.putAttribute('', attribute, value));
      expect(() => IoapiFile.open(at('a.nc'))).toThrow(
        failure('IOAPI_HEADER', `${at('a.nc')}: ${said}: give a gridded I/O API file, as CMAQ and MCIP write them`),
      );
    };
    broken(
      'FTYPE',
      Int32Array.of(2),
      'expected a gridded file (FTYPE 1) but it is a boundary file, the rim of cells around a grid, as BCON writes it (FTYPE 2)',
    );
    broken('FTYPE', Int32Array.of(-1), 'expected a gridded file (FTYPE 1) but it is a custom file of no described layout (FTYPE -1)');
    broken('FTYPE', Int32Array.of(0), 'expected a gridded file (FTYPE 1) but it is a dictionary of file descriptions (FTYPE 0)');
    broken('FTYPE', Int32Array.of(-9999), 'expected a gridded file (FTYPE 1) but it is of a kind that the I/O API does not know (FTYPE -9999)');
    broken('NCOLS', Int32Array.of(6), 'the header says 6 x 4 cells but the dimensions are 5 x 4');
    broken('VAR-LIST', 'NO2             NOX             ', 'VAR-LIST names NOX but the file holds no such variable');
    broken('XCELL', 'wide', 'expected the attribute XCELL to be a number but received "wide"');
  });

  test('variables and steps that are not there', () => {
    writeSample(at('a.nc'));
    const file = IoapiFile.open(at('a.nc'));
    expect(() => file.read('NOX')).toThrow(
      failure('VARIABLE_MISSING', `${at('a.nc')}: there is no variable NOX; it holds NO2, PM25: mend the name in the case or give another file`),
    );
    expect(() => file.read('NO2', 2, 3)).toThrow(
      failure('STEP_OUTSIDE', `${at('a.nc')}: steps 2 to 4 were asked for but it holds 4 from 2016-12-31T22:00Z: give files that cover the period`),
    );
    expect(() => file.read('NO2', 0, 1, 2)).toThrow(
      failure('LAYER_OUTSIDE', `${at('a.nc')}: layer 2 was asked for but NO2 has 2: ask for a layer from 0`),
    );
    const code = (wanted: string): Error => expect.objectContaining({ code: wanted }) as Error;
    for (const layer of [0.5, NaN, -1]) expect(() => file.read('NO2', 0, 1, layer)).toThrow(code('LAYER_OUTSIDE'));
    for (const [first, count] of [
      [0.5, 1],
      [0, 0.5],
      [NaN, 1],
      [-1, 1],
    ])
      expect(() => file.read('NO2', first, count)).toThrow(code('STEP_OUTSIDE'));
    file.close();
  });

  test('missing values are NaN: BADVAL3 and what was never written', () => {
    writeSample(at('a.nc'));
    patch(at('a.nc'), (file) => file.write('NO2', [0, 0, 0, 0], [1, 1, 1, 3], Float32Array.of(-9.999e36, 9.96921e36, -1e30)));
    const file = IoapiFile.open(at('a.nc'));
    expect([...file.read('NO2', 0, 1).slice(0, 3)]).toEqual([Number.NaN, Number.NaN, Math.fround(-1e30)]);
    file.close();
  });
});

describe('a padded header by other hands', () => {
  test('NULs for blanks, VAR-LIST in another order than the file, no VAR-LIST', () => {
    writeSample(at('a.nc'), { format: 'netcdf4' });
    patch(at('a.nc'), (file) => {
      file.putAttribute('NO2', 'units', 'moles/s\0\0\0\0\0\0\0\0\0');
      file.putAttribute('', 'VAR-LIST', `${'PM25'.padEnd(16)}NO2`);
      file.putAttribute('', 'GDNAM', 'TEST\0\0');
    });
    const file = IoapiFile.open(at('a.nc'));
    expect(file.variables.map(({ name, units }) => [name, units])).toEqual([['PM25', 'g/s'], ['NO2', 'moles/s']]); // prettier-ignore
    expect(file.grid.name).toBe('TEST');
    file.close();
    patch(at('a.nc'), (again) => again.putAttribute('', 'VAR-LIST', ''));
    const listed = IoapiFile.open(at('a.nc'));
    expect(listed.variables.map(({ name }) => name)).toEqual(['NO2', 'PM25']);
    listed.close();
  });
});

const day = (start: string, count = 25): string => {
  const path = at(`EMIS_${start}.nc`);
  writeSample(path, { time: hourly(`${start}T00:00Z`, count) });
  return path;
};

describe('files of a period', () => {
  const period = hourly('2017-01-02T00:00Z', 48);

  test('are those that hold an hour of it, or the instant at which it ends', () => {
    const files = ['2016-12-01', '2017-01-01', '2017-01-02', '2017-01-03', '2017-01-04', '2017-01-05', '2017-02-01'].map((start) => day(start));
    expect(filesWithin(files, period)).toEqual(files.slice(1, 5));
    const without25 = day('2017-01-01', 24);
    expect(filesWithin([without25, files[2]], period)).toEqual([files[2]]);
  });

  test('are none of several: an error; one alone, those without time and what cannot be read are left to whoever reads them', () => {
    const outside = [day('2016-12-01'), day('2017-02-01')];
    expect(() => filesWithin(outside, period)).toThrow(
      failure(
        'PERIOD_NOT_COVERED',
        `${outside[0]} … ${outside[1]}: none of these 2 files holds an hour of the period, 2017-01-02T00:00Z to 2017-01-04T00:00Z: give files that cover it`,
      ),
    );
    expect(filesWithin(outside.slice(1), period)).toEqual(outside.slice(1));
    writeSample(at('static.nc'), { time: { start: new Date(0), stepSeconds: 0, count: 1 } });
    writeFileSync(at('broken.nc'), 'hello');
    const kept = [at('static.nc'), at('broken.nc'), at('none.nc')];
    expect(filesWithin([...outside, ...kept], period)).toEqual(kept);
  });

  test('a header is read anew where the file is another', () => {
    const path = day('2017-01-02');
    expect(headOf(path)?.time.count).toBe(25);
    writeSample(path, { time: hourly('2017-01-02T00:00Z', 7), variables: [{ name: 'NO', units: 'moles/s' }] });
    expect(headOf(path)).toEqual({ time: hourly('2017-01-02T00:00Z', 7), variables: ['NO'] });
  });
});
