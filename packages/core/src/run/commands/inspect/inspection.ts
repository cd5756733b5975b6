/** What `inspect` says of a file: what it is, where and when its values lie, their ranges, and what is odd about it. */
import type { RetroplumeError } from '../../../base/errors';
import { Grid, type GridDefinition } from '../../../grid/grid';
import { LATLON } from '../../../grid/projection';

export interface GridSummary {
  name: string;
  projection: string;
  cols: number;
  rows: number;
  /** m; degrees on a lat-lon grid */
  cell: [x: number, y: number];
  /** outer corners as [longitude, latitude] */
  corners: Record<'southWest' | 'southEast' | 'northEast' | 'northWest', [lon: number, lat: number]>;
}

export interface TimeSummary {
  /** UTC unless `zone` says otherwise */
  first: string;
  last: string;
  steps: number;
  /** the same between all steps; absent where it changes */
  stepSeconds?: number;
}

export interface VariableSummary {
  name: string;
  units: string;
  shape: string;
  /** of the values that are there; absent where none is, or they are no numbers */
  min?: number;
  max?: number;
  mean?: number;
  missing: number;
  values: number;
}

/** Something that a user should look at. */
export interface Oddity {
  /** where Retroplume refuses the file for it, the code of the error; else a word for the kind */
  code: string;
  text: string;
}

export interface Inspection {
  path: string;
  /** as `I/O API gridded file, netCDF classic` */
  kind: string;
  /** of a folder: of all files below it */
  bytes: number;
  facts: Record<string, string | number>;
  grids: GridSummary[];
  time?: TimeSummary;
  variables: VariableSummary[];
  odd: Oddity[];
}

/** What a convention adds to what every netCDF file has. */
export type Described = Partial<Pick<Inspection, 'facts' | 'grids' | 'time' | 'odd'>> & { kind: string };

const PROJECTIONS: Record<number, string> = {
  1: 'lat-lon',
  2: 'Lambert conformal',
  3: 'general Mercator',
  4: 'general stereographic',
  5: 'UTM',
  6: 'polar stereographic',
  7: 'equatorial Mercator',
  8: 'transverse Mercator',
  9: 'Albers equal-area',
  10: 'Lambert azimuthal equal-area',
};

/** @throws {GridError} for a projection or sizes that make no grid */
export function summariseGrid(definition: GridDefinition): GridSummary {
  const grid = new Grid(definition);
  const { name, gdtyp, cols, rows, xorig, yorig, xcell, ycell, pAlp, pBet, pGam, xcent, ycent } = definition;
  const corner = (row: number, col: number): [number, number] => {
    // Longitudes of a lat-lon grid as it has them: a globe ends at 180, not at -180.
    if (gdtyp === LATLON) return [xorig + (col + 0.5) * xcell, yorig + (row + 0.5) * ycell];
    const { lon, lat } = grid.centre(row, col);
    return [lon, lat];
  };
  const numbers = gdtyp === LATLON ? '' : ` (P_ALP ${pAlp}, P_BET ${pBet}, P_GAM ${pGam}, XCENT ${xcent}, YCENT ${ycent})`;
  return {
    name,
    projection: `${PROJECTIONS[gdtyp] ?? `GDTYP ${gdtyp}`}${numbers}`,
    cols,
    rows,
    cell: [xcell, ycell],
    corners: {
      southWest: corner(-0.5, -0.5),
      southEast: corner(-0.5, cols - 0.5),
      northEast: corner(rows - 0.5, cols - 0.5),
      northWest: corner(rows - 0.5, -0.5),
    },
  };
}

/** What Retroplume says when it is asked to read a file as an input. */
export function refusedAsInput({ code, message }: RetroplumeError, path: string): Oddity {
  return { code, text: `it is refused as a gridded input: ${message.replace(`${path}: `, '')}` };
}

const SHOWN = 6;

export function shortList(names: readonly string[]): string {
  return names.length > SHOWN ? `${names.slice(0, SHOWN).join(', ')} … (${names.length})` : names.join(', ');
}
