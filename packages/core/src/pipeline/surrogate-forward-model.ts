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
import { HourBatch } from '../surrogate/free-run';
import type { FrozenProgram, SurrogateEngine } from '../surrogate/frozen-program';
import type { Surrogate } from '../surrogate/surrogate';
import { gatherWindow, type Window } from '../surrogate/window';

export interface SurrogateForwardOptions {
  anchored: boolean;
  factors: 'period' | 'hour';
  /** hours that the surrogate takes at once */
  hours: number;
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
    private readonly surrogate: Surrogate,
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
    this.hourBatches = problems.map(({ period }) => new HourBatch(surrogate, period, options.hours));
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
    const { operator, period } = this.problems[problem];
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
      this.scatter(await this.program.adjoint(padded), problem, period, chunk, out);
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
    const { period } = this.problems[problem];
    const emissions = period.runs.get('prior')!.emissions;
    const field = this.shape.rows * this.shape.cols * GROUPS;
    for (let i = 0; i < batch.size; i++) {
      const hour = hours[Math.min(i, hours.length - 1)];
      batch.setHour(i, hour);
      if (this.options.factors === 'period') {
        batch.setEmissions(i, hour, emissions);
        batch.scaleEmissions(i, factors.subarray(this.slot[problem] * field, (this.slot[problem] + 1) * field));
      } else {
        batch.setEmissions(i, this.surrogate.window.hours - 1, this.scaledHours(problem, hour, emissions, factors));
      }
    }
    return batch;
  }

  /** The hours of the window that ends with `hour`, each scaled by its own factors: `[window.hours, H, W, 5]`. */
  private scaledHours(problem: number, hour: number, emissions: Float32Array, factors: Float32Array): Float32Array {
    const { window } = this.surrogate;
    const field = this.shape.rows * this.shape.cols * GROUPS;
    const first = hour - window.hours + 1;
    const scaled = emissions.slice(first * field, (hour + 1) * field);
    const offset = (this.slot[problem] + first) * field;
    for (let i = 0; i < scaled.length; i++) scaled[i] *= factors[offset + i];
    return scaled;
  }

  /** The transpose of window and scaling: adds E · dJ/d(f·E) to the factors' gradient. */
  private scatter(gradient: Float32Array, problem: number, period: PreparedPeriod, hours: Int32Array, out: Float32Array): void {
    const { window } = this.surrogate;
    const field = this.shape.rows * this.shape.cols * GROUPS;
    const emissions = period.runs.get('prior')!.emissions;
    const size = window.steps.length * field;
    const gathered = this.options.factors === 'period' ? new Float32Array(size) : undefined;
    hours.forEach((hour, i) => {
      const base = i * size;
      if (gathered) {
        const { rows, cols } = period.grid;
        gatherWindow({ data: emissions, rows, cols, channels: GROUPS }, window, hour, { row: 0, col: 0, rows, cols }, gathered);
        const offset = this.slot[problem] * field;
        for (let step = 0; step < window.steps.length; step++) {
          for (let k = 0; k < field; k++) out[offset + k] += gathered[step * field + k] * gradient[base + step * field + k];
        }
      } else {
        scatterHours(gradient, base, window, hour, field, emissions, out, this.slot[problem] * field);
      }
    });
  }
}

function scatterHours(
  gradient: Float32Array,
  base: number,
  window: Window,
  hour: number,
  field: number,
  emissions: Float32Array,
  out: Float32Array,
  offset: number,
): void {
  window.steps.forEach(({ first, last }, step) => {
    const weight = 1 / (last - first + 1);
    for (let back = first; back <= last; back++) {
      const at = (hour - back) * field;
      for (let k = 0; k < field; k++) out[offset + at + k] += weight * emissions[at + k] * gradient[base + step * field + k];
    }
  });
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
