/**
 * Tracers of the emissions as inputs of the surrogate: what the weather of the whole period makes of each group, for a few lifetimes, and what is made of it
 * underway by light and in clouds (`ops/tracers` of the addon has the equations). Transport and the history of the
 * chemistry then need not be learned, and a window of hours sees the days before it. They are linear in the emissions, so the inversion's gradient goes
 * through their transpose, once for all hours of a period.
 */
import {
  type DeviceTracerRequest,
  TRACER_RATES,
  type TracerKind,
  type TracerRequest,
  tracerRates,
  tracerState,
  tracers,
  tracersAdjoint,
} from '@retroplume/native';
import { type HourStore, type HourStoreOptions, type HourStoreShape, hourStore, hourStoreBytes, hoursOfChunk } from '../../fields/hour-store';
import { type Crop, type Hours, type Memory, type PeriodSource, keptMemory, newMemory, wholeGrid } from '../../fields/period-source';
import { type TracerSettings, isPrecursor, missingWeather, rateChannels, tracerCount, tracersOf } from '../../case';
import { ConfigError } from '../../base/errors';
import { ChosenHours, SparseHours } from '../../fields/sparse-hours';
import { usableMemory } from '../../base/process';
import { type EmissionFactors, type FactorStep, SeenFactors } from './emission-factors';

export const RATE_COUNT = TRACER_RATES.length;

/** Below so many cells an hour is too short to be shared among threads. */
const CELLS_FOR_THREADS = 10_000;

/** Part of the usable memory that all tracers, and gradients with respect to them, take at most; the others lie in temporary files. */
const MOST_OF_MEMORY = 0.4;

/**
 * Bytes in memory for each store of tracers.
 *
 * @param stores - of all periods, those of gradients included
 * @param processes - on this node
 */
export function tracerRoom(stores: number, processes = 1): number {
  return (MOST_OF_MEMORY * usableMemory()) / (stores * processes);
}

type CarriedPeriod = Pick<PeriodSource, 'grid' | 'time' | 'meteorologyNames' | 'groups'>;

/** What the addon is told of a period. @throws {ConfigError} `CASE_TRACERS` if the meteorology lacks a channel */
export function tracerRequest({ grid, time, meteorologyNames, groups }: CarriedPeriod, settings: readonly TracerSettings[]): DeviceTracerRequest {
  const channel = (wanted: string): number => meteorologyNames.indexOf(wanted);
  const [windX, windY, height, inverse] = ['u', 'v', 'PBL', 'inversePbl'].map(channel);
  const missing = missingWeather(settings, meteorologyNames);
  if (missing !== undefined) {
    throw new ConfigError(
      'CASE_TRACERS',
      `surrogate.tracers: they need ${missing} among meteorology.variables: add it, or set tracers that do without ([] for none)`,
    );
  }
  const [cellsNorth, cellsEast] = grid.lengthInCells(1);
  return {
    hours: time.count,
    rows: grid.rows,
    cols: grid.cols,
    kinds: tracerKinds(settings, groups),
    rateCount: RATE_COUNT,
    cellSizeX: 1000 / cellsEast,
    cellSizeY: 1000 / cellsNorth,
    channels: meteorologyNames.length,
    windX,
    windY,
    ...(height >= 0 ? { height } : { height: inverse, inverseHeight: true }),
  };
}

/** Tracers of a period. */
export interface Carried {
  /** kg m-3 */
  readonly tracers: Pick<SparseHours, 'hours' | 'rectangle'>;
}

/** In a store of their own. */
interface Held extends Carried {
  readonly tracers: SparseHours;
  readonly factors: SeenFactors;
}

/** The tracers of base + step · direction, from those of both. */
class SteppedTracers implements Carried {
  readonly tracers = this;
  private readonly memory = { base: keptMemory(), direction: keptMemory() };

  constructor(
    readonly base: Held,
    readonly direction: Held,
    readonly step: number,
  ) {}

  hours(range: Hours, memory = newMemory): Float32Array {
    return this.sum(memory, ({ tracers }, partMemory) => tracers.hours(range, partMemory));
  }

  rectangle(crop: Crop, range: Hours, memory = newMemory): Float32Array {
    return this.sum(memory, ({ tracers }, partMemory) => tracers.rectangle(crop, range, partMemory));
  }

  private sum(memory: Memory, read: (carried: Held, partMemory: Memory) => Float32Array): Float32Array {
    const { step } = this;
    const [base, direction] = [read(this.base, this.memory.base), read(this.direction, this.memory.direction)];
    const out = memory(base.length);
    for (let i = 0; i < out.length; i++) out[i] = base[i] + step * direction[i];
    return out;
  }
}

