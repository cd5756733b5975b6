import { Random } from '../base/random';
import { Grid, type GridDefinition } from '../grid/grid';
import { nearGrid } from './near-grid';

const base = { name: 'N', pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34, xcell: 27000, ycell: 27000, xorig: -1350000, yorig: -1350000, cols: 100, rows: 100 }; // prettier-ignore
const grids: Record<string, GridDefinition> = {
  China: { ...base, gdtyp: 2 },
  'the Pacific': { ...base, gdtyp: 2, pGam: 179, xcent: 179, ycent: 20 },
  'the Arctic': { ...base, gdtyp: 6, pAlp: 1, pBet: 60, pGam: 0, xcent: 0, ycent: 90 },
  globe: { ...base, gdtyp: 1, xorig: -180, yorig: -90, xcell: 2, ycell: 2, cols: 180, rows: 90 },
};

it.each(Object.keys(grids))('no place on the grid of %s is taken to be far from it', (name) => {
  const grid = new Grid(grids[name]);
  const near = nearGrid(grid);
  const random = new Random(3);
  for (let i = 0; i < 3000; i++) {
    const { lon, lat } = grid.centre(grid.rows * random.uniform() - 0.5, grid.cols * random.uniform() - 0.5);
    expect(near(lon, lat)).toBe(true);
  }
});

it('most of the earth is far from China', () => {
  const near = nearGrid(new Grid(grids.China));
  expect([near(110, 34), near(20, 34), near(110, -34), near(-70, 34)]).toEqual([true, false, false, false]);
});
