/** IEEE 754 half precision, for fields that are kept in half the room: 11 bits of a number, rounded to nearest, within ±65504; larger ones become that. */
import { loadAddon } from './load-addon';

interface HalfAddon {
  fromHalf(halves: Uint16Array, out: Float32Array, one: number): void;
  toHalf(values: Float32Array, halves: Uint16Array, one: number): void;
}

let loaded: HalfAddon | undefined;

function addon(): HalfAddon {
  loaded ??= loadAddon('retroplume') as HalfAddon;
  return loaded;
}

/** out = halves · one @throws Error with `code` `ARGUMENT_INVALID` if `out` is shorter */
export function fromHalf(halves: Uint16Array, out: Float32Array, one = 1): void {
  addon().fromHalf(halves, out, one);
}

/** halves = values / one @throws Error with `code` `ARGUMENT_INVALID` if `halves` is shorter */
export function toHalf(values: Float32Array, halves: Uint16Array, one = 1): void {
  addon().toHalf(values, halves, one);
}
