import { CellOverlaps } from './cell-overlaps';
import { Grid } from './grid';

const lcc = { gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34 };
const fine = new Grid({ name: 'FINE', ...lcc, xorig: -600e3, yorig: -600e3, xcell: 30e3, ycell: 30e3, cols: 40, rows: 40 });
const coarse = new Grid({ name: 'COARSE', ...lcc, xorig: -600e3, yorig: -600e3, xcell: 60e3, ycell: 60e3, cols: 20, rows: 20 });
const degree = { name: 'LL', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, xcell: 1, ycell: 1 };
const lonLat = new Grid({ ...degree, xorig: 107, yorig: 31, cols: 6, rows: 6 });
const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

describe('CellOverlaps', () => {
  it('splits a cell into its four quarters when the target is twice as fine', () => {
    const amount = new Float64Array(400);
    amount[3 * 20 + 7] = 8;
    const out = new CellOverlaps(coarse, fine, 4).regrid(amount);
    for (const cell of [6 * 40 + 14, 6 * 40 + 15, 7 * 40 + 14, 7 * 40 + 15]) expect(out[cell]).toBeCloseTo(2, 12);
    expect(sum(out)).toBeCloseTo(8, 12);
  });

  it('conserves what lies on the target, between projections too', () => {
    const amount = Float64Array.from({ length: 36 }, (_, i) => 1 + (i % 7));
    const out = new CellOverlaps(lonLat, fine, 8).regrid(amount);
    expect(sum(out) / sum(amount)).toBeCloseTo(1, 12);
  });

  it('spreads an even density evenly: each target cell inside gets its area', () => {
    const kilograms = Float64Array.from({ length: 36 }, (_, i) => lonLat.cellArea(Math.floor(i / 6)));
    const out = new CellOverlaps(lonLat, fine, 48).regrid(kilograms);
    // true area of an LCC cell is its nominal area over the squared map scale: 2.4 % more at most at 31 … 37 N
    const { row, col } = fine.cellAt(110, 34)!;
    const block = [-1, 0, 1].flatMap((r) => [-1, 0, 1].map((c) => out[(row + r) * 40 + col + c]));
    const mean = block.reduce((a, b) => a + b, 0) / 9;
    expect(mean / fine.cellAreaM2).toBeGreaterThan(1);
    expect(mean / fine.cellAreaM2).toBeLessThan(1.03);
  });

  it.each([
    [0.5, 1, 30],
    [1.125, 3, 40],
    [0.5, 9, 20],
  ])('an even density of cells of %d° is even over smaller cells, of %d km, none of which gets nothing', (degrees, km, count) => {
    const size = { xcell: 1e3 * km, ycell: 1e3 * km, cols: count, rows: count };
    const small = new Grid({ name: 'SMALL', ...lcc, xorig: 150e3, yorig: -100e3, ...size });
    const wide = new Grid({ ...degree, xorig: 108, yorig: 27, xcell: degrees, ycell: degrees, cols: 9 / degrees, rows: 9 / degrees });
    const kilograms = Float64Array.from({ length: wide.rows * wide.cols }, (_, i) => wide.cellArea(Math.floor(i / wide.cols)));
    // Map scale varies with the row.
    const out = new CellOverlaps(wide, small).regrid(kilograms);
    const off = Array.from({ length: count }, (_, row) => out.subarray(row * count, (row + 1) * count)).flatMap((row) =>
      Array.from(row, (value) => (value * count) / sum(row) - 1),
    );
    expect(Math.sqrt(off.reduce((total, each) => total + each ** 2, 0) / off.length)).toBeLessThan(0.001);
    expect(Math.max(...off.map(Math.abs))).toBeLessThan(0.005);
  });

  it('does not cut cells at a pole, or beside the end of a turn, into more pieces than it can', () => {
    const polar = { gdtyp: 6, pAlp: 1, pBet: 60, pGam: 0, xcent: 0, ycent: 90 };
    const arctic = new Grid({ name: 'ARCTIC', ...polar, xorig: -540e3, yorig: -540e3, xcell: 108e3, ycell: 108e3, cols: 10, rows: 10 });
    const globe = new Grid({ ...degree, xorig: -180, yorig: -90, xcell: 0.25, ycell: 0.25, cols: 1440, rows: 720 });
    const west = new Grid({ ...degree, xorig: 179, yorig: 10, cols: 2, rows: 2 });
    const began = Date.now();
    expect(sum(new CellOverlaps(arctic, globe).regrid(new Float64Array(100).fill(1)))).toBeCloseTo(100, 9);
    const out = new CellOverlaps(west, globe).regrid(new Float64Array(4).fill(1));
    expect(out.reduce((count, value) => count + (value > 0 ? 1 : 0), 0)).toBe(64);
    expect(Date.now() - began).toBeLessThan(20_000);
  });

  it('follows a pattern within a source cell and keeps its total', () => {
    const pattern = new Float64Array(1600).fill(0);
    pattern[6 * 40 + 14] = 3;
    pattern[7 * 40 + 15] = 1;
    const amount = new Float64Array(400);
    amount[3 * 20 + 7] = 8;
    amount[0] = 4; // no pattern there: even
    const out = new CellOverlaps(coarse, fine, 4).regrid(amount, pattern);
    expect(out[6 * 40 + 14]).toBeCloseTo(6, 12);
    expect(out[7 * 40 + 15]).toBeCloseTo(2, 12);
    expect(out[0]).toBeCloseTo(1, 12);
  });

  it('keeps of a cell that lies in part on the target that part, with a pattern too', () => {
    const west = new Grid({ ...degree, xorig: 0, yorig: 0, xcell: 2, cols: 1, rows: 1 });
    const target = new Grid({ ...degree, xorig: 1, yorig: 0, xcell: 0.5, cols: 4, rows: 1 });
    const overlaps = new CellOverlaps(west, target, 8);
    expect([...overlaps.regrid([8])]).toEqual([2, 2, 0, 0].map((value) => expect.closeTo(value, 12) as number));
    // Whatever the pattern's unit.
    for (const unit of [1, 1e-9, 40]) {
      const out = overlaps.regrid(
        [8],
        [3, 1, 0, 0].map((value) => unit * value),
      );
      expect([...out]).toEqual([3, 1, 0, 0].map((value) => expect.closeTo(value, 12) as number));
    }
  });

  it('divides a lat-lon cell by area: the half nearer to the pole has less', () => {
    const tall = new Grid({ ...degree, xorig: 0, yorig: 40, ycell: 20, cols: 1, rows: 1 });
    const halves = new Grid({ ...degree, xorig: 0, yorig: 40, ycell: 10, cols: 1, rows: 2 });
    const sin = (degrees: number): number => Math.sin((degrees * Math.PI) / 180);
    const [south, north] = new CellOverlaps(tall, halves, 48).regrid([1]);
    expect(south).toBeCloseTo((sin(50) - sin(40)) / (sin(60) - sin(40)), 4);
    expect(south + north).toBeCloseTo(1, 12);
  });

  it('loses what lies outside the target', () => {
    const east = new Grid({ ...degree, xorig: 140, yorig: 31, cols: 2, rows: 2 });
    expect(sum(new CellOverlaps(east, fine).regrid(new Float64Array(4).fill(1)))).toBe(0);
  });
});
