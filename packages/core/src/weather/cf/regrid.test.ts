import { Grid, type GridDefinition } from '../../grid/grid';
import { Regridder, type LatLonAxes } from './regrid';

const cn: GridDefinition = {
  name: 'cn', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34,
  xorig: -300000, yorig: -200000, xcell: 27000, ycell: 27000, cols: 20, rows: 16,
}; // prettier-ignore
const latLon = (change: Partial<GridDefinition>): Grid => new Grid({ ...cn, gdtyp: 1, ...change });
const axis = (first: number, step: number, count: number): Float64Array => Float64Array.from({ length: count }, (_, i) => first + i * step);
/** Values of a rectangle of the file's points. */
function fill(
  { lons, lats }: LatLonAxes,
  { row, col, rows, cols }: Regridder['pointsAround'],
  value: (lon: number, lat: number) => number,
): Float64Array {
  return Float64Array.from({ length: rows * cols }, (_, i) => value(lons[col + (i % cols)], lats[row + Math.floor(i / cols)]));
}

describe.each<[string, LatLonAxes]>([
  ['from south to north', { lons: axis(100, 0.25, 81), lats: axis(25, 0.25, 81) }],
  ['from north to south', { lons: axis(100, 0.25, 81), lats: axis(45, -0.25, 81) }],
  ['round the earth, 0 to 360', { lons: axis(0, 0.25, 1440), lats: axis(90, -0.25, 721) }],
  ['round the earth, -180 to 180', { lons: axis(-180, 0.25, 1440), lats: axis(90, -0.25, 721) }],
])('%s', (_, axes) => {
  const grid = new Grid(cn);
  const regridder = new Regridder(axes, grid, 'era5.nc');

  test('bilinear is exact for a field that is linear in longitude and latitude, and reads little', () => {
    const { rows, cols } = regridder.pointsAround;
    expect([rows, cols]).toEqual([expect.closeTo(18, -0.7), expect.closeTo(26, -0.7)]); // 4.3° x 5.9° and the points around
    const values = regridder.bilinear(fill(axes, regridder.pointsAround, (lon, lat) => 3 * lon - 2 * lat));
    values.forEach((value, cell) => {
      const { lon, lat } = grid.centre(Math.floor(cell / 20), cell % 20);
      expect(value).toBeCloseTo(3 * lon - 2 * lat, 4);
    });
  });

  test('the mean of an even field is that field; what cells give adds up to 1e-9', () => {
    const { cellsUnder } = regridder;
    expect([...regridder.mean(fill(axes, cellsUnder, () => 500))]).toEqual(new Array(320).fill(500));
    // Linear in the source: the sum over targets of one source cell's part, over all source cells, is the sum of the targets.
    const values = fill(axes, cellsUnder, (lon, lat) => Math.round(1000 * Math.abs(Math.sin(7 * lon) * Math.cos(5 * lat))));
    const total = regridder.mean(values).reduce((sum, value) => sum + value, 0);
    let parts = 0;
    values.forEach((value, i) => {
      const one = new Float64Array(values.length);
      one[i] = 1;
      parts += value * regridder.mean(one).reduce((sum, part) => sum + part, 0);
    });
    expect(Math.abs(parts / total - 1)).toBeLessThan(1e-6); // the fields are 32-bit
  });
});

test('worked by hand: means over cells that lie in two and in four source cells', () => {
  // Source cells of 1° around 10.5, 11.5 … °E and 0.5, 1.5 … °N, near the equator where cos φ hardly counts
  const axes = { lons: axis(10.5, 1, 4), lats: axis(0.5, 1, 3) };
  const target = latLon({ name: 'half', xorig: 11.75, yorig: 1, xcell: 0.5, ycell: 1, cols: 1, rows: 1 });
  const regridder = new Regridder(axes, target, 'f.nc');
  expect(regridder.cellsUnder).toEqual({ row: 1, col: 1, rows: 1, cols: 2 });
  expect(regridder.mean([10, 30])[0]).toBeCloseTo(20, 6);
  const corner = new Regridder(axes, latLon({ name: 'corner', xorig: 11.5, yorig: 0.5, xcell: 1, ycell: 1, cols: 1, rows: 1 }), 'f.nc');
  expect(corner.mean([1, 2, 3, 4])[0]).toBeCloseTo(2.5, 3);
});

test('across the seam of the file’s longitudes, and up to the pole', () => {
  const axes = { lons: axis(0, 90, 4), lats: axis(80, -80, 3) };
  const target = latLon({ name: 'seam', xorig: -55, yorig: 80, xcell: 20, ycell: 8, cols: 1, rows: 1 }); // centre 45 W, 84 N
  const regridder = new Regridder(axes, target, 'f.nc');
  // half way between 270 °E and 0; north of the last row there is that row alone
  const values = fill(axes, regridder.pointsAround, (lon) => lon);
  expect(regridder.bilinear(values)[0]).toBeCloseTo(135, 6);
});

test('a grid that the file does not surround', () => {
  const axes = { lons: axis(100, 0.25, 41), lats: axis(25, 0.25, 81) };
  expect(() => new Regridder(axes, new Grid(cn), 'era5.nc')).toThrow(
    expect.objectContaining({
      code: 'GRID_MISMATCH',
      message: expect.stringMatching(
        /^era5\.nc: it reaches from 100 to 110 °E and from 25 to 45 °N, but the case's grid cn has a cell at 110\.\d+ °E, 3\d\.\d+ °N: give a file that surrounds the grid$/,
      ) as string,
    }) as Error,
  );
});

test.each([
  ['north', 1],
  ['south', -1],
])('beyond the last row in the %s that row counts up to the pole, but not where a further one is missing', (_, side) => {
  const target = latLon({ name: 'pole', xorig: 5, yorig: side > 0 ? 86 : -89, xcell: 20, ycell: 3, cols: 1, rows: 1 }); // centre 15 °E, 87.5 °
  const axes = (last: number): LatLonAxes => ({ lons: axis(0, 10, 36), lats: axis(side * last, -side * 5, 10) });
  const regridder = new Regridder(axes(85), target, 'f.nc');
  expect(regridder.bilinear(fill(axes(85), regridder.pointsAround, (lon, lat) => 100 * lat + lon))[0]).toBeCloseTo(100 * side * 85 + 15, 3);
  expect(() => new Regridder(axes(84), target, 'f.nc')).toThrow(expect.objectContaining({ code: 'GRID_MISMATCH' }) as Error);
});
