/**
 * The change that other emissions make in the surrogate, ΔS = S(E′) − S(E), held against that of the transport model, ΔC = C(E′) − C(E), over
 * cells and hours: by species, and by class of cells where these are told apart (distance from the source).
 *
 * What is kept are sums per block of time (a day), which add up over runs and from which every figure follows, so that its uncertainty can be had by
 * drawing days anew.
 */
import { blockIntervals, type Interval } from '../../base/block-bootstrap';

/** Concentrations with prior and changed emissions; or with prior ones and their change, where that is what a model gives. */
type ChangedRun = { prior: Float32Array; changed: Float32Array } | { prior: Float32Array; change: Float32Array };

/** Both models' concentrations. */
export interface ComparedRun {
  /** `[hours, H, W, species]`, at `hours` */
  surrogate: ChangedRun;
  /** `[T, H, W, species]`, all hours of the period */
  ctm: ChangedRun;
  /** hours of the period that are compared */
  hours: readonly number[];
  /** name of the period */
  period: string;
  /** how many there are */
  species: number;
}

/** How two changes go together. */
export interface ResponseFigures {
  /**
   * present where ΔS and ΔC are one group's part of what a member changes, which the surrogate told apart: ΔC then has the errors of the other parts in it. So the
   * slope is Σ ΔS² / Σ ΔS·ΔC, which these do not lower, and the size is that of ΔS. They lower the part's r, so `wholeR` says how well the surrogate follows: the r of
   * all that the members change
   */
  part?: { wholeR: number };
  /** of ΔS on ΔC through the origin, Σ ΔS·ΔC / Σ ΔC²: 1 is right, below it the surrogate answers too weakly */
  slope: number;
  /** Σ ΔS·ΔC / √(Σ ΔS² · Σ ΔC²) */
  cosine: number;
  /** Pearson's correlation of ΔS and ΔC; NaN where one does not vary */
  r: number;
  /** part of the cells and hours with |ΔC| above {@link CLEAR_CHANGE} of its root mean square in which ΔS has the sign of ΔC */
  signAgreement: number;
  /** how many those are */
  clear: number;
  /** means over cells and hours, in the species' unit */
  ctmChange: number;
  surrogateChange: number;
  /** root mean square of ΔC, or ΔS of a part, over the mean concentration */
  relativeSize: number;
  /** days that the intervals were drawn from */
  days: number;
  /** 90 %, from a bootstrap over days; absent with fewer than five */
  intervals?: Record<'slope' | 'cosine' | 'r' | 'signAgreement', Interval>;
}

/** A change below this part of the root mean square of ΔC (of the run, species and class of cells) has no sign worth comparing. */
const CLEAR_CHANGE = 0.1;

/** A response whose `relativeSize` is smaller is hardly any (NH3 on SO2, say), and is told only where it is asked for. */
const SMALLEST_RESPONSE = 2e-3;

/** Below this r, what is wrong with the other parts of a member is larger than the part, and says nothing of it. */
const LEAST_PART_R = 0.5;

/** Whether a response is told where nobody asks for it. */
export function isTold({ part, r, relativeSize }: Pick<ResponseFigures, 'part' | 'r' | 'relativeSize'>): boolean {
  return relativeSize >= SMALLEST_RESPONSE && (!part || r >= LEAST_PART_R);
}

/** √(Σ (ΔS − ΔC)² / Σ ΔC²), of figures that are not a part's: 0 is right, 1 is no better than no answer. */
export function relativeError({ slope, cosine }: Pick<ResponseFigures, 'slope' | 'cosine'>): number {
  return Math.sqrt(Math.max(0, (slope / cosine) ** 2 - 2 * slope + 1));
}

const HOURS_PER_BLOCK = 24;

/** Places in the sums of a block. */
const SUM = { n: 0, s: 1, c: 2, ss: 3, cc: 4, sc: 5, level: 6, clear: 7, agreeing: 8 } as const;
const SUMS = Object.keys(SUM).length;

/** Sums per block of time, for one species in one class of cells. */
export type BlockSums = Map<string, Float64Array>;

/**
 * Sums of a run, `[class][species]`.
 *
 * @param classes - class of each cell, `[H, W]`, or −1 for a cell that is left out; absent = all cells in class 0
 */
export function responseSums(run: ComparedRun, classes?: Int32Array): BlockSums[][] {
  const { surrogate, ctm, hours, period, species: speciesCount } = run;
  const field = surrogate.prior.length / hours.length;
  const cells = field / speciesCount;
  const classCount = classes ? classes.reduce((largest, classOfCell) => Math.max(largest, classOfCell), -1) + 1 : 1;
  const thresholds = clearThresholds(run, classes, classCount);
  const out = Array.from({ length: classCount }, () => Array.from({ length: speciesCount }, (): BlockSums => new Map()));
  hours.forEach((hour, i) => {
    const block = `${period} ${Math.floor(hour / HOURS_PER_BLOCK)}`;
    const places = out.map((blocks) => blocks.map((sums) => blockOf(sums, block)));
    for (let cell = 0; cell < cells; cell++) {
      const classIndex = classes ? classes[cell] : 0;
      if (classIndex < 0) continue;
      for (let species = 0; species < speciesCount; species++) {
        const k = cell * speciesCount + species;
        const s = changeAt(surrogate, i * field + k);
        const c = changeAt(ctm, hour * field + k);
        addTo(places[classIndex][species], s, c, ctm.prior[hour * field + k], thresholds[classIndex][species]);
      }
    }
  });
  return out;
}

