/** Grids: what they are made of, their files, and how cells of two of them overlap. */
export { Grid, type GridDefinition, type GridWindow, type Stagger, type TimeAxis } from '../grid/grid';
export { readGriddesc, writeGriddesc } from '../grid/griddesc';
export { CellOverlaps } from '../grid/cell-overlaps';
export type { CoordinateSystem } from '../grid/projection';
export type { CutCell, LatLonCells, SourceCells } from '../grid/lat-lon-cells';
export type { WindDirection } from '../grid/wind';