/** Tracers of one period's emissions under changing factors. */
export class PeriodTracers {
  /** tracers, group after group */
  readonly channels: number;
  /** of the period, those that have tracers */
  private readonly chosen: ChosenHours;
  private readonly request: TracerRequest;
  /** what was carried last, and under which factors */
  private carried?: Held;
  /** the same of a direction in which factors were changed last */
  private heldDirection?: Held;
  /** of the last step along it */
  private stepped?: SteppedTracers;
  /** of the hours that were last asked for: of all, where they are in memory */
  private rates?: { range: Hours; data: Float32Array };

  /**
   * @param mostBytes - tracers that take more lie in a temporary file
   * @param options - half: of tracers that are only read; hours: those whose tracers will be asked for, the others are only carried through, default: all;
   *   hoursAtOnce: most hours that are worked on together, default: all where their tracers would fit into memory
   * @throws {ConfigError} `CASE_TRACERS`
   */
  constructor(
    private readonly source: PeriodSource,
    private readonly settings: readonly TracerSettings[],
    threads: number,
    private readonly mostBytes: number,
    private readonly options: Pick<HourStoreOptions, 'half'> & { hours?: readonly number[]; hoursAtOnce?: number } = {},
  ) {
    this.chosen = new ChosenHours(source.time.count, options.hours);
    const { rows, cols } = source.grid;
    this.request = { ...tracerRequest(source, settings), threads: rows * cols < CELLS_FOR_THREADS ? 1 : threads };
    this.channels = tracerCount(settings, source.groups);
  }

  /** Those that have tracers. */
  get hours(): number[] {
    return Array.from(this.chosen.mask.keys()).filter((hour) => this.chosen.mask[hour] === 1);
  }

  /** Room for tracers of the period, or for a gradient with respect to them: zeros. */
  store(): SparseHours {
    return new SparseHours(hourStore(this.shape, this.mostBytes, this.options), this.chosen);
  }

  /**
   * Factors that are a step along a direction take one pass for all steps along it, where tracers of the direction have room in memory beside them.
   *
   * @returns the tracers until they are carried anew, as the same object
   */
  carry(factors?: EmissionFactors): Carried {
    if (factors?.step && this.hasRoomForDirection()) return this.carryStep(factors, factors.step);
    return this.carryUnlessHeld('carried', factors);
  }

  /** @returns the tracers of the emissions as they are, whose room the caller gives back */
  carryAll(): HourStore {
    return this.carryUnlessHeld('carried').tracers.fields;
  }

  private carryStep(factors: EmissionFactors, { base, direction, step }: FactorStep): Carried {
    const carried = this.carryUnlessHeld('carried', { ...factors, data: base });
    const heldDirection = this.carryUnlessHeld('heldDirection', { ...factors, data: direction });
    const { stepped } = this;
    if (stepped?.base === carried && stepped.direction === heldDirection && stepped.step === step) return stepped;
    return (this.stepped = new SteppedTracers(carried, heldDirection, step));
  }

  /** Tracers, their gradient and those of the direction in the room of the first two. */
  private hasRoomForDirection(): boolean {
    return 3 * hourStoreBytes(this.shape, this.options) <= 2 * this.mostBytes;
  }

  private carryUnlessHeld(place: 'carried' | 'heldDirection', factors?: EmissionFactors): Held {
    const length = this.factorCount(factors);
    const previous = this[place];
    if (previous?.factors.sameAs(factors, length)) return previous;
    const out = previous?.tracers ?? this.store();
    this[place] = undefined;
    try {
      this.carryInto(out, factors);
    } catch (error) {
      out.fields.dispose(); // half of it is of no use: the disk may be full
      throw error;
    }
    return (this[place] = { tracers: out, factors: new SeenFactors(factors, length) });
  }

  /** Σ_t of the tracers under factors, `[H, W, channels]`, in kg m-3; they are kept for no longer than that takes. */
  sumOfHours(factors?: EmissionFactors): Float64Array {
    const whole = shapeOf(this.source, this.settings);
    const sum = new Float64Array(whole.rows * whole.cols * whole.channels);
    const state = tracerState(this.request);
    const memory = keptMemory();
    for (const range of this.parts(hoursOfChunk(whole))) {
      const carried = memory(this.chosen.positionsOf(range).count * sum.length);
      tracers(...this.hoursOf(range, factors), carried, factors?.data, state);
      for (let offset = 0; offset < carried.length; offset += sum.length) {
        for (let i = 0; i < sum.length; i++) sum[i] += carried[offset + i];
      }
    }
    return sum;
  }

  private carryInto(out: SparseHours, factors?: EmissionFactors): void {
    const state = tracerState(this.request);
    const memory = keptMemory();
    for (const range of this.parts()) {
      const positions = this.chosen.positionsOf(range);
      const carried = out.fields.room(positions, memory);
      tracers(...this.hoursOf(range, factors), carried, factors?.data, state);
      out.fields.write(positions.first, carried);
    }
  }

