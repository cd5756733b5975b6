/** Parts of cells that are rectangles in the target's own coordinates: by hand. */
import { partsByAreas, partsByMiddles } from './cell-parts';
import { Grid } from './grid';
import type { SourceCells } from './lat-lon-cells';

const degree = { name: 'LL', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, xcell: 1, ycell: 1 };

/** One source cell, cut into pieces of one weight. */
function rectangle(west: number, south: number, width: number, height: number): SourceCells {
  return {
    cut: (_: number, n: number) => ({
      place: (i: number) => ({ lon: west + (((i % n) + 0.5) / n) * width, lat: south + ((Math.floor(i / n) + 0.5) / n) * height }),
      weight: () => 1,
    }),
  } as unknown as SourceCells;
}

const to = new Grid({ ...degree, xorig: 10, yorig: 20, cols: 5, rows: 4 });
const parts = (...source: [west: number, south: number, width: number, height: number]): Record<number, number> =>
  Object.fromEntries(partsByAreas(rectangle(...source), to, 0)!);
const expectParts = (found: Record<number, number>, wanted: Record<number, number>): void => {
  expect(Object.keys(found)).toEqual(Object.keys(wanted));
  for (const [cell, part] of Object.entries(wanted)) expect(found[Number(cell)]).toBeCloseTo(part, 6);
};

it('of a cell within one of the target all is there', () => expectParts(parts(12.25, 21.25, 0.5, 0.5), { 7: 1 }));

it('of one over the lines of the target each has its share, however the sides compare', () => {
  // A quarter of the width is west of 12 E, two fifths of the height are south of 22 N.
  expectParts(parts(11.9, 21.8, 0.4, 0.5), { 6: 0.1, 7: 0.3, 11: 0.15, 12: 0.45 });
  // Columns 1 to 3 of row 1 and 2: 0.5, 1 and 1 of 2.5 degrees.
  expectParts(parts(11.5, 21.75, 2.5, 0.5), { 6: 0.1, 7: 0.2, 8: 0.2, 11: 0.1, 12: 0.2, 13: 0.2 });
  expectParts(parts(12.25, 20.5, 0.5, 2.5), { 2: 0.2, 7: 0.4, 12: 0.4 });
});

it('what lies beyond any edge of the target is no part', () => {
  expectParts(parts(9.5, 21, 1, 1), { 5: 0.5 });
  expectParts(parts(14.5, 21, 1, 1), { 9: 0.5 });
  expectParts(parts(12, 19.25, 1, 1), { 2: 0.25 });
  expectParts(parts(12, 23.25, 1, 1), { 17: 0.75 });
  expectParts(parts(30, 21, 1, 1), {});
});

it('goes on at the other side of a target that goes around', () => {
  const around = (xorig: number, west: number): Record<number, number> => {
    const globe = new Grid({ ...degree, xorig, yorig: 0, cols: 360, rows: 1 });
    return Object.fromEntries(partsByAreas(rectangle(west, 0.25, 0.5, 0.5), globe, 0)!);
  };
  // Its last column ends at 179.75 E, where the first begins; and at 179.75 W. Less than half a piece is beyond.
  expectParts(around(-180.25, 179.3), { 0: 0.1, 359: 0.9 });
  expectParts(around(-179.75, -179.8), { 0: 0.9, 359: 0.1 });
  // Where middles of pieces are beyond, steps from one to the next are a turn long.
  const globe = new Grid({ ...degree, xorig: -180.25, yorig: 0, cols: 360, rows: 1 });
  expect(partsByAreas(rectangle(179.5, 0.25, 0.5, 0.5), globe, 0)).toBeUndefined();
});

it('is not told where the target is not nearly straight in the cell', () => {
  const polar = new Grid({ ...degree, gdtyp: 6, pAlp: 1, pBet: 60, ycent: 90, xorig: -1e6, yorig: -1e6, xcell: 1e5, ycell: 1e5, cols: 20, rows: 20 });
  expect(partsByAreas(rectangle(0, 88, 90, 2), polar, 0)).toBeUndefined();
  expect(partsByAreas(rectangle(10, 85, 0.25, 0.25), polar, 0)).toBeDefined();
});

it('by middles a piece is whole where its middle is', () => {
  // Four by four pieces of a quarter degree from 11.6 E: middles at 11.725, 11.975, 12.225 and 12.475; from 21.5 N all in one row.
  expect(Object.fromEntries(partsByMiddles(rectangle(11.6, 21, 1, 1), to, 0, 4))).toEqual({ 6: 0.5, 7: 0.5 });
  expect(Object.fromEntries(partsByMiddles(rectangle(12.1, 21.1, 0.5, 0.5), to, 0, 4))).toEqual({ 7: 1 });
  // Half of it is west of the target.
  expect(Object.fromEntries(partsByMiddles(rectangle(9.5, 21, 1, 1), to, 0, 4))).toEqual({ 5: 0.5 });
  // Of twelve pieces along an edge, in blocks of six, those of the last column alone are in the next cell.
  const [first, next] = Object.entries(Object.fromEntries(partsByMiddles(rectangle(11.05, 21, 1, 1), to, 0, 12)));
  expect([first, next]).toEqual([['6', expect.closeTo(11 / 12, 12)], ['7', expect.closeTo(1 / 12, 12)]]); // prettier-ignore
});
