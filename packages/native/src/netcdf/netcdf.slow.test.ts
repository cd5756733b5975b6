import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';

import { MOST_OPEN, NetcdfFile, netcdfVersion, type NetcdfArray, type NetcdfFormat, type NetcdfType } from './netcdf';
import { classicShortfall, hdf5Mismatch } from './netcdf-length';

const formats: NetcdfFormat[] = ['classic', '64bit', 'cdf5', 'netcdf4'];
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'netcdf-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A file of two steps on a 3 x 4 grid, two fixed and two record variables. */
function writeSample(path: string, format: NetcdfFormat): void {
  const file = NetcdfFile.create(path, format);
  file.defineDimension('time', 'unlimited');
  file.defineDimension('y', 3);
  file.defineDimension('x', 4);
  file.defineVariable('ozone', 'float', ['time', 'y', 'x'], format === 'netcdf4' ? { deflate: 4, chunks: [1, 3, 4] } : {});
  file.defineVariable('flag', 'short', ['time', 'x']);
  file.defineVariable('height', 'double', ['y', 'x']);
  file.defineVariable('label', 'char', ['x']);
  file.putAttribute('', 'title', 'padded   \0\0');
  file.putAttribute('ozone', 'valid', Float32Array.of(1.5, 2.5));
  file.putAttribute('ozone', 'count', Int32Array.of(7));
  file.putAttribute('ozone', 'scale', 0.1);
  file.putAttribute('ozone', 'empty', '');
  file.endDefine();
  file.write(
    'ozone',
    [0, 0, 0],
    [2, 3, 4],
    Float32Array.from({ length: 24 }, (_, i) => i),
  );
  file.write(
    'flag',
    [0, 0],
    [2, 4],
    Int16Array.from({ length: 8 }, (_, i) => -i),
  );
  file.write(
    'height',
    [0, 0],
    [3, 4],
    Float64Array.from({ length: 12 }, (_, i) => i / 3),
  );
  file.write('label', [0], [4], new TextEncoder().encode('abcd'));
  file.close();
}

test('groups are written as they are read, with dimensions of their own and of those around them', () => {
  const path = join(folder, 'groups.nc');
  const file = NetcdfFile.create(path);
  file.defineDimension('layer', 2);
  file.defineDimension('PRODUCT/pixel', 3);
  file.defineVariable('PRODUCT/SUPPORT/kernel', 'float', ['pixel', 'layer'], { deflate: 1 });
  file.defineVariable('PRODUCT/quality', 'ubyte', ['pixel']);
  file.putAttribute('PRODUCT/SUPPORT/kernel', 'units', '1');
  file.endDefine();
  file.write('PRODUCT/SUPPORT/kernel', [0, 0], [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6));
  file.write('PRODUCT/quality', [0], [3], Uint8Array.of(7, 8, 9));
  file.close();
  const read = NetcdfFile.open(path);
  expect(read.groups).toEqual([
    { name: 'PRODUCT', variables: [{ name: 'quality', type: 'ubyte', dimensions: ['pixel'] }] },
    { name: 'PRODUCT/SUPPORT', variables: [{ name: 'kernel', type: 'float', dimensions: ['pixel', 'layer'] }] },
  ]);
  expect(read.dimensions.map(({ name }) => name)).toEqual(['layer']);
  expect([read.shape('PRODUCT/SUPPORT/kernel'), [...read.read('PRODUCT/SUPPORT/kernel')]]).toEqual([[3, 2], [1, 2, 3, 4, 5, 6]]); // prettier-ignore
  expect([...read.read('PRODUCT/quality')]).toEqual([7, 8, 9]);
  expect(read.attributes('PRODUCT/SUPPORT/kernel').get('units')).toBe('1');
  read.close();
  const classic = NetcdfFile.create(join(folder, 'classic.nc'), 'classic');
  expect(() => classic.defineDimension('PRODUCT/pixel', 3)).toThrow(/group PRODUCT/);
  classic.close();
});

