/** A batch as it was drawn: which hours and cells of which fields, and what becomes of them; on the host its arrays are filled as far as they are asked for. */
import { windowMean, windowMeanOfHalves, type WindowMeanRequest } from '@retroplume/native';
import type { ColumnGaps } from '../../fields/column-gaps';
import { keptMemory, placed, type Crop, type HourlyValues } from '../../fields/period-source';
import type { SurrogateSizes } from './model';
import type { Window } from './window';

/** What the surrogate sees at one hour of each sample, and what the transport model makes of it; in physical units, channels last. */
export interface WindowBatch {
  emissions: Float32Array;
  /** empty where the runs have none */
  tracers: Float32Array;
  meteorology: Float32Array;
  geography: Float32Array;
  /** empty where the surrogate takes no y, or takes it from the window before */
  previous: Float32Array;
  target: Float32Array;
}

export type InputName = keyof WindowBatch;
export const INPUTS: readonly InputName[] = ['emissions', 'tracers', 'meteorology', 'geography', 'previous', 'target'];

/** Of the numbers of a window of a batch. */
interface WindowSizes extends SurrogateSizes {
  /** numbers of channels of emissions and concentrations */
  groups: number;
  species: number;
  /** channels */
  tracers: number;
  /** whether y comes from the run */
  previous: boolean;
}

/** How many numbers each array of a window has. */
export function windowLengths(sizes: WindowSizes): Record<InputName, number> {
  const { batch, steps, rows, cols, groups, species, meteorology, geography, tracers, previous } = sizes;
  const places = batch * rows * cols;
  return {
    emissions: places * steps * groups,
    tracers: places * tracers,
    meteorology: places * steps * meteorology,
    geography: places * geography,
    previous: previous ? places * species : 0,
    target: places * species,
  };
}

/** One batch; `earlier`: the windows before, whose outputs it is rolled out from, the oldest first. */
export interface Batch extends WindowBatch {
  earlier: WindowBatch[];
}

/** The windows of a batch, the oldest first. */
export function windowsOf(batch: Batch): WindowBatch[] {
  return [...batch.earlier, batch];
}

/** Fields of a whole grid, `[hours, rows, cols, channels]`. */
export interface Field {
  values: HourlyValues;
  hours: number;
  grid: { rows: number; cols: number };
  channels: number;
  /** in which some channels are 0 and mean nothing */
  gaps?: ColumnGaps;
}

/** One input of one sample: the window that ends at an hour. */
export interface InputDraw {
  input: InputName;
  sample: number;
  field: Field;
  window: Window;
  hour: number;
  crop: Crop;
  augmentation: Pick<WindowMeanRequest, 'turns' | 'vector' | 'noise' | 'factor'>;
  /** a sample that has the same */
  sameAs?: number;
}

/** The inputs of all samples, window by window, the oldest first. */
export type BatchDraw = readonly (readonly InputDraw[])[];

/** What a window of whole fields is asked for with. */
export function requestOf({ field, window, hour, crop, augmentation }: InputDraw): WindowMeanRequest {
  return { ...window.request(field.grid, field.channels, hour, crop), ...augmentation };
}

/** Windows of batches from fields in memory or in files. */
export class HostWindows {
  /** of what is read for a sample */
  private readonly memory = keptMemory();

  /** @param workers - threads that draw beside a program */
  constructor(private readonly workers: { threads: number; concurrent: boolean }) {}

  /** Writes an input of one sample into the array of all. */
  fill({ field, window, hour, crop, augmentation, sample, sameAs }: InputDraw, out: Float32Array): void {
    const { values, grid, channels } = field;
    const size = window.steps.length * crop.rows * crop.cols * channels;
    if (sameAs !== undefined) {
      out.copyWithin(sample * size, sameAs * size, (sameAs + 1) * size);
      return;
    }
    const options = { ...augmentation, ...this.workers, stepsOffset: sample * size };
    const range = { first: hour - window.hours + 1, count: window.hours };
    const halves = 'rectangle' in values ? values.halves?.(crop, range) : undefined;
    if (halves) {
      windowMeanOfHalves({ ...window.request(halves.grid, channels, halves.first + window.hours - 1, halves.crop), ...options }, halves.fields, out);
      return;
    }
    const { data, grid: fieldGrid, crop: fieldCrop, first } = placed(values, grid, crop, range, this.memory);
    windowMean({ ...window.request(fieldGrid, channels, first + window.hours - 1, fieldCrop), ...options }, data, out);
  }
}

/** A batch, or a part of one. */
export class DrawnBatch {
  private readonly filled = new Set<string>();
  private memory?: Batch;

  /** @param spare - memory of earlier batches: new arrays in every step keep the garbage collector busier than the windows do */
  constructor(
    readonly draw: BatchDraw,
    private readonly host: HostWindows,
    private readonly spare: Batch[],
    private readonly empty: () => Batch,
  ) {}

  /** Its arrays, of which those of `inputs` are filled. */
  arrays(inputs: readonly InputName[] = INPUTS): Batch {
    const batch = (this.memory ??= this.spare.pop() ?? this.empty());
    windowsOf(batch).forEach((window, w) => inputs.forEach((input) => this.fill(input, w, window[input])));
    return batch;
  }

  private fill(input: InputName, w: number, out: Float32Array): void {
    const name = `${input} ${w}`;
    if (out.length === 0 || this.filled.has(name)) return;
    this.filled.add(name);
    for (const inputDraw of this.draw[w]) if (inputDraw.input === input) this.host.fill(inputDraw, out);
  }

  /** Its arrays are another batch's from now on. */
  release(): void {
    if (this.memory) this.spare.push(this.memory);
    this.memory = undefined;
    this.filled.clear();
  }
}
