import { Random } from '../../base/random';
import { unitGrid } from '../testing/small-world';
import { chooseWatched, chooseWithheld, chooseWithheldColumns } from './withheld';

const grid = unitGrid(30, 40);

function stations(n: number, seed: number): { id: string; lon: number; lat: number }[] {
  const random = new Random(seed);
  return Array.from({ length: n }, (_, i) => ({ id: `s${i}`, lon: random.uniform() * 42, lat: random.uniform() * 30 }));
}

describe('chooseWithheld', () => {
  it.each([1, 2, 3, 4, 5])('withholds whole blocks, about the asked part (seed %i)', (seed) => {
    const all = stations(100, seed);
    const inside = all.filter(({ lon }) => lon < 40);
    const { withheld, block } = chooseWithheld(all, grid, { fraction: 0.2, blockCells: 6, seed });
    expect(Math.abs(withheld.size - 0.2 * inside.length)).toBeLessThanOrEqual(2);
    expect(block.size).toBe(inside.length);
    const cellOf = ({ lon, lat }: { lon: number; lat: number }): string => `${Math.floor(lon)},${Math.floor(lat)}`;
    const used = inside.filter(({ id }) => !withheld.has(id));
    const held = inside.filter(({ id }) => withheld.has(id));
    const usedCells = new Set(used.map(cellOf));
    expect(held.some((station) => usedCells.has(cellOf(station)))).toBe(false);
    const usedBlocks = new Set(used.map(({ id }) => block.get(id)));
    expect(held.some(({ id }) => usedBlocks.has(block.get(id)))).toBe(false);
  });

  it('depends on seed and stations, not on their order', () => {
    const all = stations(80, 9);
    const choose = (list: typeof all, seed: number): string[] =>
      [...chooseWithheld(list, grid, { fraction: 0.3, blockCells: 4, seed }).withheld].sort();
    expect(choose([...all].reverse(), 1)).toEqual(choose(all, 1));
    expect(choose(all, 2)).not.toEqual(choose(all, 1));
  });

  it('withholds nothing at fraction 0, and says when nothing can be', () => {
    const close = [
      { id: 'a', lon: 1.2, lat: 1 },
      { id: 'b', lon: 1.8, lat: 1 },
    ];
    expect(chooseWithheld(close, grid, { fraction: 0, blockCells: 6, seed: 1 }).withheld.size).toBe(0);
    expect(() => chooseWithheld(close, grid, { fraction: 0.2, blockCells: 6, seed: 1 })).toThrow(/lower withheld.blockCells/);
    expect(() => chooseWithheld(close, grid, { fraction: 1.2, blockCells: 6, seed: 1 })).toThrow(/fraction/);
  });

  it.each([
    [0.28, 12],
    [0.22, 8],
  ])('comes as near to %f of those in the grid as blocks of four let it: %i of 40', (fraction, count) => {
    const places = Array.from({ length: 40 }, (_, i) => ({
      id: `s${i}`,
      lon: 8 * (Math.floor(i / 4) % 5) + 0.5,
      lat: 15 * Math.floor(i / 20) + 0.5,
    }));
    const outside = Array.from({ length: 40 }, (_, i) => ({ id: `far${i}`, lon: 100, lat: 60 }));
    for (const seed of [1, 2, 3]) {
      expect(chooseWithheld([...places, ...outside], grid, { fraction, blockCells: 6, seed }).withheld.size).toBe(count);
    }
  });

  it('withholds at least one block where a fraction is asked', () => {
    const few = [
      { id: 'a', lon: 1.2, lat: 1 },
      { id: 'b', lon: 30, lat: 20 },
    ];
    expect(chooseWithheld(few, grid, { fraction: 0.1, blockCells: 6, seed: 1 }).withheld.size).toBe(1);
    expect(chooseWithheld(few, grid, { fraction: 0.9, blockCells: 6, seed: 1 }).withheld.size).toBe(1);
    // Of blocks that are all too large, the smallest.
    const many = Array.from({ length: 14 }, (_, i) => ({ id: `s${i}`, lon: i < 4 ? 1 : i < 9 ? 16 : 31, lat: 15 }));
    for (const seed of [1, 2, 3]) {
      expect([...chooseWithheld(many, grid, { fraction: 0.05, blockCells: 6, seed }).withheld]).toEqual(['s0', 's1', 's2', 's3']);
    }
  });
});

