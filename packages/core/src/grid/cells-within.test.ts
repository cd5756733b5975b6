import { cellsWithin } from './cells-within';
import { Grid } from './grid';

const LAMBERT = { name: 'S', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34, xorig: 0, yorig: 0, xcell: 10000, ycell: 10000 };
const grid = new Grid({ ...LAMBERT, rows: 7, cols: 8 });

function near(cells: number[], km: number, of = grid): string[] {
  const marked = new Uint8Array(of.rows * of.cols);
  for (const cell of cells) marked[cell] = 1;
  const within = cellsWithin(of, marked, km);
  return Array.from({ length: of.rows }, (_, row) => [...within.subarray(row * of.cols, (row + 1) * of.cols)].join('')).reverse();
}

describe('cellsWithin', () => {
  it('is every cell whose centre lies within the distance, by Pythagoras', () => {
    const marked = new Uint8Array(56);
    for (const cell of [3 * 8 + 3, 0]) marked[cell] = 1;
    for (const km of [5, 10, 14.2, 20, 25, 31.7]) {
      const expected = Array.from(marked, (_, cell) => {
        const distances = [3 * 8 + 3, 0].map((at) => 10 * Math.hypot(Math.floor(cell / 8) - Math.floor(at / 8), (cell % 8) - (at % 8)));
        return Math.min(...distances) <= km ? 1 : 0;
      });
      expect([...cellsWithin(grid, marked, km)]).toEqual(expected);
    }
  });

  it('ends at the edges, and with a distance of 0 is what was marked', () => {
    expect(near([7], 10)).toEqual(['00000000', '00000000', '00000000', '00000000', '00000000', '00000001', '00000011']);
    expect(near([9, 30], 0)).toEqual(['00000000', '00000000', '00000000', '00000010', '00000000', '01000000', '00000000']);
    expect(near([], 50).join('')).not.toContain('1');
  });

  it('takes cells that are no squares as they are', () => {
    const flat = new Grid({ ...LAMBERT, ycell: 5000, rows: 5, cols: 5 });
    expect(near([12], 10, flat)).toEqual(['00100', '00100', '01110', '00100', '00100']);
  });
});
