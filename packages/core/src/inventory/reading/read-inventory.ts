/** Reads the emissions of a run, which may lie in sectors. */
import { readEmissions } from '../../case/gridded/case-fields';
import type { LongRead } from '../../files/ioapi/period-steps';
import type { Grid, TimeAxis } from '../../grid/grid';
import { groupNames, type SectorFiles } from './emission-reader';
import { openSector } from './point-sources';

/** Emissions of all sectors, `[T, H, W, groups]` kg m-2 s-1. @param log - told what is no fault of the files, but worth knowing */
export function readInventory(
  sectors: readonly SectorFiles[],
  grid: Grid,
  time: TimeAxis,
  options: LongRead,
  log?: (text: string) => void,
): Float32Array {
  const [sum, ...remaining] = sectors.map((sector) => {
    const reader = openSector(sector, grid);
    try {
      const emissions = readEmissions(
        reader,
        time,
        Object.fromEntries(groupNames(sector.groups).map((group) => [group, sector.groups[group]])),
        options,
      );
      reader.notes?.forEach((note) => log?.(note));
      return emissions;
    } finally {
      reader.close();
    }
  });
  for (const addend of remaining) for (let i = 0; i < sum.length; i++) sum[i] += addend[i];
  return sum;
}
