import { DataError } from '../../base/errors';
import { Random } from '../../base/random';
import { blockFolds, regionFolds } from './folds';
import { unitGrid } from '../testing/small-world';
import { chooseWithheld } from '../observations/withheld';

describe('blockFolds', () => {
  const grid = unitGrid(24, 24);
  const random = new Random(5);
  // Several stations a cell here and there: they must stay together.
  const stations = Array.from({ length: 90 }, (_, i) => ({ id: `s${i}`, lon: random.integer(24) + 0.5, lat: random.integer(16) + 0.5 }));
  const cell = new Map(stations.map(({ id, lon, lat }) => [id, Math.floor(lat) * 24 + Math.floor(lon)]));
  const { withheld, block } = chooseWithheld(stations, grid, { fraction: 0.2, blockCells: 4, seed: 3 });
  const kept = new Map([...block].filter(([id]) => !withheld.has(id)));

  it('leaves every station that is not withheld out once, in whole blocks and cells', () => {
    const folds = blockFolds(kept, 4, 1);
    const all = folds.flatMap(({ leftOut }) => [...leftOut]);
    expect(all.sort()).toEqual([...kept.keys()].sort());
    const foldOf = (id: string): string => folds.find(({ leftOut }) => leftOut.has(id))!.name;
    for (const of of [block, cell]) {
      for (const a of kept.keys()) for (const b of kept.keys()) if (of.get(a) === of.get(b)) expect(foldOf(a)).toBe(foldOf(b));
    }
    expect(folds.map(({ name }) => name)).toEqual(['1', '2', '3', '4']);
  });

  it('balances the folds by stations to within the largest block', () => {
    const sizes = blockFolds(kept, 4, 1).map(({ leftOut }) => leftOut.size);
    const blockSizes = [...new Set(kept.values())].map((name) => [...kept.values()].filter((other) => other === name).length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(Math.max(...blockSizes));
  });

  it('deals the largest blocks out first, so that small ones even out what they leave', () => {
    const sizes = { a: 6, b: 3, c: 2, d: 1 };
    const blocks = new Map(Object.entries(sizes).flatMap(([name, size]) => Array.from({ length: size }, (_, i) => [`${name}${i}`, name])));
    for (let seed = 1; seed <= 10; seed++) expect(blockFolds(blocks, 2, seed).map(({ leftOut }) => leftOut.size)).toEqual([6, 6]);
  });

  it('gives the same folds for the same seed in any order of stations, and others for another', () => {
    const sets = (blocks: ReadonlyMap<string, string>, seed: number): string[][] =>
      blockFolds(blocks, 3, seed).map(({ leftOut }) => [...leftOut].sort());
    expect(sets(new Map([...kept].reverse()), 1)).toEqual(sets(kept, 1));
    expect(sets(kept, 2)).not.toEqual(sets(kept, 1));
  });

  it('refuses more folds than blocks, and no fewer', () => {
    const blocks = new Map([...kept].map(([id], i) => [id, String(i % 3)]));
    expect(blockFolds(blocks, 3, 1).map(({ leftOut }) => new Set([...leftOut].map((id) => blocks.get(id))).size)).toEqual([1, 1, 1]);
    expect(() => blockFolds(blocks, 4, 1)).toThrow(DataError);
    expect(() => blockFolds(blocks, 4, 1)).toThrow(/fill 3 blocks, too few for 4 folds/);
  });
});

describe('regionFolds', () => {
  const cells = new Map([
    ['a', 0],
    ['b', 1],
    ['c', 1],
    ['d', 3],
  ]);

  it('leaves the stations of each region out, and those outside never', () => {
    const masks = new Map([
      ['west', [1, 0, 0, 0]],
      ['middle', [0, 1, 1, 0]],
    ]);
    expect(regionFolds(cells, masks)).toEqual([
      { name: 'west', leftOut: new Set(['a']) },
      { name: 'middle', leftOut: new Set(['b', 'c']) },
    ]);
  });

  it('names a region without a station', () => {
    expect(() => regionFolds(cells, new Map([['sea', [0, 0, 1, 0]]]))).toThrow(/region sea holds no station/);
  });
});
