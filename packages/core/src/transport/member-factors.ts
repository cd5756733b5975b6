/** The factors on the prior emissions that make a member of the ensemble design. */
import { GROUPS, type Group } from '../base/species';
import { memberDesigns, type Case, type MemberDesign, type PeriodSettings } from '../case';
import { regionMask } from '../case/gridded/regions';
import { ConfigError } from '../base/errors';
import type { Grid } from '../grid/grid';
import type { FactorSpan } from '../inventory/scaling/emission-factors';
import { memberFactors } from './members';

const HOUR_MS = 3_600_000;

/** The same factor wherever the mask is not 0 (default: everywhere), on one group or on all; 1 elsewhere. @returns `[H, W, 5]` */
export function uniformFactors(
  grid: { rows: number; cols: number },
  { group, factor, mask }: { group?: Group; factor: number; mask?: Float32Array },
): Float32Array {
  const groups = group === undefined ? GROUPS.map((_, g) => g) : [GROUPS.indexOf(group)];
  const factors = new Float32Array(grid.rows * grid.cols * GROUPS.length).fill(1);
  for (let cell = 0; cell < grid.rows * grid.cols; cell++) {
    if (mask && mask[cell] === 0) continue;
    for (const g of groups) factors[cell * GROUPS.length + g] = factor;
  }
  return factors;
}

/** @throws {ConfigError} `REGION_EMPTY` */
function maskOf({ regions }: Case, region: string, grid: Grid): Float32Array {
  const mask = regionMask(regions[region], grid);
  if (mask.some((value) => value !== 0)) return mask;
  const why = 'no cell of the grid has its centre in it, so a member of members.regionFactors would change nothing';
  throw new ConfigError('REGION_EMPTY', `regions.${region}: ${why}: mend the region, or take it out of members.regionFactors`);
}

/** Number of the stretches of a period that have random factors of their own. */
export function stretchCount({ members: { stretchHours } }: Pick<Case, 'members'>, { hours }: Pick<PeriodSettings, 'hours'>): number {
  return stretchHours === undefined ? 1 : Math.ceil(hours / stretchHours);
}

/**
 * Factors of a member in a period, `[H, W, 5]`, or with `members.stretchHours` those of each stretch; the same case gives the same bits.
 * @throws {ConfigError} `REGION_EMPTY` if a region has no cell
 */
export function designedFactors(settings: Case, grid: Grid, design: MemberDesign, period: PeriodSettings): Float32Array | FactorSpan[] {
  switch (design.kind) {
    case 'random':
    case 'group':
      return randomFactors(settings, grid, design, period);
    case 'scaling':
      return uniformFactors(grid, design);
    case 'region':
      return uniformFactors(grid, { ...design, mask: maskOf(settings, design.region, grid) });
  }
}

function randomFactors({ members }: Case, grid: Grid, design: { index: number; group?: Group }, period: PeriodSettings): Float32Array | FactorSpan[] {
  const { seed, spread, lengthKm, stretchHours } = members;
  const ofStretch = (stretch: number): Float32Array =>
    memberFactors(grid, { seed, index: design.index, group: design.group, spread, lengthKm, period: period.name, stretch });
  if (stretchHours === undefined) return ofStretch(0);
  const begin = new Date(period.start).getTime();
  return Array.from({ length: stretchCount({ members }, period) }, (_, stretch) => ({
    factors: ofStretch(stretch),
    start: new Date(begin + stretch * stretchHours * HOUR_MS),
    hours: stretchHours,
  }));
}

/** Says before the first long run what {@link designedFactors} would say after many. @throws {ConfigError} `REGION_EMPTY` */
export function checkDesignedRegions(settings: Case, grid: Grid): void {
  for (const design of memberDesigns(settings)) if (design.kind === 'region') maskOf(settings, design.region, grid);
}

/** The definitions of the regions that members use. */
export function designedRegions(settings: Case): Case['regions'] {
  const used = memberDesigns(settings).flatMap((design) => (design.kind === 'region' ? [design.region] : []));
  return Object.fromEntries([...new Set(used)].map((region) => [region, settings.regions[region]]));
}
