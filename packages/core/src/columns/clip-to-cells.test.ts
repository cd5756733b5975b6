import { Random } from '../base/random';
import { Grid } from '../grid/grid';
import { forEachCellPart, pixelInCells } from './clip-to-cells';

const cells = { rows: 4, cols: 5 };
const partsOf = (polygon: number[]): Map<number, number> => {
  const parts = new Map<number, number>();
  forEachCellPart(cells, polygon, (cell, area) => parts.set(cell, (parts.get(cell) ?? 0) + area));
  return parts;
};

it('divides a rectangle by hand', () => {
  // from x 0.5 to 2.25, y 1.5 to 2.5
  const parts = partsOf([0.5, 1.5, 2.25, 1.5, 2.25, 2.5, 0.5, 2.5]);
  expect(Object.fromEntries(parts)).toEqual({ 5: 0.25, 6: 0.5, 7: 0.125, 10: 0.25, 11: 0.5, 12: 0.125 });
});

it('divides a square that stands on its corner, in both directions round', () => {
  const diamond = [2, 1, 3, 2, 2, 3, 1, 2]; // about (2, 2), a half of each of four cells
  const turned = [2, 1, 1, 2, 2, 3, 3, 2];
  for (const polygon of [diamond, turned]) expect(Object.fromEntries(partsOf(polygon))).toEqual({ 6: 0.5, 7: 0.5, 11: 0.5, 12: 0.5 });
});

it('leaves out what lies beside the grid', () => {
  expect(Object.fromEntries(partsOf([-0.5, -0.5, 0.5, -0.5, 0.5, 0.5, -0.5, 0.5]))).toEqual({ 0: 0.25 });
  expect(partsOf([6, 1, 7, 1, 7, 2, 6, 2]).size).toBe(0);
});

it('conserves the area and the middle of pixels of any shape', () => {
  const random = new Random(7);
  for (let run = 0; run < 200; run++) {
    const [width, height, turn] = [0.2 + 1.5 * random.uniform(), 0.2 + 1.2 * random.uniform(), Math.PI * random.uniform()];
    const polygon = [[-1, -1], [1, -1], [1, 1], [-1, 1]].flatMap(([x, y]) => [
      2.5 + (Math.cos(turn) * x * width - Math.sin(turn) * y * height) / 2,
      2 + (Math.sin(turn) * x * width + Math.cos(turn) * y * height) / 2,
    ]); // prettier-ignore
    const parts = [...partsOf(polygon).values()];
    expect(parts.every((area) => area > 0 && area <= 1 + 1e-12)).toBe(true);
    expect(Math.abs(parts.reduce((a, b) => a + b, 0) - width * height)).toBeLessThan(1e-12);
  }
});

describe('corners in cells', () => {
  const lambert = new Grid({ name: 'L', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34, xorig: -30000, yorig: -20000, xcell: 10000, ycell: 10000, cols: 6, rows: 4 }); // prettier-ignore

  it('are the grid’s own', () => {
    const corners = [[0, 0], [0, 1], [1, 1], [1, 0]].map(([row, col]) => lambert.centre(row - 0.5, col - 0.5)); // prettier-ignore
    const polygon = pixelInCells(lambert, corners.map(({ lon }) => lon), corners.map(({ lat }) => lat)); // prettier-ignore
    expect(polygon?.map((value) => Math.round(1e6 * value) / 1e6 + 0)).toEqual([0, 0, 1, 0, 1, 1, 0, 1]);
  });

  it('that cross over make no pixel', () => {
    const crossed = [[110, 34], [110.1, 34.1], [110.1, 34], [110, 34.1]]; // prettier-ignore
    expect(pixelInCells(lambert, crossed.map(([lon]) => lon), crossed.map(([, lat]) => lat))).toBeUndefined(); // prettier-ignore
    expect(pixelInCells(lambert, [110, 110, 110, 110], [34, 34, 34, 34])).toBeUndefined();
  });

  it('are brought together where a grid goes round the earth', () => {
    const globe = new Grid({ name: 'G', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, xorig: 0, yorig: -90, xcell: 1, ycell: 1, cols: 360, rows: 180 }); // prettier-ignore
    const polygon = pixelInCells(globe, [-0.5, 0.5, 0.5, -0.5], [0, 0, 1, 1]);
    const xs = [0, 2, 4, 6].map((i) => polygon?.[i] ?? 0);
    expect(Math.max(...xs) - Math.min(...xs)).toBeCloseTo(1, 9);
  });
});
