/**
 * How far the emissions that the surrogate is asked about lie from those that it was trained on, cell by cell. Weather and geography are those of the
 * training, so only the factors on the emissions can lead out of it. With f the factors, and f_m those of the members,
 *
 *   x = ln f,    s = √ mean_m (ln f_m)²  over the members and days that change the group in the cell                 the spread that was shown
 *   distance of the emissions = |Σ_t E·x| / Σ_t E·s,     of a tracer = |Σ_t T(x)| / Σ_t T(s)
 *
 * where T(x), the tracers of E·x, is at each cell the sum of x over what the weather brings there. Each is a mean of log factors over emissions, the cell's
 * own or those upwind, in units of the mean spread of the members over the same emissions. The distance of a group is the root mean square of these over
 * its inputs (emissions, and one tracer of each kind), the one of a cell that of the group that is farthest. The demo's eight members
 * are beyond 2 with 1 to 2 % of their emissions. A mean is no farther than what it is a mean of: tracers are cut off at the largest |x|/s of the group,
 * which only undershoots of their scheme exceed. So if |x| ≤ d·s wherever something is emitted, every distance is at most d: that is how the inversion keeps a limit
 * (`inversion.trustRegion`).
 *
 * It is the scaled distance of applicability domains (Meyer & Pebesma 2021, doi:10.1111/2041-210X.13650, there to the nearest training point), taken from the
 * prior run, about which members are drawn. docs/surrogate.md says how well it foretells the surrogate's error.
 */
import { tracersOf, type TracerSettings } from '../../case';
import { wholeGrid, type PeriodSource } from '../../fields/period-source';
import type { EmissionFactors } from '../tracers/emission-factors';
import { PeriodTracers } from '../tracers/tracers';

/** Log factors below this are rounding: the member leaves the group as it is. */
const UNCHANGED = 1e-4;
/** Least spread: where no member changed anything, a change of 0.1 % lies at a distance of 1. */
export const LEAST_SPREAD = 1e-3;
/** Factors below this (the paper's mode allows 0) count as this. */
const LEAST_FACTOR = 1e-3;
/** A tracer below this part of its largest value is not looked at: what the scheme's undershoots leave there has no meaning. */
const NEGLIGIBLE = 1e-6;
/** Beyond this distance the surrogate is asked about more than members show it: a normal variable lies beyond two standard deviations in 5 % of cases. */
export const BEYOND = 2;

/** More than this part of a group's emissions beyond is worth a warning: the demo's members have 1 to 2 %. */
const MOST_BEYOND = 0.05;

/** Sums of the squared log factors of members, of one day of one member after the other. */
export class MemberSpread {
  private readonly squares: Float64Array;
  private readonly counts: Uint32Array;

  /** @param size - cells times groups */
  constructor(size: number) {
    this.squares = new Float64Array(size);
    this.counts = new Uint32Array(size);
  }

  /** Mean emissions of a day, `[H, W, groups]`: of the prior run and of a member. */
  add(prior: ArrayLike<number>, emissions: ArrayLike<number>): void {
    for (let i = 0; i < this.squares.length; i++) {
      if (!(prior[i] > 0)) continue;
      const x = Math.log(Math.max(emissions[i] / prior[i], LEAST_FACTOR));
      if (Math.abs(x) < UNCHANGED) continue;
      this.squares[i] += x * x;
      this.counts[i]++;
    }
  }

  /** s, `[H, W, groups]`, dimensionless; {@link LEAST_SPREAD} where no member changed anything or nothing is emitted */
  spread(): Float32Array {
    return Float32Array.from(this.squares, (square, i) => Math.max(LEAST_SPREAD, this.counts[i] > 0 ? Math.sqrt(square / this.counts[i]) : 0));
  }
}

/**
 * Distance of each group in each cell.
 *
 * @param source - a period with its prior run
 * @param kinds - of the tracers that the surrogate sees; [] for none
 * @param factors - on the emissions, for the period or for each hour
 * @param spread - s, `[H, W, groups]`
 * @returns `[H, W, groups]`, dimensionless; NaN where neither the group's emissions nor its tracers reach
 * @throws {ConfigError} `CASE_TRACERS` if the meteorology lacks what tracers need
 */
