/**
 * The sums that `evaluate` has made of the surrogate's responses and the transport model's, kept as a file for `certify`, which judges the same runs at the
 * same hours by the same statistics: each is a run of the surrogate through the whole period.
 */
import { join } from 'node:path';
import { writeFileAtomic } from '../../files/checkpoint';
import { readJson } from '../../files/json';
import type { BlockSums } from '../../surrogate/judgement/response-comparison';
import type { PeriodFigures } from './evaluate-period';

export const RESPONSE_SUMS_FILE = 'response-sums.json';

/** What `evaluate` has compared in a period. */
export type PeriodSums = Pick<PeriodFigures, 'sums' | 'parts' | 'whole'>;

type EvaluatedResponses = ReadonlyMap<string, PeriodSums>;

/** A value that is no number has no place in JSON: null. */
type KeptGroups = Record<string, Record<string, (number | null)[]>[]>;
type Kept = Record<string, { sums: KeptGroups; parts: KeptGroups; whole?: KeptGroups[string] }>;

export function writeResponseSums(dir: string, responses: EvaluatedResponses): void {
  const object = <T, U>(map: ReadonlyMap<string, T>, convert: (value: T) => U): Record<string, U> =>
    Object.fromEntries([...map].map(([name, value]) => [name, convert(value)]));
  const ofSpecies = (sums: BlockSums[]): KeptGroups[string] => sums.map((blocks) => object(blocks, (values) => Array.from(values)));
  const saved: Kept = object(responses, ({ sums, parts, whole }) => ({
    sums: object(sums, ofSpecies),
    parts: object(parts, ofSpecies),
    ...(whole ? { whole: ofSpecies(whole) } : {}),
  }));
  writeFileAtomic(join(dir, RESPONSE_SUMS_FILE), JSON.stringify(saved));
}

/** @param dir - of `evaluate` @throws {DataError} `JSON_UNREADABLE` */
export function readResponseSums(dir: string): EvaluatedResponses {
  const saved = readJson<Kept>(join(dir, RESPONSE_SUMS_FILE), { keys: {}, remedy: `remove ${dir}, and run evaluate again` });
  const blocksOf = (blocks: KeptGroups[string][number]): BlockSums =>
    new Map(Object.entries(blocks).map(([block, sums]) => [block, Float64Array.from(sums, (value) => value ?? NaN)]));
  const ofGroups = (byGroup: KeptGroups): PeriodSums['sums'] => new Map(Object.entries(byGroup).map(([group, sums]) => [group, sums.map(blocksOf)]));
  return new Map(
    Object.entries(saved).map(([period, { sums, parts, whole }]) => [
      period,
      { sums: ofGroups(sums), parts: ofGroups(parts), ...(whole ? { whole: whole.map(blocksOf) } : {}) },
    ]),
  );
}
