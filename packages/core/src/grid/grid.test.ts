import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describeShared, sharedData } from '../files/testing/shared-data';
import { Grid, type GridDefinition, dotGrid, windowIn } from './grid';
import { parseGriddesc, readGriddesc, writeGriddesc } from './griddesc';
import { EARTH_RADIUS } from './projection';

const cn27: GridDefinition = {
  name: 'cn27', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34,
  xorig: -3132000, yorig: -2457000, xcell: 27000, ycell: 27000, cols: 232, rows: 182,
}; // prettier-ignore
const polar: GridDefinition = {
  ...cn27,
  name: 'hemi',
  gdtyp: 6,
  pAlp: 1,
  pBet: 45,
  pGam: -98,
  xcent: -98,
  ycent: 90,
  xorig: -7398000,
  yorig: -7398000,
  xcell: 108000,
  ycell: 108000,
  cols: 137,
  rows: 137,
};
const mercator: GridDefinition = {
  ...cn27,
  name: 'colombia',
  gdtyp: 7,
  pAlp: 0,
  pBet: 0,
  pGam: -98,
  xcent: -98,
  ycent: 0,
  xorig: 251759.25,
  yorig: -1578187,
  cols: 179,
  rows: 154,
};
const latLon: GridDefinition = {
  ...cn27,
  name: 'global',
  gdtyp: 1,
  pAlp: 0,
  pBet: 0,
  pGam: 0,
  xcent: 0,
  ycent: 0,
  xorig: -182.5,
  yorig: -90,
  xcell: 5,
  ycell: 4,
  cols: 72,
  rows: 45,
};
const south: GridDefinition = { ...cn27, name: 'au', pAlp: -40, pBet: -15, pGam: 133.302, xcent: 133.302, ycent: -27.5 };
/** XCENT is not P_GAM: the origin lies east of the central meridian. */
const shifted: GridDefinition = { ...cn27, name: 'shifted', xcent: 115, ycent: 30 };

const RAD = Math.PI / 180;

/** Snyder (1987), Map projections: a working manual, eq. 15-1 to 15-5, sphere: an oracle that is not PROJ. */
function snyderLambert(g: GridDefinition, lon: number, lat: number): [number, number] {
  const t = (phi: number): number => Math.tan(Math.PI / 4 + (phi * RAD) / 2);
  const n = Math.log(Math.cos(g.pAlp * RAD) / Math.cos(g.pBet * RAD)) / Math.log(t(g.pBet) / t(g.pAlp));
  const f = (Math.cos(g.pAlp * RAD) * t(g.pAlp) ** n) / n;
  const rho = (phi: number): number => (EARTH_RADIUS * f) / t(phi) ** n;
  const theta = n * (lon - g.pGam) * RAD;
  return [rho(lat) * Math.sin(theta), rho(g.ycent) - rho(lat) * Math.cos(theta)];
}

