/** How files lie on disk, and what only other programs write: strings and types of a user's own. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { NetcdfFile, type NetcdfFormat } from './netcdf';
import { hdf5Mismatch } from './netcdf-length';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'netcdf-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What ncgen makes of a description. */
function generated(cdl: string): string {
  const path = join(folder, 'given.nc');
  writeFileSync(join(folder, 'given.cdl'), `netcdf given {${cdl}}`);
  execFileSync('ncgen', ['-k', 'nc4', '-o', path, join(folder, 'given.cdl')]);
  return path;
}

const FILL = 9.969209968386869e36; // NC_FILL_DOUBLE

describe('a new file', () => {
  it.each<[NetcdfFormat, boolean]>([
    ['classic', true],
    ['netcdf4', true],
    ['classic', false],
  ])('%s, values that are not written are filled: %s', (format, prefill) => {
    const path = join(folder, 'a.nc');
    const file = NetcdfFile.create(path, format, prefill);
    file.defineDimension('x', 3);
    file.defineVariable('v', 'double', ['x']);
    file.endDefine();
    file.write('v', [2], [1], Float64Array.of(7));
    file.close();
    const again = NetcdfFile.open(path);
    const values = [...again.read<Float64Array>('v')];
    again.close();
    expect(values.slice(0, 2).every((value) => value === FILL)).toBe(prefill);
    expect(values[2]).toBe(7);
  });

  it('takes the place of one that is there', () => {
    const path = join(folder, 'a.nc');
    for (const length of [2, 5]) {
      const file = NetcdfFile.create(path, 'classic');
      file.defineDimension('x', length);
      file.close();
    }
    const file = NetcdfFile.open(path);
    expect(file.dimensions).toEqual([{ name: 'x', length: 5, unlimited: false }]);
    file.close();
  });

  it('is deflated and cut into chunks as it was asked for', () => {
    const path = join(folder, 'a.nc');
    const file = NetcdfFile.create(path);
    file.defineDimension('x', 20000);
    file.defineVariable('packed', 'int', ['x'], { deflate: 3, chunks: [5000] });
    file.defineVariable('plain', 'int', ['x']);
    file.endDefine();
    for (const name of ['packed', 'plain'])
      file.write(
        name,
        [0],
        [20000],
        new Int32Array(20000).map((_, i) => i),
      );
    file.close();
    const special = execFileSync('ncdump', ['-hs', path], { encoding: 'utf8' });
    expect(special).toMatch(/packed:_ChunkSizes = 5000 ;[^]*packed:_Shuffle = "true" ;\s+packed:_DeflateLevel = 3 ;/);
    expect(special).not.toMatch(/plain:_DeflateLevel/);
    expect(readFileSync(path).length).toBeLessThan(120000); // of 160000 bytes
  });

  it('is written from and read into a part of a larger array', () => {
    const file = NetcdfFile.create(join(folder, 'a.nc'), 'classic');
    file.defineDimension('x', 3);
    file.defineVariable('v', 'int', ['x']);
    file.putAttribute('v', 'range', Float64Array.of(1, 2, 3, 4).subarray(1, 3));
    file.endDefine();
    file.write('v', [0], [3], Int32Array.of(9, 1, 2, 3, 9).subarray(1, 4));
    const into = new Int32Array(5).fill(-1);
    file.read('v', [0], [3], into.subarray(2));
    expect([...into]).toEqual([-1, -1, 1, 2, 3]);
    expect(file.attributes('v').get('range')).toEqual(Float64Array.of(2, 3));
    for (const length of [2, 4]) {
      expect(() => file.read('v', [0], [3], new Int32Array(length))).toThrow(`the array holds ${length} values but count asks for 3`);
    }
    file.close();
  });

  it.each([-1, NaN, Infinity])('has no dimension of length %f', (length) => {
    const file = NetcdfFile.create(join(folder, 'a.nc'));
    expect(() => file.defineDimension('x', length)).toThrow("a dimension's length is 0 or more");
    file.close();
  });

  it('has a chunk length for every dimension', () => {
    const file = NetcdfFile.create(join(folder, 'a.nc'));
    file.defineDimension('x', 4);
    const define = (): void => file.defineVariable('v', 'int', ['x', 'x'], { chunks: [2] });
    expect(define).toThrow(expect.objectContaining({ code: 'NC_EBADCHUNK' }) as Error);
    file.close();
  });
});

