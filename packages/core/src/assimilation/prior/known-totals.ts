/** Totals that the case says are known, as sums over the factors of the inversion. */
import { type Case, type InversionSettings } from '../../case';
import { regionMask } from '../../case/gridded/regions';
import { ConfigError } from '../../base/errors';
import type { KnownTotal } from '../../inversion/model/totals-model';
import type { FactorsOf } from '../factors/factors-file';
import { hoursPerSlot, type TimeSlots } from '../factors/time-slots';

/**
 * @param emissions - grid and groups that they are of
 * @param priorEmissions - mean of each slot, kg m-2 s-1, `[slots of all periods, H, W, groups]`
 * @param slots - of each period
 * @throws {ConfigError} `TOTAL_NOT_EMITTED` for a total of nothing
 */
export function knownTotals(
  totals: InversionSettings['totals'],
  { regions, periods }: Pick<Case, 'regions' | 'periods'>,
  { grid, groups }: FactorsOf,
  priorEmissions: Float32Array,
  slots: readonly TimeSlots[],
): KnownTotal[] {
  const cells = grid.rows * grid.cols;
  return totals.map(({ group, region, period, factor, spread }, number) => {
    const mask = region === undefined ? undefined : regionMask(regions[region], grid);
    const g = groups.indexOf(group);
    const index: number[] = [];
    const weight: number[] = [];
    let first = 0;
    slots.forEach(({ count, slotOfHour }, p) => {
      const hours = hoursPerSlot({ count, slotOfHour });
      for (let slot = 0; slot < count && (period === undefined || periods[p].name === period); slot++) {
        for (let cell = 0; cell < cells; cell++) {
          const i = ((first + slot) * cells + cell) * groups.length + g;
          if ((mask && !mask[cell]) || !(priorEmissions[i] > 0)) continue;
          index.push(i);
          weight.push(priorEmissions[i] * hours[slot] * grid.cellArea(Math.floor(cell / grid.cols)));
        }
      }
      first += count;
    });
    if (index.length === 0) {
      const place = `${region === undefined ? '' : ` in ${region}`}${period === undefined ? '' : ` in ${period}`}`;
      throw new ConfigError(
        'TOTAL_NOT_EMITTED',
        `inversion.totals[${number}]: the prior inventory emits no ${group}${place}, so that no factor changes its total: take the total out, or mend its region or period`,
      );
    }
    return { index: Int32Array.from(index), weight: Float64Array.from(weight), value: factor, spread };
  });
}
