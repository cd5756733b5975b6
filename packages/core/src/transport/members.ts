/** Members: runs with smooth random factors on the emissions, from which the surrogate learns how concentrations respond. */
import { CorrelationFilter } from '../grid/correlation';
import type { Grid } from '../grid/grid';
import { Random } from '../base/random';
import { GROUP_NAMES, type GroupName } from '../inventory/reading/emission-reader';

interface MemberSettings {
  seed: number;
  /** which member, from 0 */
  index: number;
  /** the only group that changes; default: all change */
  group?: GroupName;
  /** standard deviation of the natural logarithm of the factor */
  spread: Record<GroupName, number>;
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
 * @returns `[rows, cols, 5]`; the same settings give the same bits
 */
export function memberFactors(grid: Grid, settings: MemberSettings): Float32Array {
  const { rows, cols } = grid;
  const { group: only, spread, lengthKm, commonShare = 0.25 } = settings;
  const filter = new CorrelationFilter(rows, cols, grid.lengthInCells(lengthKm));
  const random = new Random(settings.seed).fork(memberStream(settings));
  const factors = new Float32Array(rows * cols * GROUP_NAMES.length).fill(1);
  GROUP_NAMES.forEach((name, group) => {
    if (only !== undefined && name !== only) return;
    const ofGroup = random.fork(name);
    const common = Math.sqrt(commonShare) * ofGroup.normal();
    const local = filter.apply(Float64Array.from({ length: rows * cols }, () => ofGroup.normal()));
    local.forEach((value, cell) => {
      factors[cell * GROUP_NAMES.length + group] = Math.exp(spread[name] * (common + Math.sqrt(1 - commonShare) * value));
    });
  });
  return factors;
}
