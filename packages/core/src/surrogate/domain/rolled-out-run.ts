/**
 * The surrogate rolled out over a period: y of the window at hour t is the surrogate's own output at t − k, k the hours of the window.
 *
 *   S_t = N(f·E in the window, weather, y_t),     y_t = S_{t−k} for t ≥ 2k,     y_t = C_{t−k} (the prior run) for k ≤ t < 2k
 *
 * so an hour rests on a chain of hours back to the beginning of the period, where the transport model itself begins with one and the same state whatever
 * is emitted. With gradients g_t on S_t from the observations, the transpose goes through the chain the other way,
 *
 *   λ_t = g_t + (∂N/∂y)ᵀ λ_{t+k},     dJ/df = Σ_t (∂N/∂f)ᵀ λ_t
 *
 * from the last hours to the first: each hour is run forward and backward once, whatever the number of observations. Hours of one block [jk, (j+1)k) rest on
 * the block before, and not on each other.
 */
import { type HourStore, hourStore } from '../../fields/hour-store';
import { type PeriodSource, wholeGrid } from '../../fields/period-source';
import type { DifferentiatedHours, DomainForwardOptions, DomainHours, DomainModel } from './domain-model';
import { DomainRun, type DomainRunOptions } from './domain-run';
import { type EmissionFactors, SeenFactors, sameFactors } from '../tracers/emission-factors';
import { type Places, joined, pickAt, spreadTo } from '../../base/vectors';

/** Concentrations of a period that take more lie in a temporary file, and so does the gradient on them. */
const MOST_IN_MEMORY = 2 ** 30;

/** One period's hours, and what they were made with. */
interface Chain {
  /** hours of the chain by block, oldest first */
  blocks: number[][];
  concentrations: HourStore;
  /** the factors with which they were made */
  factorsSeen?: SeenFactors;
  /** dJ/d(concentrations) that {@link RolledOutRun.finishAdjoint} has not yet carried back, and at which factors */
  adjoint?: { gradient: HourStore; factors: EmissionFactors };
}

export class RolledOutRun implements DomainModel {
  private readonly chains: Chain[] = [];

  /** @param hours - per period, those that will be asked for, none below k */
  constructor(
    private readonly run: DomainRun,
    private readonly hours: readonly ArrayLike<number>[],
    private readonly signal?: AbortSignal,
  ) {}

  /** As {@link DomainModel.forward}, but all tiles are run: what is wanted of an hour rests on the neighbourhood of earlier ones. */
  async forward(run: DomainHours, { places, onHours }: DomainForwardOptions = {}): Promise<Float32Array> {
    const { concentrations } = await this.carry(run, onHours);
    const out = fieldsAt(concentrations, run.hours);
    return places ? pickAt(out, places) : out;
  }

  /** Takes the gradient; all of it is carried back by {@link finishAdjoint}, once for all hours of the period. */
  addAdjoint(run: DifferentiatedHours, gradConcentrations: Float32Array, _out: Float32Array, places?: Places): Promise<void> {
    const chain = this.chainOf(run.period);
    const { grid, species } = this.run.options.sources[run.period];
    const adjoint = (chain.adjoint ??= { gradient: this.store(run.period), factors: run.factors });
    const field = grid.rows * grid.cols * species.length;
    const whole = places ? spreadTo(run.hours.length * field, gradConcentrations, places) : gradConcentrations;
    Array.from(run.hours).forEach((hour, i) =>
      adjoint.gradient.add(wholeGrid({ grid }), { first: hour, count: 1 }, whole.subarray(i * field, (i + 1) * field)),
    );
    return Promise.resolve();
  }

  /** Adds the gradient of all that {@link addAdjoint} was given since the last call, at the factors of the first of them. */
  async finishAdjoint(period: number, gradFactors: EmissionFactors): Promise<void> {
    const chain = this.chainOf(period);
    const { adjoint, blocks } = chain;
    if (!adjoint) return;
    chain.adjoint = undefined;
    const { gradient, factors } = adjoint;
    try {
      const { concentrations } = await this.carry({ period, hours: [], factors });
      for (const hours of [...blocks].reverse()) {
        this.signal?.throwIfAborted();
        const seed = fieldsAt(gradient, hours);
        await this.run.addAdjoint({ period, hours, factors, previous: concentrations, gradPrevious: gradient }, seed, gradFactors.data);
      }
    } finally {
      gradient.dispose();
    }
    await this.run.finishAdjoint(period, gradFactors);
  }

  dispose(): void {
    for (const { concentrations, adjoint } of this.chains.filter(Boolean)) {
      concentrations.dispose();
      adjoint?.gradient.dispose();
    }
    this.run.dispose();
  }

  /** All hours of the period's chain under the factors of `run`, made anew where these have changed. */
  private async carry({ period, hours, factors }: DomainHours, onHours?: (count: number) => void): Promise<Chain> {
    const chain = this.chainOf(period);
    const length = this.factorCount(period, factors);
    if (chain.factorsSeen?.sameAs(factors, length)) {
      onHours?.(hours.length);
      return chain;
    }
    chain.factorsSeen = undefined; // should it be interrupted in between
    const hourCount = chain.blocks.reduce((sum, block) => sum + block.length, 0);
    for (const block of chain.blocks) {
      this.signal?.throwIfAborted();
      const simulated = await this.run.forward(
        { period, hours: block, factors, previous: chain.concentrations },
        {
          onHours: (count) => onHours?.((count * hours.length) / hourCount),
        },
      );
      const field = simulated.length / block.length;
      block.forEach((hour, i) => chain.concentrations.write(hour, simulated.subarray(i * field, (i + 1) * field)));
    }
    chain.factorsSeen = new SeenFactors(factors, length);
    return chain;
  }

