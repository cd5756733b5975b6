/**
 * The frozen surrogate, the observation operator and the emissions' window together, as the forward model that the inversion sees.
 *
 * anchored (default):   simulated = H·C_prior + H·(S(f·E) − S(E))     the CTM's own prior run plus the surrogate's difference
 * free (paper):         simulated = H·S(f·E)
 * in a loop:            simulated = H·C_k + H·(S(f·E) − S(f_k·E))        the CTM's run C_k on the emissions of an earlier pass
 *
 * with C_prior the CTM's prior run, E the prior emissions, f the factors, S the surrogate and H the observation operator. H is linear,
 * so a daily mean is anchored on all hours of the CTM's run while the difference may be taken from a few hours of the day.
 *
 * A surrogate that takes initial concentrations has them from the prior run, from its own earlier output (`RolledOutRun`), or, as a part of the control,
 * from the prior run times factors g (`ScaledInitial`): S(f·E, g·y), anchored at S(E, y).
 */
import type { Hours, PeriodSource } from '../../fields/period-source';
import type { ObservationBatch, Values } from '../../inversion/cost/cost';
import { factorCount, type FactorShape, type ForwardModel, type LocalModel, type ModelPart } from '../../inversion/model/forward-model';
import { tabulate } from '../../base/vectors';
import type { ObservationOperator } from '../../inversion/observations/observation-operator';
import type { ObservationStencil } from '../../inversion/observations/observation-stencil';
import type { DifferentiatedHours, DomainHours, DomainModel } from '../../surrogate/domain/domain-model';
import { DomainRun } from '../../surrogate/domain/domain-run';
import type { AdjointEngine } from '../../surrogate/model/frozen-program';
import { modelOfHours, ScaledInitial } from '../../surrogate/domain/rolled-out-run';
import type { Surrogate } from '../../surrogate/model/surrogate';
import { wholeDomain, type Tiling } from '../../surrogate/model/tiles';
import { type FactorBasis, SlotFactors, type SteppedFactors } from '../factors/time-slots';

export interface SurrogateForwardOptions {
  anchored: boolean;
  factors: FactorBasis;
  /** hours of a batch: a multiple of those that the engine takes at once; default as many */
  hours?: number;
  threads: number;
  /** of this node that run such a model; default 1 */
  processes?: number;
  /** the tiles that the engine runs on; default: the whole domain */
  tiling?: Tiling;
  /** ends what takes long, the prior's pass over all batches or a chain of hours, between two parts of it */
  signal?: AbortSignal;
  /** factors of the CTM's run behind the anchors, `[slots, H, W, groups]`; default: 1, the prior run */
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

export class SurrogateForwardModel implements ForwardModel {
  readonly shape: FactorShape;
  readonly initialConcentrations?: FactorShape;
  readonly batches: number;
  readonly parts: readonly ModelPart[];
  readonly local?: LocalModel;
  private readonly plan: BatchOfTimes[];
  private readonly run: DomainModel;
  /** per period, where they are a part of the control */
  private readonly initial?: ScaledInitial[];
  private readonly slots: SlotFactors;
  /** H·S(E), or H·S(base·E), per batch, made for all batches of a period when first asked for */
  private readonly baseSimulated: (Float32Array | undefined)[];
  /** of batches, made when first asked for */
  private readonly stencils: ObservationStencil[] = [];
  private lastForward?: { batch: number; factors: Float32Array };
  private lastSingle?: Float32Array;
  /** what {@link takeGradient} will give, and the periods whose batches it holds */
  private gradient?: Float32Array;
  private readonly touched = new Set<number>();

