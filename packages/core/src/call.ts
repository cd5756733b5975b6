/** What a program gives a function of the library: where it is not typed, a slip shall be told at the entrance. */
import { ConfigError } from './errors';

/** @throws {ConfigError} `CALL_INVALID` unless an argument is right */
export function expectArgument(right: boolean, name: string, expected: string, received: unknown): void {
  if (right) return;
  throw new ConfigError('CALL_INVALID', `${name}: expected ${expected} but received ${shown(received)}: mend the call`);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' && value !== null ? Object.prototype.toString.call(value).slice('[object '.length, -1) : String(value);
}