describe('projections', () => {
  test('the paper’s grid is centred on its origin, 110 E 34 N', () => {
    const grid = new Grid(cn27);
    const centre = grid.centre(90.5, 115.5);
    expect(centre.lon).toBeCloseTo(110, 10);
    expect(centre.lat).toBeCloseTo(34, 10);
    expect(grid.cellAt(116.4, 39.9)).toEqual({ row: 115, col: 136 });
  });

  test.each([cn27, south])('Lambert $name agrees with Snyder’s formulas at corners and inside', (definition) => {
    const grid = new Grid(definition);
    for (const [row, col] of [
      [0, 0],
      [0, 231],
      [181, 0],
      [181, 231],
      [40.3, 99.9],
    ]) {
      const { lon, lat } = grid.centre(row, col);
      const [x, y] = snyderLambert(definition, lon, lat);
      expect(x).toBeCloseTo(definition.xorig + (col + 0.5) * definition.xcell, 3);
      expect(y).toBeCloseTo(definition.yorig + (row + 0.5) * definition.ycell, 3);
    }
  });

  test('an origin east of the central meridian', () => {
    const grid = new Grid(shifted);
    const [x0, y0] = snyderLambert(shifted, 115, 30);
    const [x, y] = snyderLambert(shifted, 120, 40);
    const [gx, gy] = grid.toXY(120, 40);
    expect(gx).toBeCloseTo(x - x0, 3);
    expect(gy).toBeCloseTo(y - y0, 3);
    expect(grid.toXY(115, 30).map(Math.round)).toEqual([0, 0].map((zero) => expect.closeTo(zero, 5) as number));
  });

  test('polar stereographic and Mercator worked by hand', () => {
    // Polar: rho = R (1 + sin 45) tan((90 - lat)/2), towards -lon0 ("down") on the central meridian.
    const [x, y] = new Grid(polar).toXY(-98, 60);
    expect(x).toBeCloseTo(0, 3);
    expect(y).toBeCloseTo(-EARTH_RADIUS * (1 + Math.SQRT1_2) * Math.tan(15 * RAD), 3);
    // Mercator: x = R dlon, y = R ln tan(45 + lat/2)
    const [mx, my] = new Grid(mercator).toXY(-97, 10);
    expect(mx).toBeCloseTo(EARTH_RADIUS * RAD, 3);
    expect(my).toBeCloseTo(EARTH_RADIUS * Math.log(Math.tan(50 * RAD)), 3);
  });

  test.each([cn27, south, shifted, polar, mercator, latLon])('$name: there and back, and every centre lies in its cell', (definition) => {
    const grid = new Grid(definition);
    for (let row = 0; row < grid.rows; row += 13) {
      for (let col = 0; col < grid.cols; col += 11) {
        const { lon, lat } = grid.centre(row, col);
        expect(grid.cellAt(lon, lat)).toEqual({ row, col });
      }
    }
  });

  test.each([0, 11, 42])('GDTYP %i is refused', (gdtyp) => {
    expect(() => new Grid({ ...cn27, gdtyp })).toThrow(
      expect.objectContaining({
        code: 'GRID_PROJECTION',
        message: `grid: GDTYP ${gdtyp} is not a projection that is read: use lat-lon (1), Lambert conformal (2), Mercator (3, 7, 8), stereographic (4, 6), UTM (5), Albers (9) or Lambert azimuthal equal-area (10)`,
      }) as Error,
    );
  });

  test('sizes that make no grid', () => {
    expect(() => new Grid({ ...cn27, xcell: 0 })).toThrow(expect.objectContaining({ code: 'GRID_DEFINITION' }) as Error);
    expect(() => new Grid({ ...cn27, rows: 1.5 })).toThrow(expect.objectContaining({ code: 'GRID_DEFINITION' }) as Error);
    expect(() => new Grid({ ...latLon, xcell: 12000, ycell: 12000 })).toThrow(
      /cells of a lat-lon grid \(GDTYP 1\) are in degrees, but these are of 12000 x 12000: give them in degrees, or the GDTYP of the projection that they are metres of$/,
    );
    expect(() => new Grid({ ...cn27, cols: 1e9 })).toThrow(/expected at most 200000000 cells but received 1000000000 x \d+: mend the GRIDDESC/);
  });

  test.each(['pAlp', 'pGam', 'xcent', 'xorig', 'xcell'] as const)('%s that is not finite, which proj4 throws an error of its own at', (key) => {
    for (const value of [Number.NaN, Infinity])
      expect(() => new Grid({ ...cn27, [key]: value })).toThrow(expect.objectContaining({ code: 'GRID_DEFINITION' }) as Error);
  });
});

