/** The inventory by the sectors that an inversion tells apart. */
import { REST, type Case, type InversionSettings } from '../../case';
import { readEmissions } from '../../case/gridded/case-fields';
import { timeAt } from '../../grid/grid';
import type { PeriodSource } from '../../fields/period-source';
import type { InversionProblem } from '../../inversion/solve/inversion-problem';
import type { SectorFiles } from '../../inventory/reading/emission-reader';
import { openSector } from '../../inventory/reading/point-sources';
import { priorSectors } from '../../inventory/reading/sector-files';
import { hoursPerSlot, type TimeSlots } from '../factors/time-slots';

const HOURS_AT_ONCE = 24;

/** Name under which a sector is inverted: its own where the inversion names it, else that of all others. */
function invertedAs(sector: string, { sectors }: Pick<InversionSettings, 'sectors'>): string {
  return sectors.some((settings) => settings.sector === sector) ? sector : REST;
}

/**
 * Mean emissions per slot of each sector that has factors of its own, and of all others together; undefined where none has.
 *
 * @param slots - of each period
 */
export function sectorsOf(
  settings: Case,
  inversion: InversionSettings,
  periods: readonly PeriodSource[],
  slots: readonly TimeSlots[],
): InversionProblem['sectors'] {
  if (inversion.sectors.length === 0) return undefined;
  const field = periods[0].grid.rows * periods[0].grid.cols * periods[0].groups.length;
  const size = slots.reduce((sum, { count }) => sum + count, 0) * field;
  const emissions = new Map<string, Float32Array>();
  let begin = 0;
  periods.forEach((period, p) => {
    for (const sector of priorSectors(settings, period.name)) {
      const name = invertedAs(sector.name, inversion);
      if (!emissions.has(name)) emissions.set(name, new Float32Array(size));
      addSlotMeans(sector, period, slots[p], emissions.get(name)!.subarray(begin, begin + slots[p].count * field));
    }
    begin += slots[p].count * field;
  });
  const spreadOf = (name: string): Record<string, number> => {
    const sectorSpreads = Object.entries(inversion.sectors.find(({ sector }) => sector === name)?.priorSpread ?? {});
    return { ...inversion.priorSpread, ...Object.fromEntries(sectorSpreads.filter((entry): entry is [string, number] => entry[1] !== undefined)) };
  };
  return [...emissions].map(([name, priorEmissions]) => ({ name, priorEmissions, priorSpread: spreadOf(name) }));
}

/** Adds a sector's means to `[slots, H, W, groups]`, kg m-2 s-1, a day at a time. */
function addSlotMeans(sector: SectorFiles, { time, grid, groups }: PeriodSource, { count, slotOfHour }: TimeSlots, out: Float32Array): void {
  const hours = hoursPerSlot({ count, slotOfHour });
  const field = out.length / count;
  const byGroup = Object.fromEntries(groups.map((group) => [group, sector.groups[group]]));
  const series = openSector(sector, grid);
  try {
    for (let hour = 0; hour < time.count; hour += HOURS_AT_ONCE) {
      const span = { ...time, start: timeAt(time, hour), count: Math.min(HOURS_AT_ONCE, time.count - hour) };
      readEmissions(series, span, byGroup).forEach((value, i) => {
        const slot = slotOfHour[hour + Math.floor(i / field)];
        out[slot * field + (i % field)] += value / hours[slot];
      });
    }
  } finally {
    series.close();
  }
}