describe.each(formats)('%s', (format) => {
  test('what is written is read', () => {
    const path = join(folder, 'a.nc');
    writeSample(path, format);
    const file = NetcdfFile.open(path);
    expect(file.format).toBe(format);
    expect(file.dimensions).toEqual([
      { name: 'time', length: 2, unlimited: true },
      { name: 'y', length: 3, unlimited: false },
      { name: 'x', length: 4, unlimited: false },
    ]);
    expect(file.variables[0]).toEqual({ name: 'ozone', type: 'float', dimensions: ['time', 'y', 'x'] });
    expect(file.shape('flag')).toEqual([2, 4]);
    expect(file.attributes().get('title')).toBe('padded   \0\0');
    expect([...file.attributes('ozone')]).toEqual([
      ['valid', Float32Array.of(1.5, 2.5)],
      ['count', Int32Array.of(7)],
      ['scale', Float64Array.of(0.1)],
      ['empty', ''],
    ]);
    expect([...file.read('ozone', [1, 1, 0], [1, 2, 4])]).toEqual([16, 17, 18, 19, 20, 21, 22, 23]);
    expect(file.read('flag')).toEqual(Int16Array.of(-0, -1, -2, -3, -4, -5, -6, -7).map((v) => v));
    expect(file.read<Float64Array>('height')[4]).toBe(4 / 3);
    expect(Buffer.from(file.read<Uint8Array>('label')).toString()).toBe('abcd');
    // netCDF converts to the target's type
    expect(file.read('flag', undefined, undefined, new Float32Array(8))[3]).toBe(-3);
    file.close();
  });

  test('ncdump reads it', () => {
    const path = join(folder, 'a.nc');
    writeSample(path, format);
    expect(execFileSync('ncdump', ['-v', 'flag', path], { encoding: 'utf8' })).toContain('0, -1, -2, -3,\n  -4, -5, -6, -7 ;');
  });

  test('a file that was cut short is refused, by as little as its last byte', () => {
    const path = join(folder, 'a.nc');
    writeSample(path, format);
    const size = statSync(path).size;
    expect(() => NetcdfFile.open(path).close()).not.toThrow();
    for (const bytes of [size - 1, Math.floor(size / 2), 20]) {
      const cut = join(folder, 'cut.nc');
      copyFileSync(path, cut);
      truncateSync(cut, bytes);
      expect(() => NetcdfFile.open(cut)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/NC_(ETRUNC|EHDFERR|ENOTNC)/) as string, path: cut }) as Error,
      );
    }
  });
});

const types: [NetcdfType, NetcdfArray][] = [
  ['byte', Int8Array.of(-128, 127)],
  ['ubyte', Uint8Array.of(0, 255)],
  ['short', Int16Array.of(-32768, 32767)],
  ['ushort', Uint16Array.of(0, 65535)],
  ['int', Int32Array.of(-2147483648, 2147483647)],
  ['uint', Uint32Array.of(0, 4294967295)],
  ['float', Float32Array.of(-1.5, Number.NaN)],
  ['double', Float64Array.of(Math.PI, Infinity)],
  ['int64', BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)],
  ['uint64', BigUint64Array.of(0n, 2n ** 64n - 1n)],
];
test.each(types)('type %s keeps its extremes, as values and as attribute', (type, values) => {
  const file = NetcdfFile.create(join(folder, 't.nc'), 'cdf5');
  file.defineDimension('n', 2);
  file.defineVariable('v', type, ['n']);
  file.putAttribute('v', 'a', values);
  file.endDefine();
  file.write('v', [0], [2], values);
  expect(file.read('v')).toEqual(values);
  expect(file.attributes('v').get('a')).toEqual(values);
  file.close();
});

