/** What is inverted and how: the settings (keys of the case file's `inversion`), and the problem (what the settings cannot know). */
import type { Loss } from '../cost/cost';
import type { SlotCorrelation } from '../control/correlation-bases';

/** Keys that the case file has too mean the same there; a `Case['inversion']` can be passed as it is, once `batch` counts model batches. */
export interface InversionSettings {
  mode: 'default' | 'paper';
  /** largest number of steps */
  iterations: number;
  /** default: Adam, in paper mode gradient descent */
  optimiser?: 'lbfgs' | 'gauss-newton' | 'adam' | 'sgd';
  /** step size of Adam and of gradient descent; length of the first step of L-BFGS */
  learningRate: number;
  /** the learning rate falls exponentially to this part of itself at the last step; default 0.1, in paper mode 1 (it stays) */
  learningRateDecay?: number;
  loss: Loss;
  /** default mode: whether each species has the same say, however many values it has (default), or each value that of its error */
  speciesWeights?: 'equal' | 'none';
  /** paper mode: what the misfit is divided by (eq. 5) */
  lossDivisor: 'observations' | 'cells';
  /** largest factor; in default mode its inverse is the smallest, in paper mode 0 is */
  bound: number;
  /** batches of the forward model that a step draws; 0 takes all of them in every step */
  batch: number;
  /** groups whose factors are inverted, those of the others stay 1; default mode only; default all */
  groups?: readonly string[];
  /** by group: standard deviation of the natural logarithm of the factor; default mode only */
  priorSpread: Record<string, number>;
  /** choose the iterate by the watched monitors, and stop when they get no better */
  stopOnWithheld: boolean;
  /** evaluations without a better value on the watched monitors before it stops; default 30 (Adam's first swings take that long) */
  patience?: number;
  /** with mini-batches: passes between two evaluations of all observations; default 1 */
  evaluateEvery?: number;
  /** relative change of the cost below which five evaluations in a row count as converged; default 1e-5, in paper mode 0 (never) */
  tolerance?: number;
  /** part of the first gradient's norm at which it counts as converged; default 0 (never) */
  gradientReduction?: number;
  /** of the order in which batches are drawn, and of random starts */
  seed: number;
}

export interface InversionProblem {
  groups: readonly string[];
  species: readonly string[];
  /** mean prior emissions per slot, `[slots, rows, cols, groups]`, any unit; what is 0 stays 0 */
  priorEmissions: ArrayLike<number>;
  /** sectors with factors and a prior spread of their own, whose emissions add up to `priorEmissions`; default mode only */
  sectors?: readonly { name: string; priorEmissions: ArrayLike<number>; priorSpread: Record<string, number> }[];
  /** correlation length of the control in cells (case: lengthKm / cell size) */
  lengthCells: number | readonly [number, number];
  /** of factors on initial concentrations, where the model has them: standard deviation of the logarithm, and correlation length in cells; days are independent */
  initialConcentrations?: { spread: number; lengthCells: number | readonly [number, number] };
  /** in place of the correlation of `lengthCells`: one factor for each of these regions, index of each cell's region or −1 */
  regionOf?: Int32Array;
  /** factor on the groups' prior spread, `[rows, cols, groups]`; default 1 */
  spreadFactor?: ArrayLike<number>;
  /** correlations of log factors between groups; default: none */
  groupCorrelation?: readonly { groups: readonly [string, string]; value: number }[];
  /** correlation of all cells with each other, however far, beside that of `lengthCells` or of regions; default 0 */
  domainCorrelation?: number;
  /** part of what is left of the variance that has another, longer correlation length than `lengthCells`; not with `regionOf`; default: none */
  farCorrelation?: { part: number; lengthCells: number | readonly [number, number] };
  /** of log factors; default: slots are independent */
  slotCorrelation?: SlotCorrelation;
  /** whether the model ends with a batch of known totals (`TotalsModel`), as a species behind `species` */
  totals?: boolean;
  /** default mode: |log factor| stays below this too (a trust region), above 0, `[slots, rows, cols, groups]`; absent: only `bound` holds it */
  largestLogFactor?: ArrayLike<number>;
  /** control to start from; default: that of the prior emissions. The prior term and the bounds refer to the prior emissions all the same */
  start?: Float64Array;
  /** control about which the prior term is taken; default: that of the prior emissions. A draw from the prior makes the result a draw from the posterior */
  centre?: Float64Array;
  /** paper mode: emissions are stepped in units of this, per group; absent: the factors themselves are */
  emissionScale?: readonly number[];
  /** paper mode: misfits are in units of this, per species; absent: in units of the observation error */
  speciesScale?: readonly number[];
  /** of steps on the control itself, where it has millions of elements; default 1. Results do not depend on it */
  threads?: number;
}
