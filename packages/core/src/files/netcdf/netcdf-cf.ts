/** Small netCDF/CF files read and written whole: products, and gridded inputs from elsewhere. */
import type { NetcdfArray, NetcdfAttribute, NetcdfFile, NetcdfFormat, NetcdfType, NetcdfVariable } from '@retroplume/native';

import { DataError, expectArgument, expectObject, expectOptions, expectText, ShapeError } from '../../base/errors';
import { storedLabels, type CfLabels } from './cf-labels';
import { holdsNumbers, NetcdfOutput, openNetcdf, reading } from './netcdf-access';

export type CfData = Exclude<NetcdfArray, BigInt64Array | BigUint64Array>;
export type CfAttributes = Record<string, string | number | NetcdfArray>;

export interface CfVariable {
  name: string;
  dimensions: string[];
  /** row-major; missing values are NaN in floating point */
  data: CfData;
  attributes?: CfAttributes;
}

export interface CfContents {
  dimensions: Record<string, number>;
  /** variables that bear the name of their dimension (x, y, time, lat, lon) */
  coordinates?: CfVariable[];
  variables: CfVariable[];
  attributes?: CfAttributes;
}

/** What is written: {@link CfContents}, and names along dimensions. */
export interface CfWritten extends CfContents {
  labels?: readonly CfLabels[];
}

const TYPES: [new (length: number) => CfData, NetcdfType][] = [
  [Float32Array, 'float'],
  [Float64Array, 'double'],
  [Int32Array, 'int'],
  [Uint32Array, 'uint'],
  [Int16Array, 'short'],
  [Uint16Array, 'ushort'],
  [Int8Array, 'byte'],
  [Uint8Array, 'ubyte'],
];

/**
 * Writes a compressed netCDF-4 file under CF conventions, to a temporary name first; folders that are not there are made.
 *
 * @throws {ShapeError} `CF_SHAPE` if a variable's length is not the product of its dimensions
 * @throws {DataError} `DISK_FULL`, `FILE_UNWRITABLE`; `WRITE_FAILED` where a folder cannot be made
 *
 * @example
 * writeCf('map.nc', { dimensions: { y: 2, x: 3 }, variables: [{ name: 'NO2', dimensions: ['y', 'x'], data, attributes: { units: 'ppb' } }] });
 */
export function writeCf(path: string, contents: CfWritten, options: { format?: NetcdfFormat; deflate?: number } = {}): void {
  expectText(path, 'writeCf: path', 'a path');
  expectObject(contents, 'writeCf: contents', 'dimensions and variables');
  expectObject(contents.dimensions, 'writeCf: dimensions', 'the length of each dimension');
  expectArgument(Array.isArray(contents.variables), 'writeCf: variables', 'a list of variables', contents.variables);
  expectOptions(options, 'writeCf', { format: true, deflate: true });
  const labels = storedLabels(contents.labels);
  const lengths: Record<string, number> = { ...contents.dimensions, ...labels.dimensions };
  const variables = [...(contents.coordinates ?? []), ...contents.variables, ...labels.variables];
  for (const variable of variables) checkShape(path, variable, lengths);
  const bytes = variables.reduce((sum, { data }) => sum + data.byteLength, 0);
  const { format = 'netcdf4' } = options;
  const output = NetcdfOutput.create(path, { format, bytes, compressed: format === 'netcdf4' });
  output.write((file) => {
    defineCf(file, { ...contents, dimensions: lengths }, variables, options.deflate ?? 2);
    for (const { name, dimensions, data } of variables) {
      file.write(
        name,
        dimensions.map(() => 0),
        dimensions.map((dimension) => lengths[dimension]),
        data,
      );
    }
  });
  output.commit();
}

/** @throws {ShapeError} `CF_SHAPE` */
export function checkShape(path: string, { name, dimensions, data }: CfVariable, lengths: Record<string, number>): void {
  const unknown = dimensions.find((dimension) => lengths[dimension] === undefined);
  const shape = dimensions.map((dimension) => lengths[dimension]);
  if (unknown === undefined && data.length === shape.reduce((product, length) => product * length, 1)) return;
  const received = unknown === undefined ? `${data.length} values` : `an undefined dimension ${unknown}`;
  throw new ShapeError(
    'CF_SHAPE',
    `${path}: ${name}: expected [${dimensions.join(', ')}] = [${shape.join(', ')}] but received ${received}: mend the call`,
  );
}

function defineCf(file: NetcdfFile, { dimensions, attributes = {} }: CfContents, variables: CfVariable[], deflate: number): void {
  for (const [name, value] of Object.entries({ Conventions: 'CF-1.10', ...attributes })) file.putAttribute('', name, value);
  for (const [name, length] of Object.entries(dimensions)) file.defineDimension(name, length);
  for (const variable of variables) {
    const { name, dimensions: axes, data, attributes: givenAttributes = {} } = variable;
    file.defineVariable(name, typeOf(variable), axes, axes.length > 0 ? { deflate } : {});
    const floating = data instanceof Float32Array || data instanceof Float64Array;
    if (floating && !axes.includes(name))
      file.putAttribute(name, '_FillValue', (data instanceof Float32Array ? Float32Array : Float64Array).of(Number.NaN));
    for (const [key, value] of Object.entries(givenAttributes)) if (key !== '_FillValue') file.putAttribute(name, key, value);
  }
  file.endDefine();
}

