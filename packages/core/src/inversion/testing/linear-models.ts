/** Small forward models whose inversions have known answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CorrelationFilter } from '../../grid/correlation';
import type { Random } from '../../base/random';
import { Role, type ObservationBatch, type Values } from '../cost/cost';
import { factorCount, type FactorShape, type ForwardModel, type ModelPart } from '../model/forward-model';
import { LogFactorControl } from '../control/log-factor-control';
import { dot } from '../../base/vectors';

/** 3 x 4 cells, one group. */
export const SMALL_SHAPE: FactorShape = { slots: 1, rows: 3, cols: 4, groups: 1 };

/** Log factors on {@link SMALL_SHAPE}, correlated over 1.2 cells. */
export function smallControl(): LogFactorControl {
  return new LogFactorControl(SMALL_SHAPE, {
    spread: [0.5],
    basis: new CorrelationFilter(3, 4, 1.2),
    bound: 3,
    emitting: new Uint8Array(12).fill(1),
  });
}

export function observationBatch(
  values: number[],
  error: number,
  options: { species?: number[]; role?: number[]; times?: number } = {},
): ObservationBatch {
  return {
    values: Float64Array.from(values),
    error: new Float64Array(values.length).fill(error),
    species: Uint8Array.from(options.species ?? values.map(() => 0)),
    withheld: Uint8Array.from(options.role ?? values.map(() => Role.used)),
    times: options.times ?? 1,
  };
}

/** A model that adds up its batches' adjoints. */
abstract class AddingModel implements ForwardModel {
  abstract readonly shape: FactorShape;
  abstract readonly batches: number;
  private gradient?: Float64Array;

  abstract observations(batch: number): ObservationBatch;
  abstract forward(factors: Values, batch: number, signal?: AbortSignal): Promise<Values>;
  protected abstract adjoint(gradSimulated: Values, batch: number): Float64Array;

  addAdjoint(gradSimulated: Values, batch: number): Promise<void> {
    const part = this.adjoint(gradSimulated, batch);
    this.gradient ??= new Float64Array(part.length);
    for (let i = 0; i < part.length; i++) this.gradient[i] += part[i];
    return Promise.resolve();
  }

  takeGradient(): Promise<Float64Array> {
    const result = this.gradient ?? new Float64Array(factorCount(this.shape));
    this.gradient = undefined;
    return Promise.resolve(result);
  }
}

/** simulated = K · g(factors), with g the identity or the logarithm; batch b has matrix `matrices[b]`, `[values, factors]`. */
export class MatrixModel extends AddingModel {
  readonly batches: number;
  private readonly lastFactors: Float64Array[] = [];

  constructor(
    readonly shape: FactorShape,
    private readonly matrices: number[][][],
    private readonly batchesOfObservations: ObservationBatch[],
    private readonly logarithm = false,
    readonly parts?: readonly ModelPart[],
  ) {
    super();
    this.batches = matrices.length;
  }

  observations(batch: number): ObservationBatch {
    return this.batchesOfObservations[batch];
  }

  forward(factors: Values, batch: number): Promise<Float64Array> {
    this.lastFactors[batch] = Float64Array.from(factors);
    const g = this.logarithm ? (f: number): number => Math.log(f) : (f: number): number => f;
    return Promise.resolve(Float64Array.from(this.matrices[batch], (row) => row.reduce((sum, k, j) => sum + k * g(factors[j]), 0)));
  }

  tangents(factors: Values, direction: Values, batches: readonly number[]): Promise<Float64Array[]> {
    const d = Float64Array.from(direction, (value, j) => (this.logarithm ? value / factors[j] : value));
    return Promise.resolve(batches.map((batch) => Float64Array.from(this.matrices[batch], (row) => dot(row, d))));
  }

  protected adjoint(gradSimulated: Values, batch: number): Float64Array {
    const gradient = new Float64Array(this.lastFactors[batch].length);
    this.matrices[batch].forEach((row, i) => row.forEach((k, j) => (gradient[j] += k * gradSimulated[i])));
    if (this.logarithm) gradient.forEach((_, j) => (gradient[j] /= this.lastFactors[batch][j]));
    return gradient;
  }
}

