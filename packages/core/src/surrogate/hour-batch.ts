/** What the frozen surrogate is given: the windows of a few hours of a period, in a rectangle of cells. */
import { windowMean, windowMeanAdjoint } from '@retroplume/native';
import { copyHour, type Crop, type HourlyField, type Hours, type PeriodSource } from '../data/period-source';
import type { SurrogateInputs } from './frozen-program';
import type { Surrogate } from './surrogate';

const GROUPS = 5;
const SPECIES = 4;

/** Factors on emissions inside a larger array, or their gradient. */
export interface EmissionFactors {
  data: Float32Array;
  /** where the factors begin; default 0 */
  offset?: number;
  /** one field for every hour, instead of one for all; default false */
  hourly?: boolean;
}

/** Memory for the inputs of `size` hours on `rows` x `cols` cells; {@link moveTo} says which cells and what part of the period. */
export class HourBatch {
  readonly inputs: SurrogateInputs;
  private readonly whole: Crop;
  private meteorology: Float32Array = new Float32Array();
  private emissions: Float32Array = new Float32Array();
  /** as long as the emissions; set by {@link setTracers} */
  private tracers: Float32Array = new Float32Array();
  private readonly tracerChannels: number;
  private previous: Float32Array = new Float32Array();
  private readonly memory = new Map<HourlyField, Float32Array>();
  /** hour of the period with which the fields begin */
  private begin = 0;

  constructor(
    private readonly surrogate: Surrogate,
    cells: { rows: number; cols: number },
    readonly size: number,
    private readonly threads: number,
  ) {
    const { settings, meteorologyNames, geographyNames } = surrogate.description;
    this.tracerChannels = GROUPS * settings.tracers.length;
    const count = cells.rows * cells.cols;
    const steps = surrogate.window.steps.length;
    this.whole = { row: 0, col: 0, rows: cells.rows, cols: cells.cols };
    this.inputs = {
      emissions: new Float32Array(size * steps * count * GROUPS),
      tracers: new Float32Array(size * steps * count * this.tracerChannels),
      meteorology: new Float32Array(size * steps * count * meteorologyNames.length),
      geography: new Float32Array(size * count * geographyNames.length),
      previous: new Float32Array(settings.previousConcentrations ? size * count * SPECIES : 0),
    };
  }

  /** Takes the fields of a rectangle, as large as the batch's, over some hours, which the windows asked for later must not leave. */
  moveTo(source: PeriodSource, crop: Crop, hours: Hours): void {
    this.begin = hours.first;
    this.meteorology = this.fetch(source, 'meteorology', crop, hours);
    this.emissions = this.fetch(source, 'emissions', crop, hours);
    if (this.inputs.previous.length > 0) this.previous = this.fetch(source, 'concentrations', crop, hours);
    const geography = source.geography(crop);
    for (let i = 0; i < this.size; i++) this.inputs.geography.set(geography, i * geography.length);
  }

  /** Takes the tracers of the rectangle and hours of {@link moveTo}, `[hours, rows, cols, channels]`. */
  setTracers(tracers: Float32Array): void {
    this.tracers = tracers;
  }

  /** Copies and reads go to memory that is kept from one rectangle to the next; it grows to the longest span of hours. */
  private fetch(source: PeriodSource, field: HourlyField, crop: Crop, hours: Hours): Float32Array {
    return source.hourly(field, crop, hours, (length) => {
      const held = this.memory.get(field);
      if (held && held.length >= length) return held.subarray(0, length);
      const grown = new Float32Array(length);
      this.memory.set(field, grown);
      return grown;
    });
  }

  /** Sets all inputs of element `i`, that of `hour`; factors as for {@link setEmissions}, and already on the tracers. */
  setHour(i: number, hour: number, factors?: EmissionFactors): void {
    const { surrogate, whole, threads } = this;
    const channels = surrogate.description.meteorologyNames.length;
    const stepsOffset = (i * this.inputs.meteorology.length) / this.size;
    const request = surrogate.window.request(whole, channels, hour - this.begin, whole);
    windowMean({ ...request, stepsOffset, threads }, this.meteorology, this.inputs.meteorology);
    if (this.inputs.previous.length > 0) {
      const before = Math.max(0, hour - surrogate.window.hours) - this.begin;
      copyHour(this.previous, whole.rows, whole.cols, SPECIES, before, whole, this.inputs.previous, (i * this.inputs.previous.length) / this.size);
    }
    this.setEmissions(i, hour, factors);
    if (this.tracerChannels > 0) windowMean(this.tracerRequest(i, hour), this.tracers, this.inputs.tracers);
  }

  /**
   * Sets the emissions (kg m-2 s-1) that element `i` sees at `hour`, times factors on the batch's cells: `[H, W, 5]` for all hours,
   * or `[hours, H, W, 5]` with `hourly`, for the hours of {@link moveTo}; absent = 1.
   */
  setEmissions(i: number, hour: number, factors?: EmissionFactors): void {
    windowMean(this.emissionRequest(i, hour, factors), this.emissions, this.inputs.emissions, factors?.data);
  }

  /** The transpose of {@link setEmissions} with respect to the factors: adds E · dJ/d(f·E) of element `i` to `gradFactors.data`. */
  addFactorGradient(i: number, hour: number, gradEmissions: Float32Array, gradFactors: EmissionFactors): void {
    windowMeanAdjoint(this.emissionRequest(i, hour, gradFactors), this.emissions, gradEmissions, gradFactors.data);
  }

  /**
   * The transpose of what {@link setHour} makes of the tracers, added.
   *
   * @param gradHourly - dJ/d(tracers), laid out as those of {@link setTracers}
   */
  addTracerGradient(i: number, hour: number, gradTracers: Float32Array, gradHourly: Float32Array): void {
    windowMeanAdjoint({ ...this.tracerRequest(i, hour), hourlyFactors: true }, undefined, gradTracers, gradHourly);
  }

  private tracerRequest(i: number, hour: number): Parameters<typeof windowMean>[0] {
    const { surrogate, whole, threads, tracerChannels } = this;
    const stepsOffset = (i * this.inputs.tracers.length) / this.size;
    return { ...surrogate.window.request(whole, tracerChannels, hour - this.begin, whole), stepsOffset, threads };
  }

  private emissionRequest(i: number, hour: number, factors?: EmissionFactors): Parameters<typeof windowMean>[0] {
    const { surrogate, whole, threads } = this;
    const { offset: factorsOffset = 0, hourly: hourlyFactors = false } = factors ?? {};
    const stepsOffset = (i * this.inputs.emissions.length) / this.size;
    return { ...surrogate.window.request(whole, GROUPS, hour - this.begin, whole), stepsOffset, threads, factorsOffset, hourlyFactors };
  }
}
