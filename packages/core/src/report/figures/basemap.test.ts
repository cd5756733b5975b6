import { Grid } from '../../grid/grid';
import { makeBasemap, pathData } from './basemap';
import { lonLatBox, mapFrame, relativeLongitude } from './map-frame';
import { chinaGrid, smallGrid } from '../testing/synthetic-report';

const latLon = (xorig: number, cols: number): Grid =>
  new Grid({ name: 'll', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, xorig, yorig: -30, xcell: 1, ycell: 1, cols, rows: 60 });

/** The corners of a path of absolute moves and relative lines. */
function drawn(path: string): [number, number][] {
  let [x, y] = [0, 0];
  return [...path.matchAll(/([Ml])(-?[\d.]+) (-?[\d.]+)/g)].map(([, command, first, second]) => {
    [x, y] = command === 'M' ? [Number(first), Number(second)] : [x + Number(first), y + Number(second)];
    return [x, y];
  });
}

describe('map frame', () => {
  it('puts a cell’s centre where its pixels are, north up', () => {
    const grid = chinaGrid();
    const frame = mapFrame(grid, 464); // 2 pixels a cell
    expect(frame.height).toBeCloseTo(364);
    const { lon, lat } = grid.centre(0, 0);
    expect(frame.place(lon, lat)[0]).toBeCloseTo(1, 4);
    expect(frame.place(lon, lat)[1]).toBeCloseTo(363, 4);
    const beijing = grid.cellAt(116.4, 39.9)!;
    const [x, y] = frame.place(116.4, 39.9);
    expect(Math.floor(x / 2)).toBe(beijing.col);
    expect(Math.floor((364 - y) / 2)).toBe(beijing.row);
  });

  it('keeps what lies just west of a lat-lon grid west of it, across the date line too', () => {
    const frame = mapFrame(latLon(170, 40), 400); // 170° E … 150° W, 10 pixels a degree
    expect(frame.place(169, 0)[0]).toBeCloseTo(-10);
    expect(frame.place(-175, 0)[0]).toBeCloseTo(150);
    expect(frame.place(0, 30)[1]).toBeCloseTo(0);
  });

  it('measures longitudes from the centre', () => {
    expect(relativeLongitude(-175, 170)).toBe(15);
    expect(relativeLongitude(165, 170)).toBe(-5);
    const box = lonLatBox(latLon(170, 40));
    expect(box.centreLon).toBeCloseTo(-170);
    expect(box.halfWidth).toBeCloseTo(21);
    expect([box.south, box.north]).toEqual([-31, 31]);
  });
});

describe('basemap', () => {
  const frame = { width: 100, height: 100, place: (): [number, number] => [0, 0] };

  it('draws lines with relative moves, ends them at the map’s edge, drops lone points', () => {
    expect(
      pathData(
        [
          [1, 1],
          [2, 1],
          [2, 3],
        ],
        frame,
      ),
    ).toBe('M1 1l1 0l0 2');
    expect(
      pathData(
        [
          [1, 1],
          [2, 1],
          [NaN, NaN],
          [50, 50],
          [500, 50],
          [60, 60],
          [70, 60],
        ],
        frame,
      ),
    ).toBe('M1 1l1 0M50 50l50 0M100 59.1l-40 0.9l10 0');
    expect(
      pathData(
        [
          [1, 1],
          [1.2, 1],
          [4, 1],
        ],
        frame,
      ),
    ).toBe('M1 1l3 0'); // a fifth of a pixel is left out, and nothing is lost
  });

  it('draws of a line from outside to outside what crosses the map, and nothing of one that passes by', () => {
    expect(pathData([[-50, 50], [150, 50]], frame)).toBe('M0 50l100 0'); // prettier-ignore
    expect(pathData([[-10, 50], [50, 110]], frame)).toBe('M0 60l40 40'); // prettier-ignore
    expect(pathData([[-10, 90], [30, 130]], frame)).toBe(''); // prettier-ignore
    expect(pathData([[-20, 101], [120, 101]], frame)).toBe(''); // prettier-ignore
  });

  it('breaks lines at the date line of a map of the whole world, and at no other long step', () => {
    const points: [number, number][] = [[97, 1], [99, 1], [1, 1], [3, 1]]; // prettier-ignore
    expect(pathData(points, { ...frame, round: true })).toBe('M97 1l2 0M1 1l2 0');
    expect(pathData(points, frame)).toBe('M97 1l2 0l-98 0l2 0');
    expect([360, 200].map((cols) => mapFrame(latLon(-180, cols), 100).round)).toEqual([true, false]);
  });

  it('finds coasts and borders of China and names the net’s degrees', () => {
    const basemap = makeBasemap(chinaGrid(), { kind: 'world' }, 300);
    expect(basemap.lines.length).toBeGreaterThan(5000);
    expect(basemap.lines.length).toBeLessThan(60000);
    expect(basemap.lines).not.toMatch(/NaN|Infinity/);
    const outside = ([x, y]: [number, number]): boolean => x < -0.05 || x > 300.05 || y < -0.05 || y > basemap.frame.height + 0.05;
    expect(drawn(`${basemap.lines}${basemap.graticule}`).filter(outside)).toEqual([]);
    const texts = basemap.labels.map(({ text }) => text);
    expect(texts).toEqual(expect.arrayContaining(['100°E', '120°E', '20°N', '30°N', '40°N']));
    for (const { x, y } of basemap.labels) expect(x >= -1 && x <= 300 && y >= 0 && y <= basemap.frame.height + 1).toBe(true);
  });

  it('draws the coast of a made-up region along the edges of its cells', () => {
    const grid = smallGrid();
    const mask = new Uint8Array(48 * 48);
    mask[10 * 48 + 20] = 1; // one cell of land: four edges
    expect(makeBasemap(grid, { kind: 'landMask', landMask: mask }, 480).lines.match(/M/g)).toHaveLength(4);
    expect(makeBasemap(grid, { kind: 'none' }, 480).lines).toBe('');
  });

  it('labels the net of a lat-lon grid on both edges', () => {
    const sides = makeBasemap(latLon(170, 40), { kind: 'none' }, 300).labels.map(({ side, text }) => `${side} ${text}`);
    expect(sides).toEqual(expect.arrayContaining(['bottom 180°W', 'left 0°']));
  });
});
