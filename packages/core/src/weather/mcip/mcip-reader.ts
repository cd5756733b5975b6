/**
 * MCIP's files of several kinds read as one: METCRO2D, METCRO3D and METDOT3D for meteorology; GRIDCRO2D and LUFRAC_CRO for geography.
 *
 *   layers       the mean of the lowest ones, weighted by pressure thickness (by default the lowest alone)
 *   dot points   UWIND, VWIND: the mean of a cell's four corners
 *   faces        UWINDC between the western and eastern face of a cell, VWINDC between the southern and northern: the mean of the two
 *   LUFRAC_07    category 7 of a file that has the categories as layers of LUFRAC
 *
 * Steps are those of the cross points' flat file, where there is one.
 */
import type { NetcdfAttribute } from '@retroplume/native';

import { DataError } from '../../base/errors';
import { type Grid, type TimeAxis, instant, timeAt, type Stagger } from '../../grid/grid';
import { IoapiFile, type IoapiReader } from '../../files/ioapi/ioapi-file';
import { type IoapiVariable, IoapiHeader } from '../../files/ioapi/ioapi-header';
import { IoapiSeries, type SeriesOptions } from '../../files/ioapi/ioapi-series';
import type { WindDirection } from '../../grid/wind';
import { windDirection } from './mcip-wind';

interface McipOptions extends Omit<SeriesOptions, 'dots'> {
  /** layers from the ground whose mean is taken of variables that have layers; default 1 */
  layers?: number;
  /** CEN_LON of the WRF run: MCIP up to V4.3 turned WDIR10 by it, and no header holds it */
  cenLon?: number;
}

/** West–east and south–north neighbours whose mean is a cell's value, as [row, col] steps on the dot grid. */
const CORNERS = [[0, 0], [0, 1], [1, 0], [1, 1]]; // prettier-ignore
const FACES: Record<string, number[][]> = { UWINDC: [[0, 0], [0, 1]], VWINDC: [[0, 0], [1, 0]] }; // prettier-ignore
/** Of a lowest layer; speed and direction at 10 m. */
const WINDS = [['UWINDC', 'VWINDC'], ['UWIND', 'VWIND']] as const; // prettier-ignore
const TEN_METRES = ['WSPD10', 'WDIR10'];
const CATEGORY = /^(LUFRAC)_(\d\d)$/;

interface Source {
  series: IoapiSeries;
  stagger: Stagger;
  weights: Float64Array;
}

export class McipReader implements IoapiReader {
  readonly layers = 1;
  readonly variables: IoapiVariable[];
  private turned: WindDirection | undefined;

  private constructor(
    private readonly sources: Source[],
    private readonly cenLon: number | undefined,
  ) {
    const variables = sources.flatMap(({ series }) => series.variables.flatMap((variable) => withCategories(variable, series.layers)));
    this.variables = variables.filter(({ name }, i) => variables.findIndex((candidate) => candidate.name === name) === i);
  }

