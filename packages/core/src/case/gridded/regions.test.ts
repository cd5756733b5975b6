import { unitGrid } from '../../inversion/testing/small-world';
import { Grid } from '../../grid/grid';
import { insidePolygon, regionMask } from './regions';

const grid = unitGrid(3, 4);

describe('the mask of a region', () => {
  it('holds the rows and columns given, both ends included', () => {
    expect([...regionMask({ rows: [1, 2], cols: [0, 1] }, grid)]).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0]);
  });

  it('is refused where the grid has not all of its rows and columns', () => {
    const outside = expect.objectContaining({ code: 'REGION_OUTSIDE' }) as Error;
    expect(() => regionMask({ rows: [1, 3], cols: [0, 3] }, grid)).toThrow(outside);
    expect(() => regionMask({ rows: [0, 2], cols: [3, 4] }, grid)).toThrow(outside);
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

  const box = (west: number, east: number): [number, number][] => [
    [west, 0],
    [east, 0],
    [east, 2],
    [west, 2],
  ];

  it.each([
    ['across the date line', 177, box(179, 181), [0, 0, 1, 1]],
    ['across the date line, of a grid in longitudes from -180 on', -181, box(179, 181), [1, 1, 0, 0]],
    ['in longitudes from 0 to 360', -120, box(241, 243), [0, 1, 1, 0]],
    ['of more than a turn', 10, box(-180, 360), [1, 1, 1, 1]],
  ])('holds the cells of a polygon %s', (_, xorig, polygon, row) => {
    const elsewhere = new Grid({ ...grid.definition, xorig });
    expect([...regionMask({ polygon }, elsewhere)]).toEqual([...row, ...row, 0, 0, 0, 0]);
  });

  it('looks at each turn of a polygon that has more than one', () => {
    // A triangle that in the north reaches from about 270 to 360 only: 50 °W, as 310, lies in it, 50 °E does not.
    const polygon: [number, number][] = [
      [-180, -3],
      [360, -3],
      [360, 3],
    ];
    const [west, east] = [-50, 50].map((xorig) => new Grid({ ...grid.definition, xorig, yorig: 2 - 0.2, ycell: 0.2 }));
    expect([...regionMask({ polygon }, west)].some((value) => value === 1)).toBe(true);
    expect([...regionMask({ polygon }, east)].some((value) => value === 1)).toBe(false);
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

  it('counts each place once where polygons share edges and corners, those on them included', () => {
    // The four quarters of a diamond, which meet in its middle; all corners and many edges lie on the places.
    const corners: [number, number][] = [
      [3, 0],
      [0, 3],
      [-3, 0],
      [0, -3],
    ];
    const quarters = corners.map((corner, i): [number, number][] => [[0, 0], corner, corners[(i + 1) % 4]]);
    for (let x = -4; x <= 4; x += 0.5) {
      for (let y = -4; y <= 4; y += 0.5) {
        const held = quarters.filter((quarter) => insidePolygon(x, y, quarter)).length;
        expect([x, y, held]).toEqual([x, y, insidePolygon(x, y, corners) ? 1 : 0]);
        if (Math.abs(x) + Math.abs(y) !== 3) expect([x, y, held]).toEqual([x, y, Math.abs(x) + Math.abs(y) < 3 ? 1 : 0]);
      }
    }
  });
});
