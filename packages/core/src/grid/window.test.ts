import { Grid, type GridDefinition } from './grid';
import { dotGrid, windowIn } from './window';

const small: GridDefinition = {
  name: 'small', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34,
  xorig: -30000, yorig: 10000, xcell: 10000, ycell: 10000, cols: 4, rows: 3,
}; // prettier-ignore
const grid = new Grid(small);
const parent = (change: Partial<GridDefinition>): Grid => new Grid({ ...small, name: 'parent', ...change });
const found = (change: Partial<GridDefinition>): unknown => windowIn(parent(change), grid, 'f.nc', true);
const fails = (change: Partial<GridDefinition>, said: string): void =>
  expect(() => found(change)).toThrow(expect.objectContaining({ code: 'GRID_MISMATCH', message: `f.nc: ${said}` }) as Error);
const remedy = "give files on the case's grid, or on one that holds it cell for cell";

test('the same grid, a parent, and rounding of a header', () => {
  expect(found({})).toEqual({ row: 0, col: 0, stagger: 'cross' });
  expect(found({ xorig: -50000, yorig: -20000, cols: 6, rows: 6 })).toEqual({ row: 3, col: 2, stagger: 'cross' });
  expect(found({ xorig: -50000.4, yorig: -19999.6, cols: 6, rows: 6 })).toEqual({ row: 3, col: 2, stagger: 'cross' });
});

test('dot points: corners of the cells, of the grid itself and of a parent', () => {
  const dots = dotGrid(grid);
  expect(dots.definition).toMatchObject({ xorig: -35000, yorig: 5000, cols: 5, rows: 4 });
  // The centre of dot (0, 0) is the outer corner of cell (0, 0).
  expect(dots.centre(0, 0)).toEqual(grid.centre(-0.5, -0.5));
  expect(windowIn(dots, grid, 'f.nc', true)).toEqual({ row: 0, col: 0, stagger: 'dot' });
  expect(() => windowIn(dots, grid, 'f.nc')).toThrow(/begins 0\.5 columns and 0\.5 rows, no whole number/); // where only cells will do
  expect(found({ xorig: -55000, yorig: -15000, cols: 8, rows: 7 })).toEqual({ row: 2, col: 2, stagger: 'dot' });
});

test('refused where the grid sticks out on one side alone', () => {
  // 4 x 3 cells in 6 x 5 of which one lies around; moved by two cells it begins, or ends, a cell too far.
  const around = { xorig: -40000, yorig: 0, cols: 6, rows: 5 };
  expect(found(around)).toEqual({ row: 1, col: 1, stagger: 'cross' });
  const moved = [{ xorig: -20000 }, { xorig: -60000 }, { yorig: 20000 }, { yorig: -20000 }];
  for (const by of moved) expect(() => found({ ...around, ...by })).toThrow(expect.objectContaining({ code: 'GRID_MISMATCH' }) as Error);
});

test('refused with the numbers', () => {
  fails(
    { xorig: -47500, yorig: -20000, cols: 9, rows: 9 },
    `the case's grid small (XORIG -30000, YORIG 10000) begins 1.75 columns and 3 rows, no whole number, from the corner of the file's parent (XORIG -47500, YORIG -20000, 9 x 9): ${remedy}`,
  );
  // Half a cell in one direction only is no dot grid.
  fails(
    { xorig: -35000, cols: 9, rows: 9 },
    `the case's grid small (XORIG -30000, YORIG 10000) begins 0.5 columns and 0 rows, no whole number, from the corner of the file's parent (XORIG -35000, YORIG 10000, 9 x 9): ${remedy}`,
  );
  fails(
    { xorig: -20000, yorig: 0, cols: 9, rows: 3 },
    `the case's grid small (XORIG -30000, YORIG 10000) needs columns -1 to 2 and rows 1 to 3, not all of which are in the file's parent (XORIG -20000, YORIG 0, 9 x 3): ${remedy}`,
  );
  // In-line point sources lie in one column; where they stand is in another file.
  fails(
    { cols: 1, rows: 23 },
    `the case's grid small (XORIG -30000, YORIG 10000) needs columns 0 to 3 and rows 0 to 2, not all of which are in the file's parent (XORIG -30000, YORIG 10000, 1 x 23): in-line point sources lie so: if the file is one of them, give it as a sector with stackGroups`,
  );
  // A dot grid needs one more each way.
  fails(
    { xorig: -35000, yorig: 5000, cols: 4, rows: 4 },
    `the case's grid small (XORIG -30000, YORIG 10000) needs columns 0 to 4 and rows 0 to 3, not all of which are in the file's parent (XORIG -35000, YORIG 5000, 4 x 4): ${remedy}`,
  );
  fails(
    { xcell: 10010 },
    `expected the grid small with XCELL 10000 but received parent with XCELL 10010: give files on the case's grid, or name the other grid in the case`,
  );
  fails(
    { pGam: 102 },
    `expected the grid small with P_GAM 110 but received parent with P_GAM 102: give files on the case's grid, or name the other grid in the case`,
  );
});