export function trainingDistance(
  source: PeriodSource,
  kinds: readonly TracerSettings[],
  factors: EmissionFactors,
  spread: Float32Array,
  threads = 1,
): Float32Array {
  const { data, offset = 0, hourly = false } = factors;
  const field = spread.length;
  const slots = hourly ? source.time.count : 1;
  const x = Float32Array.from({ length: slots * field }, (_, i) => Math.log(Math.max(data[offset + i], LEAST_FACTOR)));
  const squares = new Float64Array(field);
  const inputs = new Uint8Array(field);
  const add = (i: number, distance: number): void => {
    squares[i] += distance ** 2;
    inputs[i]++;
  };
  const { change, shown, farthest } = ofEmissions(source, { data: x, hourly }, spread);
  for (let i = 0; i < field; i++) if (shown[i] > 0) add(i, Math.abs(change[i]) / shown[i]);
  if (kinds.length > 0) {
    const tracers = new PeriodTracers(source, kinds, threads, 0);
    const [ofSpread, ofChange] = [tracers.sumOfHours({ data: spread }), tracers.sumOfHours({ data: x, hourly })];
    const negligible = largestOf(ofSpread, tracers.channels).map((largest) => NEGLIGIBLE * largest);
    const groupOf = source.groups.flatMap((group, g) => tracersOf(kinds, group).map(() => g));
    ofSpread.forEach((value, i) => {
      const channel = i % tracers.channels;
      const group = groupOf[channel];
      if (value > negligible[channel])
        add(Math.floor(i / tracers.channels) * source.groups.length + group, Math.min(Math.abs(ofChange[i]) / value, farthest[group]));
    });
  }
  return Float32Array.from(squares, (square, i) => (inputs[i] > 0 ? Math.sqrt(square / inputs[i]) : NaN));
}

/** Σ_t E·x and Σ_t E·s, `[H, W, groups]`, and the largest |x|/s of each group where and when it is emitted. */
function ofEmissions(
  source: PeriodSource,
  x: { data: Float32Array; hourly: boolean },
  spread: Float32Array,
): { change: Float64Array; shown: Float64Array; farthest: number[] } {
  const field = spread.length;
  const [change, shown] = [new Float64Array(field), new Float64Array(field)];
  const farthest = source.groups.map(() => 0);
  for (let hour = 0; hour < source.time.count; hour++) {
    const emissions = source.hourly('emissions', wholeGrid(source), { first: hour, count: 1 });
    const start = x.hourly ? hour * field : 0;
    for (let i = 0; i < field; i++) {
      if (!(emissions[i] > 0)) continue;
      change[i] += emissions[i] * x.data[start + i];
      shown[i] += emissions[i] * spread[i];
      const group = i % farthest.length;
      farthest[group] = Math.max(farthest[group], Math.abs(x.data[start + i]) / spread[i]);
    }
  }
  return { change, shown, farthest };
}

function largestOf(values: Float64Array, channels: number): number[] {
  const largest = Array.from({ length: channels }, () => 0);
  values.forEach((value, i) => (largest[i % channels] = Math.max(largest[i % channels], value)));
  return largest;
}

/** What one group's distances come to, weighted with its prior emissions. */
export interface DistanceFigures {
  /** below which half of the emissions lie */
  median: number;
  /** below which 95 % of them lie */
  p95: number;
  /** part of them beyond {@link BEYOND}, 0…1 */
  beyond: number;
}

/** Whether so much of the group's emissions lies beyond what members show that a reader must be told. */
export function isFar({ beyond }: DistanceFigures): boolean {
  return beyond > MOST_BEYOND;
}

/**
 * @param distance - `[H, W, groups]`
 * @param emissions - mean prior emissions, `[H, W, groups]`
 * @param group - which of them
 * @returns undefined where nothing is emitted
 */
export function distanceFigures(
  distance: ArrayLike<number>,
  emissions: ArrayLike<number>,
  group: number,
  groups: number,
): DistanceFigures | undefined {
  const cells: { d: number; e: number }[] = [];
  for (let i = group; i < distance.length; i += groups)
    if (emissions[i] > 0 && Number.isFinite(distance[i])) cells.push({ d: distance[i], e: emissions[i] });
  if (cells.length === 0) return undefined;
  cells.sort((a, b) => a.d - b.d);
  const total = cells.reduce((sum, { e }) => sum + e, 0);
  const shareBelow = (part: number): number => {
    let sum = 0;
    return cells.find(({ e }) => (sum += e) >= part * total * (1 - 1e-12))!.d;
  };
  const emissionsBeyond = cells.reduce((sum, { d, e }) => (d > BEYOND ? sum + e : sum), 0) / total;
  return { median: shareBelow(0.5), p95: shareBelow(0.95), beyond: emissionsBeyond };
}

/**
 * The distance of the group that is farthest, `[H, W]`; NaN where there is none.
 *
 * @param distance - `[H, W, groups]`
 */
export function largestDistance(distance: ArrayLike<number>, groups: number): Float32Array {
  return Float32Array.from({ length: distance.length / groups }, (_, cell) => {
    let largest = NaN;
    for (let g = 0; g < groups; g++) {
      const d = distance[cell * groups + g];
      if (!(d <= largest) && Number.isFinite(d)) largest = d;
    }
    return largest;
  });
}
