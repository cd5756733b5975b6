/**
 * The frozen surrogate, the observation operator and the emissions' window together, as the forward model that the inversion sees.
 *
 * anchored (default):   simulated = H·C_prior + H·(S(f·E) − S(E))     the CTM's own prior run plus the surrogate's difference
 * free (paper):         simulated = H·S(f·E)
 *
 * with C_prior the CTM's prior run, E the prior emissions, f the factors, S the surrogate and H the observation operator. H is linear,
 * so a daily mean is anchored on all hours of the CTM's run while the difference may be taken from a few hours of the day.
 */
import type { PreparedPeriod } from '../data/prepared';
import type { FactorShape, ForwardModel, ObservationBatch } from '../inversion/forward-model';
import type { ObservationOperator } from '../inversion/observation-operator';
import { HourBatch, type EmissionFactors } from '../surrogate/free-run';
import type { FrozenProgram, SurrogateEngine } from '../surrogate/frozen-program';
import type { Surrogate } from '../surrogate/surrogate';

export interface SurrogateForwardOptions {
  anchored: boolean;
  factors: 'period' | 'hour';
  /** hours that the surrogate takes at once */
  hours: number;
  threads: number;
  /** runs the forward pass instead of the native program (ONNX Runtime); the adjoint is always native */
  engine?: SurrogateEngine;
}

/** One period: its fields, its operator, and how the prior run looks through it. */
export interface PeriodProblem {
  period: PreparedPeriod;
  /** with the hours of the day at which the surrogate is run */
  operator: ObservationOperator;
  /** H·C_prior with all hours, in the order of the operator's observations */
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
const SPECIES = 4;

export class SurrogateForwardModel implements ForwardModel {
  readonly shape: FactorShape;
  readonly batches: number;
  private readonly plan: BatchOfTimes[];
  private readonly hourBatches: HourBatch[];
  /** first slot of each period */
  private readonly slot: number[];
  /** H·S(E) per batch, made when first asked for */
  private readonly priorSimulated: (Float32Array | undefined)[];
  private lastForward?: { batch: number; factors: Float32Array };

  constructor(
    surrogate: Surrogate,
    private readonly program: FrozenProgram,
    private readonly problems: readonly PeriodProblem[],
    private readonly options: SurrogateForwardOptions,
  ) {
    const { rows, cols } = problems[0].period.grid;
    const slotsOf = ({ period }: PeriodProblem): number => (options.factors === 'hour' ? period.time.count : 1);
    this.slot = problems.map((_, p) => problems.slice(0, p).reduce((sum, each) => sum + slotsOf(each), 0));
    this.shape = { slots: problems.reduce((sum, each) => sum + slotsOf(each), 0), rows, cols, groups: GROUPS };
    this.plan = problems.flatMap(({ operator }, p) => batchesOf(operator, p, options.hours));
    this.batches = this.plan.length;
    this.hourBatches = problems.map(({ period }) => new HourBatch(surrogate, period, options.hours, options.threads));
    this.priorSimulated = this.plan.map(() => undefined);
  }

  observations(batch: number): ObservationBatch {
    const { problem, times } = this.plan[batch];
    return this.problems[problem].operator.batch(times);
  }

  async forward(factors: Float32Array, batch: number): Promise<Float32Array> {
    const { problem, first, last } = this.plan[batch];
    // Before the pass with these factors: the adjoint differentiates what the program ran last.
    const prior = this.options.anchored ? (this.priorSimulated[batch] ??= await this.simulatePrior(batch)) : undefined;
    const simulated = await this.simulate(batch, factors);
    this.lastForward = { batch, factors };
    if (!prior) return simulated;
    const anchor = this.problems[problem].anchor.subarray(first, last);
    return simulated.map((value, i) => anchor[i] + value - prior[i]);
  }

  async adjoint(gradSimulated: Float32Array, batch: number): Promise<Float32Array> {
    const { problem, times, hours } = this.plan[batch];
    const { operator } = this.problems[problem];
    const factors = this.lastForward?.batch === batch ? this.lastForward.factors : undefined;
    if (!factors) throw new Error(`surrogate forward model: adjoint of batch ${batch} was asked for before its forward pass`);
    const seed = operator.adjointAt(gradSimulated, times);
    const out = new Float32Array(this.shape.slots * this.shape.rows * this.shape.cols * GROUPS);
    const hourSize = this.shape.rows * this.shape.cols * SPECIES;
    for (let from = 0; from < hours.length; from += this.options.hours) {
      const chunk = hours.subarray(from, from + this.options.hours);
      if (this.options.engine || hours.length > this.options.hours) await this.runNative(problem, chunk, factors);
      const padded = new Float32Array(this.options.hours * hourSize);
      padded.set(seed.subarray(from * hourSize, (from + chunk.length) * hourSize));
      this.scatter(await this.program.adjoint(padded), problem, chunk, out);
    }
    return out;
  }

  /** H·S(f·E) of a batch. */
  private async simulate(batch: number, factors: Float32Array): Promise<Float32Array> {
    const { problem, times, hours } = this.plan[batch];
    const hourSize = this.shape.rows * this.shape.cols * SPECIES;
    const fields = new Float32Array(hours.length * hourSize);
    for (let from = 0; from < hours.length; from += this.options.hours) {
      const chunk = hours.subarray(from, from + this.options.hours);
      const run = this.options.engine ?? this.program;
      const out = await run.forward(this.load(problem, chunk, factors).inputs);
      fields.set(out.subarray(0, chunk.length * hourSize), from * hourSize);
    }
    return this.problems[problem].operator.forwardAt(fields, times);
  }

  private simulatePrior(batch: number): Promise<Float32Array> {
    return this.simulate(batch, new Float32Array(this.shape.slots * this.shape.rows * this.shape.cols * GROUPS).fill(1));
  }

  private async runNative(problem: number, hours: Int32Array, factors: Float32Array): Promise<void> {
    await this.program.forward(this.load(problem, hours, factors).inputs);
  }

  /** Puts hours and their emissions, scaled by the factors, into the batch of a period; a short chunk repeats its last hour. */
  private load(problem: number, hours: Int32Array, factors: Float32Array): HourBatch {
    const batch = this.hourBatches[problem];
    const emissions = this.priorEmissions(problem);
    for (let i = 0; i < batch.size; i++) {
      const hour = hours[Math.min(i, hours.length - 1)];
      batch.setHour(i, hour);
      batch.setEmissions(i, hour, emissions, this.factorsOf(problem, factors));
    }
    return batch;
  }

  /** The transpose of window and scaling: adds E · dJ/d(f·E) to the factors' gradient. */
  private scatter(gradient: Float32Array, problem: number, hours: Int32Array, out: Float32Array): void {
    const emissions = this.priorEmissions(problem);
    hours.forEach((hour, i) => this.hourBatches[problem].addFactorGradient(i, hour, emissions, gradient, this.factorsOf(problem, out)));
  }

  private priorEmissions(problem: number): Float32Array {
    return this.problems[problem].period.runs.get('prior')!.emissions;
  }

  /** A period's part of the factors of all periods, or of their gradient. */
  private factorsOf(problem: number, data: Float32Array): EmissionFactors {
    return { data, offset: this.slot[problem] * this.shape.rows * this.shape.cols * GROUPS, hourly: this.options.factors === 'hour' };
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
