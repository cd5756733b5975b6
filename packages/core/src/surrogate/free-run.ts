/**
 * The surrogate run over many hours of a period on the whole domain, for given emissions: by `evaluate` for its errors and its free-running
 * response, and by the inversion for the prior run that the prediction is anchored on.
 */
import type { PreparedPeriod } from '../data/prepared';
import { copyHour } from './sampler';
import type { SurrogateEngine, SurrogateInputs } from './frozen-program';
import type { Surrogate } from './surrogate';
import { gatherWindow, type Crop } from './window';

/** Memory for the inputs of a batch of whole-domain hours. */
export class HourBatch {
  readonly inputs: SurrogateInputs;
  readonly crop: Crop;

  constructor(
    readonly surrogate: Surrogate,
    readonly period: PreparedPeriod,
    readonly size: number,
  ) {
    const { rows, cols } = period.grid;
    const cells = rows * cols;
    const steps = surrogate.window.steps.length;
    this.crop = { row: 0, col: 0, rows, cols };
    this.inputs = {
      emissions: new Float32Array(size * steps * cells * 5),
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
    const size = surrogate.window.steps.length * rows * cols * channels;
    gatherWindow({ data: period.meteorology, rows, cols, channels }, surrogate.window, hour, crop, this.inputs.meteorology, i * size);
    if (this.inputs.previous.length > 0) {
      const prior = period.runs.get('prior')!.concentrations;
      copyHour(prior, rows, cols, 4, Math.max(0, hour - surrogate.window.hours), crop, this.inputs.previous, i * rows * cols * 4);
    }
  }

  /** Sets the emissions `[hours, H, W, 5]` (kg m-2 s-1) that element `i` sees at `hour`. */
  setEmissions(i: number, hour: number, emissions: Float32Array): void {
    const { rows, cols } = this.crop;
    const size = this.surrogate.window.steps.length * rows * cols * 5;
    gatherWindow({ data: emissions, rows, cols, channels: 5 }, this.surrogate.window, hour, this.crop, this.inputs.emissions, i * size);
  }

  /** Multiplies the emissions of element `i` by factors `[H, W, 5]`. */
  scaleEmissions(i: number, factors: ArrayLike<number>): void {
    const size = factors.length;
    const steps = this.surrogate.window.steps.length;
    const { emissions } = this.inputs;
    for (let step = 0; step < steps; step++) {
      const base = (i * steps + step) * size;
      for (let k = 0; k < size; k++) emissions[base + k] *= factors[k];
    }
  }
}

/**
 * Runs the surrogate at the given hours.
 *
 * @param factors - on the emissions, `[H, W, 5]`; absent = as they are
 * @returns concentrations `[hours, H, W, 4]`
 */
export async function freeRun(
  surrogate: Surrogate,
  engine: SurrogateEngine,
  batchSize: number,
  period: PreparedPeriod,
  emissions: Float32Array,
  hours: readonly number[],
  factors?: ArrayLike<number>,
  onHour?: (done: number) => void,
): Promise<Float32Array> {
  const batch = new HourBatch(surrogate, period, batchSize);
  const field = period.grid.rows * period.grid.cols * 4;
  const out = new Float32Array(hours.length * field);
  for (let first = 0; first < hours.length; first += batchSize) {
    const count = Math.min(batchSize, hours.length - first);
    for (let i = 0; i < batchSize; i++) {
      const hour = hours[first + Math.min(i, count - 1)];
      batch.setHour(i, hour);
      batch.setEmissions(i, hour, emissions);
      if (factors) batch.scaleEmissions(i, factors);
    }
    const concentrations = await engine.forward(batch.inputs);
    out.set(concentrations.subarray(0, count * field), first * field);
    onHour?.(first + count);
  }
  return out;
}
