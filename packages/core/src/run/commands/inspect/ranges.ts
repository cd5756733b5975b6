/** Ranges of a variable of a netCDF file, read a slab at a time: memory does not grow with the file. */
import type { NetcdfAttribute, NetcdfFile } from '@retroplume/native';

import { holdsNumbers } from '../../../files/netcdf/netcdf-access';
import { fillsOf, packingOf, plain } from '../../../files/netcdf/netcdf-cf';
import type { VariableSummary } from './inspection';

/** Values read at once: 16 MB in double precision. */
const SLAB = 2_000_000;
/** Numbers that a type with a sign has: how far a negative one is from what it means without (_Unsigned). */
const SIGNED: Record<string, number> = { byte: 2 ** 8, short: 2 ** 16, int: 2 ** 32 };
/** Beyond it a value is a mark for missing: BADVAL3 is -9.999e36, netCDF's fill value 9.97e36. */
const MISSING_BEYOND = 9e36;

export interface Ranges extends VariableSummary {
  negative: number;
  /** indices along the first dimension at which every value is 0 */
  zeroSteps: number[];
  /** indices along the first dimension at which no value is there */
  emptySteps: number[];
}

/** @returns undefined for text */
export function rangesOf(file: NetcdfFile, name: string): Ranges | undefined {
  const variable = file.variable(name);
  if (!variable || variable.type === 'user-defined' || !holdsNumbers(variable)) return undefined;
  const shape = file.shape(name);
  const attributes = file.attributes(name);
  // A mark in double beside floats, or the other way round, is the same in single precision.
  const precision = ['float', 'double'].includes(variable.type) ? Math.fround : Number;
  const marks = fillsOf(variable.type, plain(attributes));
  const { scale = 1, offset = 0, unsigned = false } = packingOf(plain(attributes), `${file.path}: ${name}`) ?? {};
  const turn = unsigned ? (SIGNED[variable.type] ?? 0) : 0;
  const steps = shape[0] ?? 1;
  const zero = new Uint8Array(steps).fill(1);
  const empty = new Uint8Array(steps).fill(1);
  const perStep = shape.slice(1).reduce((product, length) => product * length, 1);
  let [min, max, sum, valid, missing, negative] = [Infinity, -Infinity, 0, 0, 0, 0];
  for (const { start, count } of slabsOf(shape)) {
    const raw = file.read(name, start, count, new Float64Array(count.reduce((product, length) => product * length, 1)));
    for (let i = 0; i < raw.length; i++) {
      const value = scale * (raw[i] < 0 ? raw[i] + turn : raw[i]) + offset;
      if (!Number.isFinite(raw[i]) || Math.abs(raw[i]) > MISSING_BEYOND || marks.includes(precision(raw[i]))) {
        missing++;
        continue;
      }
      const step = shape.length === 0 ? 0 : start[0] + (count[0] === 1 ? 0 : Math.floor(i / perStep));
      empty[step] = 0;
      if (value !== 0) zero[step] = 0;
      if (value < 0) negative++;
      if (value < min) min = value;
      if (value > max) max = value;
      sum += value;
      valid++;
    }
  }
  const flagged = (flags: Uint8Array): number[] => [...flags.keys()].filter((step) => flags[step] === 1);
  const emptySteps = valid + missing === 0 ? [] : flagged(empty);
  return {
    name,
    units: textOf(attributes.get('units')),
    shape: variable.dimensions.map((dimension, axis) => `${dimension} ${shape[axis]}`).join(', '),
    ...(valid > 0 ? { min, max, mean: sum / valid } : {}),
    missing,
    values: valid + missing,
    negative,
    zeroSteps: flagged(zero).filter((step) => !emptySteps.includes(step)),
    emptySteps,
  };
}

/** Hyperslabs of at most {@link SLAB} values: several first indices at once, or parts of one. */
function* slabsOf(shape: readonly number[]): Generator<{ start: number[]; count: number[] }> {
  if (shape.includes(0)) return;
  const size = shape.reduce((product, length) => product * length, 1);
  if (size <= SLAB || shape.length === 0) {
    yield { start: shape.map(() => 0), count: [...shape] };
    return;
  }
  const [first, ...rest] = shape;
  const perStep = size / first;
  if (perStep > SLAB) {
    for (let i = 0; i < first; i++) for (const { start, count } of slabsOf(rest)) yield { start: [i, ...start], count: [1, ...count] };
    return;
  }
  const slabSteps = Math.floor(SLAB / perStep);
  for (let i = 0; i < first; i += slabSteps) yield { start: [i, ...rest.map(() => 0)], count: [Math.min(slabSteps, first - i), ...rest] };
}

export function numbersOf(value: NetcdfAttribute): number[] {
  return value === undefined || typeof value === 'string' || Array.isArray(value) ? [] : Array.from(value as Iterable<number | bigint>, Number);
}

/** Text without its padding. */
export function textOf(value: NetcdfAttribute): string {
  const text = typeof value === 'string' ? value : Array.isArray(value) ? value.join('') : '';
  return text.replace(/[\s\0]+$/, '').trim();
}
