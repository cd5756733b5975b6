/** Fill values as files have them: in another type than the data, several of them, in whole numbers. */
import { join } from 'node:path';

import { NetcdfFile, type NetcdfArray } from '@retroplume/native';

import { inspectNetcdf } from './netcdf';
import { rangesOf } from './ranges';
import { readCfInventory } from '../../../inventory/cf/cf-inventory';
import { IoapiFile } from '../../../files/ioapi/ioapi-file';
import { cfVariable, readCf } from '../../../files/netcdf/netcdf-cf';
import { ioapiCdl, ncgen } from '../../../files/testing/cdl';
import { failure, temporaryFolder } from '../../../files/testing/shared-data';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);

/** 2 x 2 cells of an inventory with data and attributes of any type. */
function inventory(data: Exclude<NetcdfArray, BigUint64Array>, attributes: Record<string, NetcdfArray>): string {
  const types = new Map<unknown, string>([[Float32Array, 'float'], [Float64Array, 'double'], [Int16Array, 'short'], [BigInt64Array, 'int64']]); // prettier-ignore
  const file = NetcdfFile.create(at('inventory.nc'), 'netcdf4');
  for (const [name, units] of Object.entries({ lat: 'degrees_north', lon: 'degrees_east' })) {
    file.defineDimension(name, 2);
    file.defineVariable(name, 'double', [name]);
    file.putAttribute(name, 'units', units);
  }
  file.defineVariable('e', types.get(data.constructor) as 'float', ['lat', 'lon']);
  file.putAttribute('e', 'units', 'kg m-2 s-1');
  for (const [name, value] of Object.entries(attributes)) file.putAttribute('e', name, value);
  file.endDefine();
  for (const name of ['lat', 'lon']) file.write(name, [0], [2], Float64Array.of(0.5, 1.5));
  file.write('e', [0, 0], [2, 2], data);
  file.close();
  return at('inventory.nc');
}

test.each<[string, Exclude<NetcdfArray, BigUint64Array>, Record<string, NetcdfArray>]>([
  ['1e20 in double beside floats', Float32Array.of(1, 2, 1e20, 4), { missing_value: Float64Array.of(1e20) }],
  ['-9999.9 in double beside floats', Float32Array.of(1, 2, -9999.9, 4), { missing_value: Float64Array.of(-9999.9) }],
  ['1e20 in single beside doubles', Float64Array.of(1, 2, 1e20, 4), { missing_value: Float32Array.of(1e20) }],
  ['one of several', Float32Array.of(1, 2, -888, 4), { missing_value: Float32Array.of(-999, -888) }],
  ['a second one beside _FillValue', Float32Array.of(1, 2, -888, 4), { _FillValue: Float32Array.of(-999), missing_value: Float64Array.of(-888) }],
  ['packed floats', Float32Array.of(0.5, 1, 1e20, 2), { missing_value: Float64Array.of(1e20), scale_factor: Float64Array.of(2) }],
  ['whole numbers', Int16Array.of(1, 2, -32767, 4), { _FillValue: Int16Array.of(-32767) }],
  ['packed whole numbers that were never written, without _FillValue', Int16Array.of(1, 2, -32767, 4), { scale_factor: Float64Array.of(1) }],
  ['and beside another mark', Int16Array.of(1, 2, -32767, 4), { add_offset: Float64Array.of(0), missing_value: Int16Array.of(-1) }],
  ['whole numbers of 64 bits', BigInt64Array.of(1n, 2n, -9n, 4n), { missing_value: Int16Array.of(-9, -8) }],
])('%s: missing in an inventory, and to inspect', (_, data, attributes) => {
  const path = inventory(data, attributes);
  const { fields, missing } = readCfInventory(path, 'e');
  expect([[...fields[0]], missing]).toEqual([[1, 2, 0, 4], 0.25]);
  const file = NetcdfFile.open(path);
  expect(rangesOf(file, 'e')).toMatchObject({ missing: 1, min: 1, max: 4 });
  file.close();
});

test('whole numbers that are not packed, or packed with another fill value, mean what they are', () => {
  const packing = { scale_factor: Float64Array.of(1), _FillValue: Int16Array.of(-1) };
  for (const attributes of [{}, packing]) {
    const path = inventory(Int16Array.of(1, 2, -32767, 4), attributes);
    expect([...cfVariable(readCf(path), 'e', path).data]).toEqual([1, 2, -32767, 4]);
    const file = NetcdfFile.open(path);
    expect(rangesOf(file, 'e')).toMatchObject({ missing: 0, min: -32767, max: 4 });
    file.close();
  }
});

