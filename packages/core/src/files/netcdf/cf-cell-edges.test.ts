/** Longitudes and latitudes as inventories have them: over the seam, from east to west, with a cyclic point, or covering a place twice. */
import { latitudeEdges, longitudeEdges } from './cf-cell-edges';
import type { CfContents, CfVariable } from './netcdf-cf';
import { failure } from '../testing/shared-data';

const counted = (count: number, first: number, step: number): number[] => Array.from({ length: count }, (_, i) => first + step * i);

function axisOf(name: string, values: number[], bounds?: number[][]): [CfContents, CfVariable] {
  const axis: CfVariable = { name, dimensions: [name], data: Float64Array.from(values), ...(bounds ? { attributes: { bounds: 'bnds' } } : {}) };
  const variables = bounds ? [{ name: 'bnds', dimensions: [name, 'two'], data: Float64Array.from(bounds.flat()) }] : [];
  return [{ dimensions: {}, coordinates: [axis], variables }, axis];
}
/** @param data - two rows; by default no two values alike */
const lon = (values: number[], bounds?: number[][], data = Float64Array.from(counted(2 * values.length, 0, 1))): Float64Array =>
  longitudeEdges('a.nc', ...axisOf('lon', values, bounds), [data]);
const cellsOf = (edges: Float64Array): number[][] => counted(edges.length / 2, 0, 2).map((i) => [edges[i], edges[i + 1]]);
const twice = (cells: string, name = 'lon'): ReturnType<typeof failure> =>
  failure('CF_BOUNDS', `a.nc: the cells ${cells} of ${name} overlap, and what is emitted there would count twice: leave one of them out, or mend the bounds`); // prettier-ignore

describe('a cyclic point', () => {
  const values = counted(5, 0, 90);

  test('is left out where it repeats the first, missing or not', () => {
    const repeated = Float64Array.of(1, 2, 3, 4, 1, NaN, 6, 7, 8, NaN);
    expect(cellsOf(lon(values, undefined, repeated))).toEqual([[-45, 45], [45, 135], [135, 225], [225, 315]]); // prettier-ignore
    expect(lon(values.slice().reverse(), undefined, repeated)).toHaveLength(8);
    expect(lon(values, values.map((value) => [value - 45, value + 45]), repeated)).toHaveLength(8); // prettier-ignore
  });

  test('is refused where it does not', () => {
    expect(() => lon(values)).toThrow(twice('-45 … 45 and 315 … 405'));
  });

  test('of half a cell at either end is none', () => {
    const halves = [[0, 45], [45, 135], [135, 225], [225, 315], [315, 360]]; // prettier-ignore
    expect(cellsOf(lon([0, 90, 180, 270, 360], halves, new Float64Array(10)))).toEqual(halves);
  });
});

describe('bounds', () => {
  const values = counted(36, 0, 10);
  const cells = values.map((value) => [value - 5, value + 5]);

  test('from east to west are the same cells', () => {
    expect(cellsOf(lon(values, cells.map(([west, east]) => [east, west])))).toEqual(cells); // prettier-ignore
    const within = cells.map(([west, east]) => [(east + 360) % 360, (west + 360) % 360]);
    expect(cellsOf(lon(values, within))).toEqual([[355, 365], ...cells.slice(1)]);
  });

  test('over the seam, of half the earth and of all of it', () => {
    expect(cellsOf(lon([0, 180], [[270, 90], [90, 270]]))).toEqual([[270, 450], [90, 270]]); // prettier-ignore
    expect(cellsOf(lon([0, 150], [[-100, 100], [100, 200]]))).toEqual([[-100, 100], [100, 200]]); // prettier-ignore
    expect(cellsOf(lon([180], [[0, 360]]))).toEqual([[0, 360]]);
    expect(cellsOf(lon([359.75, 0.25], [[359.5, 0], [0, 0.5]]))).toEqual([[359.5, 360], [0, 0.5]]); // prettier-ignore
  });

  test('that overlap are refused', () => {
    expect(() => lon([0, 10], [[-5, 6], [5, 15]])).toThrow(twice('-5 … 6 and 5 … 15')); // prettier-ignore
    expect(() => lon([0, 350], [[-5, 5], [345, 357]])).toThrow(twice('345 … 357 and -5 … 5')); // prettier-ignore
    expect(() => latitudeEdges('a.nc', ...axisOf('lat', [20, 10], [[26, 15], [16, 5]]))).toThrow(twice('16 … 5 and 26 … 15', 'lat')); // prettier-ignore
    expect(() => lon([0, 10], [[-5, 5], [NaN, 15]])).toThrow(twice('-5 … 5 and NaN … NaN')); // prettier-ignore
  });

  test('in single precision are apart', () => {
    const fine = counted(3600, 0.05, 0.1);
    expect(lon(fine, fine.map((value) => [Math.fround(value - 0.05), Math.fround(value + 0.05)]))).toHaveLength(7200); // prettier-ignore
  });
});
