import * as fc from 'fast-check';
import { CellOverlaps } from './cell-overlaps';
import { Grid } from './grid';
import { LatLonCells } from './lat-lon-cells';
import { EARTH_RADIUS } from './projection';

/** Edges of cells of unequal sides from a first one on. */
const edges = (first: number, sides: number[]): number[] => {
  let at = first;
  return sides.flatMap((side) => [at, (at += side)]);
};
const sides = (most: number): fc.Arbitrary<number[]> => fc.array(fc.double({ min: 0.2, max: most, noNaN: true }), { minLength: 1, maxLength: 6 });
const sources = fc
  .record({
    west: fc.double({ min: -180, max: 359, noNaN: true }),
    south: fc.double({ min: -88, max: 60, noNaN: true }),
    lon: sides(5),
    lat: sides(4),
  })
  .map(({ west, south, lon, lat }) => new LatLonCells(edges(south, lat), edges(west, lon)));
const targets = fc
  .record({
    kind: fc.constantFrom('lambert', 'latlon', 'polar', 'mercator'),
    lon: fc.double({ min: -180, max: 180, noNaN: true }),
    lat: fc.double({ min: 20, max: 60, noNaN: true }),
    cell: fc.double({ min: 20e3, max: 200e3, noNaN: true }),
  })
  .map(({ kind, lon, lat, cell }) => targetAt(kind, lon, lat, cell));

function targetAt(kind: string, lon: number, lat: number, cell: number): Grid {
  const place = { xorig: -4 * cell, yorig: -3 * cell, xcell: cell, ycell: cell, cols: 8, rows: 6, name: kind, xcent: lon, ycent: lat };
  if (kind === 'lambert') return new Grid({ ...place, gdtyp: 2, pAlp: lat - 10, pBet: lat + 10, pGam: lon });
  if (kind === 'polar') return new Grid({ ...place, gdtyp: 6, pAlp: 1, pBet: 60, pGam: lon });
  if (kind === 'mercator') return new Grid({ ...place, gdtyp: 7, pAlp: 0, pBet: 0, pGam: lon, ycent: 0 });
  const degrees = cell / 111e3;
  return new Grid({
    ...place,
    gdtyp: 1,
    pAlp: 0,
    pBet: 0,
    pGam: 0,
    xorig: lon - 4 * degrees,
    yorig: lat - 3 * degrees,
    xcell: degrees,
    ycell: degrees,
  });
}

/** Cells of which most lie on a grid, whose own are smaller or larger. */
const pairs = fc
  .record({
    west: fc.double({ min: -180, max: 359, noNaN: true }),
    south: fc.double({ min: 22, max: 56, noNaN: true }),
    lon: sides(3),
    lat: sides(2),
    kind: fc.constantFrom('lambert', 'latlon', 'polar', 'mercator'),
    cell: fc.double({ min: 20e3, max: 200e3, noNaN: true }),
  })
  .map(({ west, south, lon, lat, kind, cell }) => ({
    cells: new LatLonCells(edges(south, lat), edges(west, lon)),
    grid: targetAt(kind, ((west + 540) % 360) - 180, south, cell),
  }));

it('moves every part of a cell once, whatever the grids', () => {
  let reached = 0;
  fc.assert(
    fc.property(sources, targets, (cells, grid) => {
      const overlaps = new CellOverlaps(cells, grid, 4);
      const every = new CellOverlaps({ rows: cells.rows, cols: cells.cols, cut: (cell, points) => cells.cut(cell, points) }, grid, 4);
      expect(overlaps.target).toEqual(every.target); // leaving out what is far loses nothing
      const moved = overlaps.regrid(new Float64Array(cells.rows * cells.cols).fill(1));
      const sum = moved.reduce((a, b) => a + b, 0);
      const shares = overlaps.share.reduce((a, b) => a + b, 0);
      expect(Math.abs(sum - shares)).toBeLessThanOrEqual(1e-12 * shares);
      for (let cell = 0; cell < cells.rows * cells.cols; cell++) {
        const own = overlaps.share.subarray(overlaps.first[cell], overlaps.first[cell + 1]).reduce((a, b) => a + b, 0);
        expect(own).toBeLessThan(1 + 1e-12);
      }
      if (sum > 0) reached++;
    }),
    { numRuns: 150, seed: 5 },
  );
  expect(reached).toBeGreaterThan(0);
});

