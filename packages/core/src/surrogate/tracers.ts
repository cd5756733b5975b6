/**
 * Passive tracers of the emissions as inputs of the surrogate: what the weather of the whole period makes of each group, with a few lifetimes
 * (`ops/tracers/tracers.h` of the addon has the equations). Transport then need not be learned, and a window of hours sees the days before it. They are
 * linear in the emissions, so the inversion's gradient goes through their transpose, once for all hours of a period.
 */
import { tracers, tracersAdjoint, type TracerRequest } from '@retroplume/native';
import { totalmem } from 'node:os';
import { wholeGrid, type PeriodSource } from '../data/period-source';
import type { PreparedPeriod } from '../data/prepared';
import { ConfigError } from '../errors';
import type { EmissionFactors } from './hour-batch';

const GROUPS = 5;

/** Below so many cells an hour is too short to be shared among threads. */
const CELLS_FOR_THREADS = 10_000;

/** Part of the machine's memory that one field of tracers may take. */
const MOST_MEMORY = 0.5;

type Weather = Pick<PeriodSource, 'name' | 'grid' | 'time' | 'meteorologyNames'>;

/** @throws {ConfigError} `CASE_TRACERS` if the meteorology lacks a channel, or the tracers of a period do not fit in memory */
function requestOf({ name, grid, time, meteorologyNames }: Weather, lifetimes: readonly number[], threads: number): TracerRequest {
  const channel = (wanted: string): number => meteorologyNames.indexOf(wanted);
  const [windX, windY, height, inverse] = ['u', 'v', 'PBL', 'inversePbl'].map(channel);
  const missing = windX < 0 ? 'u' : windY < 0 ? 'v' : height < 0 && inverse < 0 ? 'PBL or inversePbl' : undefined;
  if (missing !== undefined) {
    throw new ConfigError(
      'CASE_TRACERS',
      `surrogate.tracerLifetimes: tracers need ${missing} among meteorology.variables: add it, or set tracerLifetimes: []`,
    );
  }
  const bytes = 4 * time.count * grid.rows * grid.cols * GROUPS * lifetimes.length;
  if (bytes > MOST_MEMORY * totalmem()) {
    throw new ConfigError(
      'CASE_TRACERS',
      `surrogate.tracerLifetimes: the tracers of ${name} take ${(bytes / 1e9).toFixed(1)} GB, of ${(totalmem() / 1e9).toFixed(1)} GB of memory: set fewer lifetimes, [] for none, or shorten the period`,
    );
  }
  const [cellsNorth, cellsEast] = grid.lengthInCells(1);
  return {
    hours: time.count,
    ...{ rows: grid.rows, cols: grid.cols, groups: GROUPS, lifetimes },
    ...{ cellSizeX: 1000 / cellsEast, cellSizeY: 1000 / cellsNorth },
    ...{ channels: meteorologyNames.length, windX, windY },
    ...(height >= 0 ? { height } : { height: inverse, inverseHeight: true }),
    threads: grid.rows * grid.cols < CELLS_FOR_THREADS ? 1 : threads,
  };
}

/** Tracers of one period's emissions under changing factors. */
export class PeriodTracers {
  /** tracers: of each group one for each lifetime */
  readonly channels: number;
  private readonly request: TracerRequest;
  private readonly meteorology: Float32Array;
  private readonly emissions: Float32Array;
  /** the tracers that were carried last, and their factors; none: 1 */
  private held?: { tracers: Float32Array; factors?: Float32Array };

  /** @throws {ConfigError} `CASE_TRACERS` */
  constructor(source: PeriodSource, lifetimes: readonly number[], threads: number) {
    this.request = requestOf(source, lifetimes, threads);
    this.channels = GROUPS * lifetimes.length;
    const all = { first: 0, count: source.time.count };
    this.meteorology = source.hourly('meteorology', wholeGrid(source), all);
    this.emissions = source.hourly('emissions', wholeGrid(source), all);
  }

  /** @returns `[hours of the period, H, W, channels]`, kg m-3, until the next call */
  carry(factors?: EmissionFactors): Float32Array {
    const request = this.with(factors);
    const given = factors && this.partOf(factors);
    if (this.held && sameFactors(this.held.factors, given)) return this.held.tracers;
    const { hours, rows, cols } = request;
    const out = this.held?.tracers ?? new Float32Array(hours * rows * cols * this.channels);
    tracers(request, this.meteorology, this.emissions, out, factors?.data);
    this.held = { tracers: out, factors: given?.slice() };
    return out;
  }

  /**
   * The transpose of {@link carry}, added: E · Aᵀ · gradTracers.
   *
   * @param gradTracers - `[hours of the period, H, W, channels]`
   */
  addAdjoint(gradTracers: Float32Array, gradFactors: EmissionFactors): void {
    tracersAdjoint(this.with(gradFactors), this.meteorology, this.emissions, gradTracers, gradFactors.data);
  }

  private with({ offset: factorsOffset = 0, hourly: hourlyFactors = false }: Partial<EmissionFactors> = {}): TracerRequest {
    return { ...this.request, factorsOffset, hourlyFactors };
  }

  private partOf({ data, offset = 0, hourly = false }: EmissionFactors): Float32Array {
    const { hours, rows, cols, groups } = this.request;
    return data.subarray(offset, offset + (hourly ? hours : 1) * rows * cols * groups);
  }
}

/** By value: callers change factors in place. */
function sameFactors(a: Float32Array | undefined, b: Float32Array | undefined): boolean {
  if (!a || !b) return a === b;
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/**
 * Carries the emissions of all runs of a period: what training samples. Without lifetimes the runs have none afterwards.
 *
 * @throws {ConfigError} `CASE_TRACERS`
 */
export function carryRuns(period: PreparedPeriod, lifetimes: readonly number[], threads: number): void {
  const request = lifetimes.length > 0 ? requestOf(period, lifetimes, threads) : undefined;
  for (const run of period.runs.values()) {
    run.tracers = undefined;
    if (!request) continue;
    run.tracers = new Float32Array(run.emissions.length * lifetimes.length);
    tracers(request, period.meteorology, run.emissions, run.tracers);
  }
}