  /**
   * @param paths - files of any of the kinds, of one run; each kind is joined in time
   * @throws what {@link IoapiSeries.open} throws; `LAYER_OUTSIDE` if a file has fewer layers than asked for
   */
  static open(paths: string[], options: McipOptions = {}): McipReader {
    const files: IoapiFile[] = [];
    try {
      for (const path of paths) files.push(IoapiFile.open(path, { grid: options.grid, dots: true }));
      const sources: Source[] = [];
      for (const [kind, ofKind] of byKind(files)) {
        const series = IoapiSeries.join(ofKind, options.overlap);
        sources.push({ series, stagger: kind.stagger, weights: Float64Array.of(1) });
        if (kind.layered && !series.variables.every(({ name }) => name === 'LUFRAC')) {
          sources[sources.length - 1].weights = pressureWeights(series, options.layers ?? 1);
        }
      }
      return new McipReader(sources, options.cenLon);
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
  }

  private get main(): IoapiSeries {
    return this.sources[0].series;
  }

  get path(): string {
    return this.main.path;
  }

  get grid(): Grid {
    return this.main.grid;
  }

  get time(): TimeAxis {
    return this.main.time;
  }

  get attributes(): Record<string, NetcdfAttribute> {
    return this.main.attributes;
  }

  get notes(): string[] {
    return this.sources.flatMap(({ series }) => series.notes);
  }

  get direction(): WindDirection {
    this.turned ??= windDirection(this.holder('WDIR10')?.series.headers ?? [this.attributes], this.grid, this.cenLon);
    return this.turned;
  }

  get lowestWind(): IoapiReader['lowestWind'] {
    const names = WINDS.find((pair) => pair.every((name) => this.holder(name)));
    if (!names || !TEN_METRES.every((name) => this.holder(name))) return undefined;
    const alone = Float64Array.of(1);
    return { names, read: (step) => ({ u: this.fields(names[0], step, 1, alone), v: this.fields(names[1], step, 1, alone) }) };
  }

  read(variable: string, first = 0, count = this.time.count - first): Float32Array {
    return this.fields(variable, first, count);
  }

  /** @param weights - of the lowest layers; by default those that were asked for */
  private fields(variable: string, first: number, count: number, weights?: Float64Array): Float32Array {
    const category = this.holder(variable) ? null : CATEGORY.exec(variable);
    const source = this.holder(category ? category[1] : variable);
    if (!source) return this.main.read(variable, first, count, 0); // says what is there instead
    const { series, stagger } = source;
    const firstStep = stepIn(series, this.time, first, count);
    if (category) return series.read('LUFRAC', firstStep, count, Number(category[2]) - 1);
    const fields = meanOfLayers(series, variable, firstStep, count, weights ?? source.weights);
    return stagger === 'cross' ? fields : betweenPoints(fields, series.grid, FACES[variable] ?? CORNERS);
  }

  private holder(variable: string): Source | undefined {
    return this.sources.find(({ series }) => series.variables.some(({ name }) => name === variable));
  }

  close(): void {
    for (const { series } of this.sources) series.close();
  }
}

interface Kind {
  stagger: Stagger;
  layered: boolean;
}

/** Files of one kind go into one series; flat files on cross points come first. */
function byKind(files: readonly IoapiFile[]): [Kind, IoapiFile[]][] {
  const kinds = new Map<string, [Kind, IoapiFile[]]>();
  for (const file of files) {
    const kind = { stagger: file.stagger, layered: file.layers > 1 };
    const times = file.time.stepSeconds === 0 ? ` ${file.path}` : ''; // files without time are not joined
    const key = `${kind.stagger} ${String(kind.layered)}${times}`;
    const group = kinds.get(key);
    if (group) group[1].push(file);
    else kinds.set(key, [kind, [file]]);
  }
  const rank = ({ stagger, layered }: Kind): number => (stagger === 'dot' ? 2 : 0) + (layered ? 1 : 0);
  const sorted = [...kinds.values()].sort(([a], [b]) => rank(a) - rank(b));
  if (sorted.length > 0) return sorted;
  throw new DataError('FILES_NONE', 'no I/O API file was given: check the pattern in the case');
}

function withCategories(variable: IoapiVariable, layers: number): IoapiVariable[] {
  if (variable.name !== 'LUFRAC') return [variable];
  return Array.from({ length: layers }, (_, i) => ({ ...variable, name: `LUFRAC_${String(i + 1).padStart(2, '0')}` }));
}

/** The step of a series at which the steps of another axis begin. */
function stepIn(series: IoapiSeries, axis: TimeAxis, first: number, count: number): number {
  if (series.time.stepSeconds === 0 && axis.stepSeconds === 0) return first;
  const offset = (axis.start.getTime() - series.time.start.getTime()) / (1000 * series.time.stepSeconds);
  if (
    series.time.stepSeconds === axis.stepSeconds &&
    Number.isInteger(offset) &&
    offset + first >= 0 &&
    offset + first + count <= series.time.count
  ) {
    return offset + first;
  }
  throw new DataError(
    'PERIOD_NOT_COVERED',
    `${series.path}: it holds ${series.time.count} steps of ${series.time.stepSeconds} s from ${instant(series.time.start)}, not the ${count} of ${axis.stepSeconds} s from ${instant(timeAt(axis, first))} that the other files hold: give files of the same hours`,
  );
}

function meanOfLayers(series: IoapiSeries, variable: string, first: number, count: number, weights: Float64Array): Float32Array {
  if (weights.length === 1) return series.read(variable, first, count, 0);
  const sum = new Float64Array(count * series.grid.rows * series.grid.cols);
  weights.forEach((weight, layer) => {
    const fields = series.read(variable, first, count, layer);
    for (let i = 0; i < sum.length; i++) sum[i] += weight * fields[i];
  });
  return Float32Array.from(sum);
}

/** Means of neighbouring points of a dot grid: `[steps, rows + 1, cols + 1]` becomes `[steps, rows, cols]`. */
function betweenPoints(fields: Float32Array, dots: Grid, neighbours: number[][]): Float32Array {
  const [rows, cols] = [dots.rows - 1, dots.cols - 1];
  const steps = fields.length / (dots.rows * dots.cols);
  const means = new Float32Array(steps * rows * cols);
  for (let i = 0; i < means.length; i++) {
    const [step, row, col] = [Math.floor(i / (rows * cols)), Math.floor(i / cols) % rows, i % cols];
    let sum = 0;
    for (const [down, right] of neighbours) sum += fields[(step * dots.rows + row + down) * dots.cols + col + right];
    means[i] = sum / neighbours.length;
  }
  return means;
}

/** Vertical coordinates (VGTYP) whose levels are even in pressure: hydrostatic and other sigma-p, pressure, WRF's two. */
const PRESSURE_COORDINATES = [1, 2, 4, 7, 8];

/**
 * Parts of the lowest layers in their mean weighted by pressure thickness (by mass, that is): differences of VGLVLS, divided by their sum.
 *
 * @param lowest - number of layers from the ground
 * @returns `[lowest]`, sum 1
 * @throws {DataError} `LAYER_OUTSIDE` if the file has fewer; `IOAPI_HEADER` where VGTYP is a height or VGLVLS are no levels
 */
export function pressureWeights({ path, attributes, layers }: Pick<IoapiReader, 'path' | 'attributes' | 'layers'>, lowest: number): Float64Array {
  if (lowest > layers) {
    throw new DataError('LAYER_OUTSIDE', `${path}: the lowest ${lowest} layers were asked for but it has ${layers}: ask for fewer`);
  }
  if (lowest === 1) return Float64Array.of(1);
  const header = new IoapiHeader(path, attributes);
  const coordinate = header.number('VGTYP');
  if (!PRESSURE_COORDINATES.includes(coordinate)) {
    throw header.error(`layers are weighted by pressure, but its vertical coordinate (VGTYP ${coordinate}) is none of pressure`);
  }
  const levelsValue = attributes['VGLVLS'];
  const levels = levelsValue === undefined || typeof levelsValue === 'string' ? [] : Array.from<unknown>(levelsValue).map(Number);
  const thickness = Float64Array.from({ length: lowest }, (_, layer) => levels[layer] - levels[layer + 1]);
  if (levels.length !== layers + 1 || !thickness.every((value) => value > 0)) {
    throw header.error(`expected VGLVLS to be ${layers + 1} levels that fall with height but received ${levels.join(', ') || 'none'}`);
  }
  const sum = thickness.reduce((total, value) => total + value, 0);
  return thickness.map((value) => value / sum);
}