describe('cells', () => {
  test('edges belong to the cell in the east and north', () => {
    const grid = new Grid(latLon);
    expect(grid.cellAt(-182.5, -90)).toEqual({ row: 0, col: 0 });
    expect(grid.cellAt(177.5, -86)).toEqual({ row: 1, col: 0 }); // -182.5 again
    expect(grid.cellAt(177.4, 0)).toEqual({ row: 22, col: 71 });
    expect(grid.cellAt(0, 90)).toBeUndefined();
    expect(new Grid(cn27).cellAt(-100, 40)).toBeUndefined();
  });

  test.each([
    [-180, 3600, 0.1],
    [73.1, 600, 0.1],
    [0.05, 300, 0.3],
  ])('places on the edges of cells from %d on, of %d columns of %d°, whatever is lost to rounding', (xorig, cols, size) => {
    const grid = new Grid({ ...latLon, xorig, yorig: -60, xcell: size, ycell: size, cols, rows: 100 });
    const edge = (first: number, i: number): number => Number((first + i * size).toFixed(2));
    const found = (turn: number): (number | undefined)[] => Array.from({ length: cols }, (_, col) => grid.cellAt(edge(xorig, col) + turn, -60)?.col);
    const all = Array.from({ length: cols }, (_, col) => col);
    expect(found(0)).toEqual(all);
    expect(found(360)).toEqual(all);
    expect(found(-360)).toEqual(all);
    expect(Array.from({ length: 100 }, (_, row) => grid.cellAt(xorig, edge(-60, row))?.row)).toEqual(all.slice(0, 100));
    if (cols * size < 360) expect(grid.cellAt(edge(xorig, cols), -60)).toBeUndefined();
    expect(grid.cellAt(edge(xorig, 5) - 1e-6 * size, -60)).toEqual({ row: 0, col: 4 });
  });

  test('the corners of projected cells are theirs, beyond the meridian opposite to that of the projection, too', () => {
    const seam = 2 * Math.PI * EARTH_RADIUS * 0.5; // of x, which rises by half a turn up to it
    const across = { ...mercator, xorig: seam - 30 * 27000 };
    const atSixty = { ...across, pAlp: 60, xorig: seam / 2 - 30 * 27000, yorig: -1578187 };
    const tangent = { ...across, gdtyp: 3, pBet: -98, pGam: 0 };
    for (const definition of [cn27, shifted, mercator, across, atSixty, tangent]) {
      const grid = new Grid(definition);
      for (let row = 0; row < grid.rows; row += 7) {
        for (let col = 0; col < grid.cols; col += 7) {
          const { lon, lat } = grid.centre(row - 0.5, col - 0.5);
          expect(grid.cellAt(lon, lat)).toEqual({ row, col });
        }
      }
    }
  });

  test('a length in cells, north and east; a degree of longitude is shorter away from the equator', () => {
    expect(new Grid(cn27).lengthInCells(81)).toEqual([3, 3]);
    const north = new Grid({ ...latLon, yorig: 58, rows: 1 }); // 60 N
    const degree = (Math.PI * EARTH_RADIUS) / 180 / 1000;
    const [rows, cols] = north.lengthInCells(8 * degree);
    expect(rows).toBeCloseTo(2, 12);
    expect(cols).toBeCloseTo(3.2, 12);
  });

  test('the cells of a whole lat-lon globe add up to the sphere', () => {
    const grid = new Grid({ ...latLon, yorig: -90, rows: 45 });
    let sum = 0;
    for (let row = 0; row < grid.rows; row++) sum += grid.cellArea(row) * grid.cols;
    expect(sum / (4 * Math.PI * EARTH_RADIUS ** 2)).toBeCloseTo(1, 12);
    expect(new Grid(cn27).cellArea(5)).toBe(27000 * 27000);
    expect(new Grid(cn27).cellAreaM2).toBe(27000 * 27000);
  });
});

describe('assertSame', () => {
  const grid = new Grid(cn27);
  test('allows for GRIDDESC’s rounding and other names', () => {
    expect(() => grid.assertSame(new Grid({ ...cn27, name: 'METCRO_cn27', pGam: 110.0004, xorig: -3132000.4 }), 'f.nc')).not.toThrow();
  });
  test.each([
    ['rows', 181, 'NROWS 182', 'NROWS 181'],
    ['pGam', 102, 'P_GAM 110', 'P_GAM 102'],
    ['xorig', -3105000, 'XORIG -3132000', 'XORIG -3105000'],
    ['xcell', 27001, 'XCELL 27000', 'XCELL 27001'],
    ['gdtyp', 6, 'GDTYP 2', 'GDTYP 6'],
  ])('names %s', (key, value, mine, theirs) => {
    const other = new Grid({ ...cn27, [key]: value });
    expect(() => grid.assertSame(other, 'EMIS.nc')).toThrow(
      expect.objectContaining({
        code: 'GRID_MISMATCH',
        exitCode: 3,
        message: `EMIS.nc: expected the grid cn27 with ${mine} but received cn27 with ${theirs}: give files on the case's grid, or name the other grid in the case`,
      }) as Error,
    );
  });
});

