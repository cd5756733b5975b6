/** What a program gives a function of the library: where it is not typed, a slip shall be told at the entrance. */
import { ConfigError } from './errors';

/** @throws {ConfigError} `CALL_INVALID` unless an argument is right */
export function expectArgument(right: boolean, name: string, expected: string, received: unknown): void {
  if (right) return;
  throw new ConfigError('CALL_INVALID', `${name}: expected ${expected} but received ${shown(received)}: mend the call`);
}

/** @param expected - with the article, as `a grid` @throws {ConfigError} `CALL_INVALID` unless an argument is an object */
export function expectObject(value: unknown, name: string, expected: string): void {
  expectArgument(typeof value === 'object' && value !== null, name, expected, value);
}

/** @throws {ConfigError} `CALL_INVALID` unless an argument is a list of numbers: an array, or a typed one */
export function expectNumbers(value: unknown, name: string, expected = 'a list of numbers'): void {
  expectArgument(Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)), name, expected, value);
}

/** @throws {ConfigError} `CALL_INVALID` unless an argument is a text */
export function expectText(value: unknown, name: string, expected: string): void {
  expectArgument(typeof value === 'string', name, expected, value);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' && value !== null ? Object.prototype.toString.call(value).slice('[object '.length, -1) : String(value);
}