  private chainOf(period: number): Chain {
    return (this.chains[period] ??= this.begin(period));
  }

  private begin(period: number): Chain {
    const { surrogate, sources } = this.run.options;
    const { hours: windowHours } = surrogate.window;
    const blocks = chainBlocks(this.hours[period], windowHours);
    const concentrations = this.store(period);
    for (const hour of blocks.length > 0 ? blocks[0].map((blockHour) => blockHour - windowHours) : []) {
      concentrations.write(hour, sources[period].hourly('concentrations', wholeGrid(sources[period]), { first: hour, count: 1 }));
    }
    return { blocks, concentrations };
  }

  private store(period: number): HourStore {
    const { grid, time, species } = this.run.options.sources[period];
    return hourStore({ hours: time.count, rows: grid.rows, cols: grid.cols, channels: species.length }, MOST_IN_MEMORY);
  }

  private factorCount(period: number, { hourly = false }: Partial<EmissionFactors> = {}): number {
    const { grid, time, groups } = this.run.options.sources[period];
    return (hourly ? time.count : 1) * grid.rows * grid.cols * groups.length;
  }
}

/** The surrogate at some hours of periods, `hours` of each: every hour for itself, or with the chains that they rest on. */
export function modelOfHours(
  options: Omit<DomainRunOptions, 'hours'>,
  hours: readonly (readonly number[])[],
  { rolledOut, signal }: { rolledOut: boolean; signal?: AbortSignal },
): DomainModel {
  return rolledOut ? new RolledOutRun(new DomainRun(options), hours, signal) : new DomainRun({ ...options, hours });
}

/** The whole grid at some hours, one after the other. */
function fieldsAt(store: HourStore, hours: ArrayLike<number>): Float32Array {
  return joined(
    Float32Array,
    Array.from(hours, (hour) => store.hours({ first: hour, count: 1 })),
  );
}

/**
 * The hours on which `hours` rest, themselves included, by block of `windowHours`: those of the first take y from the prior run.
 *
 * @throws {Error} if an hour lies in the first `windowHours`, which no window with its y ends in
 */
export function chainBlocks(hours: ArrayLike<number>, windowHours: number): number[][] {
  const allHours = new Set<number>();
  for (const wanted of Array.from(hours)) {
    if (wanted < windowHours) throw new Error(`rolled-out run: expected hours from ${windowHours} on but received ${wanted}`);
    for (let hour = wanted; hour >= windowHours; hour -= windowHours) allHours.add(hour);
  }
  const blocks = new Map<number, number[]>();
  for (const hour of [...allHours].sort((a, b) => a - b)) {
    const block = Math.floor(hour / windowHours);
    blocks.set(block, [...(blocks.get(block) ?? []), hour]);
  }
  return [...blocks.values()];
}

const HOURS_OF_DAY = 24;

/**
 * y of the surrogate's windows as a part of the control: the prior run's concentrations times factors, one per day, cell and species.
 *
 *   y_t = g(day of t − k) · C_{t−k}
 */
export class ScaledInitial {
  private concentrations?: HourStore;
  private field?: Float32Array;
  private gradient?: HourStore;

  /** @param hours - hours of the period from which y is taken */
  constructor(
    private readonly source: PeriodSource,
    private readonly hours: readonly number[],
  ) {}

  /** Days of the period, the last perhaps shorter: the slots of the factors. */
  get days(): number {
    return Math.ceil(this.source.time.count / HOURS_OF_DAY);
  }

  /**
   * @param factors - `[days, H, W, species]`
   * @returns g · C, `[hours of the period, H, W, species]`, 0 at hours that no window takes; until the next call
   */
  scale(factors: Float32Array): HourStore {
    const out = (this.concentrations ??= this.store());
    if (this.field && sameFactors(this.field, factors)) return out;
    this.field = undefined; // should the disk be full in between
    for (const hour of this.hours) {
      const g = this.ofDay(factors, hour);
      out.write(
        hour,
        this.prior(hour).map((value, i) => value * g[i]),
      );
    }
    this.field = factors.slice();
    return out;
  }

  /** Room for the gradient with respect to y, which {@link takeAdjoint} empties. */
  gradientStore(): HourStore {
    return (this.gradient ??= this.store());
  }

  /** Adds C · dJ/dy of all hours to the gradient with respect to the factors. */
  takeAdjoint(gradFactors: Float32Array): void {
    const { gradient } = this;
    if (!gradient) return;
    this.gradient = undefined;
    for (const hour of this.hours) {
      const [dayGradient, prior, hourGradient] = [this.ofDay(gradFactors, hour), this.prior(hour), gradient.hours({ first: hour, count: 1 })];
      for (let i = 0; i < dayGradient.length; i++) dayGradient[i] += prior[i] * hourGradient[i];
    }
    gradient.dispose();
  }

  dispose(): void {
    this.concentrations?.dispose();
    this.gradient?.dispose();
    this.concentrations = this.gradient = this.field = undefined;
  }

  private ofDay(factors: Float32Array, hour: number): Float32Array {
    const { rows, cols } = this.source.grid;
    const field = rows * cols * this.source.species.length;
    const day = Math.floor(hour / HOURS_OF_DAY);
    return factors.subarray(day * field, (day + 1) * field);
  }

  private prior(hour: number): Float32Array {
    return this.source.hourly('concentrations', wholeGrid(this.source), { first: hour, count: 1 });
  }

  private store(): HourStore {
    const { grid, time, species } = this.source;
    return hourStore({ hours: time.count, rows: grid.rows, cols: grid.cols, channels: species.length }, MOST_IN_MEMORY);
  }
}
