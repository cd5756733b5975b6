import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeTensors } from '../../../files/checkpoint';
import { NetcdfOutput } from '../../../files/netcdf/netcdf-access';
import { compareFiles, compareWithHash, hashOfValues, type Comparison } from './compare-files';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'retroplume-compare-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** Compares two files of a name, each written into a folder of its own. */
function compared<T>(name: string, write: (path: string, content: T) => void, a: T, b: T): Promise<Comparison> {
  const paths = ['a', 'b'].map((of) => join(folder, of, name));
  for (const [i, path] of paths.entries()) {
    mkdirSync(dirname(path), { recursive: true });
    write(path, [a, b][i]);
  }
  return compareFiles(paths[0], paths[1]);
}

interface Field {
  madeAt: string;
  values: number[];
  label?: string;
}

function writeField(path: string, { madeAt, values, label = 'NO2' }: Field): void {
  const output = NetcdfOutput.create(path, { format: 'classic' });
  output.write((file) => {
    file.defineDimension('x', values.length);
    file.defineDimension('letters', 3);
    file.defineVariable('NO2', 'float', ['x']);
    file.defineVariable('label', 'char', ['letters']);
    file.putAttribute('', 'history', madeAt);
    file.endDefine();
    file.write('NO2', [0], [values.length], Float32Array.from(values));
    file.write('label', [0], [3], new TextEncoder().encode(label));
  });
  output.commit();
}

describe('netCDF', () => {
  const field = { madeAt: 'monday', values: [1, -4, 2] };
  it.each<[string, Field, Comparison]>([
    ['equal', field, { same: 'bits' }],
    ['another time of making', { ...field, madeAt: 'sunday' }, { same: 'content' }],
    [
      'a number that differs, against the largest of its field',
      { ...field, values: [1.5, -4, 2] },
      { same: 'numbers', difference: 0.125, where: 'NO2' },
    ],
    ['a value that is missing in one', { ...field, values: [NaN, -4, 2] }, { same: 'numbers', difference: Infinity, where: 'NO2' }],
    ['a value without end in one', { ...field, values: [1, -4, -Infinity] }, { same: 'numbers', difference: Infinity, where: 'NO2' }],
    ['another length', { ...field, values: [1, -4] }, { same: 'other', where: 'NO2 is another or missing' }],
    ['another text', { ...field, label: 'SO2' }, { same: 'other', where: 'label is another or missing' }],
  ])('%s', async (_what, other, expected) => {
    expect(await compared('field.nc', writeField, field, other)).toEqual(expected);
  });

  it('one value that is without end in both', async () => {
    const endless = { ...field, values: [1, -4, Infinity] };
    expect(await compared('field.nc', writeField, endless, { ...endless, madeAt: 'sunday' })).toEqual({ same: 'content' });
    const other = { ...endless, values: [1.5, -4, Infinity] };
    expect(await compared('field.nc', writeField, endless, other)).toEqual({ same: 'numbers', difference: 0.125, where: 'NO2' });
  });

  it('by the hash of the values alone: another time of making is no difference, another value is', async () => {
    const paths = ['a.nc', 'b.nc', 'c.nc'].map((name) => join(folder, name));
    writeField(paths[0], field);
    writeField(paths[1], { ...field, madeAt: 'sunday' });
    writeField(paths[2], { ...field, values: [1, -4, 2.5] });
    const known = { sha256: 'of other bytes', values: hashOfValues(paths[0]) };
    const found = await Promise.all(paths.map((path) => compareWithHash(known, path)));
    expect(found.map(({ same }) => same)).toEqual(['content', 'content', 'other']);
  });
});

it('tensors: by name', async () => {
  const write = (path: string, data: number[]): void =>
    writeTensors(path, { tensors: new Map([['weight', { data: Float32Array.from(data), shape: [data.length] }]]), metadata: {} });
  expect(await compared('w.safetensors', write, [1, 2], [1, 2])).toEqual({ same: 'bits' });
  expect(await compared('w.safetensors', write, [1, 2], [1.5, 2])).toEqual({ same: 'numbers', difference: 0.25, where: 'weight' });
});

describe('JSON and tables', () => {
  const json = (path: string, value: unknown): void => writeFileSync(path, JSON.stringify(value));
  it.each<[string, unknown, unknown, Comparison]>([
    ['durations and folders are no difference', { seconds: 1, file: '/a/x.nc' }, { seconds: 2, file: '/b/c/x.nc' }, { same: 'content' }],
    ['nor folders with blanks in their names', { file: '/my runs/a b/x.nc' }, { file: '../other runs/x.nc' }, { same: 'content' }],
    ['another file in a folder with a blank', { file: '/a b/x.nc' }, { file: '/a b/y.nc' }, { same: 'other', where: '.file is another or missing' }],
    ['the name of the case is no difference', { case: 'a', of: { n: 1 } }, { case: 'b', of: { n: 1 } }, { same: 'content' }],
    ['a name further down is', { of: { case: 'a' } }, { of: { case: 'b' } }, { same: 'other', where: '.of.case is another or missing' }],
    ['names of files are', { file: '/a/x.nc' }, { file: '/a/y.nc' }, { same: 'other', where: '.file is another or missing' }],
    [
      'numbers each for itself',
      { a: { big: 1000, small: 1 } },
      { a: { big: 1000, small: 2 } },
      { same: 'numbers', difference: 0.5, where: '.a.small' },
    ],
    ['lists of numbers against their largest', [1, 4], [2, 4], { same: 'numbers', difference: 0.25, where: '' }],
    ['a key that is missing', { a: 1 }, {}, { same: 'other', where: '.a is another or missing' }],
    ['null and a number', { a: null }, { a: 1 }, { same: 'other', where: '.a is another or missing' }],
  ])('%s', async (_what, a, b, expected) => {
    expect(await compared('figures.json', json, a, b)).toEqual(expected);
  });

  it('columns of a table', async () => {
    const write = (path: string, text: string): void => writeFileSync(path, text);
    const table = (mae: string, name = 'NO2'): string => `species,mae\n${name},${mae}\nO3,\n`;
    expect(await compared('scores.csv', write, table('4'), table('4'))).toEqual({ same: 'bits' });
    expect(await compared('scores.csv', write, table('4'), table('3'))).toEqual({ same: 'numbers', difference: 0.25, where: 'mae' });
    expect(await compared('scores.csv', write, table('4'), table('4', 'SO2'))).toEqual({ same: 'other', where: 'species is another or missing' });
    // A station, region or type of site may be called anything.
    const named = '"urban, ""old"" town\nroadside"';
    expect(await compared('scores.csv', write, table('4', named), table('3', named))).toEqual({ same: 'numbers', difference: 0.25, where: 'mae' });
    expect(await compared('scores.csv', write, table('4', named), table('4', named.replace('old', 'new')))).toMatchObject({ same: 'other' });
  });
});

it('what no reader is for counts by its bytes', async () => {
  const write = (path: string, text: string): void => writeFileSync(path, text);
  expect(await compared('model.onnx', write, 'a', 'a')).toEqual({ same: 'bits' });
  expect(await compared('model.onnx', write, 'a', 'b')).toEqual({ same: 'other', where: 'its bytes differ' });
});