function changeAt(run: ChangedRun, classIndex: number): number {
  return 'change' in run ? run.change[classIndex] : run.changed[classIndex] - run.prior[classIndex];
}

function blockOf(sums: BlockSums, block: string): Float64Array {
  const blockSums = sums.get(block) ?? new Float64Array(SUMS);
  sums.set(block, blockSums);
  return blockSums;
}

function addTo(sums: Float64Array, s: number, c: number, level: number, threshold: number): void {
  if (Number.isNaN(c) || Number.isNaN(level)) return; // a gap of columns
  sums[SUM.n]++;
  sums[SUM.s] += s;
  sums[SUM.c] += c;
  sums[SUM.ss] += s * s;
  sums[SUM.cc] += c * c;
  sums[SUM.sc] += s * c;
  sums[SUM.level] += level;
  if (Math.abs(c) <= threshold) return;
  sums[SUM.clear]++;
  if (s * c > 0) sums[SUM.agreeing]++;
}

/** |ΔC| above which a change is clear, `[class][species]`. */
function clearThresholds(
  { ctm, hours, surrogate, species: speciesCount }: ComparedRun,
  classes: Int32Array | undefined,
  classCount: number,
): number[][] {
  const field = surrogate.prior.length / hours.length;
  const squares = Array.from({ length: classCount }, () => new Float64Array(speciesCount));
  const counts = Array.from({ length: classCount }, () => new Float64Array(speciesCount));
  for (const hour of hours) {
    for (let k = 0; k < field; k++) {
      const classIndex = classes ? classes[Math.floor(k / speciesCount)] : 0;
      if (classIndex < 0) continue;
      const c = changeAt(ctm, hour * field + k);
      if (Number.isNaN(c)) continue;
      squares[classIndex][k % speciesCount] += c * c;
      counts[classIndex][k % speciesCount]++;
    }
  }
  return squares.map((classSquares, classIndex) =>
    Array.from(classSquares, (square, species) => CLEAR_CHANGE * Math.sqrt(square / counts[classIndex][species])),
  );
}

/** Sums of several runs together: blocks of the same name are one block. */
export function joinSums(parts: readonly BlockSums[]): BlockSums {
  const out: BlockSums = new Map();
  for (const part of parts) {
    for (const [block, sums] of part) {
      const target = blockOf(out, block);
      sums.forEach((value, i) => (target[i] += value));
    }
  }
  return out;
}

const slopeOf = (sums: Float64Array): number => sums[SUM.sc] / sums[SUM.cc];
const partSlopeOf = (sums: Float64Array): number => sums[SUM.ss] / sums[SUM.sc];
const cosineOf = (sums: Float64Array): number => sums[SUM.sc] / Math.sqrt(sums[SUM.ss] * sums[SUM.cc]);
const signOf = (sums: Float64Array): number => sums[SUM.agreeing] / sums[SUM.clear];

function correlationOf(sums: Float64Array): number {
  const covariance = (a: number, b: number, product: number): number => sums[SUM.n] * sums[product] - sums[a] * sums[b];
  return covariance(SUM.s, SUM.c, SUM.sc) / Math.sqrt(covariance(SUM.s, SUM.s, SUM.ss) * covariance(SUM.c, SUM.c, SUM.cc));
}

function totalOf(blocks: BlockSums): Float64Array {
  const total = new Float64Array(SUMS);
  for (const sums of blocks.values()) sums.forEach((value, i) => (total[i] += value));
  return total;
}

/** What the sums say. @param partOf - all that the members change, if the sums are of one group's part of it */
export function responseFigures(blocks: BlockSums, partOf?: BlockSums): ResponseFigures {
  const slope = partOf ? partSlopeOf : slopeOf;
  const total = totalOf(blocks);
  const intervals = blockIntervals([...blocks.values()], (sums) => [slope(sums), cosineOf(sums), correlationOf(sums), signOf(sums)]);
  const n = total[SUM.n];
  return {
    ...(partOf ? { part: { wholeR: correlationOf(totalOf(partOf)) } } : {}),
    slope: slope(total),
    cosine: cosineOf(total),
    r: correlationOf(total),
    signAgreement: signOf(total),
    clear: total[SUM.clear],
    ctmChange: total[SUM.c] / n,
    surrogateChange: total[SUM.s] / n,
    relativeSize: Math.sqrt(total[partOf ? SUM.ss : SUM.cc] / n) / (total[SUM.level] / n),
    days: blocks.size,
    ...(intervals ? { intervals: { slope: intervals[0], cosine: intervals[1], r: intervals[2], signAgreement: intervals[3] } } : {}),
  };
}
