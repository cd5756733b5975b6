import { Grid } from '../../grid/grid';
import { EARTH_RADIUS } from '../../grid/projection';
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

it('rings on degrees are counted along the sphere', () => {
  const degrees = new Grid({
    ...DEFINITION,
    gdtyp: 1,
    pAlp: 0,
    pBet: 0,
    pGam: 0,
    xcent: 0,
    ycent: 0,
    xorig: 5,
    yorig: 50,
    xcell: 0.5,
    ycell: 0.25,
    rows: 20,
    cols: 24,
  });
  const patches = [
    { row: 3, col: 2, side: 2 },
    { row: 17, col: 20, side: 1 },
  ];
  const { ringOf, rings } = distanceRings(degrees, patches);
  const radians = (cell: number): [number, number] => {
    const { lon, lat } = degrees.centre(Math.floor(cell / 24), cell % 24);
    return [(lon * Math.PI) / 180, (lat * Math.PI) / 180];
  };
  const apart = (a: number, b: number): number => {
    const [[lonA, latA], [lonB, latB]] = [radians(a), radians(b)];
    const half = Math.sin((latA - latB) / 2) ** 2 + Math.cos(latA) * Math.cos(latB) * Math.sin((lonA - lonB) / 2) ** 2;
    return 2 * (EARTH_RADIUS / 1000) * Math.asin(Math.sqrt(half));
  };
  const sources = patches.flatMap((patch) => cellsOf(patch, degrees));
  expect(rings).toHaveLength(4);
  const wrong = Array.from(ringOf).flatMap((ring, cell) => {
    const distance = Math.min(...sources.map((source) => apart(cell, source)));
    const { fromKm, toKm = Infinity } = rings[ring];
    return (ring === 0 ? distance < 1e-6 : distance > fromKm * (1 - 1e-3) && distance <= toKm * (1 + 1e-3)) ? [] : [{ cell, distance, ring }];
  });
  expect(wrong).toEqual([]);
});
