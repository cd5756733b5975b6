/** What the frozen surrogate is given: the windows of a few hours of a period, in a rectangle of cells. */
import { columnGas } from '../../base/species';
import { zeroInGaps } from '../../fields/column-gaps';
import { tracerCount } from '../../case';
import { windowMean, windowMeanAdjoint, type DeviceFields } from '@retroplume/native';
import { copyHour, keptMemory, wholeGrid, type Crop, type Hours, type PeriodSource } from '../../fields/period-source';
import type { EmissionFactors } from '../tracers/emission-factors';
import type { GradientWindow, InputWindow, SurrogateInputs } from '../model/frozen-program';
import { takesInitialConcentrations } from '../model/surrogate-settings';
import type { Surrogate } from '../model/surrogate';
import type { Carried } from '../tracers/tracers';
import { ONE_HOUR } from '../model/window';

/** Fields of a period in the GPU's memory. */
export interface ResidentInputs {
  meteorology?: DeviceFields;
  emissions?: DeviceFields;
}

/** Memory for the inputs of `size` hours on `rows` x `cols` cells; {@link moveTo} says which cells and what part of the period. */
export class HourBatch {
  readonly inputs: SurrogateInputs;
  private readonly wholeDomain: Crop;
  private meteorology: Float32Array = new Float32Array();
  /** read when the host needs them */
  private emissions?: Float32Array;
  /** of the period; set by {@link setTracers} */
  private tracers?: Carried['tracers'];
  private readonly tracerChannels: number;
  /** numbers of channels */
  private readonly groups: number;
  private readonly species: number;
  private readonly hasColumns: boolean;
  private previous: Float32Array = new Float32Array();
  /** of the hours, inputs that the GPU takes itself */
  private readonly windowsTaken: Record<'meteorology' | 'emissions' | 'tracers', InputWindow[]> = { meteorology: [], emissions: [], tracers: [] };
  /** of the source of {@link moveTo}, where they are in the GPU's memory */
  private resident: ResidentInputs & { tracers?: DeviceFields } = {};
  /** of {@link moveTo} */
  private position?: { source: PeriodSource; crop: Crop; hours: Hours };
  private readonly memory = { meteorology: keptMemory(), emissions: keptMemory(), concentrations: keptMemory() };
  /** hour of the period with which the fields begin */
  private begin = 0;

  constructor(
    private readonly surrogate: Surrogate,
    cells: { rows: number; cols: number },
    readonly size: number,
    private readonly threads: number,
    /** of a source, what lies in the memory of the engine */
    private readonly residentOf: (source: PeriodSource) => ResidentInputs = () => ({}),
  ) {
    const { settings, groups, species } = surrogate.description;
    this.groups = groups.length;
    this.species = species.length;
    this.hasColumns = species.some(({ name }) => columnGas(name) !== undefined);
    this.tracerChannels = tracerCount(settings.tracers, groups);
    const count = cells.rows * cells.cols;
    this.wholeDomain = wholeGrid({ grid: cells });
    this.inputs = {
      emissions: new Float32Array(), // when they are first needed, and so too:
      tracers: new Float32Array(),
      meteorology: new Float32Array(),
      geography: new Float32Array(),
      previous: new Float32Array(takesInitialConcentrations(settings) ? size * count * species.length : 0),
    };
  }

  /**
   * Takes the fields of a rectangle, as large as the batch's, over some hours, which the windows asked for later must not leave. Earlier concentrations
   * are those of the prior run until {@link setPrevious} gives others.
   */
  moveTo(source: PeriodSource, crop: Crop, hours: Hours): void {
    this.begin = hours.first;
    const { memory, position: lastPosition } = this;
    this.position = { source, crop, hours };
    this.resident = this.residentOf(source);
    if (!this.resident.meteorology) this.meteorology = source.hourly('meteorology', crop, hours, memory.meteorology);
    this.emissions = undefined;
    if (this.inputs.previous.length > 0) this.previous = source.hourly('concentrations', crop, hours, memory.concentrations);
    if (source !== lastPosition?.source || crop !== lastPosition.crop) this.inputs.geography = this.repeated(source.geography(crop));
  }

  private repeated(field: Float32Array): Float32Array {
    const batchValues = new Float32Array(this.size * field.length);
    for (let i = 0; i < this.size; i++) batchValues.set(field, i * field.length);
    return batchValues;
  }

  /** Takes the concentrations of the rectangle and hours of {@link moveTo} from which y is taken, `[hours, rows, cols, species]`. */
  setPrevious(concentrations: Float32Array): void {
    this.previous = concentrations;
  }

  /** The hour of the period from which the window at `hour` takes y. */
  previousHour(hour: number): number {
    return Math.max(0, hour - this.surrogate.window.hours);
  }

  /** Takes the tracers of the period of {@link moveTo}, of which only the hours that are set will be read. */
  setTracers(tracers: Carried['tracers'] | DeviceFields): void {
    const resident = !('rectangle' in tracers);
    this.resident.tracers = resident ? tracers : undefined;
    this.tracers = resident ? undefined : tracers;
  }

  /** Inputs that the GPU takes itself, instead of those of {@link inputs}. */
  get windows(): InputWindow[] {
    const { meteorology, tracers } = this.resident;
    const { windowsTaken } = this;
    return [...(meteorology ? windowsTaken.meteorology : []), ...windowsTaken.emissions, ...(tracers ? windowsTaken.tracers : [])];
  }

