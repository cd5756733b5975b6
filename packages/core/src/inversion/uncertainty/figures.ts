/** Figures of a posterior by period, region and group: totals with intervals, reduction of uncertainty, degrees of freedom, what is constrained. */
import type { Group } from '../../base/species';
import { type Case } from '../../case';
import type { Grid } from '../../grid/grid';
import type { LogFactorMap } from '../control/control';
import type { FactorShape } from '../model/forward-model';
import { tabulate } from '../../base/vectors';
import { factorSums, priorCovarianceOfSums, type Posterior } from './posterior';

/** An emission total in kg s-1, mean over the period. */
interface TotalFigures {
  prior: number;
  /** a priori, through the tangent at the prior */
  priorSigma: number;
  updated: number;
  sigma: number;
  /** [T·e^(−kσ/T), T·e^(kσ/T)] for k = 1 and 2: the total, as its parts, is positive */
  oneSigma: [number, number];
  twoSigma: [number, number];
  /** 1 − σ/σ_a, both through the tangent at the result */
  reduction: number;
  constrained: boolean;
}

export interface AreaFigures {
  period: string;
  /** absent: the whole domain */
  region?: string;
  group: Group;
  total: TotalFigures;
  /** degrees of freedom for signal that were found: a lower bound; null where the method gives none */
  dofs: number | null;
  /** an estimate with what lies beyond the rank, good to ±√(2·dofs) or so */
  dofsEstimate: number | null;
  /** of the cells: 1 − σ/σ_a of the log factor, mean weighted with the prior emissions */
  reduction: number;
  /** part of the prior emissions in cells that are constrained */
  constrained: number;
}

/** How the errors of the totals of two groups go together: near −1 the monitors tell little more than their sum. */
export interface Correlation {
  period: string;
  region?: string;
  /** `[group][group]`, in the order of the groups' channels */
  correlation: number[][];
}

/** Of every log factor, `[slots, H, W, groups]`. */
export interface CellFigures {
  sigma: Float64Array;
  reduction: Float64Array;
  constrained: Uint8Array;
}

/** What is summed over: the whole domain, without a name, or a region; a cell counts by its value in 0…1, `[H, W]`. */
export interface Area {
  region?: string;
  mask: Float32Array;
}

export interface FiguresInput {
  settings: Pick<Case['inversion']['uncertainty'], 'leastReduction' | 'constrainedGroups'>;
  grid: Grid;
  /** in the order of their channels */
  groups: readonly Group[];
  /** in order, with the hours of each of its slots */
  periods: readonly { name: string; slotHours: ArrayLike<number> }[];
  areas: readonly Area[];
  shape: FactorShape;
  /** whose figures they are: of all emissions, or of a sector */
  map: LogFactorMap;
  /** theirs, mean per slot, `[slots, H, W, groups]` kg m-2 s-1 */
  priorEmissions: ArrayLike<number>;
  /** a priori, and at the result */
  initial: Float64Array;
  control: Float64Array;
  posterior: Posterior;
  /** of every element of the control */
  dofs?: Float64Array;
  dofsEstimate?: Float64Array;
}

/** Cells without emissions have σ and reduction 0 and are not constrained. */
export function cellFigures({ settings: { leastReduction, constrainedGroups }, groups, map, posterior }: FiguresInput): CellFigures {
  const sigma = posterior.logFactorSigma(map);
  const spread = map.priorSpread();
  const reduction = sigma.map((value, i) => (spread[i] > 0 ? 1 - value / spread[i] : 0));
  const forced = groups.map((group) => constrainedGroups.includes(group));
  const isConstrained = (i: number): boolean => spread[i] > 0 && (reduction[i] >= leastReduction || forced[i % groups.length]);
  const constrained = tabulate(new Uint8Array(reduction.length), (i) => (isConstrained(i) ? 1 : 0));
  return { sigma, reduction, constrained };
}

/** Groups of which the monitors constrain no total, of whatever period, in no region and not in the whole domain. */
export function unconstrainedGroups(areas: readonly Pick<AreaFigures, 'group' | 'total'>[]): Group[] {
  return [...new Set(areas.map(({ group }) => group))].filter((group) => {
    const groupAreas = areas.filter((area) => area.group === group);
    return groupAreas.every(({ total }) => !total.constrained);
  });
}