describe('the length that the superblock of an HDF5 file promises', () => {
  // HDF5 File Format Specification 3.0, II.A: where the width of addresses is told, and where the first of them, the base address, lies.
  it.each([
    [0, 13, 24, 8],
    [0, 13, 24, 4],
    [1, 13, 28, 8],
    [2, 9, 12, 8],
    [3, 9, 12, 4],
  ])('is found in version %i: the width in byte %i, addresses from byte %i, of %i bytes', (version, widthAt, first, width) => {
    const path = join(folder, 'a.h5');
    const write = (base: number, end: number): void => {
      const bytes = Buffer.alloc(200, 0xee);
      bytes.write('\x89HDF\r\n\x1a\n', 'latin1');
      bytes[8] = version;
      bytes[widthAt] = width;
      const address = (i: number, value: number): void =>
        width === 8 ? void bytes.writeBigUInt64LE(BigInt(value), first + i * width) : void bytes.writeUInt32LE(value, first + i * width);
      address(0, base);
      address(2, end);
      writeFileSync(path, bytes);
    };
    write(0, 200);
    expect(hdf5Mismatch(path)).toBeUndefined();
    write(0, 199);
    expect(hdf5Mismatch(path)).toEqual({ actual: 200, needed: 199 });
    write(0, 300);
    expect(hdf5Mismatch(path)).toEqual({ actual: 200, needed: 300 });
    write(100, 300); // something stands before it
    expect(hdf5Mismatch(path)).toBeUndefined();
  });
});

describe('of other programs', () => {
  it('strings of more dimensions than one, whole and in part, and as attributes', () => {
    const path = generated(`
      dimensions: y = 2; x = 3;
      variables: string name(y, x); string :sites = "north", "", "süd"; string :one = "alone";
      data: name = "a", "bb", "", "dddd", "é", "f";`);
    const file = NetcdfFile.open(path);
    expect(file.variables).toEqual([{ name: 'name', type: 'string', dimensions: ['y', 'x'] }]);
    expect(file.readStrings('name')).toEqual(['a', 'bb', '', 'dddd', 'é', 'f']);
    expect(file.readStrings('name', [0, 1], [2, 2])).toEqual(['bb', '', 'é', 'f']);
    expect(file.readStrings('name', [1, 1])).toEqual(['é', 'f']);
    expect(Object.fromEntries(file.attributes())).toEqual({ sites: ['north', '', 'süd'], one: ['alone'] });
    expect(() => file.readStrings('name', [0, 0], [6])).toThrow(/name has 2 dimensions/);
    file.close();
  });

  it('strings that no memory holds are refused, and the process lives on', () => {
    const path = join(folder, 'large.nc');
    const made = NetcdfFile.create(path);
    made.defineDimension('x', 2 ** 40);
    made.defineDimension('y', 2 ** 24);
    made.defineVariable('many', 'string', ['x'], { chunks: [1000] });
    made.defineVariable('more', 'string', ['x', 'y'], { chunks: [1000, 1] });
    made.close();
    const file = NetcdfFile.open(path);
    // 2^40, and 2^64, which no number of elements is.
    for (const name of ['many', 'more']) expect(() => file.readStrings(name)).toThrow(/large\.nc: .* \(netCDF -61\)$/);
    file.close();
  });

  it('attributes of a type of the user’s own are named, without a value', () => {
    const path = generated('types: byte enum level {LOW = 1, HIGH = 2}; variables: int v; level v:from = HIGH; v:after = 3s;');
    const file = NetcdfFile.open(path);
    expect([...file.attributes('v')]).toEqual([
      ['from', undefined],
      ['after', Int16Array.of(3)],
    ]);
    file.close();
  });

  it('a part to the end, from where it starts', () => {
    const path = generated('dimensions: y = 2; x = 3; variables: int v(y, x); data: v = 1, 2, 3, 4, 5, 6;');
    const file = NetcdfFile.open(path);
    expect(file.read('v', [1, 1])).toEqual(Int32Array.of(5, 6));
    expect(() => file.read('v', [0, 0], [6], new Int32Array(6))).toThrow(/v has 2 dimensions/);
    file.close();
  });

  it('text that is no UTF-8 is taken for Latin-1', () => {
    const path = generated(':title = "caf\\351 au lait";');
    const file = NetcdfFile.open(path);
    expect(file.attributes().get('title')).toBe('café au lait');
    file.close();
  });
});

it('a signal that asks all processes of a run to stop is not taken for damage of the file that is opened', async () => {
  const paths = Array.from({ length: 40 }, (_, i) => join(folder, `${i}.nc`));
  for (const path of paths) NetcdfFile.create(path).close();
  const program = `
    const { NetcdfFile } = require(${JSON.stringify(join(__dirname, '../../dist'))});
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1']) process.on(signal, () => undefined);
    process.stdin.resume();
    process.stdout.write('ready');
    try {
      for (const path of ${JSON.stringify(paths)}) NetcdfFile.open(path).close();
      process.stdout.write('opened');
    } catch (error) {
      process.stdout.write(error.message);
    }`;
  const child = spawn(process.execPath, ['-e', program], { detached: true });
  const said = async (): Promise<string> => String(await once(child.stdout, 'data'));
  expect(await said()).toBe('ready');
  const send = (): void => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.kill(-child.pid!, signal);
  };
  const sending = setInterval(send, 1);
  const opened = await said();
  clearInterval(sending);
  child.stdin.end();
  await once(child, 'exit');
  expect(opened).toBe('opened');
});

