import { unitGrid } from '../inversion/testing/small-world';
import { insidePolygon, regionMask } from './regions';

const grid = unitGrid(3, 4);

describe('the mask of a region', () => {
  it('holds the rows and columns given, both ends included', () => {
    expect([...regionMask({ rows: [1, 2], cols: [0, 1] }, grid)]).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0]);
  });

  it('holds the cells whose centre lies in the polygon', () => {
    // Centres at 0.5, 1.5, …: a triangle over the south-west corner holds those with lon + lat < 2.9
    const polygon: [number, number][] = [
      [0, 0],
      [2.9, 0],
      [0, 2.9],
    ];
    expect([...regionMask({ polygon }, grid)]).toEqual([1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe('inside a polygon', () => {
  const horseshoe: [number, number][] = [
    [0, 0],
    [4, 0],
    [4, 4],
    [3, 4],
    [3, 1],
    [1, 1],
    [1, 4],
    [0, 4],
  ];

  it.each([
    [0.5, 3, true],
    [2, 3, false],
    [3.5, 3, true],
    [2, 0.5, true],
    [5, 0.5, false],
    [-1, 0.5, false],
    [2, 5, false],
  ])('(%d, %d) of a horseshoe: %s', (x, y, expected) => {
    expect(insidePolygon(x, y, horseshoe)).toBe(expected);
    expect(insidePolygon(x, y, [...horseshoe].reverse())).toBe(expected);
    expect(insidePolygon(x, y, [...horseshoe, horseshoe[0]])).toBe(expected); // closed, as GeoJSON writes it
  });
});
