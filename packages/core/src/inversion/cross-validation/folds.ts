/**
 * Which monitors are left out together in cross-validation: whole spatial blocks, or whole regions, because a monitor next to a used one judges nothing.
 * @see Roberts et al. (2017), Ecography 40, 913–929, doi:10.1111/ecog.02881: cross-validation of data that are alike where they are near
 */
import { DataError } from '../../base/errors';
import { Random } from '../../base/random';

export interface Fold {
  name: string;
  /** ids of the stations that are left out */
  leftOut: ReadonlySet<string>;
}

/**
 * Deals whole blocks out to `count` folds, the largest first, each to the fold with the fewest stations so far; blocks of one size in an order that `seed` draws. Every
 * station is left out once. The same blocks and seed give the same folds, whatever the stations' order.
 *
 * @param blocks - block of every station that may be left out
 * @throws {DataError} `FOLDS_TOO_FEW_BLOCKS`
 */
export function blockFolds(blocks: ReadonlyMap<string, string>, count: number, seed: number): Fold[] {
  const members = new Map<string, string[]>();
  for (const [id, block] of blocks) members.set(block, [...(members.get(block) ?? []), id]);
  if (members.size < count) {
    throw new DataError(
      'FOLDS_TOO_FEW_BLOCKS',
      `crossValidation.folds: the ${blocks.size} stations that are not withheld fill ${members.size} blocks, too few for ${count} folds: lower it, or withheld.blockCells`,
    );
  }
  const names = [...members.keys()].sort();
  const drawn = [...new Random(seed).fork('folds').permutation(names.length)].map((i) => members.get(names[i])!);
  const folds = Array.from({ length: count }, () => [] as string[]);
  for (const ids of drawn.sort((a, b) => b.length - a.length))
    folds.reduce((smallest, fold) => (fold.length < smallest.length ? fold : smallest)).push(...ids);
  return folds.map((ids, k) => ({ name: String(k + 1), leftOut: new Set(ids) }));
}

/**
 * One fold for each region: its stations are left out. Stations outside all regions are left out of none, one in two regions is left out twice.
 *
 * @param cells - cell of every station that may be left out
 * @param masks - per region, above 0 at its cells
 * @throws {DataError} `FOLD_REGION_EMPTY`
 */
export function regionFolds(cells: ReadonlyMap<string, number>, masks: ReadonlyMap<string, ArrayLike<number>>): Fold[] {
  return [...masks].map(([name, mask]) => {
    const leftOut = new Set([...cells].flatMap(([id, cell]) => (mask[cell] > 0 ? [id] : [])));
    if (leftOut.size === 0) {
      throw new DataError(
        'FOLD_REGION_EMPTY',
        `crossValidation.by: region ${name} holds no station that is not withheld: remove it from regions, or set by: blocks`,
      );
    }
    return { name, leftOut };
  });
}