/** Of what is written. */
export function typeOf(variable: CfVariable & { isText?: true }): NetcdfType {
  return variable.isText ? 'char' : typeOfData(variable.data);
}

function typeOfData(data: CfData): NetcdfType {
  return TYPES.find(([constructor]) => data instanceof constructor)?.[1] ?? 'double';
}

/**
 * Reads a netCDF file whole: numeric variables, with fill values as NaN and CF packing (scale_factor, add_offset) undone.
 *
 * @param names - names of the variables to read; default all
 * @returns variables that bear their dimension's name under `coordinates`, the others under `variables`; attributes of one number as a number
 * @throws {DataError} `FILE_MISSING`, `FILE_NOT_NETCDF`, `FILE_TRUNCATED`, `VARIABLE_MISSING`
 *
 * @example
 * const { variables } = readCf('runs/mine/invert/factors.nc', ['factor_winter']);
 */
export function readCf(path: string, names?: string[]): Required<CfContents> {
  const file = openNetcdf(path);
  try {
    return reading(path, () => cfContents(file, names));
  } finally {
    file.close();
  }
}

/** {@link readCf} of a file that is open. */
export function cfContents(file: NetcdfFile, names?: string[]): Required<CfContents> {
  const missing = names?.find((name) => !file.variable(name));
  if (missing !== undefined) throw variableMissing(file, missing);
  const wanted = file.variables.filter((variable) => holdsNumbers(variable) && (names?.includes(variable.name) ?? true));
  const variables = wanted.map(({ name, dimensions }) => readVariable(file, name, dimensions));
  return {
    dimensions: Object.fromEntries(file.dimensions.map(({ name, length }) => [name, length])),
    coordinates: variables.filter(({ name, dimensions }) => dimensions.length === 1 && dimensions[0] === name),
    variables: variables.filter(({ name, dimensions }) => dimensions.length !== 1 || dimensions[0] !== name),
    attributes: plain(file.attributes()),
  };
}

/** One variable of a file that was read. @throws {DataError} `VARIABLE_MISSING` */
export function cfVariable(contents: CfContents, name: string, path: string): CfVariable {
  const variables = [...(contents.coordinates ?? []), ...contents.variables];
  const cfVariable = variables.find((variable) => variable.name === name);
  if (cfVariable) return cfVariable;
  throw new DataError(
    'VARIABLE_MISSING',
    `${path}: there is no variable ${name}; it holds ${variables.map((variable) => variable.name).join(', ')}: give another file`,
  );
}

/** One that holds numbers. @throws {DataError} `VARIABLE_MISSING` */
export function numericVariable(file: NetcdfFile, name: string): NetcdfVariable {
  const existing = file.variable(name);
  if (existing && holdsNumbers(existing)) return existing;
  throw variableMissing(file, name);
}

function variableMissing(file: NetcdfFile, name: string): DataError {
  const names = file.variables.map((variable) => variable.name).join(', ');
  const group = file.groups.find(({ variables }) => variables.some((variable) => variable.name === name))?.name;
  const [problem, remedy] =
    group === undefined ? ['', 'give another file'] : [` outside of groups, only in ${group}`, `take it out of there first (ncks -G : -v ${name})`];
  return new DataError('VARIABLE_MISSING', `${file.path}: there is no variable ${name}${problem}; it holds ${names || 'none'}: ${remedy}`);
}

function readVariable(file: NetcdfFile, name: string, dimensions: string[]): CfVariable & { attributes: CfAttributes } {
  const attributes = plain(file.attributes(name));
  return { name, dimensions, data: readUnpacked(file, name), attributes };
}

/** All values of a variable; see {@link unpacked}. */
export function readUnpacked(file: NetcdfFile, name: string): CfData {
  return unpacked(file.read(name), plain(file.attributes(name)), `${file.path}: ${name}`);
}

/**
 * Values as CF means them: fill values NaN, packing undone. Arrays of floating point are changed in place; whole numbers stay what they are unless they are
 * packed or one of them is missing.
 *
 * @param subject - file and variable, for messages
 * @throws {DataError} `CF_PACKING`
 */
