/** The prior's covariance as the case describes it, in the terms of the inversion: cells, slots and indices. */
import type { Case, InversionSettings } from '../../case';
import { regionMask } from '../../case/gridded/regions';
import { ConfigError } from '../../base/errors';
import type { Grid } from '../../grid/grid';
import type { InversionProblem } from '../../inversion/solve/inversion-problem';
import { inALine, roundTheClock, withLasting, type SlotCorrelation, blockRegions } from '../../inversion/control/correlation-bases';
import type { FactorsOf } from '../factors/factors-file';
import type { TimeSlots } from '../factors/time-slots';

type PriorCovariance = Pick<
  InversionProblem,
  'lengthCells' | 'regionOf' | 'spreadFactor' | 'groupCorrelation' | 'slotCorrelation' | 'domainCorrelation' | 'farCorrelation'
>;

/** Whether what is inverted depends on where regions lie. */
export function seesRegions({ space, regionSpread, totals }: InversionSettings): boolean {
  return space === 'regions' || regionSpread.length > 0 || totals.some(({ region }) => region !== undefined);
}

/** @param emissions - grid and groups that they are of @param slots - of each period @throws {ConfigError} `CASE_REGION` if two regions overlap where each is to have a factor */
export function priorCovariance(
  settings: InversionSettings,
  regions: Case['regions'],
  { grid, groups }: FactorsOf,
  slots: readonly TimeSlots[],
): PriorCovariance {
  const { factorCorrelation: correlation, lengthKm, regionSpread } = settings;
  return {
    lengthCells: grid.lengthInCells(lengthKm),
    groupCorrelation: correlation.groups,
    domainCorrelation: correlation.domain,
    ...(correlation.far ? { farCorrelation: { part: correlation.far.part, lengthCells: grid.lengthInCells(correlation.far.km) } } : {}),
    slotCorrelation: slotCorrelation(settings, slots),
    ...(settings.space === 'cells' ? {} : { regionOf: regionIndices(settings, regions, grid) }),
    ...(regionSpread.length > 0 ? { spreadFactor: spreadFactors(regionSpread, regions, { grid, groups }) } : {}),
  };
}

/** Hours of the day go round; all other slots are a line, on which hours or days of another period follow on nothing. */
function slotCorrelation({ factors, factorCorrelation }: InversionSettings, slots: readonly TimeSlots[]): SlotCorrelation {
  const { hours, periods, lasting } = factorCorrelation;
  const ofPeriods = (correlation: (slots: TimeSlots) => Float64Array): SlotCorrelation => ({
    ofPeriods: slots.map((periodSlots) => withLasting(lasting, correlation(periodSlots))),
  });
  if (factors === 'hour-of-day') return ofPeriods(({ count }) => roundTheClock(count, hours));
  if (factors !== 'period' && lasting > 0) return ofPeriods(({ count, stepHours }) => inALine(count, stepHours, hours));
  return slots.flatMap(({ count, stepHours }) => {
    const correlationPerStep = hours > 0 ? Math.exp(-stepHours / hours) : 0;
    return [factors === 'period' ? periods : 0, ...new Array<number>(count - 1).fill(correlationPerStep)];
  });
}

function regionIndices({ space, blockKm }: InversionSettings, regions: Case['regions'], grid: Grid): Int32Array {
  if (space === 'blocks') return blockRegions(grid.rows, grid.cols, grid.lengthInCells(blockKm));
  const names = Object.keys(regions);
  const regionOfCell = new Int32Array(grid.rows * grid.cols).fill(-1);
  names.forEach((name, r) => {
    regionMask(regions[name], grid).forEach((inside, cell) => {
      if (!inside) return;
      if (regionOfCell[cell] >= 0) {
        throw new ConfigError(
          'CASE_REGION',
          `inversion.space: regions ${names[regionOfCell[cell]]} and ${name} overlap, so their cells have no one factor: make them disjoint`,
        );
      }
      regionOfCell[cell] = r;
    });
  });
  return regionOfCell;
}

/** Factors on the spread of the log factors, `[H, W, groups]`. */
export function spreadFactors(spreads: InversionSettings['regionSpread'], regions: Case['regions'], { grid, groups }: FactorsOf): Float64Array {
  const out = new Float64Array(grid.rows * grid.cols * groups.length).fill(1);
  for (const { region, group, factor } of spreads) {
    regionMask(regions[region], grid).forEach((inside, cell) => {
      if (inside) groups.forEach((name, g) => (group === undefined || group === name) && (out[cell * groups.length + g] *= factor));
    });
  }
  return out;
}
