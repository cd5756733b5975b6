/**
 * Whether two products say the same: bit for bit, or but for when and where they were made, or with numbers that differ by so much. What a number may differ by
 * is measured against the largest one of its field, which is what a sum in another order is good for.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { NetcdfArray } from '@retroplume/native';
import { readTensors } from '../../../files/checkpoint';
import { openNetcdf } from '../../../files/netcdf/netcdf-access';
import { csvRows } from '../../../base/whole-files';
import { sha256 } from '../../engine/input-hashes';

export interface Comparison {
  /** `bits`: equal; `content`: equal but for times, durations and paths; `numbers`: the same things with other numbers; `other`: not comparable */
  same: 'bits' | 'content' | 'numbers' | 'other';
  /** with `numbers`: the largest difference, relative to the largest number of its field */
  difference?: number;
  /** where that is, or what keeps the two from being compared */
  where?: string;
}

/** Named rows of numbers, and text. */
type Content = Map<string, ArrayLike<number> | string>;

/** Compares two files of the same name. */
export async function compareFiles(expected: string, actual: string): Promise<Comparison> {
  if ((await sha256(expected)) === (await sha256(actual))) return { same: 'bits' };
  const read = CONTENT[extname(expected)];
  if (!read) return { same: 'other', where: 'its bytes differ' };
  return compareContents(read(expected), read(actual));
}

function bytesOf({ buffer, byteOffset, byteLength }: NetcdfArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Compares a file with what is known of one that is not there. */
export async function compareWithHash(expected: { sha256: string; values?: string }, actual: string): Promise<Comparison> {
  const { values } = expected;
  if ((await sha256(actual)) === expected.sha256) return { same: 'bits' };
  if (values !== undefined && hashOfValues(actual) === values) return { same: 'content' };
  return { same: 'other', where: 'its bytes differ, and the bundle has only their hash' };
}

/** SHA-256 of the values of all variables of a netCDF file, in its order. */
export function hashOfValues(path: string): string {
  const hash = createHash('sha256');
  const file = openNetcdf(path);
  try {
    for (const { name, type } of file.variables) {
      const shape = file.shape(name);
      // A step at a time: such a file may be larger than memory.
      for (let step = 0; step < (shape.length > 0 ? shape[0] : 1); step++) {
        const start = shape.map((_, d) => (d === 0 ? step : 0));
        const count = shape.map((length, d) => (d === 0 ? 1 : length));
        hash
          .update(`${name} ${step} `)
          .update(type === 'string' ? file.readStrings(name, start, count).join('\n') : bytesOf(file.read(name, start, count)));
      }
    }
    return hash.digest('hex');
  } finally {
    file.close();
  }
}

function compareContents(expected: Content, actual: Content): Comparison {
  let worst = { difference: 0, where: '' };
  for (const name of new Set([...expected.keys(), ...actual.keys()])) {
    const [a, b] = [expected.get(name), actual.get(name)];
    const difference = a === undefined || b === undefined ? undefined : differenceOf(a, b);
    if (difference === undefined) return { same: 'other', where: `${name || 'it'} is another or missing` };
    if (difference > worst.difference) worst = { difference, where: name };
  }
  return worst.difference === 0 ? { same: 'content' } : { same: 'numbers', ...worst };
}

/** undefined where two things cannot be compared as numbers. */
function differenceOf(a: ArrayLike<number> | string, b: ArrayLike<number> | string): number | undefined {
  if (typeof a === 'string' || typeof b === 'string') return a === b ? 0 : undefined;
  if (a.length !== b.length) return undefined;
  let [largest, apart] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    if (Object.is(a[i], b[i]) && !Number.isFinite(a[i])) continue;
    if (!Number.isFinite(a[i]) || !Number.isFinite(b[i])) return Infinity;
    largest = Math.max(largest, Math.abs(a[i]), Math.abs(b[i]));
    apart = Math.max(apart, Math.abs(a[i] - b[i]));
  }
  return apart === 0 ? 0 : apart / largest;
}

const CONTENT: Record<string, ((path: string) => Content) | undefined> = {
  '.nc': readNetcdf,
  '.safetensors': (path) => new Map([...readTensors(path).tensors].map(([name, { data }]) => [name, data])),
  '.json': (path) => flatten(JSON.parse(readFileSync(path, 'utf8'))),
  '.csv': readCsv,
  '.txt': (path) => new Map([['text', withoutFolders(readFileSync(path, 'utf8'))]]),
};

/** A path, whose folders may have blanks in their names, or other text. */
function withoutItsFolders(text: string): string {
  return /^\.{0,2}\//.test(text) ? text.slice(text.lastIndexOf('/') + 1) : withoutFolders(text);
}

/** Where a file lies is no part of a result; its name is. */
function withoutFolders(text: string): string {
  return text.replace(/[^\s"]*\//g, '');
}

/** All variables; attributes tell when a file was made, and of what. */
function readNetcdf(path: string): Content {
  const file = openNetcdf(path);
  try {
    const content: Content = new Map();
    for (const { name, type } of file.variables) {
      if (type === 'string') content.set(name, file.readStrings(name).join('\n'));
      else if (type === 'char') content.set(name, Buffer.from(bytesOf(file.read(name))).toString());
      else content.set(name, numbersOf(file.read(name)));
    }
    return content;
  } finally {
    file.close();
  }
}

function numbersOf(values: NetcdfArray): ArrayLike<number> {
  return values instanceof BigInt64Array || values instanceof BigUint64Array ? Array.from(values, Number) : values;
}

/** Columns of numbers, and of text. */
function readCsv(path: string): Content {
  const [head, ...rows] = csvRows(readFileSync(path, 'utf8').trimEnd());
  return new Map(
    head.map((name, column) => {
      const cells = rows.map((row) => row[column] ?? '');
      const numbers = cells.map((cell) => (cell === '' ? NaN : Number(cell)));
      return [name, cells.every((cell, i) => cell === '' || !Number.isNaN(numbers[i])) ? numbers : cells.join('\n')];
    }),
  );
}

/** The leaves of a JSON value, each number for itself, but for those that tell how long something took, and the name of the case, by which no result differs. */
function flatten(value: unknown, path = '', out: Content = new Map()): Content {
  if (typeof value === 'number') out.set(path, [value]);
  else if (value === null || typeof value !== 'object') out.set(path, withoutItsFolders(String(value)));
  else if (Array.isArray(value) && value.every((element) => typeof element === 'number')) out.set(path, value);
  else
    for (const [key, child] of Object.entries(value)) if (key !== 'seconds' && !isCaseName(path, key, child)) flatten(child, `${path}.${key}`, out);
  return out;
}

function isCaseName(path: string, key: string, value: unknown): boolean {
  return path === '' && key === 'case' && typeof value === 'string';
}
