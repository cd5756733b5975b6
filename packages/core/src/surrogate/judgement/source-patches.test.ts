import { Grid } from '../../grid/grid';
import { cellsOf, choosePatches, distanceRings } from './source-patches';

const DEFINITION = {
  name: 'P',
  gdtyp: 2,
  pAlp: 30,
  pBet: 60,
  pGam: 10,
  xcent: 10,
  ycent: 45,
  xorig: -270000,
  yorig: -270000,
  xcell: 27000,
  ycell: 27000,
};
const grid = new Grid({ ...DEFINITION, rows: 20, cols: 20 });
const options = { count: 4, cells: 2, seed: 1 };

describe('patches', () => {
  it('lie where something is emitted, apart from each other, and follow from the seed', () => {
    const emission = Float64Array.from({ length: 400 }, (_, cell) => (cell % 20 < 10 ? 1 : 0));
    const patches = choosePatches(emission, grid, options);
    expect(patches).toHaveLength(4);
    for (const patch of patches) expect(cellsOf(patch, grid).some((cell) => emission[cell] > 0)).toBe(true);
    patches.forEach((a, i) =>
      patches.slice(0, i).forEach((b) => expect(Math.max(Math.abs(a.row - b.row), Math.abs(a.col - b.col))).toBeGreaterThanOrEqual(5)),
    );
    expect(choosePatches(emission, grid, options)).toEqual(patches);
    expect(choosePatches(emission, grid, { ...options, seed: 2 })).not.toEqual(patches);
  });

  it('prefer strong sources', () => {
    const emission = new Float64Array(400).fill(1e-6);
    emission[5 * 20 + 5] = 1;
    const [{ row, col }] = choosePatches(emission, grid, { count: 1, cells: 1, seed: 3 });
    expect([row, col]).toEqual([5, 5]);
  });

  it('are as many as fit, and none where nothing is emitted', () => {
    expect(choosePatches(new Float64Array(400), grid, options)).toEqual([]);
    expect(choosePatches(new Float64Array(400).fill(1), grid, { ...options, cells: 15 })).toHaveLength(1);
  });
});

it('a patch holds the cells of its square', () => expect(cellsOf({ row: 1, col: 2, side: 2 }, grid)).toEqual([22, 23, 42, 43]));

it('rings are counted from the nearest patch', () => {
  const { ringOf, rings } = distanceRings(grid, [
    { row: 0, col: 0, side: 2 },
    { row: 0, col: 19, side: 1 },
  ]);
  // Ends at 3 and 8 cells of 27 km; the cell in the middle is nine cells from both.
  expect(rings).toEqual([{ fromKm: 0, toKm: 0 }, { fromKm: 0, toKm: 81 }, { fromKm: 81, toKm: 216 }, { fromKm: 216 }]);
  expect(Array.from(ringOf.subarray(0, 20))).toEqual([0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 1, 1, 1, 0]);
  expect(ringOf[19 * 20 + 10]).toBe(3);
});

describe('the distance to the nearest patch', () => {
  const patches = [
    { row: 2, col: 3, side: 1 },
    { row: 15, col: 16, side: 2 },
  ];
  /** By all pairs of cells: 0 in a patch, then up to `ends` in km, then beyond. */
  const ringsBy = (of: Grid, km: (a: number, b: number) => number, ends: readonly number[]): number[] =>
    Array.from({ length: of.rows * of.cols }, (_, cell) => {
      const least = Math.min(...patches.flatMap((patch) => cellsOf(patch, of)).map((other) => km(cell, other)));
      return least === 0 ? 0 : 1 + ends.filter((end) => least > end).length;
    });

  it('is that on the map, of cells that are no squares, too', () => {
    const flat = new Grid({ ...DEFINITION, xcell: 16000, ycell: 36000, rows: 20, cols: 20 });
    const km = (a: number, b: number): number => Math.hypot(36 * (Math.floor(a / 20) - Math.floor(b / 20)), 16 * ((a % 20) - (b % 20)));
    // A cell of 16 km x 36 km is one of 24 km.
    expect([...distanceRings(flat, patches).ringOf]).toEqual(ringsBy(flat, km, [72, 192]));
  });

  it('is that on the sphere where cells are degrees', () => {
    const globe = { ...DEFINITION, gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0 };
    const degrees = new Grid({ ...globe, xorig: 100, yorig: 30, xcell: 0.5, ycell: 0.5, rows: 20, cols: 20 });
    const rad = Math.PI / 180;
    const greatCircle = (a: number, b: number): number => {
      const [p, q] = [a, b].map((cell) => degrees.centre(Math.floor(cell / 20), cell % 20));
      const half =
        Math.sin(((p.lat - q.lat) * rad) / 2) ** 2 + Math.cos(p.lat * rad) * Math.cos(q.lat * rad) * Math.sin(((p.lon - q.lon) * rad) / 2) ** 2;
      return 2 * 6370 * Math.asin(Math.sqrt(half));
    };
    const side = Math.sqrt(degrees.cellArea(9.5)) / 1000;
    expect([...distanceRings(degrees, patches).ringOf]).toEqual(ringsBy(degrees, greatCircle, [3 * side, 8 * side]));
  });
});
