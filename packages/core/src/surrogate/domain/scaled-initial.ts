/**
 * y of the surrogate's windows as a part of the control: the prior run's concentrations times factors, one per day, cell and species.
 *
 *   y_t = g(day of t − k) · C_{t−k}
 */
import { SPECIES } from '../../base/species';
import { hourStore, type HourStore } from '../../fields/hour-store';
import { wholeGrid, type PeriodSource } from '../../fields/period-source';
import { sameFactors } from '../tracers/emission-factors';

const SPECIES_COUNT = SPECIES.length;
const HOURS_OF_DAY = 24;

/** Concentrations of a period that take more lie in a temporary file, and so does the gradient on them. */
const MOST_IN_MEMORY = 2 ** 30;

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
   * @param factors - `[days, H, W, 4]`
   * @returns g · C, `[hours of the period, H, W, 4]`, 0 at hours that no window takes; until the next call
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
      const [into, prior, of] = [this.ofDay(gradFactors, hour), this.prior(hour), gradient.hours({ first: hour, count: 1 })];
      for (let i = 0; i < into.length; i++) into[i] += prior[i] * of[i];
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
    const field = rows * cols * SPECIES_COUNT;
    const day = Math.floor(hour / HOURS_OF_DAY);
    return factors.subarray(day * field, (day + 1) * field);
  }

  private prior(hour: number): Float32Array {
    return this.source.hourly('concentrations', wholeGrid(this.source), { first: hour, count: 1 });
  }

  private store(): HourStore {
    const { grid, time } = this.source;
    return hourStore({ hours: time.count, rows: grid.rows, cols: grid.cols, channels: SPECIES_COUNT }, MOST_IN_MEMORY);
  }
}