  /** The transpose of {@link carry}, added: E · Aᵀ · gradTracers. */
  addAdjoint(gradTracers: SparseHours, gradFactors: EmissionFactors): void {
    const state = tracerState(this.request);
    const memory = keptMemory();
    for (const range of this.parts().reverse()) {
      tracersAdjoint(...this.hoursOf(range, gradFactors), gradTracers.fields.hours(this.chosen.positionsOf(range), memory), gradFactors.data, state);
    }
  }

  dispose(): void {
    for (const place of ['carried', 'heldDirection'] as const) {
      this[place]?.tracers.fields.dispose();
      this[place] = undefined;
    }
    this.stepped = undefined;
  }

  private get shape(): HourStoreShape {
    return { ...shapeOf(this.source, this.settings), hours: this.chosen.count };
  }

  /** @param hoursAtOnce - hours of one */
  private parts(hoursAtOnce = this.hoursThatFit()): Hours[] {
    const { end } = this.chosen; // what comes after the last hour that tracers are asked of does not matter
    const atOnce = Math.max(1, Math.min(end, hoursAtOnce, this.options.hoursAtOnce ?? end));
    return Array.from({ length: Math.ceil(end / atOnce) }, (_, i) => ({ first: i * atOnce, count: Math.min(atOnce, end - i * atOnce) }));
  }

  private hoursThatFit(): number {
    const whole = shapeOf(this.source, this.settings);
    return hourStoreBytes(whole, this.options) <= this.mostBytes ? whole.hours : hoursOfChunk(whole);
  }

  private ratesOf(range: Hours, meteorology: Float32Array): Float32Array {
    const { rates } = this;
    if (rates && rates.range.first === range.first && rates.range.count === range.count) return rates.data;
    const data = ratesOf(this.settings, this.source.meteorologyNames, meteorology, this.request.threads ?? 1);
    this.rates = { range, data };
    return data;
  }

  /** What native is told of some hours: request, meteorology (with the hour before), rates and emissions. */
  private hoursOf(
    { first, count }: Hours,
    { offset = 0, hourly = false }: Partial<EmissionFactors> = {},
  ): [TracerRequest, Float32Array, Float32Array, Float32Array] {
    const { source, request } = this;
    const factorsOffset = offset + (hourly ? first * request.rows * request.cols * source.groups.length : 0);
    const follows = first > 0;
    const weather = follows ? { first: first - 1, count: count + 1 } : { first, count };
    const grid = wholeGrid(source);
    const meteorology = source.hourly('meteorology', grid, weather);
    const meteorologyNow = follows ? meteorology.subarray(meteorology.length / (count + 1)) : meteorology;
    return [
      { ...request, hours: count, follows, factorsOffset, hourlyFactors: hourly, asked: this.chosen.mask.subarray(first, first + count) },
      meteorology,
      this.ratesOf({ first, count }, meteorologyNow),
      source.hourly('emissions', grid, { first, count }),
    ];
  }

  private factorCount({ hourly = false }: Partial<EmissionFactors> = {}): number {
    const { hours, rows, cols } = this.request;
    return (hourly ? hours : 1) * rows * cols * this.source.groups.length;
  }
}

/** Of the tracers of all groups and hours: `[hours, rows, cols, channels]`. */
export function shapeOf(
  { time, grid: { rows, cols }, groups }: Pick<PeriodSource, 'time' | 'grid' | 'groups'>,
  settings: readonly TracerSettings[],
): HourStoreShape {
  return { hours: time.count, rows, cols, channels: tracerCount(settings, groups) };
}

/** Each group's tracers as the kernel knows them. */
function tracerKinds(settings: readonly TracerSettings[], groups: readonly string[]): TracerKind[][] {
  return groups.map((group) => {
    const groupTracers = tracersOf(settings, group).map((place) => settings[place]);
    return groupTracers.map(({ lifetime, aloft, washed, precursor, by }) => ({
      lifetime,
      aloft,
      ...(precursor !== undefined && by !== undefined
        ? { precursor: groupTracers.findIndex((tracer) => isPrecursor(tracer, precursor)), rate: TRACER_RATES.indexOf(by) }
        : {}),
      ...(washed ? { kept: TRACER_RATES.indexOf('kept') } : {}),
    }));
  });
}

/**
 * The rates of what happens to tracers underway (`ops/tracers/tracer_rates.h` has the equations).
 *
 * @param meteorology - `[T, H, W, names.length]`
 * @param names - of its channels, among them all that the tracers need
 * @returns `[T, H, W, RATE_COUNT]`; what no tracer needs is 0
 */
export function ratesOf(settings: readonly TracerSettings[], names: readonly string[], meteorology: Float32Array, threads: number): Float32Array {
  const needed = rateChannels(settings);
  const channel = (name: string): number | undefined => (needed.includes(name) ? names.indexOf(name) : undefined);
  const [radiation, temperature, mixingRatio, rain] = ['RGRND', 'TEMP2', 'Q2', 'RN'].map(channel);
  return tracerRates({ channels: names.length, radiation, temperature, mixingRatio, rain, threads }, meteorology);
}