/** What the toy plume twin plants and knows. */
export interface PlumeTwin {
  model: PlumeModel;
  prior: Float32Array;
  truth: Float64Array;
}

/**
 * A plume on a periodic grid: each hour, concentrations keep a part, a part moves one cell with a wind that changes with the hour, all decay
 * by a tenth, and emissions are added. Linear in the factors; observed hourly at some cells, in batches of some hours.
 */
export class PlumeModel extends AddingModel {
  readonly shape: FactorShape;
  readonly batches: number;
  private readonly observed: ObservationBatch[] = [];

  constructor(
    private readonly options: {
      rows: number;
      cols: number;
      hours: number;
      batchHours: number;
      prior: Float32Array;
      cells: number[];
      delayMs?: number;
    },
  ) {
    super();
    this.shape = { slots: 1, rows: options.rows, cols: options.cols, groups: 1 };
    this.batches = options.hours / options.batchHours;
  }

  /** Sets the observations from known factors, with noise of the given size; every `watchedEvery`-th cell is watched only. */
  observe(factors: ArrayLike<number>, noise: number, random: Random, watchedEvery = Infinity): void {
    const { batchHours, cells } = this.options;
    for (let batch = 0; batch < this.batches; batch++) {
      const values = [...this.simulate(Float64Array.from(factors), batch)].map((value) => value + noise * random.normal());
      const role = values.map((_, i) => ((i % cells.length) % watchedEvery === watchedEvery - 1 ? Role.watched : Role.used));
      this.observed[batch] = observationBatch(values, Math.max(noise, 0.01), { role, times: batchHours });
    }
  }

  observations(batch: number): ObservationBatch {
    return this.observed[batch];
  }

  async forward(factors: Values, batch: number, signal?: AbortSignal): Promise<Float64Array> {
    if (this.options.delayMs) await sleep(this.options.delayMs, undefined, { signal });
    return this.simulate(factors, batch);
  }

  tangents(_factors: Values, direction: Values, batches: readonly number[]): Promise<Float64Array[]> {
    return Promise.resolve(batches.map((batch) => this.simulate(direction, batch)));
  }

  protected adjoint(gradSimulated: Values, batch: number): Float64Array {
    const { prior, cells, batchHours } = this.options;
    const first = batch * batchHours;
    let adjoint: Float64Array = new Float64Array(prior.length);
    const gradient = new Float64Array(prior.length);
    for (let t = first + batchHours - 1; t >= 0; t--) {
      if (t >= first) cells.forEach((cell, i) => (adjoint[cell] += gradSimulated[(t - first) * cells.length + i]));
      for (let p = 0; p < gradient.length; p++) gradient[p] += adjoint[p] * prior[p];
      adjoint = this.move(adjoint, t, -1);
    }
    return gradient;
  }

  private simulate(factors: Values, batch: number): Float64Array {
    const { prior, cells, batchHours } = this.options;
    const first = batch * batchHours;
    let field: Float64Array = new Float64Array(prior.length);
    const values: number[] = [];
    for (let t = 0; t < first + batchHours; t++) {
      field = this.move(field, t, 1);
      for (let p = 0; p < field.length; p++) field[p] += factors[p] * prior[p];
      if (t >= first) values.push(...cells.map((cell) => field[cell]));
    }
    return Float64Array.from(values);
  }

  /** One hour of transport; `direction` −1 is the transpose (on a periodic grid: the wind turned round). */
  private move(field: Float64Array, hour: number, direction: 1 | -1): Float64Array {
    const { rows, cols } = this.options;
    const angle = (2 * Math.PI * hour) / 10;
    const [dr, dc] = [direction * Math.round(Math.sin(angle)), direction * Math.round(Math.cos(angle))];
    const moved = new Float64Array(field.length);
    for (let row = 0, p = 0; row < rows; row++) {
      const fromRow = ((row - dr + rows) % rows) * cols;
      for (let col = 0; col < cols; col++, p++) moved[p] = 0.9 * (0.4 * field[p] + 0.6 * field[fromRow + ((col - dc + cols) % cols)]);
    }
    return moved;
  }
}
