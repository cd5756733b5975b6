/**
 * How far errors of observations stay alike, in space and time, as the innovations show it: of values i and j of a species
 *
 *   E[d_oa,i d_ob,j] = R_ij,     C(d) = Σ_pairs ½(a_i b_j + a_j b_i) / pairs  over  Σ_i a_i b_i / n,     a = d_oa/σ, b = d_ob/σ
 *
 * with pairs of one time, by their distance, or of one cell, by their lag of ten days at most (Desroziers et al. 2005, doi:10.1256/qj.05.108; for correlations Waller et al. 2016,
 * doi:10.1002/qj.2661). The length is that of exp(−d/L) closest to C in least squares over all bins, weighted with their pairs. It is a first step of a fixed
 * point: where the assumed length was too short, a part of the errors that are alike went into the result, and what is shown is too short, too.
 */

/** What one value contributes. */
export interface ScaledInnovation {
  /** row · cols + col */
  cell: number;
  /** hours since 1970 */
  hour: number;
  /** (y − F(0))/σ and (y − F(v̂))/σ */
  before: number;
  after: number;
}

/** Lengths of exp(−d/L); null where there are too few pairs, or where they do not correlate. */
export interface ErrorLengths {
  km: number | null;
  hours: number | null;
}

/** Pairs that a length needs. */
const LEAST_PAIRS = 100;
/** Pairs of a kind that are looked at; beyond them times, or cells, are left out evenly. */
const MOST_PAIRS = 2e7;
const BINS = 24;
/** Longer lags are those of other weather, or of another period. */
const FARTHEST_HOURS = 240;

/**
 * The lengths of one species.
 *
 * @param values - dimensionless innovations, each with its place
 * @param cols - of the grid
 * @param kmPerCell - km along rows and columns
 */
export function errorLengths(values: readonly ScaledInnovation[], cols: number, kmPerCell: readonly [number, number]): ErrorLengths {
  const own = values.reduce((sum, { before, after }) => sum + before * after, 0) / values.length;
  if (!(own > 0)) return { km: null, hours: null };
  const distance = (a: ScaledInnovation, b: ScaledInnovation): number =>
    Math.hypot((Math.floor(a.cell / cols) - Math.floor(b.cell / cols)) * kmPerCell[0], ((a.cell % cols) - (b.cell % cols)) * kmPerCell[1]);
  const apart = (a: ScaledInnovation, b: ScaledInnovation): number => Math.abs(a.hour - b.hour);
  return {
    km: lengthOf(
      groupsBy(values, ({ hour }) => hour),
      { distance, farthest: Infinity, own },
    ),
    hours: lengthOf(
      groupsBy(values, ({ cell }) => cell),
      { distance: apart, farthest: FARTHEST_HOURS, own },
    ),
  };
}

function groupsBy(values: readonly ScaledInnovation[], key: (value: ScaledInnovation) => number): ScaledInnovation[][] {
  const groups = new Map<number, ScaledInnovation[]>();
  for (const value of values) {
    const group = groups.get(key(value));
    if (group) group.push(value);
    else groups.set(key(value), [value]);
  }
  return [...groups.values()];
}

interface Pairs {
  distance: (a: ScaledInnovation, b: ScaledInnovation) => number;
  /** pairs beyond it are left out */
  farthest: number;
  /** mean product of a value with itself */
  own: number;
}

/** L, from the pairs within groups. */
function lengthOf(all: readonly ScaledInnovation[][], { distance, farthest, own }: Pairs): number | null {
  const pairs = all.reduce((sum, { length }) => sum + (length * (length - 1)) / 2, 0);
  if (pairs < LEAST_PAIRS) return null;
  const stride = Math.ceil(pairs / MOST_PAIRS);
  const groups = all.filter((_, i) => i % stride === 0);
  let most = 0;
  forPairs(groups, (a, b) => (most = Math.max(most, Math.min(farthest, distance(a, b)))));
  // Where most pairs are far apart the near ones, which tell L, still have bins of their own.
  const bins = Array.from({ length: BINS }, () => ({ n: 0, distance: 0, product: 0 }));
  forPairs(groups, (a, b) => {
    const d = distance(a, b);
    if (d > farthest) return;
    const bin = bins[Math.min(BINS - 1, Math.floor(BINS * Math.sqrt(d / most)))];
    bin.n++;
    bin.distance += d;
    bin.product += (a.before * b.after + a.after * b.before) / 2;
  });
  const seen = bins.filter(({ n }) => n > 0).map(({ n, distance: d, product }) => ({ n, d: d / n, c: product / n / own }));
  const misfit = (length: number): number => seen.reduce((sum, { n, d, c }) => sum + n * (c - Math.exp(-d / length)) ** 2, 0);
  const candidates = Array.from({ length: 400 }, (_, i) => (most / 200) * 400 ** (i / 399));
  const best = candidates.reduce((a, b) => (misfit(b) < misfit(a) ? b : a));
  return best === candidates[0] ? null : best;
}

function forPairs(groups: readonly ScaledInnovation[][], visit: (a: ScaledInnovation, b: ScaledInnovation) => void): void {
  for (const group of groups) for (let i = 1; i < group.length; i++) for (let j = 0; j < i; j++) visit(group[i], group[j]);
}