it('finds every piece where it lies', () => {
  let reached = 0;
  fc.assert(
    fc.property(pairs, fc.integer({ min: 1, max: 13 }), ({ cells, grid }, points) => {
      const overlaps = new CellOverlaps(cells, grid, points, false);
      if (overlaps.target.length > 0) reached++;
      for (let cell = 0; cell < cells.rows * cells.cols; cell++) {
        const cut = cells.cut(cell, points);
        const parts = new Map<number, number>();
        const weights = Array.from({ length: points ** 2 }, (_, piece) => cut.weight(piece));
        const all = weights.reduce((sum, weight) => sum + weight, 0);
        for (const [piece, weight] of weights.entries()) {
          const at = grid.cellAt(cut.place(piece).lon, cut.place(piece).lat);
          if (at) parts.set(at.row * grid.cols + at.col, (parts.get(at.row * grid.cols + at.col) ?? 0) + weight / all);
        }
        const [begin, end] = [overlaps.first[cell], overlaps.first[cell + 1]];
        expect([...overlaps.target.subarray(begin, end)]).toEqual([...parts.keys()]);
        [...parts.values()].forEach((part, i) => expect(Math.abs(overlaps.share[begin + i] - part)).toBeLessThan(1e-12));
      }
    }),
    { numRuns: 60, seed: 6 },
  );
  expect(reached).toBeGreaterThan(30);
});

it.each([
  [1, -39e3, -2709e3, 12, 10],
  [-1, -1402e3, -680e3, 5, 5],
])('reaches round a pole that lies beside the edge of a grid (P_ALP %d)', (pAlp, xorig, yorig, cols, rows) => {
  const polar = { gdtyp: 6, pAlp, pBet: 60, pGam: -75, xcent: -75, ycent: 90 * pAlp };
  const grid = new Grid({ ...polar, name: 'POLE', xorig, yorig, xcell: 300e3, ycell: 300e3, cols, rows });
  const cells = new LatLonCells(edges(-90, new Array<number>(60).fill(3)), edges(-180, new Array<number>(120).fill(3)));
  const every = new CellOverlaps({ rows: cells.rows, cols: cells.cols, cut: (cell, points) => cells.cut(cell, points) }, grid, 4);
  expect(new CellOverlaps(cells, grid, 4).target).toEqual(every.target);
});

it('moves all of what lies within a grid, and every cell to itself on the same grid', () => {
  const grid = new Grid({
    name: 'OWN',
    gdtyp: 1,
    pAlp: 0,
    pBet: 0,
    pGam: 0,
    xcent: 0,
    ycent: 0,
    xorig: 170,
    yorig: -20,
    xcell: 5,
    ycell: 4,
    cols: 6,
    rows: 10,
  });
  const cells = new LatLonCells(edges(-20, new Array<number>(10).fill(4)), edges(-190, new Array<number>(6).fill(5))); // 170 E, a turn away
  const amount = Float64Array.from({ length: 60 }, (_, i) => 1 + i);
  new CellOverlaps(cells, grid).regrid(amount).forEach((value, i) => expect(value).toBeCloseTo(amount[i], 10));
});

it('has the area of the sphere', () => {
  const globe = new LatLonCells(edges(-90, [40, 60, 80]), edges(0, [100, 260]));
  let area = 0;
  for (let row = 0; row < 3; row++) for (let col = 0; col < 2; col++) area += globe.area(row, col);
  expect(area / (4 * Math.PI * EARTH_RADIUS ** 2)).toBeCloseTo(1, 12);
});
