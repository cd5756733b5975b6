import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmdirSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { NetcdfFile, type NetcdfArray } from '@retroplume/native';

import { Grid, type TimeAxis } from '../grid/grid';
import { Random } from '../random';
import { expandGlob, IoapiFile, IoapiSeries, IoapiWriter, type IoapiContents } from './ioapi';
import { fromIoapiStep, fromIoapiTime, toIoapiStep, toIoapiTime } from './ioapi-time';
import { describeShared, failure, sharedFile, temporaryFolder } from './testing/shared-data';

const grid = new Grid({
  name: 'TEST', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34,
  xorig: -50000, yorig: -40000, xcell: 10000, ycell: 10000, cols: 5, rows: 4,
}); // prettier-ignore
const hourly = (start: string, count: number): TimeAxis => ({ start: new Date(start), stepSeconds: 3600, count });
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const contents: IoapiContents = {
  grid,
  time: hourly('2016-12-31T22:00Z', 4),
  layers: 2,
  variables: [
    { name: 'NO2', units: 'moles/s', description: 'nitrogen dioxide' },
    { name: 'PM25', units: 'g/s' },
  ],
};
const perStep = 2 * 4 * 5;

function writeSample(path: string, options: Partial<IoapiContents> = {}, value: (i: number) => number = (i) => i): void {
  const all = { ...contents, ...options };
  const writer = IoapiWriter.create(path, all);
  const size = all.time.count * all.layers * all.grid.rows * all.grid.cols;
  for (const { name } of all.variables)
    writer.write(
      name,
      0,
      Float32Array.from({ length: size }, (_, i) => value(i)),
    );
  writer.close();
}

/** Opens a finished file again and changes it behind the writer's back. */
function patch(path: string, change: (file: NetcdfFile) => void): void {
  const file = NetcdfFile.open(path, 'write');
  change(file);
  file.close();
}