test('whole numbers of which none is missing stay whole', () => {
  const path = inventory(Int16Array.of(1, 2, 3, 4), { _FillValue: Int16Array.of(-32767) });
  expect(cfVariable(readCf(path), 'e', path).data).toEqual(Int16Array.of(1, 2, 3, 4));
});

test('several missing values of an I/O API file', () => {
  const variables = { NO2: { type: 'float' as const, values: [1, -999, -888, 4], attributes: ['missing_value = -999., -888.'] } };
  const file = IoapiFile.open(ncgen(at('several.nc'), ioapiCdl({ cols: 2, rows: 2, flags: [[2017001, 0]], variables })));
  expect([...file.read('NO2')]).toEqual([1, Number.NaN, Number.NaN, 4]);
  file.close();
});

describe('packing', () => {
  const ioapi = (...attributes: string[]): string => {
    const variables = { NO2: { type: 'float' as const, values: [1, 2, 3, 4], attributes } };
    return ncgen(at('packed.nc'), ioapiCdl({ cols: 2, rows: 2, flags: [[2017001, 0]], variables }));
  };
  const remedy = 'unpack the file (ncpdq -U), or delete the attributes if the numbers are right without (ncatted)';

  test.each([
    [['scale_factor = 0.1'], 'scale_factor 0.1'],
    [['scale_factor = 0.1f'], 'scale_factor 0.1'],
    [['scale_factor = 10.f', 'add_offset = -2.'], 'scale_factor 10, add_offset -2'],
    [['add_offset = 1'], 'add_offset 1'],
    [['_Unsigned = "true"'], '_Unsigned true'],
  ])('an I/O API file with %j is refused, also to inspect', (attributes, said) => {
    const path = ioapi(...attributes);
    const what = `NO2 is packed (${said}), of which CMAQ and the I/O API know nothing and take its numbers as they are stored: ${remedy}`;
    expect(() => IoapiFile.open(path)).toThrow(failure('IOAPI_PACKED', `${path}: ${what}`));
    expect(inspectNetcdf(path).odd).toContainEqual({ code: 'IOAPI_PACKED', text: `it is refused as a gridded input: ${what}` });
  });

  test('a scale of 1 and an offset of 0 change nothing', () => {
    const file = IoapiFile.open(ioapi('scale_factor = 1.', 'add_offset = 0.'));
    expect([...file.read('NO2')]).toEqual([1, 2, 3, 4]);
    file.close();
  });

  test.each<[string, string]>([
    ['scale_factor = "0.1"', '"0.1"'],
    ['scale_factor = 0.', '0'],
    ['scale_factor = 1., 2.', '1,2'],
  ])('%s is no scale: refused in any file', (attribute, received) => {
    const path = ncgen(at('a.nc'), `netcdf a { dimensions: x = 2 ; variables: short v(x) ; v:${attribute} ; data: v = 1, 2 ; }`);
    const message = `${path}: v: expected scale_factor to be one number other than 0 but received ${received}: mend the attribute (ncatted)`;
    expect(() => readCf(path)).toThrow(failure('CF_PACKING', message));
  });

  test('whole numbers without a sign in a type that has one, packed or not', () => {
    const cdl = `netcdf a { dimensions: x = 4 ; variables: short v(x) ; v:_Unsigned = "true" ; v:_FillValue = -1s ;
      short w(x) ; w:_Unsigned = "true" ; w:_FillValue = -1s ; w:scale_factor = 0.5 ; data: v = 1, -2, -1, 3 ; w = 1, -2, -1, 3 ; }`;
    const path = ncgen(at('a.nc'), cdl);
    const held = readCf(path);
    expect([...cfVariable(held, 'v', path).data]).toEqual([1, 65534, Number.NaN, 3]);
    expect([...cfVariable(held, 'w', path).data]).toEqual([0.5, 32767, Number.NaN, 1.5]);
    expect(inspectNetcdf(path).variables).toMatchObject([{ min: 1, max: 65534, missing: 1 }, { min: 0.5, max: 32767, missing: 1 }]); // prettier-ignore
  });
});
