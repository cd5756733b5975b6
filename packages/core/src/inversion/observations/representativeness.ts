/** How far the monitors of a cell are apart: r_s of observation-error.ts, pooled over all cells and periods, so that a period or fold without a shared cell has it, too. */
import type { CellObservations } from '../../observations/station-cells';
import { ConfigError } from '../../base/errors';

/** Over the times at which two monitors of a cell or more have a value: Σ spread², with the sample standard deviation as spread, and Σ mean². */
interface SpreadSums {
  squares: number;
  level: number;
}

/** By species, and by cell (row · cols + col) that several monitors share. */
export type CellSpreads = ReadonlyMap<string, ReadonlyMap<number, SpreadSums>>;

/** The sums of one period. */
export function cellSpreads({ cells, species, values, spread }: CellObservations, cols: number): CellSpreads {
  return new Map(
    species.map((name) => {
      const sums = new Map<number, SpreadSums>();
      const means = values.get(name)!;
      spread.get(name)!.forEach((deviation, i) => {
        if (!Number.isFinite(deviation)) return;
        const { row, col } = cells[i % cells.length];
        const { squares, level } = sums.get(row * cols + col) ?? { squares: 0, level: 0 };
        sums.set(row * cols + col, { squares: squares + deviation ** 2, level: level + means[i] ** 2 });
      });
      return [name, sums];
    }),
  );
}

/**
 * r_s of each species that is observed in any period: spread of the monitors of a cell about their mean, relative to it, root mean square over cells and times.
 *
 * @param withheld - cells that judge the result: they are not looked at, not even for their spread
 * @throws {ConfigError} `OBSERVATION_REPRESENTATIVENESS` if no other cell holds two monitors of a species
 */
export function relativeSpreads(periods: readonly CellSpreads[], withheld: ReadonlySet<number>): Record<string, number> {
  const species = new Set(periods.flatMap((period) => [...period.keys()]));
  return Object.fromEntries(
    [...species].map((name) => {
      let [squares, level] = [0, 0];
      for (const period of periods) {
        for (const [cell, sums] of period.get(name) ?? []) {
          if (withheld.has(cell)) continue;
          squares += sums.squares;
          level += sums.level;
        }
      }
      if (level > 0) return [name, Math.sqrt(squares / level)];
      throw new ConfigError(
        'OBSERVATION_REPRESENTATIVENESS',
        `inversion.representativeness: no cell that is not withheld holds two monitors of ${name} at once, so that their spread within a cell is not known: set it to none and raise observationError.${name}`,
      );
    }),
  );
}
