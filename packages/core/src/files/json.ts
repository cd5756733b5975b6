/** JSON: values as text that is the same for equal values, and its hash; files that a run keeps, read whole and of the right shape, or refused with a sentence that says what to do. */
import { createHash } from 'node:crypto';
import { DataError } from '../base/errors';
import { readRegular } from '../base/whole-files';

/** JSON with sorted keys: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, v: unknown) =>
    v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v,
  );
}

/** SHA-256, hexadecimal. */
export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export interface JsonExpectation {
  /** keys that the object has at least, each with what its value is */
  keys: Readonly<Record<string, 'string' | 'number' | 'boolean' | 'object' | 'array'>>;
  /** what the user is to do where the file is not so */
  remedy: string;
  /** of `JSON.parse` */
  reviver?: (key: string, value: unknown) => unknown;
}

/**
 * An object from a file.
 * @throws {DataError} `JSON_UNREADABLE` if the file cannot be read, is cut short, or holds something else
 */
export function readJson<T>(path: string, { keys, remedy, reviver }: JsonExpectation): T {
  let value: unknown;
  try {
    value = JSON.parse(readRegular(path).toString('utf8'), reviver);
  } catch (cause) {
    throw new DataError('JSON_UNREADABLE', `${path}: expected JSON but it cannot be read (${(cause as Error).message}): ${remedy}`, { cause });
  }
  const lacking =
    kindOf(value) !== 'object' ? 'an object' : Object.keys(keys).find((key) => kindOf((value as Record<string, unknown>)[key]) !== keys[key]);
  if (lacking === undefined) return value as T;
  const wanted = lacking in keys ? `an object whose ${lacking} is ${keys[lacking] === 'array' ? 'a list' : `of type ${keys[lacking]}`}` : lacking;
  throw new DataError('JSON_UNREADABLE', `${path}: expected ${wanted} but received something else: ${remedy}`);
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}
