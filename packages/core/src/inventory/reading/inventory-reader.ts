/** The inventory as the sum of its sectors, whose files may differ in variables, units, layers and span of time. */
import type { IoapiReader } from '../../files/ioapi/ioapi-file';
import { firstStepOf } from '../../files/ioapi/period-steps';
import type { Grid, TimeAxis } from '../../grid/grid';
import { assertGroups, EmissionReader, type SectorFiles } from './emission-reader';
import { openSector } from './point-sources';

/**
 * Grid, hours and variables of the inventory, from its headers, for whoever takes its files as they are: in units that need not be the reference model's.
 *
 * @throws {GridError} `GRID_MISMATCH` if a sector is on another grid
 * @throws {DataError} `PERIOD_NOT_COVERED`, `TIME_STEP`, `VARIABLE_MISSING`, and whatever a file throws
 */
export function checkInventory(sectors: readonly SectorFiles[], grid: Grid, period: TimeAxis): void {
  for (const sector of sectors) {
    const series = openSector(sector, grid);
    try {
      assertGroups(series, sector.groups);
      firstStepOf(series, period);
    } finally {
      series.close();
    }
  }
}

/** The inventory in the units of the reference model. */
export class InventoryReader {
  private constructor(private readonly sectors: { series: IoapiReader; reader: EmissionReader; first: number }[]) {}

  /**
   * @throws {GridError} `GRID_MISMATCH` if a sector is on another grid
   * @throws {DataError} `PERIOD_NOT_COVERED`, `TIME_STEP`, `VARIABLE_MISSING`, and whatever a file throws
   * @throws {UnitError} as of {@link EmissionReader}
   */
  static open(sectors: readonly SectorFiles[], grid: Grid, period: TimeAxis): InventoryReader {
    const opened: IoapiReader[] = [];
    try {
      return new InventoryReader(
        sectors.map((sector) => {
          const series = openSector(sector, grid);
          opened.push(series);
          return { series, reader: new EmissionReader(series, sector.groups), first: firstStepOf(series, period) };
        }),
      );
    } catch (error) {
      for (const series of opened) series.close();
      throw error;
    }
  }

  /**
   * @param hour - of the period
   * @returns `[count, rows, cols, groups]`, in the units of {@link EmissionReader}
   */
  read(hour: number, count: number): Float32Array {
    const [sum, ...remaining] = this.sectors.map(({ reader, first }) => reader.read(first + hour, count));
    for (const addend of remaining) for (let i = 0; i < sum.length; i++) sum[i] += addend[i];
    return sum;
  }

  close(): void {
    for (const { series } of this.sectors) series.close();
  }
}
