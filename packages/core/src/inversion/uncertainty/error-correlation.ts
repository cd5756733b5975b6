/**
 * How the errors of observations are made up, as the innovations show it: what lasts (lasting-errors.ts), and of what comes and goes how far it is alike in space and
 * time and in what part. Of values i and j of a species
 *
 *   E[d_oa,i d_ob,j] = R_ij      (Desroziers et al. 2005, doi:10.1256/qj.05.108; for correlations Waller et al. 2016, doi:10.1002/qj.2661)
 *
 * Where it can be told what lasts, and most cells have values enough, the mean of each cell over a period is taken away from its values. Of the rest
 *
 *   C(d) = Σ_pairs ½(a_i b_j + a_j b_i) / pairs  over  Σ_i a_i b_i / n,     a = d_oa/σ, b = d_ob/σ
 *
 * with pairs of one time, by their distance, or of one cell, by their lag. Sought are part·exp(−d/L) closest to C in least squares over the bins of distance and of
 * lag, weighted with their pairs, both kinds alike, with a length of each kind and one part: what a value errs by itself (the nugget of a variogram) is the same seen
 * from a distance or from another time. It is a first step of a fixed point: where the assumed length was too short, a part of the errors that are alike went into
 * the result, and what is shown is too short, too.
 */
import { lastingErrors, withoutMeans, type LastingErrors } from './lasting-errors';
import { FARTHEST_HOURS, groupsBy, LEAST_PAIRS, type ScaledInnovation } from './scaled-innovations';

/** The first three as `inversion.errorCorrelation`, of what does not last; null where there are too few pairs, or where they do not correlate. */
export interface ErrorLengths {
  km: number | null;
  hours: number | null;
  /** of the variance, that is alike; null without a length */
  part: number | null;
  /** absent where values are too few or too near in time */
  lasting?: LastingErrors;
}

/** Pairs of a kind that are looked at; beyond them times, or cells, are left out evenly. */
const MOST_PAIRS = 2e7;
const BINS = 24;
/** Parts 1/20 to 20/20 and lengths of half a per cent to twice the farthest pair are tried; the least part stands for none, whose length would be chance. */
const PARTS = 20;
const LEAST_PART = 1 / PARTS;
const LENGTHS = 400;

/**
 * The lengths of one species.
 *
 * @param values - dimensionless innovations, each with its place
 * @param cols - of the grid
 * @param kmPerCell - km along rows and columns
 */
export function errorLengths(values: readonly ScaledInnovation[], cols: number, kmPerCell: readonly [number, number]): ErrorLengths {
  const lasting = meanProduct(values) > 0 ? lastingErrors(values) : undefined; // innovations that contradict each other say nothing
  const rest = lasting ? withoutMeans(values) : [];
  const alike = whatIsAlike(rest.length > values.length / 2 ? rest : values, cols, kmPerCell);
  return { ...alike, ...(lasting && { lasting }) };
}

/** Part and lengths of what the values have in common, of values without what lasts where that is told. */
function whatIsAlike(values: readonly ScaledInnovation[], cols: number, kmPerCell: readonly [number, number]): ErrorLengths {
  const variance = meanProduct(values);
  if (!(variance > 0)) return { km: null, hours: null, part: null };
  const distance = (a: ScaledInnovation, b: ScaledInnovation): number =>
    Math.hypot((Math.floor(a.cell / cols) - Math.floor(b.cell / cols)) * kmPerCell[0], ((a.cell % cols) - (b.cell % cols)) * kmPerCell[1]);
  const apart = (a: ScaledInnovation, b: ScaledInnovation): number => Math.abs(a.hour - b.hour);
  const inSpace = correlogram(
    groupsBy(values, ({ hour }) => hour),
    { distance, farthest: Infinity, squared: variance },
  );
  const inTime = correlogram(
    groupsBy(values, ({ cell }) => cell),
    { distance: apart, farthest: FARTHEST_HOURS, squared: variance },
  );
  let best = { misfit: Infinity, part: 0, km: null as number | null, hours: null as number | null };
  for (let i = 1; i <= PARTS; i++) {
    const part = i / PARTS;
    const [space, time] = [inSpace, inTime].map((correlogram) => correlogram && lengthAt(correlogram, part));
    const misfit = (space?.misfit ?? 0) + (time?.misfit ?? 0);
    if (misfit < best.misfit) best = { misfit, part, km: space?.length ?? null, hours: time?.length ?? null };
  }
  const { km, hours, part } = best;
  return part === LEAST_PART || (km === null && hours === null) ? { km: null, hours: null, part: null } : { km, hours, part };
}