describe('GRIDDESC', () => {
  const text = `' '\n'LCC'\n 2 25.0D0, 40., 110. 110.0 34 ! parameters\n"POLAR" 6 1 45 -98\n -98 90\n' '\n'cn27'\n'LCC' -3132000. -2457000. 27000.\n27000. 232 182 1\n'north' 'POLAR' 0 0 1E5 1e5 10 10 1\n`;
  const folder = mkdtempSync(join(tmpdir(), 'griddesc-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (content: string): string => {
    const path = join(folder, 'GRIDDESC');
    writeFileSync(path, content);
    return path;
  };

  test('list-directed text: commas, D exponents, comments, lines broken anywhere, no blank name at the end, CR LF', () => {
    for (const content of [text, text.replaceAll('\n', '\r\n')]) {
      const path = write(content);
      expect(readGriddesc(path, 'cn27').definition).toEqual(cn27);
      expect(readGriddesc(path, 'north').definition).toMatchObject({ gdtyp: 6, pBet: 45, xcell: 1e5, cols: 10 });
    }
  });

  test('what is written is read, digit for digit', () => {
    const odd = new Grid({ ...south, xorig: 1480000.375, pGam: 133.302001953125 });
    const path = join(folder, 'OUT');
    writeGriddesc(path, odd);
    expect(readGriddesc(path).definition).toEqual(odd.definition);
  });

  test('errors', () => {
    const path = write(text);
    const fails = (code: string, message: string): Error => expect.objectContaining({ code, message, exitCode: 3 }) as Error;
    expect(() => readGriddesc(path, 'CN27')).toThrow(
      fails('GRIDDESC_GRID', `${path}: expected the grid 'CN27' but it holds 'cn27', 'north': set grid.name in the case to one of them`),
    );
    expect(() => readGriddesc(path)).toThrow(/expected one grid but it holds 'cn27', 'north'/);
    const remedy = 'mend the GRIDDESC (a header line, coordinate systems, a blank name, grids)';
    const syntax = (content: string, what: string): void => {
      const broken = write(content);
      expect(() => readGriddesc(broken, 'cn27')).toThrow(fails('GRIDDESC_SYNTAX', `${broken}: ${what}: ${remedy}`));
    };
    syntax(text.replace('110. 110.0', '110.'), `coordinate system 'LCC' needs 6 numbers but received 'POLAR'`);
    syntax(text.replace("'LCC' -3132000", "'LCD' -3132000"), `grid 'cn27' names the coordinate system 'LCD', which the file does not define`);
    syntax(text.slice(0, text.indexOf('27000.')), `grid 'cn27' needs 7 numbers but received the end of the file`);
    syntax(text.replace('25.0D0', 'abc'), 'expected a number or a quoted name but received abc');
    syntax(text.replace('25.0D0', 'a'.repeat(99)), `expected a number or a quoted name but received ${'a'.repeat(40)}`);
    syntax('CDF\x02\0\0\0\x05', 'expected text but received a binary file');
    const missing = join(folder, 'none');
    expect(() => readGriddesc(missing)).toThrow(
      fails(
        'GRIDDESC_MISSING',
        `${missing}: the GRIDDESC cannot be read (ENOENT: no such file or directory, stat '${missing}'): check grid.griddesc in the case`,
      ),
    );
  });
});

describeShared('real GRIDDESC files', () => {
  const folder = join(sharedData, 'griddesc');
  const read = (name: string): GridDefinition[] => parseGriddesc(readFileSync(join(folder, name), 'utf8'), name);

  test('every file is read whole', () => {
    const names = Object.fromEntries(readdirSync(folder).map((name) => [name, read(name).map((grid) => grid.name)]));
    expect(names).toEqual({
      'GRIDDESC.MEIAT_CN27km': ['CN27km'],
      'GRIDDESC.MEIAT_PRD274x181': ['PRD274x181'],
      'GRIDDESC.openmethane_au-test': ['au-test_v1'],
      'GRIDDESC.pseudonetcdf': ['12US1', '36US3', '108NHEMI2', 'CMAQNORTHSA', 'global_1', 'global_4x5'],
      'GRIDDESC.verdi_West36': ['West36'],
    });
    for (const name of readdirSync(folder)) for (const definition of read(name)) expect(new Grid(definition).centre(0, 0).lat).toBeGreaterThan(-91);
  });

  test('names mislead, numbers count: LamCon_34N_110E is centred on 102 E in one file, LamCon_40N_97W on 110 E in another', () => {
    expect(read('GRIDDESC.MEIAT_CN27km')[0]).toMatchObject({ pGam: 102, xcent: 102, cols: 186, rows: 156 });
    expect(read('GRIDDESC.MEIAT_PRD274x181')[0]).toMatchObject({ pGam: 110, ycent: 28.5, cols: 271, rows: 178 });
  });

  test('the real case is on the paper’s grid', () => {
    expect(readGriddesc(join(sharedData, 'china-201701', 'GRIDDESC'), 'cn27').definition).toEqual(cn27);
  });
});

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
