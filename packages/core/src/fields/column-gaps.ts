/**
 * Hours in which a run has no columns, as the prior run has no layers in them: NaN in the store, for all cells of an hour. A network takes 0 there, which is what no other hour
 * has, and is trained on the other hours alone.
 */
import { columnGas, type Species } from '../base/species';
import { readInstants } from '../columns/column-store';

/** Of each hour and species of a period 1 where no run has a value. */
export interface ColumnGaps {
  /** `[hours, species]` */
  mask: Uint8Array;
  species: number;
}

/**
 * @param dir - the prepared store
 * @returns undefined where all species have values in all hours
 * @throws {DataError} `PREPARED_MISSING`
 */
export function columnGaps(dir: string, period: string, species: readonly Species[], hours: number): ColumnGaps | undefined {
  const columns = species.flatMap((name, s) => (columnGas(name) === undefined ? [] : [{ s, instants: readInstants(dir, period, name) }]));
  const mask = new Uint8Array(hours * species.length);
  for (const { s, instants } of columns) instants.forEach((instant, hour) => (mask[hour * species.length + s] = instant === 0 ? 1 : 0));
  return mask.includes(1) ? { mask, species: species.length } : undefined;
}

/** Writes 0 where there is no column. @returns the same memory */
export function zeroInGaps(values: Float32Array): Float32Array {
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) values[i] = 0;
  return values;
}

/** The hours from `first` up to `end` that have values, by species. */
export function hoursWithValues({ mask, species }: ColumnGaps, first: number, end: number): number[] {
  const counts = Array.from({ length: species }, () => 0);
  for (let i = first * species; i < end * species; i++) if (mask[i] === 0) counts[i % species]++;
  return counts;
}
