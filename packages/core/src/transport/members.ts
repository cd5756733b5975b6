/** Members: runs with smooth random factors on the emissions, from which the surrogate learns how concentrations respond; and the factors of the ensemble design. */
import { CorrelationFilter } from '../grid/correlation';
import type { Grid } from '../grid/grid';
import { Random } from '../base/random';
import type { Group } from '../base/species';
import { caseChannels, memberDesigns, type Case, type MemberDesign, type PeriodSettings } from '../case';
import { regionMask } from '../case/gridded/regions';
import { ConfigError } from '../base/errors';
import type { FactorSpan } from '../inventory/scaling/emission-factors';

interface MemberSettings {
  seed: number;
  /** which member, from 0 */
  index: number;
  /** the groups that are emitted, in the order of the factors */
  groups: readonly Group[];
  /** the only group that changes; default: all change */
  group?: Group;
  /** standard deviation of the natural logarithm of the factor */
  spread: Record<Group, number>;
  lengthKm: number;
  /** name of the period: each has factors of its own */
  period: string;
  /** which stretch of the period, from 0: so has each; default 0 */
  stretch?: number;
  /** share of the log factor's variance that all cells have in common; default 0.25 */
  commonShare?: number;
}

/** Label of the random numbers of a member: a member of one group has numbers of its own, not those of the member with that index on all groups. */
export function memberStream({ index, group, period, stretch = 0 }: Pick<MemberSettings, 'index' | 'group' | 'period' | 'stretch'>): string {
  const whole = group === undefined ? `member ${index} ${period}` : `member ${index} of ${group} ${period}`;
  return stretch === 0 ? whole : `${whole}, stretch ${stretch}`;
}

/**
 * Log-normal factors with median 1: factor = exp(spread · z), z of variance 1 with Gaussian correlation of `lengthKm`.
 *
 * A part of z is one number for the whole domain: smooth fields alone average out over a large domain, and the surrogate would never see
 * that all of a group goes up, as a wrong national total makes it.
 *
 * @returns `[rows, cols, groups]`; the same settings give the same bits, and a group's do not depend on which others there are
 */
export function memberFactors(grid: Grid, settings: MemberSettings): Float32Array {
  const { rows, cols } = grid;
  const { groups, group: onlyGroup, spread, lengthKm, commonShare = 0.25 } = settings;
  const filter = new CorrelationFilter(rows, cols, grid.lengthInCells(lengthKm));
  const random = new Random(settings.seed).fork(memberStream(settings));
  const factors = new Float32Array(rows * cols * groups.length).fill(1);
  groups.forEach((name, group) => {
    if (onlyGroup !== undefined && name !== onlyGroup) return;
    const ofGroup = random.fork(name);
    const common = Math.sqrt(commonShare) * ofGroup.normal();
    const local = filter.apply(Float64Array.from({ length: rows * cols }, () => ofGroup.normal()));
    local.forEach((value, cell) => {
      factors[cell * groups.length + group] = Math.exp(spread[name] * (common + Math.sqrt(1 - commonShare) * value));
    });
  });
  return factors;
}

const HOUR_MS = 3_600_000;

/** The same factor wherever the mask is not 0 (default: everywhere), on one of the groups or on all; 1 elsewhere. @returns `[H, W, groups]` */
export function uniformFactors(
  grid: { rows: number; cols: number },
  groups: readonly Group[],
  { group, factor, mask }: { group?: Group; factor: number; mask?: Float32Array },
): Float32Array {
  const changed = group === undefined ? groups.map((_, g) => g) : [groups.indexOf(group)];
  const factors = new Float32Array(grid.rows * grid.cols * groups.length).fill(1);
  for (let cell = 0; cell < grid.rows * grid.cols; cell++) {
    if (mask && mask[cell] === 0) continue;
    for (const g of changed) factors[cell * groups.length + g] = factor;
  }
  return factors;
}

/** @throws {ConfigError} `REGION_EMPTY` */
function maskOf({ regions }: Case, region: string, grid: Grid): Float32Array {
  const mask = regionMask(regions[region], grid);
  if (mask.some((value) => value !== 0)) return mask;
  const reason = 'no cell of the grid has its centre in it, so a member of members.regionFactors would change nothing';
  throw new ConfigError('REGION_EMPTY', `regions.${region}: ${reason}: mend the region, or take it out of members.regionFactors`);
}

/** Number of the stretches of a period that have random factors of their own. */
export function stretchCount({ members: { stretchHours } }: Pick<Case, 'members'>, { hours }: Pick<PeriodSettings, 'hours'>): number {
  return Math.ceil(hours / stretchHours);
}

/**
 * Factors of a member in a period, `[H, W, groups]`, or those of each stretch where `members.stretchHours` makes several; the same case gives the same bits.
 * @throws {ConfigError} `REGION_EMPTY` if a region has no cell
 */
export function designedFactors(settings: Case, grid: Grid, design: MemberDesign, period: PeriodSettings): Float32Array | FactorSpan[] {
  switch (design.kind) {
    case 'random':
    case 'group':
      return randomFactors(settings, grid, design, period);
    case 'scaling':
      return uniformFactors(grid, caseChannels(settings).groups, design);
    case 'region':
      return uniformFactors(grid, caseChannels(settings).groups, { ...design, mask: maskOf(settings, design.region, grid) });
  }
}

function randomFactors(settings: Case, grid: Grid, design: { index: number; group?: Group }, period: PeriodSettings): Float32Array | FactorSpan[] {
  const { members } = settings;
  const { seed, spread, lengthKm, stretchHours } = members;
  const { groups } = caseChannels(settings);
  const ofStretch = (stretch: number): Float32Array =>
    memberFactors(grid, { seed, index: design.index, groups, group: design.group, spread, lengthKm, period: period.name, stretch });
  const count = stretchCount({ members }, period);
  if (count === 1) return ofStretch(0);
  const begin = new Date(period.start).getTime();
  return Array.from({ length: count }, (_, stretch) => ({
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
