/**
 * The frozen surrogate, the observation operator and the emissions' window together, as the forward model that the inversion sees.
 *
 * anchored (default):   simulated = H·C_prior + H·(S(f·E) − S(E))     the CTM's own prior run plus the surrogate's difference
 * free (paper):         simulated = H·S(f·E)
 * in a loop:            simulated = H·C_k + H·(S(f·E) − S(f_k·E))        the CTM's run C_k on the emissions of an earlier pass
 *
 * with C_prior the CTM's prior run, E the prior emissions, f the factors, S the surrogate and H the observation operator. H is linear,
 * so a daily mean is anchored on all hours of the CTM's run while the difference may be taken from a few hours of the day.
 */
import type { PeriodSource } from '../data/period-source';
import { factorCount, type FactorShape, type ForwardModel, type ObservationBatch } from '../inversion/forward-model';
import type { ObservationOperator } from '../inversion/observation-operator';
import { DomainRun, type DomainHours } from '../surrogate/domain-run';
import type { AdjointEngine } from '../surrogate/frozen-program';
import type { EmissionFactors } from '../surrogate/hour-batch';
import type { Surrogate } from '../surrogate/surrogate';
import { wholeDomain, type Tile, type Tiling } from '../surrogate/tiles';

export interface SurrogateForwardOptions {
  anchored: boolean;
  factors: 'period' | 'hour';
  /** hours of a batch: a multiple of those that the engine takes at once; default as many */
  hours?: number;
  threads: number;
  /** the tiles that the engine runs on; default: the whole domain */
  tiling?: Tiling;
  /** factors of the CTM's run behind the anchors, `[slots, H, W, 5]`; default: 1, the prior run */
  base?: Float32Array;
}

/** One period: its fields, its operator, and how the prior run looks through it. */
export interface PeriodProblem {
  period: PeriodSource;
  /** with the hours of the day at which the surrogate is run */
  operator: ObservationOperator;
  /** H·C of the CTM's prior run (or of that on the factors `base`) with all hours, in the order of the operator's observations */
  anchor: Float32Array;
}

interface BatchOfTimes {
  problem: number;
  times: number[];
  hours: Int32Array;
  /** positions of the batch's values among the operator's */
  first: number;
  last: number;
}

const GROUPS = 5;

export class SurrogateForwardModel implements ForwardModel {
  readonly shape: FactorShape;
  readonly batches: number;
  private readonly plan: BatchOfTimes[];
  private readonly run: DomainRun;
  /** tiles with monitors, per period: the others do not matter to the simulated values */
  private readonly observedTiles: ReadonlySet<Tile>[];
  /** first slot of each period */
  private readonly slot: number[];
  /** H·S(E), or H·S(base·E), per batch, made when first asked for */
  private readonly baseSimulated: (Float32Array | undefined)[];
  private lastForward?: { batch: number; factors: Float32Array };
  /** what {@link takeGradient} will give, and the periods whose batches it holds */
  private gradient?: Float32Array;
  private readonly touched = new Set<number>();

  constructor(
    surrogate: Surrogate,
    engine: AdjointEngine,
    private readonly problems: readonly PeriodProblem[],
    private readonly options: SurrogateForwardOptions,
  ) {
    const { grid } = problems[0].period;
    const batchSize = engine.sizes.batch;
    const { factors, threads, tiling = wholeDomain(grid), hours = batchSize } = options;
    const slotsOf = ({ period }: PeriodProblem): number => (factors === 'hour' ? period.time.count : 1);
    this.slot = problems.map((_, p) => problems.slice(0, p).reduce((sum, each) => sum + slotsOf(each), 0));
    const slots = problems.reduce((sum, each) => sum + slotsOf(each), 0);
    this.shape = { slots, rows: grid.rows, cols: grid.cols, groups: GROUPS };
    this.plan = problems.flatMap(({ operator }, p) => batchesOf(operator, p, hours));
    this.batches = this.plan.length;
    const sources = problems.map(({ period }) => period);
    this.run = new DomainRun({ surrogate, sources, tiling, engine, adjoint: engine, batchSize, threads });
    this.observedTiles = problems.map(({ operator }) => this.run.tilesWith(operator.observed.cell));
    this.baseSimulated = this.plan.map(() => undefined);
  }

  observations(batch: number): ObservationBatch {
    const { problem, times } = this.plan[batch];
    return this.problems[problem].operator.batch(times);
  }

  async forward(factors: Float32Array, batch: number): Promise<Float32Array> {
    const { problem, first, last } = this.plan[batch];
    // Before the pass with these factors: the adjoint differentiates what the engine ran last.
    const base = this.options.anchored
      ? (this.baseSimulated[batch] ??= await this.simulate(batch, this.options.base ?? new Float32Array(factors.length).fill(1)))
      : undefined;
    const simulated = await this.simulate(batch, factors);
    this.lastForward = { batch, factors };
    if (!base) return simulated;
    const anchor = this.problems[problem].anchor.subarray(first, last);
    return simulated.map((value, i) => anchor[i] + value - base[i]);
  }

  async addAdjoint(gradSimulated: Float32Array, batch: number): Promise<void> {
    const { problem, times } = this.plan[batch];
    const factors = this.lastForward?.batch === batch ? this.lastForward.factors : undefined;
    if (!factors) throw new Error(`surrogate forward model: adjoint of batch ${batch} was asked for before its forward pass`);
    this.gradient ??= new Float32Array(factors.length);
    this.touched.add(problem);
    await this.run.addAdjoint(this.domainHours(batch, factors), this.problems[problem].operator.adjointAt(gradSimulated, times), this.gradient);
  }

  takeGradient(): Promise<Float32Array> {
    const gradient = this.gradient ?? new Float32Array(factorCount(this.shape));
    for (const period of this.touched) this.run.addTracerAdjoint(period, this.factorsOf(period, gradient));
    this.gradient = undefined;
    this.touched.clear();
    return Promise.resolve(gradient);
  }

  /** Temporary files, where tracers needed any; the program is not the model's. */
  dispose(): void {
    this.run.dispose();
  }

  /** H·S(f·E) of a batch. */
  private async simulate(batch: number, factors: Float32Array): Promise<Float32Array> {
    const { problem, times } = this.plan[batch];
    const hours = this.domainHours(batch, factors);
    return this.problems[problem].operator.forwardAt(await this.run.forward(hours, this.observedTiles[problem]), times);
  }

  /** The hours of a batch, under its period's part of the factors of all periods. */
  private domainHours(batch: number, factors: Float32Array): Required<DomainHours> {
    const { problem: period, hours } = this.plan[batch];
    return { period, hours, factors: this.factorsOf(period, factors) };
  }

  private factorsOf(period: number, data: Float32Array): EmissionFactors {
    const offset = this.slot[period] * this.shape.rows * this.shape.cols * GROUPS;
    return { data, offset, hourly: this.options.factors === 'hour' };
  }
}

/** Consecutive observation times with as many hours together as the surrogate takes at once; a day is never split. */
function batchesOf(operator: ObservationOperator, problem: number, hours: number): BatchOfTimes[] {
  const { first } = operator.observed;
  const batches: BatchOfTimes[] = [];
  let times: number[] = [];
  const close = (): void => {
    if (times.length > 0) {
      batches.push({ problem, times, hours: operator.hoursOf(times), first: first[times[0]], last: first[times[times.length - 1] + 1] });
    }
    times = [];
  };
  operator.times.forEach((time, i) => {
    if (times.length > 0 && operator.hoursOf(times).length + time.hours.length > hours) close();
    times.push(i);
  });
  close();
  return batches;
}