const header = (path: string): string => execFileSync('ncdump', ['-h', path], { encoding: 'utf8' });
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
    ]); // prettier-ignore
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
        ? /^.*a\.nc: the netCDF-4 file is truncated or damaged \(.*\): copy or make it again$/
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
  });

  test('a header that contradicts the file', () => {
    const broken = (attribute: string, value: NetcdfArray | string, said: string): void => {
      writeSample(at('a.nc'), { format: 'netcdf4' });
      patch(at('a.nc'), (file) => file.putAttribute('', attribute, value));
      expect(() => IoapiFile.open(at('a.nc'))).toThrow(
        failure('IOAPI_HEADER', `${at('a.nc')}: ${said}: give a gridded I/O API file, as CMAQ and MCIP write them`),
      );
    };
    broken('FTYPE', Int32Array.of(2), 'expected a gridded file (FTYPE 1) but received FTYPE 2');
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

describe('IoapiWriter', () => {
  test('a step that was never written: nothing is left', () => {
    const writer = IoapiWriter.create(at('a.nc'), contents);
    writer.write('NO2', 0, new Float32Array(4 * perStep));
    writer.write('PM25', 0, new Float32Array(2 * perStep));
    expect(() => writer.close()).toThrow(
      failure('IOAPI_INCOMPLETE', `${at('a.nc')}: step 2 of PM25 was never written: write every step of every variable`),
    );
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test('an older file stays until the new one is whole', () => {
    writeSample(at('a.nc'), {}, () => 1);
    const writer = IoapiWriter.create(at('a.nc'), contents);
    writer.write('NO2', 0, new Float32Array(perStep));
    expect(readdirSync(folder.path).sort()).toEqual(['a.nc', 'a.nc.tmp']);
    writer.abort();
    const file = IoapiFile.open(at('a.nc'));
    expect(file.read('NO2')[0]).toBe(1);
    file.close();
    expect(readdirSync(folder.path)).toEqual(['a.nc']);
  });

  test('data and names that do not fit', () => {
    const writer = IoapiWriter.create(at('a.nc'), contents);
    expect(() => writer.write('NO2', 3, new Float32Array(2 * perStep))).toThrow(
      failure('IOAPI_SHAPE', `${at('a.nc')}: NO2: expected [steps, 2, 4, 5] within 4 steps but received 80 values at step 3: write whole steps`, 1),
    );
    expect(() => writer.write('NO2', 0, new Float32Array(perStep - 1))).toThrow(expect.objectContaining({ code: 'IOAPI_SHAPE' }) as Error);
    expect(() => writer.write('SO2', 0, new Float32Array(perStep))).toThrow(/SO2 was not declared/);
    writer.abort();
    for (const name of ['SEVENTEEN_LETTERS', '2NO', 'N O', '']) {
      expect(() => IoapiWriter.create(at('b.nc'), { ...contents, variables: [{ name, units: '1' }] })).toThrow(
        failure('IOAPI_NAME', `${at('b.nc')}: a variable cannot be called "${name}": use at most 16 letters, digits and _, each name once`),
      );
    }
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test('a folder that may not be written', () => {
    writeFileSync(at('file'), '');
    expect(() => IoapiWriter.create(join(at('file'), 'a.nc'), contents)).toThrow(
      expect.objectContaining({ code: 'FILE_UNWRITABLE', exitCode: 3 }) as Error,
    );
  });
});

/** A file system of 512 kB, where the system lets us have one. */
const smallDisk = mountSmallDisk();
afterAll(() => {
  if (smallDisk) {
    execFileSync('umount', ['-l', smallDisk]);
    rmdirSync(smallDisk);
  }
});
function mountSmallDisk(): string | undefined {
  const path = mkdtempSync(join(tmpdir(), 'small-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', path]);
  return status === 0 ? path : undefined;
}
(smallDisk ? describe : describe.skip)(`a full disk${smallDisk ? '' : ' (skipped: no right to mount a small one)'}`, () => {
  const disk = smallDisk ?? '';
  const large = { ...contents, time: hourly('2017-01-01T00:00Z', 24), layers: 500 };
  afterEach(() => readdirSync(disk).forEach((name) => rmSync(join(disk, name))));

  test('is told before anything is written where the size is known', () => {
    expect(() => IoapiWriter.create(join(disk, 'a.nc'), large)).toThrow(
      failure(
        'DISK_FULL',
        `${join(disk, 'a.nc')}: the disk is full: the file needs 1.92 MB and 0.52 MB are free: make room or choose another folder with --out`,
      ),
    );
    expect(readdirSync(disk)).toEqual([]);
  });

  test.each(['64bit', 'netcdf4'] as const)('is told when it fills on the way, and nothing half-written is left: %s', (format) => {
    const random = new Random(1);
    const writer = IoapiWriter.create(join(disk, 'a.nc'), { ...contents, time: hourly('2017-01-01T00:00Z', 24), layers: 100, format });
    writeFileSync(join(disk, 'other'), new Uint8Array(250e3));
    const noise = Float32Array.from({ length: 24 * 100 * 20 }, () => random.uniform());
    expect(() => {
      writer.write('NO2', 0, noise);
      writer.write('PM25', 0, noise);
      writer.close();
    }).toThrow(
      expect.objectContaining({
        code: 'DISK_FULL',
        exitCode: 3,
        message: expect.stringMatching(
          /a\.nc: the disk is full: the file needs 0\.38 MB and 0\.\d\d MB are free: make room or choose another folder with --out$/,
        ) as string,
      }) as Error,
    );
    expect(readdirSync(disk)).toEqual(['other']);
    // and its blocks are given back: nobody holds the deleted file open
    expect(statfsSync(disk).bavail * statfsSync(disk).bsize).toBeGreaterThan(260e3);
  });
});

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
    expect(() => series.read('NO2', 40, 9)).toThrow(expect.objectContaining({ code: 'STEP_OUTSIDE' }) as Error);
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
        `${b}: NO2 at 2017-01-02T00:00Z differs from that in ${a}, which holds the same hour: cut the files so that each hour is in one file`,
      ),
    );
    refused.close();
    for (const [overlap, value] of [
      ['earlier', 1],
      ['later', 2],
    ] as const) {
      // prettier-ignore
      const series = IoapiSeries.open([a, b], { overlap });
      expect([23, 24, 25].map((step) => series.read('NO2', step, 1)[0])).toEqual([1, value, 2]);
      series.close();
    }
  });

  test('a day that is missing, another grid, another unit, another step', () => {
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

describeShared('real I/O API files', () => {
  const open = (pattern: string): IoapiFile => IoapiFile.open(sharedFile(pattern));

  test('CMAQ-ready emissions over East Asia: classic netCDF with a record dimension', () => {
    const file = open('ioapi/cmaq_ready*');
    expect(file.time).toEqual(hourly('2010-01-21T00:00Z', 25));
    expect(file.grid.definition).toMatchObject({ name: 'KNU_27_01', cols: 174, rows: 128, pAlp: 30, pBet: 60, pGam: 126, xcell: 27000 });
    expect(file.variables).toEqual([{ name: 'CO', units: 'moles/s', description: 'Model species CO' }]);
    const values = file.read('CO', 12, 1);
    expect(values.every((value) => value >= 0)).toBe(true);
    // Beijing's cell emits more than the open sea east of Japan.
    const beijing = file.grid.cellAt(116.4, 39.9) as { row: number; col: number };
    expect(values[beijing.row * 174 + beijing.col]).toBeGreaterThan(5);
    file.close();
  });

  test('it is written again with the same header and values, bit for bit', () => {
    const file = open('ioapi/cmaq_ready*');
    const { time, layers, variables, attributes } = file;
    const writer = IoapiWriter.create(at('again.nc'), { grid: file.grid, time, layers, variables, attributes, format: 'classic' });
    for (let step = 0; step < 25; step += 10) writer.write('CO', step, file.read('CO', step, Math.min(10, 25 - step)));
    writer.close();
    const lines = (path: string): string[] =>
      header(path)
        .split('\n')
        .slice(1)
        .filter((line) => !/:(CDATE|CTIME|WDATE|WTIME) /.test(line) && !line.includes('TFLAG:'))
        .sort();
    expect(lines(at('again.nc'))).toEqual(lines(file.path));
    const again = IoapiFile.open(at('again.nc'));
    expect(Buffer.from(again.read('CO').buffer).equals(Buffer.from(file.read('CO').buffer))).toBe(true);
    again.close();
    file.close();
  });

  test('daily ozone, polar surface file, static MCIP files', () => {
    const ozone = open('ioapi/ozone*');
    expect(ozone.time).toEqual({ start: new Date('2001-07-01T01:00Z'), stepSeconds: 86400, count: 4 });
    expect(ozone.variables[0].units).toBe('ppbV');
    ozone.close();
    const surface = open('ioapi/surfinfo*');
    expect(surface.time).toMatchObject({ stepSeconds: 0, count: 1 });
    expect(surface.variables.map(({ name }) => name)).toEqual(['LAT', 'LON', 'HT', 'LWMASK']);
    surface.close();
  });

  test('MCIP in netCDF-4, sorted by ncks: the order is that of VAR-LIST', () => {
    const file = open('mcip-au/METCRO2D*');
    expect(file.variables).toHaveLength(34);
    expect(file.variables.slice(0, 3).map(({ name, units }) => [name, units])).toEqual([['PRSFC', 'Pascal'], ['USTAR', 'M/S'], ['WSTAR', 'M/S']]); // prettier-ignore
    expect(file.time).toEqual(hourly('2022-12-07T00:00Z', 25));
    const temperature = file.read('TEMP2', 0, 1);
    expect(Math.min(...temperature)).toBeGreaterThan(270);
    expect(Math.max(...temperature)).toBeLessThan(330);
    file.close();
  });

  test.each([
    // The files hold single precision, 1e-5 of 150 degrees; the hemispheric one was computed in it too.
    ['mcip-au/GRIDCRO2D*', 'LAT', 'LON', 1e-4],
    ['mcip-au/GRIDDOT2D*', 'LATD', 'LOND', 1e-4],
    ['ioapi/GRIDCRO2D_west36*', 'LAT', 'LON', 1e-4],
    ['ioapi/surfinfo*', 'LAT', 'LON', 2e-4],
  ])('%s: its own latitudes and longitudes are those of Grid.centre', (pattern, latName, lonName, tolerance) => {
    const file = open(pattern);
    const [lats, lons] = [file.read(latName), file.read(lonName)];
    let worst = 0;
    for (let i = 0; i < lats.length; i++) {
      const { lon, lat } = file.grid.centre(Math.floor(i / file.grid.cols), i % file.grid.cols);
      worst = Math.max(worst, Math.abs(lat - lats[i]));
      const turn = Math.abs(lon - lons[i]) % 360;
      // Longitudes near the pole say nothing: compare the way along the parallel.
      worst = Math.max(worst, Math.min(turn, 360 - turn) * Math.cos((lat * Math.PI) / 180));
    }
    expect(worst).toBeLessThan(tolerance);
    file.close();
  });

  test('a real file cut short inside its last hour', () => {
    copyFileSync(sharedFile('ioapi/cmaq_ready*'), at('cut.ncf'));
    execFileSync('chmod', ['u+w', at('cut.ncf')]);
    truncateSync(at('cut.ncf'), 2238584 - 5000);
    expect(() => IoapiFile.open(at('cut.ncf'))).toThrow(
      failure('FILE_TRUNCATED', `${at('cut.ncf')}: the file is truncated: it has 2233584 bytes, its header promises 2238584: copy or make it again`),
    );
    expect(existsSync(at('cut.ncf'))).toBe(true);
  });
});