  constructor(
    surrogate: Surrogate,
    engine: AdjointEngine,
    private readonly problems: readonly PeriodProblem[],
    private readonly options: SurrogateForwardOptions,
  ) {
    const { grid, groups, species } = problems[0].period;
    const batchSize = engine.sizes.batch;
    const { factors, threads, processes, tiling = wholeDomain(grid), hours = batchSize } = options;
    const times = problems.map(({ period }) => period.time);
    this.slots = new SlotFactors(times, factors, grid.rows * grid.cols * groups.length);
    this.shape = { slots: this.slots.count, rows: grid.rows, cols: grid.cols, groups: groups.length };
    this.plan = problems.flatMap(({ operator }, p) => batchesOf(operator, p, hours));
    this.batches = this.plan.length;
    this.parts = problems.map((_, p) => {
      const first = this.plan.findIndex(({ problem }) => problem === p);
      const count = this.plan.filter(({ problem }) => problem === p).length;
      return { slots: this.slots.rangeOf(p), batches: [first, first + count] };
    });
    const sources = problems.map(({ period }) => period);
    const { initialConcentrations: initialFrom } = surrogate.description.settings;
    const hoursOf = problems.map((_, p) => this.plan.flatMap((batchTimes) => (batchTimes.problem === p ? [...batchTimes.hours] : [])));
    const run = { surrogate, sources, tiling, engine, adjoint: engine, batchSize, threads, processes };
    this.run = modelOfHours(run, hoursOf, { rolledOut: initialFrom === 'rollout', signal: options.signal });
    if (initialFrom === 'control') {
      const { hours: windowHours } = surrogate.window;
      this.initial = sources.map((source, p) => new ScaledInitial(source, [...new Set(hoursOf[p].map((hour) => Math.max(0, hour - windowHours)))]));
      const days = this.initial.reduce((sum, initial) => sum + initial.days, 0);
      this.initialConcentrations = { slots: days, rows: grid.rows, cols: grid.cols, groups: species.length };
    }
    const throughPast = surrogate.description.settings.tracers.length > 0 || this.initial !== undefined;
    if (factors === 'hour' && !throughPast && !options.anchored && this.run instanceof DomainRun) this.local = this.localModel(this.run);
    this.baseSimulated = this.plan.map(() => undefined);
  }

  observations(batch: number): ObservationBatch {
    const { problem, times } = this.plan[batch];
    return this.problems[problem].operator.batch(times);
  }

  /** Which problem a batch belongs to, and the places of its values among the observations of that. */
  valuesOf(batch: number): { problem: number; first: number; last: number } {
    const { problem, first, last } = this.plan[batch];
    return { problem, first, last };
  }

  async forward(values: Values, batch: number): Promise<Float32Array> {
    const { problem, first, last } = this.plan[batch];
    const factors = this.single(values);
    // Before the pass with these factors: the adjoint differentiates what the engine ran last.
    const base = this.options.anchored ? await this.baseOf(batch, factors.length) : undefined;
    const simulated = await this.simulate(batch, { data: factors });
    this.lastForward = { batch, factors };
    if (!base) return simulated;
    const anchor = this.problems[problem].anchor.subarray(first, last);
    return simulated.map((value, i) => anchor[i] + value - base[i]);
  }

  async addAdjoint(gradSimulated: Values, batch: number): Promise<void> {
    const { problem } = this.plan[batch];
    const factors = this.lastForward?.batch === batch ? this.lastForward.factors : undefined;
    if (!factors) throw new Error(`surrogate forward model: adjoint of batch ${batch} was asked for before its forward pass`);
    this.gradient ??= new Float32Array(factors.length);
    this.touched.add(problem);
    const stencil = this.stencilOf(batch);
    const seed = stencil.adjoint(gradSimulated);
    await this.run.addAdjoint(this.domainHours(batch, { data: factors }), seed, this.slots.gradientOf(problem, this.gradient).data, stencil.places);
  }