  /** Sets all inputs of element `i`, that of `hour`; factors as for {@link setEmissions}, and already on the tracers. */
  setHour(i: number, hour: number, factors?: EmissionFactors): void {
    const { wholeDomain } = this;
    this.setWeather(i, hour);
    if (this.inputs.previous.length > 0) {
      const { previous } = this.inputs;
      const source = { data: this.previous, grid: wholeDomain, crop: wholeDomain };
      const [first, end] = [i, i + 1].map((element) => (element * previous.length) / this.size);
      copyHour(source, this.species, this.previousHour(hour) - this.begin, previous, first);
      if (this.hasColumns) zeroInGaps(previous.subarray(first, end));
    }
    this.setEmissions(i, hour, factors);
    if (this.tracerChannels > 0) this.setTracersAt(i, hour);
  }

  private setWeather(i: number, hour: number): void {
    const { surrogate, wholeDomain, threads, resident, inputs } = this;
    if (resident.meteorology) {
      this.windowsTaken.meteorology[i] = this.windowOf('meteorology', i, hour, resident.meteorology);
      return;
    }
    const channels = surrogate.description.meteorologyNames.length;
    const length = surrogate.window.steps.length * wholeDomain.rows * wholeDomain.cols * channels;
    if (inputs.meteorology.length === 0) inputs.meteorology = new Float32Array(this.size * length);
    const request = surrogate.window.request(wholeDomain, channels, hour - this.begin, wholeDomain);
    windowMean({ ...request, stepsOffset: i * length, threads }, this.meteorology, inputs.meteorology);
  }

  private setTracersAt(i: number, hour: number): void {
    const { wholeDomain, resident, inputs } = this;
    if (resident.tracers) {
      this.windowsTaken.tracers[i] = this.windowOf('tracers', i, hour, resident.tracers);
      return;
    }
    const length = wholeDomain.rows * wholeDomain.cols * this.tracerChannels;
    if (inputs.tracers.length === 0) inputs.tracers = new Float32Array(this.size * length);
    const tracerValues = inputs.tracers.subarray(i * length, (i + 1) * length);
    const read = this.tracers!.rectangle(this.position!.crop, { first: hour, count: 1 }, () => tracerValues);
    if (read !== tracerValues) tracerValues.set(read);
  }

  /** What element `i` sees at `hour` of fields in the GPU's memory. */
  windowOf<T extends InputWindow['input']>(input: T, i: number, hour: number, fields: DeviceFields): InputWindow & { input: T } {
    const window = input === 'tracers' ? ONE_HOUR : this.surrogate.window;
    return { input, hour: i, fields, request: window.request(fields.shape, fields.shape.channels, hour, this.position!.crop) };
  }

  /**
   * Sets the emissions (kg m-2 s-1) that element `i` sees at `hour`, times factors on the batch's cells: `[H, W, groups]` for all hours,
   * or `[hours, H, W, groups]` with `hourly`, for the hours of {@link moveTo}; absent = 1.
   */
  setEmissions(i: number, hour: number, factors?: EmissionFactors): void {
    const { windowsTaken, inputs, surrogate, wholeDomain } = this;
    if (this.takesEmissions(factors)) {
      windowsTaken.emissions[i] = { ...this.windowOf('emissions', i, hour, this.resident.emissions!), factors: factors?.resident };
      return;
    }
    windowsTaken.emissions.length = 0;
    const length = this.size * surrogate.window.steps.length * wholeDomain.rows * wholeDomain.cols * this.groups;
    if (inputs.emissions.length === 0) inputs.emissions = new Float32Array(length);
    windowMean(this.emissionRequest(i, hour, factors), this.hostEmissions(), inputs.emissions, factors?.data);
  }

  /** Whether the GPU takes the emissions' windows under such factors. */
  takesEmissions(factors?: EmissionFactors): boolean {
    return this.resident.emissions !== undefined && (factors === undefined || factors.resident !== undefined);
  }

  private hostEmissions(): Float32Array {
    const { source, crop, hours } = this.position!;
    return (this.emissions ??= source.hourly('emissions', crop, hours, this.memory.emissions));
  }

  /** The transpose of {@link setEmissions} with respect to the factors: adds E · dJ/d(f·E) of element `i` to `gradFactors.data`. */
  addFactorGradient(i: number, hour: number, gradEmissions: Float32Array, gradFactors: EmissionFactors): void {
    windowMeanAdjoint(this.emissionRequest(i, hour, gradFactors), this.hostEmissions(), gradEmissions, gradFactors.data);
  }

  /** The transpose of what the GPU takes as element `i`'s emissions or tracers: with respect to factors of all hours, or of each. */
  gradientWindowOf(input: 'emissions' | 'tracers', i: number, hour: number, gradFactors: DeviceFields): GradientWindow {
    const { request } = this.windowOf(input, i, hour, gradFactors);
    return { input, hour: i, request, gradFactors, fields: input === 'emissions' ? this.resident.emissions : undefined };
  }

  private emissionRequest(i: number, hour: number, factors?: EmissionFactors): Parameters<typeof windowMean>[0] {
    const { surrogate, wholeDomain, threads } = this;
    const { offset: factorsOffset = 0, hourly: hourlyFactors = false } = factors ?? {};
    const stepsOffset = i * surrogate.window.steps.length * wholeDomain.rows * wholeDomain.cols * this.groups;
    return {
      ...surrogate.window.request(wholeDomain, this.groups, hour - this.begin, wholeDomain),
      stepsOffset,
      threads,
      factorsOffset,
      hourlyFactors,
    };
  }
}
