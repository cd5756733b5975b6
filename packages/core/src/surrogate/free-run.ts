/**
 * The surrogate run over many hours of a period on the whole domain, for given emissions: by `evaluate` for its errors and its free-running
 * response, and by the inversion for the prior run that the prediction is anchored on.
 */
import { windowMean, windowMeanAdjoint } from '@retroplume/native';
import type { PreparedPeriod } from '../data/prepared';
import { copyHour } from './sampler';
import type { SurrogateEngine, SurrogateInputs } from './frozen-program';
import type { Surrogate } from './surrogate';
import type { Crop } from './window';

const GROUPS = 5;

/** Factors on emissions inside a larger array, or their gradient. */
export interface EmissionFactors {
  data: Float32Array;
  /** where the factors of the period begin; default 0 */
  offset?: number;
  /** one field for every hour of the period, instead of one for all; default false */
  hourly?: boolean;
}

/** Memory for the inputs of a batch of whole-domain hours. */
export class HourBatch {
  readonly inputs: SurrogateInputs;
  readonly crop: Crop;

  constructor(
    readonly surrogate: Surrogate,
    readonly period: PreparedPeriod,
    readonly size: number,
    readonly threads: number,
  ) {
    const { rows, cols } = period.grid;
    const cells = rows * cols;
    const steps = surrogate.window.steps.length;
    this.crop = { row: 0, col: 0, rows, cols };
    this.inputs = {
      emissions: new Float32Array(size * steps * cells * GROUPS),
      meteorology: new Float32Array(size * steps * cells * period.meteorologyNames.length),
      geography: new Float32Array(size * cells * period.geographyNames.length),
      previous: new Float32Array(surrogate.description.settings.previousConcentrations ? size * cells * 4 : 0),
    };
    for (let i = 0; i < size; i++) this.inputs.geography.set(period.geography, i * period.geography.length);
  }

  /** Sets meteorology and the earlier concentrations of hour `hour` as element `i`. */
  setHour(i: number, hour: number): void {
    const { period, surrogate, crop } = this;
    const { rows, cols } = crop;
    const channels = period.meteorologyNames.length;
    const stepsOffset = i * surrogate.window.steps.length * rows * cols * channels;
    const request = surrogate.window.request(period.grid, channels, hour, crop);
    windowMean({ ...request, stepsOffset, threads: this.threads }, period.meteorology, this.inputs.meteorology);
    if (this.inputs.previous.length > 0) {
      const prior = period.runs.get('prior')!.concentrations;
      copyHour(prior, rows, cols, 4, Math.max(0, hour - surrogate.window.hours), crop, this.inputs.previous, i * rows * cols * 4);
    }
  }

  /**
   * Sets the emissions `[hours, H, W, 5]` (kg m-2 s-1) that element `i` sees at `hour`, times factors: `[H, W, 5]` for all hours,
   * or `[hours, H, W, 5]` with `hourly`; absent = 1.
   */
  setEmissions(i: number, hour: number, emissions: Float32Array, factors?: EmissionFactors): void {
    const { period, surrogate, crop, threads } = this;
    const stepsOffset = i * surrogate.window.steps.length * crop.rows * crop.cols * GROUPS;
    const request = surrogate.window.request(period.grid, GROUPS, hour, crop);
    const { offset: factorsOffset = 0, hourly: hourlyFactors = false } = factors ?? {};
    windowMean({ ...request, stepsOffset, threads, factorsOffset, hourlyFactors }, emissions, this.inputs.emissions, factors?.data);
  }

  /** The transpose of {@link setEmissions} with respect to the factors: adds E · dJ/d(f·E) of element `i` to `gradFactors.data`. */
  addFactorGradient(i: number, hour: number, emissions: Float32Array, gradEmissions: Float32Array, gradFactors: EmissionFactors): void {
    const { period, surrogate, crop, threads } = this;
    const stepsOffset = i * surrogate.window.steps.length * crop.rows * crop.cols * GROUPS;
    const request = surrogate.window.request(period.grid, GROUPS, hour, crop);
    const { offset: factorsOffset = 0, hourly: hourlyFactors = false } = gradFactors;
    windowMeanAdjoint({ ...request, stepsOffset, threads, factorsOffset, hourlyFactors }, emissions, gradEmissions, gradFactors.data);
  }
}

/** What {@link freeRun} runs, and how. */
export interface FreeRunOptions {
  surrogate: Surrogate;
  engine: SurrogateEngine;
  /** hours that the engine takes at once */
  batchSize: number;
  period: PreparedPeriod;
  /** `[hours of the period, H, W, 5]` in kg m-2 s-1 */
  emissions: Float32Array;
  /** hours of the period at which concentrations are wanted */
  hours: readonly number[];
  /** on the emissions, `[H, W, 5]`; absent = as they are */
  factors?: Float32Array;
  /** default 1 */
  threads?: number;
  onHour?: (done: number) => void;
}

/**
 * Runs the surrogate at the given hours.
 *
 * @returns concentrations `[hours, H, W, 4]`
 */
export async function freeRun(options: FreeRunOptions): Promise<Float32Array> {
  const { surrogate, engine, batchSize, period, emissions, hours, factors, threads = 1, onHour } = options;
  const batch = new HourBatch(surrogate, period, batchSize, threads);
  const field = period.grid.rows * period.grid.cols * 4;
  const out = new Float32Array(hours.length * field);
  for (let first = 0; first < hours.length; first += batchSize) {
    const count = Math.min(batchSize, hours.length - first);
    for (let i = 0; i < batchSize; i++) {
      const hour = hours[first + Math.min(i, count - 1)];
      batch.setHour(i, hour);
      batch.setEmissions(i, hour, emissions, factors && { data: factors });
    }
    const concentrations = await engine.forward(batch.inputs);
    out.set(concentrations.subarray(0, count * field), first * field);
    onHour?.(first + count);
  }
  return out;
}