// A process of its own: HDF5 would end it.
test('a file with strings that is open twice is read on when one of the two is closed, and closed with the other', () => {
  const path = generated('dimensions: n = 2; variables: string s(n); int v(n); data: s = "a", "b"; v = 1, 2;');
  const code = `
    const { readdirSync, readlinkSync } = require('node:fs');
    const { Dataset } = require(${JSON.stringify(join(__dirname, '../../build/Release/netcdf.node'))});
    const path = ${JSON.stringify(path)};
    const linkOf = (descriptor) => { try { return readlinkSync('/proc/self/fd/' + descriptor); } catch { return ''; } };
    const open = () => readdirSync('/proc/self/fd').some((descriptor) => linkOf(descriptor) === path);
    const [first, second] = [new Dataset(path, 'read'), new Dataset(path, 'read')];
    first.close();
    first.close();
    const said = [second.describe().variables.map(({ name }) => name).join(), second.readStrings('s', [0], [2]).join(), open()];
    second.close();
    console.log(...said, open());`;
  expect(execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' })).toBe('s,v a,b true false\n');
});

describe('values that may crash HDF5', () => {
  const of = (name: string): string => `int ${name}(y, x) ; ${name}:_ChunkSizes = 2, 100 ; ${name}:_Fletcher32 = "true" ;`;
  const whole = (): string => generated(`dimensions: y = 4 ; x = 100 ; variables: ${of('v')} ${of('w')} data: v = ${numbers()} ; w = ${numbers()} ;`);
  const numbers = (): string => Array.from({ length: 400 }, (_, i) => i).join(', ');

  /** A file of which the first chunk of w is said to be shorter than its checksum: HDF5 1.14.5 reads past its memory. */
  function damaged(): string {
    const path = whole();
    const bytes = readFileSync(path);
    const trees = [...bytes.keys()].filter((at) => bytes.toString('latin1', at, at + 5) === 'TREE\x01'); // indices of chunks
    expect(trees.map((at) => bytes.readUInt32LE(at + 24))).toEqual([804, 804]); // 2 rows and the checksum
    bytes.writeUInt32LE(2, trees[1] + 24);
    writeFileSync(path, bytes);
    return path;
  }
  const code = expect.objectContaining({ code: 'NC_EHDFERR' }) as Error;

  it('are read in a process of their own first: all of a file, or those with checksums', () => {
    const file = NetcdfFile.open(damaged());
    expect(file.read('v')[399]).toBe(399);
    expect(() => file.read('w')).toThrow(code);
    expect(() => file.tryValues()).toThrow(code);
    expect(() => file.tryValues()).toThrow('reading w');
    file.close();
  });

  it('and are what they are where nothing is wrong', () => {
    const file = NetcdfFile.open(whole());
    file.tryValues();
    expect([...file.read('w', [3, 98], [1, 2])]).toEqual([398, 399]);
    file.close();
  });
});

describe('groups', () => {
  const inner = 'group: b { dimensions: n = 4 ; variables: short z(m, n) ; z:units = "Pa" ; data: z = 0, 1, 2, 3, 4, 5, 6, 7 ; }';
  const cdl = `dimensions: n = 2 ; variables: int v(n) ; group: a { dimensions: m = 2 ; variables: int x(n) ; int y ; data: x = 8, 9 ; ${inner} } group: empty { }`;

  it('are told with what they hold', () => {
    const file = NetcdfFile.open(generated(cdl));
    expect(file.variables.map(({ name }) => name)).toEqual(['v']);
    expect(file.groups).toEqual([
      { name: 'a', variables: [{ name: 'x', type: 'int', dimensions: ['n'] }, { name: 'y', type: 'int', dimensions: [] }] },
      { name: 'a/b', variables: [{ name: 'z', type: 'short', dimensions: ['m', 'n'] }] },
    ]); // prettier-ignore
    file.close();
  });

  it('are read by the path of a variable, with the dimensions and attributes that it has there', () => {
    const file = NetcdfFile.open(generated(cdl));
    expect(file.shape('a/b/z')).toEqual([2, 4]); // n of the inner group, not that of the file
    expect([...file.read('a/b/z', [1, 1], [1, 2])]).toEqual([5, 6]);
    expect([...file.read('a/x')]).toEqual([8, 9]);
    file.keepChunks('a/b/z', [1, 4]); // no chunks: nothing to keep
    expect(file.attributes('a/b/z').get('units')).toBe('Pa');
    expect([file.variable('z'), file.variable('a/z'), file.variable('c/z')]).toEqual([undefined, undefined, undefined]);
    expect(() => file.read('a/z')).toThrow('there is no variable a/z; it holds v, a/x, a/y, a/b/z');
    file.close();
  });
});