  /** The paper's: an hour's factors act for as long as a window sees them, and what is simulated is the surrogate alone. */
  private localModel(domain: DomainRun): LocalModel {
    let last: { batch: number; run: DifferentiatedHours; length: number } | undefined;
    const spanOf = (batch: number): Hours => domain.spanOf(this.plan[batch].hours);
    return {
      stretchOf: (batch) => {
        const { first, count } = spanOf(batch);
        const slot = this.slots.rangeOf(this.plan[batch].problem)[0] + first;
        return [slot * this.slots.field, (slot + count) * this.slots.field];
      },
      forward: async (factors, batch) => {
        const { problem: period, hours } = this.plan[batch];
        const batchFactors = { data: factors, offset: -spanOf(batch).first * this.slots.field, hourly: true, fixed: true };
        const run = { period, hours, factors: batchFactors };
        last = { batch, run, length: batchFactors.data.length };
        return this.through(batch, domain, run);
      },
      adjoint: async (gradSimulated, batch) => {
        if (last?.batch !== batch) throw new Error(`surrogate forward model: adjoint of batch ${batch} was asked for before its forward pass`);
        const gradient = new Float32Array(last.length);
        const stencil = this.stencilOf(batch);
        await domain.addAdjoint(last.run, stencil.adjoint(gradSimulated), gradient, stencil.places);
        // Factors of the whole period lie in a GPU's memory until they are asked for, those of some hours do not.
        await domain.finishAdjoint(last.run.period, { ...last.run.factors, data: gradient });
        return gradient;
      },
    };
  }

  async takeGradient(): Promise<Float32Array> {
    this.gradient ??= new Float32Array(this.size);
    const { gradient } = this;
    for (const period of this.touched) {
      await this.run.finishAdjoint(period, this.slots.gradientOf(period, gradient));
      this.slots.finishGradient(period, gradient);
      this.initial?.[period].takeAdjoint(this.initialFactorsOf(period, gradient));
    }
    this.gradient = undefined;
    this.touched.clear();
    return gradient;
  }

  /**
   * A central difference of two forward passes: it holds for every engine, with tiles, rolled out concentrations and factors on them, where a program of
   * tangents would need one of each. On the surrogate of the quick demo ⟨K·d, w⟩ and ⟨d, Kᵀ·w⟩ differ by 1e-5 to 5e-5 of ‖K·d‖·‖w‖ with steps from 0.01 to 0.1 (the
   * network is linear in pieces, so a smaller step gains nothing). Tracers are linear in the factors and are carried along the direction once for both.
   */
  async tangents(factors: Values, direction: Values, batches: readonly number[]): Promise<Float32Array[]> {
    const step = differenceStep(factors, direction);
    const [base, steppedDirection] = [this.single(factors), Float32Array.from(direction)];
    const [plus, minus] = [step, -step].map((signed): SteppedFactors => {
      const data = tabulate(new Float32Array(factors.length), (i) => factors[i] + signed * direction[i]);
      return { data, step: { base, direction: steppedDirection, step: signed } };
    });
    const differences = new Map<number, Float32Array>();
    // A period with one end, then with the other: tracers and a chain of hours are run once for each.
    for (const {
      batches: [first, end],
    } of this.parts) {
      const periodBatches = batches.filter((batch) => batch >= first && batch < end);
      const [simulatedAbove, simulatedBelow] = [await this.simulateAll(periodBatches, plus), await this.simulateAll(periodBatches, minus)];
      periodBatches.forEach((batch, i) =>
        differences.set(
          batch,
          simulatedAbove[i].map((value, j) => (value - simulatedBelow[i][j]) / (2 * step)),
        ),
      );
    }
    return batches.map((batch) => differences.get(batch)!);
  }

  /** Temporary files, where fields needed any; the program is not the model's. */
  dispose(): void {
    this.initial?.forEach((initial) => initial.dispose());
    this.run.dispose();
  }

  /** Factors as the surrogate takes them, a copy; the same array for the same values, by which what was computed with them is known again. */
  private single(factors: Values): Float32Array {
    const { lastSingle } = this;
    if (lastSingle?.length === factors.length && sameValues(lastSingle, factors)) return lastSingle;
    return (this.lastSingle = Float32Array.from(factors));
  }