it('blocks may be single cells; not all stations may be withheld', () => {
  const all = stations(60, 2);
  const settings = { fraction: 0.3, blockCells: 1, seed: 1 };
  const { withheld, block } = chooseWithheld(all, grid, settings);
  expect(withheld.size).toBeCloseTo(0.3 * block.size, 0);
  for (const wrong of [{ fraction: 1 }, { fraction: -0.1 }, { fraction: NaN }, { blockCells: 0 }, { blockCells: 1.5 }]) {
    expect(() => chooseWithheld(all, grid, { ...settings, ...wrong })).toThrow(expect.objectContaining({ code: 'WITHHELD_SETTINGS' }) as Error);
  }
});

describe('chooseWatched', () => {
  it('watches blocks of stations that are not withheld, some 15 % of them', () => {
    const all = stations(100, 4);
    const settings = { fraction: 0.2, blockCells: 4, seed: 3 };
    const choice = chooseWithheld(all, grid, settings);
    const watched = chooseWatched(all, grid, choice, settings);
    expect([...watched].filter((id) => choice.withheld.has(id) || !choice.block.has(id))).toEqual([]);
    expect(Math.abs(watched.size - 0.15 * (choice.block.size - choice.withheld.size))).toBeLessThanOrEqual(2);
    const rest = all.filter(({ id }) => choice.block.has(id) && !choice.withheld.has(id));
    expect(watched).toEqual(chooseWithheld(rest, grid, { fraction: 0.15, blockCells: 4, seed: 4 }).withheld);
  });

  it('says which setting does without, where they fill one block', () => {
    const one = [{ id: 'a', lon: 1.2, lat: 1 }];
    const settings = { fraction: 0, blockCells: 6, seed: 1 };
    expect(() => chooseWatched(one, grid, chooseWithheld(one, grid, settings), settings)).toThrow(
      /^inversion\.stopOnWithheld: the 1 stations .* set inversion\.stopOnWithheld: false/,
    );
  });
});

describe('chooseWithheldColumns', () => {
  const seen = { cells: new Set(Array.from({ length: 30 * 40 }, (_, cell) => cell)), days: new Set([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) };
  const settings = { fraction: 0.2, days: 0.2, blockCells: 5, seed: 3, watch: true };

  it('withholds whole blocks and whole days, and watches other blocks', () => {
    const { withheld, watched, block } = chooseWithheldColumns(seen, 40, settings);
    expect(Math.abs(withheld.cells.size - 240)).toBeLessThanOrEqual(13);
    expect(withheld.days.size).toBe(2);
    const blocks = new Set([...withheld.cells].map((cell) => block.get(cell)));
    expect([...seen.cells].filter((cell) => blocks.has(block.get(cell)))).toHaveLength(withheld.cells.size);
    expect([...watched].filter((cell) => withheld.cells.has(cell))).toEqual([]);
    expect(Math.abs(watched.size - 0.15 * (1200 - withheld.cells.size))).toBeLessThanOrEqual(13);
  });

  it('draws the same whatever the order, and others with another seed', () => {
    const turned = { cells: new Set([...seen.cells].reverse()), days: new Set([...seen.days].reverse()) };
    const { withheld, watched } = chooseWithheldColumns(turned, 40, settings);
    expect({ withheld, watched }).toMatchObject({
      withheld: chooseWithheldColumns(seen, 40, settings).withheld,
      watched: chooseWithheldColumns(seen, 40, settings).watched,
    });
    expect(chooseWithheldColumns(seen, 40, { ...settings, seed: 4 }).withheld).not.toEqual(withheld);
  });

  it('leaves a day to use, and withholds nothing where nothing is asked', () => {
    expect(chooseWithheldColumns({ ...seen, days: new Set([1]) }, 40, settings).withheld.days.size).toBe(0);
    expect(chooseWithheldColumns({ ...seen, days: new Set([1, 2]) }, 40, { ...settings, days: 0.9 }).withheld.days.size).toBe(1);
    const none = chooseWithheldColumns(seen, 40, { ...settings, fraction: 0, days: 0, watch: false });
    expect([none.withheld.cells.size, none.withheld.days.size, none.watched.size]).toEqual([0, 0, 0]);
    expect(chooseWithheldColumns({ cells: new Set(), days: new Set() }, 40, settings).withheld.cells.size).toBe(0);
    expect(() => chooseWithheldColumns({ cells: new Set([0]), days: new Set() }, 40, settings)).toThrow(/^withheld\.columns: the 1 cells/);
  });
});