export function unpacked(stored: NetcdfArray, attributes: CfAttributes, subject: string): CfData {
  const packing = packingOf(attributes, subject);
  const raw = packing?.unsigned ? asUnsigned(stored) : stored;
  const wide = raw instanceof BigInt64Array || raw instanceof BigUint64Array;
  const fills = fillsOf(wide ? 'int64' : typeOfData(raw), attributes);
  const packed = packing !== undefined && (attributes.scale_factor !== undefined || attributes.add_offset !== undefined);
  const floating = raw instanceof Float32Array || raw instanceof Float64Array;
  // netCDF's own fill value, for what was never written, is larger than any real value; infinity is no fill value, but an error for the reader to tell.
  const isMissing = floating
    ? (value: number): boolean => (fills.length > 0 && fills.includes(Math.fround(value))) || (value > 9e36 && value !== Infinity)
    : (value: number): boolean => fills.includes(value);
  const widened = wide || (packed && !(raw instanceof Float64Array)) || (!floating && fills.length > 0 && raw.some(isMissing));
  const data: CfData = widened ? Float64Array.from(raw as Iterable<number | bigint>, Number) : raw;
  if (data instanceof Float32Array || data instanceof Float64Array) {
    for (let i = 0; i < data.length; i++) data[i] = isMissing(data[i]) ? Number.NaN : packed ? packing.scale * data[i] + packing.offset : data[i];
  }
  return data;
}

/** Numbers that a type without a sign has: a mark of a signed type is the same bits there. */
const UNSIGNED: Partial<Record<NetcdfType, number>> = { ubyte: 2 ** 8, ushort: 2 ** 16, uint: 2 ** 32 };

/** netCDF's own fill values, for what was never written; bytes have none, as each of their values may be meant. */
const OWN_FILLS: Partial<Record<NetcdfType, number>> = { short: -32767, ushort: 65535, int: -2147483647, uint: 4294967295 };

/** How the values of a variable are stored: meant is scale · stored + offset, in whole numbers without a sign where `unsigned`. */
interface Packing {
  scale: number;
  offset: number;
  unsigned: boolean;
}

/**
 * @param subject - file and variable, for messages
 * @returns undefined for values that are stored as they are meant
 * @throws {DataError} `CF_PACKING` for a scale or an offset that is not one number
 */
export function packingOf(attributes: CfAttributes, subject: string): Packing | undefined {
  const number = (key: 'scale_factor' | 'add_offset', absent: number): number => {
    const value = attributes[key];
    if (value === undefined) return absent;
    if (typeof value === 'number' && Number.isFinite(value) && (value !== 0 || key === 'add_offset')) return value;
    const received = typeof value === 'string' ? JSON.stringify(value) : String(value);
    throw new DataError(
      'CF_PACKING',
      `${subject}: expected ${key} to be one number${key === 'scale_factor' ? ' other than 0' : ''} but received ${received}: mend the attribute (ncatted)`,
    );
  };
  const unsigned = String(attributes._Unsigned).toLowerCase() === 'true';
  const { scale_factor, add_offset } = attributes;
  if (scale_factor === undefined && add_offset === undefined && !unsigned) return undefined;
  return { scale: number('scale_factor', 1), offset: number('add_offset', 0), unsigned };
}

/** Bytes of signed whole numbers, which are all that classic files have, taken for unsigned ones (NUG's _Unsigned). */
function asUnsigned(raw: NetcdfArray): NetcdfArray {
  if (raw instanceof Int8Array) return new Uint8Array(raw.buffer, raw.byteOffset, raw.length);
  if (raw instanceof Int16Array) return new Uint16Array(raw.buffer, raw.byteOffset, raw.length);
  return raw instanceof Int32Array ? new Uint32Array(raw.buffer, raw.byteOffset, raw.length) : raw;
}

/**
 * What counts as missing, as it stands in the file. Files write 1e20 in double beside floats, or the other way round: numbers of floating point are compared in
 * single precision. Of packed whole numbers it is netCDF's own fill value, too, where the file names none; others may be indices, which mean what they are.
 */
export function fillsOf(type: NetcdfType, attributes: CfAttributes): number[] {
  const { _FillValue, missing_value } = attributes;
  const fillValues = [_FillValue, missing_value].flatMap((value) =>
    value === undefined || typeof value === 'string' ? [] : typeof value === 'number' ? [value] : Array.from<number | bigint, number>(value, Number),
  );
  if (type === 'float' || type === 'double') return fillValues.map(Math.fround);
  const [defaultFill, packed] = [OWN_FILLS[type], attributes.scale_factor !== undefined || attributes.add_offset !== undefined];
  const wrapped = fillValues.map((value) => (value < 0 ? value + (UNSIGNED[type] ?? 0) : value));
  return _FillValue === undefined && defaultFill !== undefined && packed ? [...wrapped, defaultFill] : wrapped;
}

/** Attributes with those of one number as a number. */
export function plain(attributes: Map<string, NetcdfAttribute>): CfAttributes {
  const result: CfAttributes = {};
  for (const [name, value] of attributes) {
    if (value === undefined) continue;
    if (Array.isArray(value)) result[name] = value.join(' ');
    else result[name] = typeof value !== 'string' && value.length === 1 ? Number(value[0]) : value;
  }
  return result;
}

/** By which units CF tells a coordinate, in all spellings that it allows. */
export const CF_UNITS = {
  time: / since /i,
  lat: /^degrees?_?n(orth)?$/i,
  lon: /^degrees?_?e(ast)?$/i,
} as const;