  /** H·S(f·E) of a batch. */
  private async simulate(batch: number, factors: SteppedFactors): Promise<Float32Array> {
    return this.through(batch, this.run, this.domainHours(batch, factors));
  }

  /** A batch's simulated values. */
  private async through(batch: number, model: DomainModel, run: DomainHours): Promise<Float32Array> {
    const stencil = this.stencilOf(batch);
    return stencil.forward(await model.forward(run, { places: stencil.places }));
  }

  private stencilOf(batch: number): ObservationStencil {
    const { problem, times } = this.plan[batch];
    return (this.stencils[batch] ??= this.problems[problem].operator.stencil(times));
  }

  /** The hours of a batch, under its period's part of the factors of all periods. */
  private domainHours(batch: number, factors: SteppedFactors): DifferentiatedHours {
    const { problem: period, hours } = this.plan[batch];
    const initial = this.initial?.[period];
    const previous = initial?.scale(this.initialFactorsOf(period, factors.data));
    return { period, hours, factors: this.slots.emissionFactors(period, factors), previous, gradPrevious: initial?.gradientStore() };
  }

  /** H·S(E), or H·S(base·E), of a batch; made for all batches of its period, so that tracers and a chain of hours are run once. */
  private async baseOf(batch: number, factors: number): Promise<Float32Array> {
    if (!this.baseSimulated[batch]) {
      const [first, end] = this.parts[this.plan[batch].problem].batches;
      const simulated = await this.simulateAll(
        Array.from({ length: end - first }, (_, i) => first + i),
        { data: this.options.base ?? new Float32Array(factors).fill(1) },
      );
      simulated.forEach((values, i) => (this.baseSimulated[first + i] = values));
    }
    return this.baseSimulated[batch]!;
  }

  /** H·S(f·E) of several batches. */
  private async simulateAll(batches: readonly number[], factors: SteppedFactors): Promise<Float32Array[]> {
    const simulated: Float32Array[] = [];
    for (const batch of batches) {
      this.options.signal?.throwIfAborted();
      simulated.push(await this.simulate(batch, factors));
    }
    return simulated;
  }

  /** Number of factors, those on initial concentrations included. */
  private get size(): number {
    return factorCount(this.shape) + (this.initialConcentrations ? factorCount(this.initialConcentrations) : 0);
  }

  private initialFactorsOf(period: number, data: Float32Array): Float32Array {
    const { rows, cols, groups } = this.initialConcentrations!;
    const days = (until: number): number => this.initial!.slice(0, until).reduce((sum, initial) => sum + initial.days, 0);
    const offsetOfDay = (day: number): number => factorCount(this.shape) + day * rows * cols * groups;
    return data.subarray(offsetOfDay(days(period)), offsetOfDay(days(period + 1)));
  }
}

function sameValues(single: Float32Array, values: Values): boolean {
  for (let i = 0; i < single.length; i++) if (single[i] !== Math.fround(values[i])) return false;
  return true;
}

/** Largest relative change of a factor in {@link SurrogateForwardModel.tangents}. */
const DIFFERENCE = 0.05;

/** The length with which a direction is stepped along, both ways; 1 where it leads nowhere. */
function differenceStep(factors: Values, direction: Values): number {
  let largest = 0;
  for (let i = 0; i < factors.length; i++) largest = Math.max(largest, Math.abs(direction[i] / factors[i]));
  return largest > 0 ? DIFFERENCE / largest : 1;
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
    const batchHours = operator.hoursOf(times);
    const further = time.ofColumns && batchHours.includes(time.hours[0]) ? 0 : time.hours.length;
    if (times.length > 0 && batchHours.length + further > hours) close();
    times.push(i);
  });
  close();
  return batches;
}
