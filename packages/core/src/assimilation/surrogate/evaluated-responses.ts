/**
 * The sums that `evaluate` has made of the surrogate's responses and the transport model's, kept as a file for `certify`, which judges the same runs at the
 * same hours by the same statistics: each is a run of the surrogate through the whole period.
 */
import { join } from 'node:path';
import type { Group } from '../../base/species';
import { writeFileAtomic } from '../../files/checkpoint';
import { readJson } from '../../files/json';
import type { BlockSums } from '../../surrogate/judgement/response-comparison';

export const RESPONSE_SUMS_FILE = 'response-sums.json';

/** By period and group, one for each species. */
type EvaluatedResponses = ReadonlyMap<string, ReadonlyMap<Group, BlockSums[]>>;

/** A value that is no number has no place in JSON: null. */
type Kept = Record<string, Record<string, Record<string, (number | null)[]>[]>>;

export function writeResponseSums(dir: string, responses: EvaluatedResponses): void {
  const object = <T, U>(map: ReadonlyMap<string, T>, convert: (value: T) => U): Record<string, U> =>
    Object.fromEntries([...map].map(([name, value]) => [name, convert(value)]));
  const saved: Kept = object(responses, (byGroup) => object(byGroup, (sums) => sums.map((blocks) => object(blocks, (values) => Array.from(values)))));
  writeFileAtomic(join(dir, RESPONSE_SUMS_FILE), JSON.stringify(saved));
}

/** @param dir - of `evaluate` @throws {DataError} `JSON_UNREADABLE` */
export function readResponseSums(dir: string): EvaluatedResponses {
  const saved = readJson<Kept>(join(dir, RESPONSE_SUMS_FILE), { keys: {}, remedy: `remove ${dir}, and run evaluate again` });
  const blocksOf = (blocks: Kept[string][string][number]): BlockSums =>
    new Map(Object.entries(blocks).map(([block, sums]) => [block, Float64Array.from(sums, (value) => value ?? NaN)]));
  return new Map(
    Object.entries(saved).map(([period, byGroup]) => [period, new Map(Object.entries(byGroup).map(([group, sums]) => [group, sums.map(blocksOf)]))]),
  );
}