describe('errors carry code, file and netCDF’s words', () => {
  test('a missing file, and one that is no netCDF', () => {
    const missing = join(folder, 'none.nc');
    expect(() => NetcdfFile.open(missing)).toThrow(
      expect.objectContaining({
        code: 'ENOENT',
        path: missing,
        message: `${missing}: cannot be opened: No such file or directory (netCDF 2)`,
      }) as Error,
    );
    const text = join(folder, 'text.nc');
    writeFileSync(text, 'date,hour,type\n');
    expect(() => NetcdfFile.open(text)).toThrow(expect.objectContaining({ code: 'NC_ENOTNC', path: text }) as Error);
  });

  test('wrong variable, rank, bounds and length', () => {
    const path = join(folder, 'a.nc');
    writeSample(path, 'classic');
    const file = NetcdfFile.open(path);
    expect(() => file.read('nox')).toThrow(
      expect.objectContaining({ code: 'NC_ENOTVAR', message: `${path}: there is no variable nox; it holds ozone, flag, height, label` }) as Error,
    );
    expect(() => file.read('ozone', [0, 0], [1, 1], new Float32Array(1))).toThrow(/ozone has 3 dimensions/);
    expect(() => file.read('ozone', [0, 0, 0], [3, 3, 4], new Float32Array(36))).toThrow(expect.objectContaining({ code: 'NC_EEDGE' }) as Error);
    expect(() => file.read('ozone', [0, 0, 0], [1, 3, 4], new Float32Array(11))).toThrow('the array holds 11 values but count asks for 12');
    const most = 2 ** 53 - 1; // the product is more than any integer holds
    expect(() => file.read('ozone', [0, 0, 0], [most, most, 2], new Float32Array(1))).toThrow('but count asks for 1.622592768292133e+32');
    expect(() => file.read('ozone', [-1, 0, 0], [1, 3, 4], new Float32Array(12))).toThrow('whole numbers');
    expect(() => file.read('label', [0], [4], new Float32Array(4))).toThrow('text is given as bytes');
    expect(() => file.write('ozone', [0, 0, 0], [1, 3, 4], new Float32Array(12))).toThrow(expect.objectContaining({ code: 'NC_EPERM' }) as Error);
    file.close();
  });

  test('a value that does not fit', () => {
    const path = join(folder, 'a.nc');
    writeSample(path, 'classic');
    const file = NetcdfFile.open(path);
    expect(() => file.read('flag', undefined, undefined, new Uint8Array(8))).toThrow(expect.objectContaining({ code: 'NC_ERANGE' }) as Error);
    file.close();
  });

  test('a closed file', () => {
    const path = join(folder, 'a.nc');
    writeSample(path, 'netcdf4');
    const file = NetcdfFile.open(path);
    file.close();
    file.close();
    expect(() => file.variables).toThrow(expect.objectContaining({ code: 'NC_EBADID' }) as Error);
    expect(() => file.sync()).toThrow(expect.objectContaining({ code: 'NC_EBADID' }) as Error);
  });

  test('a method of the handle on another object', () => {
    const path = join(folder, 'a.nc');
    writeSample(path, 'classic');
    const file = NetcdfFile.open(path);
    const raw = (file as unknown as { raw: { describe(): unknown } }).raw;
    expect(() => raw.describe.call({})).toThrow('Illegal invocation');
    file.close();
  });
});

test('more files can be read than a process may have open', () => {
  const first = join(folder, 'first.nc');
  writeSample(first, 'classic');
  const paths = Array.from({ length: MOST_OPEN + 40 }, (_, i) => join(folder, `copy${i}.nc`));
  for (const path of paths) copyFileSync(first, path);
  if (process.platform !== 'linux') return;
  const opened = (): number => readdirSync('/proc/self/fd').length;
  const before = opened();
  const files = paths.map((path) => NetcdfFile.open(path));
  const expected = [...files[0].read<Int16Array>('flag')];
  for (const file of [...files, ...files]) expect([...file.read<Int16Array>('flag')]).toEqual(expected);
  expect(opened() - before).toBeLessThanOrEqual(MOST_OPEN);
  for (const file of files) file.close();
  expect(opened()).toBe(before);
  expect(() => files[0].read('flag')).toThrow(expect.objectContaining({ code: 'NC_EBADID' }) as Error);
});

