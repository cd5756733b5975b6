/**
 * How much of each species is emitted, by hour and region, before and after an update; and the check that the written file says so:
 * what was asked for is summed in double precision as prior x factor, what the file holds is read again.
 */
import { isPerArea } from '../../case/gridded/case-fields';
import { IoapiFile, type IoapiReader } from '../../files/ioapi/ioapi-file';
import { DataError } from '../../base/errors';
import { type Grid, instant, timeAt } from '../../grid/grid';
import { quotedField } from '../../base/whole-files';

/** Weight of each cell, `[rows, cols]`, by name of the region; the part of the cell that counts. */
export type RegionMasks = ReadonlyMap<string, ArrayLike<number>>;

/** One species in one file: sums over layers and cells, `[steps, regions]`. */
export interface SpeciesBudget {
  species: string;
  /** of the sums: that of the file, times m2 where the file is per area */
  unit: string;
  prior: Float64Array;
  /** prior times factors, not rounded */
  requested: Float64Array;
}

/** Rounding of one product to float32, relative, and something for the sums themselves. */
const ROUNDING = 2 ** -24 + 1e-9;

/** Sums fields `[steps, layers, rows, cols]` over layers and regions. */
export class RegionSums {
  private readonly weights: ArrayLike<number>[];

  constructor(
    private readonly reader: Pick<IoapiReader, 'grid' | 'layers'>,
    masks: RegionMasks,
    units: string,
  ) {
    const { grid } = reader;
    const perArea = isPerArea(units);
    this.weights = [...masks.values()].map((mask) =>
      perArea ? Float64Array.from(mask, (part, cell) => part * grid.cellArea(Math.floor(cell / grid.cols))) : mask,
    );
  }

  /** @param factor - on the values of a step and cell */
  massesOf(fields: ArrayLike<number>, factor?: (step: number) => ((cell: number) => number) | undefined): Float64Array {
    const { grid, layers } = this.reader;
    const cells = grid.rows * grid.cols;
    const steps = fields.length / (layers * cells);
    const out = new Float64Array(steps * this.weights.length);
    const column = new Float64Array(cells);
    for (let step = 0; step < steps; step++) {
      const factorOfCell = factor?.(step);
      for (let cell = 0; cell < cells; cell++) {
        let sum = 0;
        for (let layer = 0; layer < layers; layer++) sum += fields[(step * layers + layer) * cells + cell];
        column[cell] = factorOfCell ? sum * factorOfCell(cell) : sum;
      }
      this.weights.forEach((weight, region) => {
        let sum = 0;
        for (let cell = 0; cell < cells; cell++) sum += weight[cell] * column[cell];
        out[step * this.weights.length + region] = sum;
      });
    }
    return out;
  }
}

export function budgetUnit(units: string): string {
  return isPerArea(units) ? `${units} m2` : units;
}

/**
 * Reads a written file again and compares.
 *
 * @param grid - of the masks, where the file may be on a larger one
 *
 * @returns rows of `mass_budget.csv`, without its header
 * @throws {DataError} `MASS_MISMATCH`, naming species, hour and region
 */
export function checkedBudget(path: string, budgets: readonly SpeciesBudget[], masks: RegionMasks, grid?: Grid): string[] {
  const names = [...masks.keys()];
  const file = IoapiFile.open(path, { grid });
  const rows: string[] = [];
  try {
    for (const { species, unit, prior, requested } of budgets) {
      const { units } = file.variables.find(({ name }) => name === species)!;
      const sums = new RegionSums(file, masks, units);
      for (let step = 0; step < file.time.count; step++) {
        const time = instant(timeAt(file.time, step));
        sums.massesOf(file.read(species, step, 1)).forEach((updated, region) => {
          const index = step * names.length + region;
          if (!(Math.abs(updated - requested[index]) <= ROUNDING * Math.abs(requested[index]) + 1e-30)) {
            throw new DataError(
              'MASS_MISMATCH',
              `${path}: ${species} at ${time} in ${names[region]}: expected ${requested[index]} ${unit} but the file holds ${updated}: run apply again, and check the disk`,
            );
          }
          rows.push([species, unit, time, quotedField(names[region]), prior[index], updated].join(','));
        });
      }
    }
  } finally {
    file.close();
  }
  return rows;
}
