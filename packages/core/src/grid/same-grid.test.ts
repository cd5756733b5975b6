/** Which parameters of a projection make two grids one: those that move its cells. */
import { GridError } from '../base/errors';
import { Grid, type GridDefinition } from './grid';

const base = { name: 'case', xorig: 150000, yorig: -90000, xcell: 30000, ycell: 30000, cols: 4, rows: 3 };
const DEFINITIONS: [string, GridDefinition][] = [
  ['lat-lon', { ...base, gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, xorig: 73, yorig: 18, xcell: 0.25, ycell: 0.25 }],
  ['Lambert', { ...base, gdtyp: 2, pAlp: 33, pBet: 45, pGam: -97, xcent: -97, ycent: 40 }],
  ['Mercator', { ...base, gdtyp: 3, pAlp: 0, pBet: 105, pGam: 0, xcent: 110, ycent: 10 }],
  ['Mercator on its side', { ...base, gdtyp: 3, pAlp: 0, pBet: 108, pGam: 90, xcent: 110, ycent: 34 }],
  ['stereographic', { ...base, gdtyp: 4, pAlp: 50, pBet: 12, pGam: 0, xcent: 10, ycent: 50 }],
  ['UTM', { ...base, gdtyp: 5, pAlp: 17, pBet: 0, pGam: 0, xcent: 500000, ycent: 3900000 }],
  ['polar, north', { ...base, gdtyp: 6, pAlp: 1, pBet: 45, pGam: -98, xcent: -90, ycent: 60 }],
  ['polar, south', { ...base, gdtyp: 6, pAlp: -1, pBet: -71, pGam: 30, xcent: 100, ycent: -60 }],
  ['equatorial Mercator', { ...base, gdtyp: 7, pAlp: 20, pBet: 0, pGam: -98, xcent: -98, ycent: 5 }],
  ['transverse Mercator', { ...base, gdtyp: 8, pAlp: 0, pBet: 0.9999, pGam: 14, xcent: 15, ycent: 40 }],
  ['Albers', { ...base, gdtyp: 9, pAlp: 29.5, pBet: 45.5, pGam: -96, xcent: -96, ycent: 23 }],
  ['azimuthal', { ...base, gdtyp: 10, pAlp: 52, pBet: 0, pGam: 10, xcent: 9, ycent: 51 }],
];
const KEYS = ['pAlp', 'pBet', 'pGam', 'xcent', 'ycent'] as const;
type Key = (typeof KEYS)[number];

/** Of an upright Mercator the central meridian moves no cell, since XCENT says where x is 0, but the seam opposite it, which a grid may lie across. */
function movesSeam({ gdtyp, pGam }: GridDefinition, key: Key): boolean {
  return (gdtyp === 7 && key === 'pGam') || (gdtyp === 3 && pGam === 0 && key === 'pBet');
}

/** Undefined where the parameters make no grid. */
function gridOf(definition: GridDefinition): Grid | undefined {
  try {
    return new Grid(definition);
  } catch (error) {
    if (error instanceof GridError) return undefined;
    throw error;
  }
}

/** Whether opposite cells are in the same places, to 1e-6°. */
function coincide(a: Grid, b: Grid): boolean {
  return [0, 2].every((at) => {
    const [one, other] = [a.centre(at, at), b.centre(at, at)];
    return Math.abs(one.lon - other.lon) < 1e-6 && Math.abs(one.lat - other.lat) < 1e-6;
  });
}

function refusal(grid: Grid, other: Grid): string | undefined {
  try {
    grid.assertSame(other, 'EMIS.nc');
    return undefined;
  } catch (error) {
    return (error as GridError).code;
  }
}

test.each(DEFINITIONS)('%s: a parameter that differs is a mismatch where it moves cells, and only there', (_, definition) => {
  const grid = new Grid(definition);
  const isLongitude = (key: Key): boolean => key === 'pGam' || key === 'xcent' || (key === 'pBet' && [3, 4].includes(definition.gdtyp));
  for (const key of KEYS) {
    const value = definition[key];
    for (const changed of [value + 10, -value, ...(isLongitude(key) ? [value + 360, value - 360] : [])]) {
      const other = gridOf({ ...definition, [key]: changed });
      if (!other || (movesSeam(definition, key) && Math.abs(changed - value) !== 360)) continue;
      expect([key, changed, refusal(grid, other)]).toEqual([key, changed, coincide(grid, other) ? undefined : 'GRID_MISMATCH']);
    }
  }
});

test('each projection has parameters that files may fill as they like, or write a turn away', () => {
  const passing = (definition: GridDefinition, changes: Partial<GridDefinition>): void =>
    expect(() => new Grid(definition).assertSame(new Grid({ ...definition, ...changes }), 'EMIS.nc')).not.toThrow();
  const of = (name: string): GridDefinition => DEFINITIONS.find(([each]) => each === name)![1];
  passing(of('lat-lon'), { xcent: 100, ycent: 30, pAlp: 1, pBet: 2, pGam: 3 });
  passing(of('Lambert'), { pGam: 263, xcent: 263 });
  passing(of('equatorial Mercator'), { pBet: 30 });
  passing(of('polar, south'), { pBet: 71, pGam: 390.0004 });
});