test('a file that is dropped is closed when it is collected', async () => {
  const path = join(folder, 'a.nc');
  writeSample(path, 'classic'); // HDF5 would share one descriptor
  setFlagsFromString('--expose_gc');
  const gc = runInNewContext('gc') as () => void;
  const open = (): number => readdirSync('/proc/self/fd').length;
  gc();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const before = open();
  (() => {
    for (let i = 0; i < 20; i++) NetcdfFile.open(path);
  })();
  expect(open()).toBeGreaterThanOrEqual(before + 20);
  for (let i = 0; i < 50 && open() > before; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(open()).toBeLessThanOrEqual(before);
});

test('worker threads share the library', async () => {
  const path = join(folder, 'a.nc');
  writeSample(path, 'netcdf4');
  const addon = join(__dirname, '../../build/Release/netcdf.node');
  const code = `
    const { Dataset } = require(${JSON.stringify(addon)});
    const { parentPort } = require('node:worker_threads');
    let sum = 0;
    for (let i = 0; i < 100; i++) {
      const file = new Dataset(${JSON.stringify(path)}, 'read');
      const values = new Float32Array(24);
      file.read('ozone', [0, 0, 0], [2, 3, 4], values, false);
      sum += values.reduce((a, b) => a + b);
      file.close();
    }
    parentPort.postMessage(sum);`;
  const run = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(code, { eval: true });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  expect(await Promise.all([run(), run(), run(), run()])).toEqual([27600, 27600, 27600, 27600]);
});

test('a classic header of many records, and one without any', () => {
  const path = join(folder, 'r.nc');
  const file = NetcdfFile.create(path, '64bit');
  file.defineDimension('time', 'unlimited');
  file.defineDimension('n', 3);
  file.defineVariable('lone', 'short', ['time', 'n']); // a lone record variable is not padded: 6 bytes a record
  file.endDefine();
  file.close();
  expect(classicShortfall(path)).toBeUndefined();
  const again = NetcdfFile.open(path, 'write');
  again.write('lone', [0, 0], [5, 3], new Int16Array(15));
  again.close();
  expect(classicShortfall(path)).toBeUndefined();
  truncateSync(path, statSync(path).size - 4);
  expect(classicShortfall(path)).toMatchObject({ actual: statSync(path).size });
});

test('records of several variables, each of them padded to four bytes', () => {
  const path = join(folder, 'r.nc');
  const file = NetcdfFile.create(path, 'classic');
  file.defineDimension('time', 'unlimited');
  file.defineDimension('n', 3);
  file.defineVariable('first', 'short', ['time', 'n']); // 6 bytes in 8
  file.defineVariable('second', 'byte', ['time']); // 1 in 4
  file.endDefine();
  file.write('first', [0, 0], [5, 3], new Int16Array(15));
  file.write('second', [0], [5], new Int8Array(5));
  file.close();
  const whole = statSync(path).size;
  expect(classicShortfall(path)).toBeUndefined();
  truncateSync(path, whole - 3); // padding of the last record, which no value lies in
  expect(classicShortfall(path)).toBeUndefined();
  truncateSync(path, whole - 4);
  expect(classicShortfall(path)).toEqual({ actual: whole - 4, needed: whole - 3 });
});

test('records may be meant to begin behind the end of a file that has none (nc__enddef with room for more of a header)', () => {
  const path = join(folder, 'r.nc');
  const file = NetcdfFile.create(path, '64bit');
  file.defineDimension('time', 'unlimited');
  file.defineVariable('v', 'int', ['time']);
  file.close();
  const header = readFileSync(path);
  header.writeBigUInt64BE(4096n, header.length - 8); // where it begins, the last of the header
  writeFileSync(path, header);
  expect(classicShortfall(path)).toBeUndefined();
});

describe('a damaged classic header is refused before netCDF-C, whose memory some of these break, sees it', () => {
  /** Writes a classic file with one byte, or one 4-byte number, of its header changed; `at` is counted from a text in it. */
  function damage(text: string, offset: number, value: number, bytes: 1 | 4 = 4): string {
    const path = join(folder, 'damaged.nc');
    writeSample(path, 'classic');
    const content = readFileSync(path);
    content.writeUIntBE(value, content.indexOf(text, 0, 'latin1') + offset, bytes);
    writeFileSync(path, content);
    return path;
  }

  test.each([
    ['a NUL in a name', damage.bind(undefined, 'height', 2, 0, 1), '"he\\u0000ght" is no name'],
    ['a name that is no text', damage.bind(undefined, 'height', 2, 0xff, 1), '"heÿght" is no name'],
    ['a slash in a name', damage.bind(undefined, 'height', 2, 0x2f, 1), '"he/ght" is no name'],
    ['no name', damage.bind(undefined, 'height', -4, 0), 'a name of 0 bytes'],
    ['a name without end', damage.bind(undefined, 'height', -4, 5000), 'a name of 5000 bytes'],
    ['a list of another kind', damage.bind(undefined, 'title', -12, 10), 'a list of the kind 10 where one of the kind 12 belongs'],
    ['a type that does not exist', damage.bind(undefined, 'title', 8, 7), 'values of the type 7'],
    ['a dimension that does not exist', damage.bind(undefined, 'height', 12, 9), "a variable's dimension 0 is number 9 of 3"],
    ['a record dimension behind another', damage.bind(undefined, 'height', 16, 0), "a variable's dimension 1 is number 0 of 3"],
    [
      'no number of records',
      damage.bind(undefined, 'CDF', 4, 0xffffffff),
      'the number of its records was never written, so whoever made the file has not closed it',
    ],
    ['two record dimensions', damage.bind(undefined, 'CDF', 36, 0), 'there are two record dimensions'],
  ])('%s', (_, make, said) => {
    const path = make();
    expect(() => NetcdfFile.open(path)).toThrow(
      expect.objectContaining({ code: 'NC_EDAMAGED', message: `${path}: has a damaged header (${said})` }) as Error,
    );
  });
});

test('the library tells its version', () => {
  expect(netcdfVersion()).toMatch(/^\d+\.\d+\.\d+/);
});

describe('damaged HDF5 files', () => {
  it('are refused where bytes were put in, which HDF5 itself may crash on', () => {
    const [path, longer] = [join(folder, 'whole.nc'), join(folder, 'longer.nc')];
    writeSample(path, 'netcdf4');
    const bytes = readFileSync(path);
    expect(hdf5Mismatch(path)).toBeUndefined();
    writeFileSync(longer, Buffer.concat([bytes.subarray(0, 300), bytes.subarray(250, 300), bytes.subarray(300)]));
    expect(hdf5Mismatch(longer)).toEqual({ actual: bytes.length + 50, needed: bytes.length });
    expect(() => NetcdfFile.open(longer)).toThrow(expect.objectContaining({ code: 'NC_EHDFERR' }) as Error);
    expect(hdf5Mismatch(join(folder, 'none.nc'))).toBeUndefined();
  });

  it('are opened in a process of their own first, so that no byte of the header can end this one', () => {
    const path = join(folder, 'damaged.nc');
    writeSample(path, 'netcdf4');
    const bytes = readFileSync(path);
    let refused = 0;
    for (let at = 48; at < 2000; at += 61) {
      const damaged = Buffer.from(bytes);
      damaged.fill(0xff, at, at + 4);
      writeFileSync(path, damaged);
      const told = [0, 1].map(() => {
        try {
          NetcdfFile.open(path).close();
          return undefined;
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^NC_/) as string, path });
          return (error as Error).message;
        }
      });
      expect(told[1]).toBe(told[0]); // it was not sound for having been tried
      if (told[0] !== undefined) refused++;
    }
    expect(refused).toBeGreaterThan(5);
    // The same path, whole again: nothing of the damaged one is remembered.
    writeFileSync(path, bytes);
    const file = NetcdfFile.open(path);
    expect([...file.read<Int16Array>('flag')]).toHaveLength(8);
    file.close();
  });
});

describe('damaged headers of classic files', () => {
  it.each([
    ['a name longer than netCDF allows, which netCDF-C writes past its memory', 'classic', 18, 0x22, 'has a damaged header (a name of '],
    ['a list that is none', 'classic', 11, 0x0b, 'has a damaged header (a list of the kind 11 where one of the kind 10 belongs)'],
  ] as const)('%s', (_, format, at, byte, said) => {
    const path = join(folder, 'damaged.nc');
    writeSample(path, format);
    const bytes = readFileSync(path);
    bytes[at] = byte;
    writeFileSync(path, bytes);
    expect(() => NetcdfFile.open(path)).toThrow(
      expect.objectContaining({ code: 'NC_EDAMAGED', message: expect.stringContaining(said) as string }) as Error,
    );
  });
});
