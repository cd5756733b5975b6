/** The columns of a case as every later stage sees them: what `prepare` stored of a period, with the same cells and days withheld everywhere. */
import { columnEntries } from '../../case';
import { readColumns, type StoredColumns } from '../../columns/column-store';
import type { Grid } from '../../grid/grid';
import { Role } from '../../inversion/cost/cost';
import type { ColumnValues } from '../../inversion/observations/column-values';
import { chooseWithheldColumns, type WithheldColumns } from '../../inversion/observations/withheld';
import type { Workspace } from '../workspace';

/** Columns of one species in a period, with the role of each. */
export interface ObservedColumns extends ColumnValues {
  stored: StoredColumns;
  role: Uint8Array;
  /** spatial block of every cell that has a column in any period */
  block: ReadonlyMap<number, string>;
}

const HOUR_MS = 3_600_000;

/**
 * In the order of the case's columns; none where the case has none.
 *
 * @param watch - whether some choose the step at which to stop
 * @throws {DataError} `PREPARED_MISSING`, `WITHHELD_ONE_BLOCK`
 */
export function observedColumns(context: Workspace, period: string, grid: Grid, watch: boolean): ObservedColumns[] {
  const { caseSettings, dirOf } = context;
  const entries = columnEntries(caseSettings);
  if (entries.length === 0) return [];
  const starts = new Map(caseSettings.periods.map(({ name, start }) => [name, new Date(start).getTime()]));
  const ofPeriod = (name: string): StoredColumns[] => entries.map((entry) => readColumns(dirOf('prepare'), name, entry.name));
  const dayOf = dayAt(grid);
  const [cells, days] = [new Set<number>(), new Set<number>()];
  for (const [name, start] of starts) {
    for (const { cell, hour } of ofPeriod(name)) {
      cell.forEach((cellIndex) => cells.add(cellIndex));
      new Set(hour).forEach((hourOfPeriod) => days.add(dayOf(start + hourOfPeriod * HOUR_MS)));
    }
  }
  const { columns, blockCells, seed } = caseSettings.withheld;
  const drawn = chooseWithheldColumns({ cells, days }, grid.cols, { ...columns, blockCells, seed, watch });
  const start = starts.get(period)!;
  return ofPeriod(period).map((stored) => ({
    ...stored,
    stored,
    block: drawn.block,
    role: Uint8Array.from(stored.cell, (cell, i) => roleOf(drawn, cell, dayOf(start + stored.hour[i] * HOUR_MS))),
  }));
}

function roleOf({ withheld, watched }: WithheldColumns, cell: number, day: number): number {
  if (withheld.cells.has(cell) || withheld.days.has(day)) return Role.withheld;
  return watched.has(cell) ? Role.watched : Role.used;
}

/** The day, in solar time at the middle of the grid, of an instant (ms): an overpass is of one. */
function dayAt(grid: Grid): (time: number) => number {
  const { lon } = grid.centre(Math.floor(grid.rows / 2), Math.floor(grid.cols / 2));
  return (time) => Math.floor((time / HOUR_MS + lon / 15) / 24);
}