export function areaFigures(input: FiguresInput, cells: CellFigures): { areas: AreaFigures[]; correlations: Correlation[] } {
  const { map, control: controlVector } = input;
  const factors = map.factors(controlVector);
  const [aboutPrior, aboutResult] = [input.initial, controlVector].map((control) => map.derivativeAt(control));
  const areas: AreaFigures[] = [];
  const correlations: Correlation[] = [];
  let first = 0;
  for (const { name: period, slotHours } of input.periods) {
    const slots = slotHours.length;
    for (const { region, mask } of input.areas) {
      const sums = input.groups.map((_, g) => weightsOf(input, first, slotHours, mask, g));
      if (sums.every((weights) => weights.every((weight) => weight === 0))) continue;
      const atResult = factorSums(aboutResult, sums);
      const covariance = input.posterior.covarianceOfSums(map, atResult);
      const priorCovariance = priorCovarianceOfSums(factorSums(aboutPrior, sums));
      const withoutData = priorCovarianceOfSums(atResult);
      const area = { period, ...(region === undefined ? {} : { region }) };
      input.groups.forEach((group, g) => {
        const prior = sum(sums[g]);
        if (priorCovariance[g][g] === 0) return; // nothing is emitted, or it is not inverted
        const updated = sums[g].reduce((total, weight, i) => total + weight * factors[i], 0);
        const total = totalFigures(input.settings, group, {
          prior,
          updated,
          before: priorCovariance[g][g],
          after: covariance[g][g],
          withoutData: withoutData[g][g],
        });
        const weighted = (perFactor: ArrayLike<number>): number => sums[g].reduce((part, weight, i) => part + weight * perFactor[i], 0) / prior;
        const inArea = (perFactor: Float64Array | undefined): number | null =>
          perFactor ? map.sumIn(mask, [first, first + slots], g, perFactor) : null;
        const [dofs, dofsEstimate] = [inArea(input.dofs), inArea(input.dofsEstimate)];
        areas.push({ ...area, group, total, dofs, dofsEstimate, reduction: weighted(cells.reduction), constrained: weighted(cells.constrained) });
      });
      correlations.push({ ...area, correlation: correlationOf(covariance) });
    }
    first += slots;
  }
  return { areas, correlations };
}

function totalFigures(
  { leastReduction, constrainedGroups }: FiguresInput['settings'],
  group: Group,
  { prior, updated, before, after, withoutData }: Record<'prior' | 'updated' | 'before' | 'after' | 'withoutData', number>,
): TotalFigures {
  const sigma = Math.sqrt(Math.max(0, after)); // of a low rank: a difference, which rounding may take below 0
  const interval = (k: number): [number, number] => [updated * Math.exp((-k * sigma) / updated), updated * Math.exp((k * sigma) / updated)];
  const reduction = withoutData > 0 ? 1 - sigma / Math.sqrt(withoutData) : 0;
  return {
    prior,
    priorSigma: Math.sqrt(before),
    updated,
    sigma,
    oneSigma: interval(1),
    twoSigma: interval(2),
    reduction,
    constrained: reduction >= leastReduction || constrainedGroups.includes(group),
  };
}

/**
 * Prior emissions of one group in an area in kg s-1, mean over a period's hours, as weights of all factors.
 *
 * @param slotHours - of the period, whose first slot is `first`
 */
function weightsOf(
  { priorEmissions, grid, shape }: FiguresInput,
  first: number,
  slotHours: ArrayLike<number>,
  mask: Float32Array,
  group: number,
): Float64Array {
  const { rows, cols, groups } = shape;
  const weights = new Float64Array(priorEmissions.length);
  const periodHours = sum(Float64Array.from(slotHours));
  for (let slot = 0; slot < slotHours.length; slot++) {
    const share = slotHours[slot] / periodHours;
    for (let cell = 0; cell < rows * cols; cell++) {
      const i = ((first + slot) * rows * cols + cell) * groups + group;
      weights[i] = priorEmissions[i] * grid.cellArea(Math.floor(cell / cols)) * mask[cell] * share;
    }
  }
  return weights;
}

function correlationOf(covariance: number[][]): number[][] {
  return covariance.map((row, i) => row.map((value, j) => (value === 0 ? 0 : value / Math.sqrt(covariance[i][i] * covariance[j][j]))));
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