/** Of each value with itself. */
function meanProduct(values: readonly ScaledInnovation[]): number {
  return values.reduce((sum, { prior, updated }) => sum + prior * updated, 0) / values.length;
}

interface Pairs {
  distance: (a: ScaledInnovation, b: ScaledInnovation) => number;
  /** pairs beyond it are left out */
  farthest: number;
  /** mean product of a value with itself */
  squared: number;
}

/** Mean products of pairs by their distance. */
interface Correlogram {
  /** the farthest pair */
  greatest: number;
  /** pairs, mean distance and mean product over {@link Pairs.squared} of each that has pairs */
  bins: { n: number; d: number; c: number }[];
}

/** The fractional part of the golden ratio. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** A part of a list, from all over it. Every 24th of hourly times would all be of one hour of the day, every 36th of two: multiples of the golden ratio know no such rhythm. */
export function evenlyOf<T>(items: readonly T[], part: number): T[] {
  return items.filter((_, i) => (i * GOLDEN) % 1 < part);
}

/** Of the pairs within groups; undefined where there are too few. */
function correlogram(series: readonly ScaledInnovation[][], { distance, farthest, squared }: Pairs): Correlogram | undefined {
  const pairs = series.reduce((sum, { length }) => sum + (length * (length - 1)) / 2, 0);
  if (pairs < LEAST_PAIRS) return undefined;
  const groups = evenlyOf(series, MOST_PAIRS / pairs);
  let largest = 0;
  forPairs(groups, (a, b) => (largest = Math.max(largest, Math.min(farthest, distance(a, b)))));
  // Where most pairs are far apart the near ones, which tell L, still have bins of their own.
  const bins = Array.from({ length: BINS }, () => ({ n: 0, distance: 0, product: 0 }));
  forPairs(groups, (a, b) => {
    const d = distance(a, b);
    if (d > farthest) return;
    const bin = bins[Math.min(BINS - 1, Math.floor(BINS * Math.sqrt(d / largest)))];
    bin.n++;
    bin.distance += d;
    bin.product += (a.prior * b.updated + a.updated * b.prior) / 2;
  });
  return { greatest: largest, bins: bins.filter(({ n }) => n > 0).map(({ n, distance: d, product }) => ({ n, d: d / n, c: product / n / squared })) };
}

/** The length with which part·exp(−d/L) is closest, and its misfit as a mean over the pairs; null where the shortest is. */
function lengthAt({ greatest, bins }: Correlogram, part: number): { length: number | null; misfit: number } {
  const pairs = bins.reduce((sum, { n }) => sum + n, 0);
  const misfit = (length: number): number => bins.reduce((sum, { n, d, c }) => sum + n * (c - part * Math.exp(-d / length)) ** 2, 0) / pairs;
  let best = { index: 0, misfit: misfit(lengthOf(0)) };
  for (let index = 1; index < LENGTHS; index++) {
    const next = misfit(lengthOf(index));
    if (next < best.misfit) best = { index, misfit: next };
  }
  return { length: best.index === 0 ? null : lengthOf(best.index), misfit: best.misfit };

  function lengthOf(index: number): number {
    return (greatest / 200) * 400 ** (index / (LENGTHS - 1));
  }
}

function forPairs(groups: readonly ScaledInnovation[][], visit: (a: ScaledInnovation, b: ScaledInnovation) => void): void {
  for (const group of groups) for (let i = 1; i < group.length; i++) for (let j = 0; j < i; j++) visit(group[i], group[j]);
}
