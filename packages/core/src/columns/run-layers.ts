/**
 * Output of a run with layers, in one file or many, with the meteorology that tells its pressures. Files hold instants, hourly or rarer: the profile of an hour is the mean
 * of those at its beginning and its end, or the one that there is. Two instants are in memory at a time.
 */
import { DataError } from '../base/errors';
import { headOf, IoapiFile } from '../files/ioapi/ioapi-file';
import { timeAt, type Grid, type TimeAxis } from '../grid/grid';
import type { Species } from '../base/species';
import { AT_BEGINNING, AT_END } from './column-store';
import { MODEL_VARIABLES, readModelLayers, readPartialColumns, type ModelLayers } from './model-layers';

/** How a case's files with layers are read. */
export interface LayersReading {
  grid: Grid;
  /** files with pressures and heights, where those of the concentrations do not hold them */
  meteorology: readonly string[];
  /** the variable of each gas that is read */
  variables: Readonly<Record<Species, string>>;
}

/** Layers at an instant, or their mean over an hour. */
export interface Profile {
  model: ModelLayers;
  /** mol m-2, `[layers, rows, cols]`, by gas */
  partialColumns: ReadonlyMap<Species, Float64Array>;
}

/** Where an instant is read. */
interface Sources {
  concentrations: IoapiFile;
  meteorology: IoapiFile;
}

export class RunLayers {
  /** by ms since 1970 */
  private readonly sources = new Map<number, Sources>();
  private readonly recent = new Map<number, Profile>();
  private last?: { begin: number; instants: number; profile: Profile | undefined };

  private constructor(
    private readonly opened: readonly IoapiFile[],
    private readonly variables: LayersReading['variables'],
    concentrations: ReadonlyMap<number, IoapiFile>,
    meteorology: ReadonlyMap<number, IoapiFile>,
  ) {
    for (const [instant, file] of concentrations) {
      const withPressures = hasPressures(file) ? file : meteorology.get(instant);
      if (withPressures) this.sources.set(instant, { concentrations: file, meteorology: withPressures });
    }
  }

  /**
   * @param files - of the run; where two hold an instant, the one that begins earlier counts
   * @param span - hours that are asked for: other files are not opened
   * @throws {DataError} `LAYERS_METEOROLOGY`, and what {@link IoapiFile.open} throws @throws {GridError} `GRID_MISMATCH`
   *
   * @example
   * const layers = RunLayers.open(['CONC.nc'], { grid, meteorology: ['METCRO3D.nc'], variables: { NO2: 'NO2' } }, time);
   */
  static open(files: readonly string[], { grid, meteorology, variables }: LayersReading, span: TimeAxis): RunLayers {
    const opened: IoapiFile[] = [];
    const openAll = (paths: readonly string[]): IoapiFile[] =>
      paths
        .filter((path) => holdsInstantOf(path, span))
        .map((path) => {
          const file = IoapiFile.open(path, { grid });
          opened.push(file);
          return file;
        });
    try {
      const concentrations = openAll(files);
      const isWhole = concentrations.every(hasPressures);
      if (!isWhole && meteorology.length === 0) throw meteorologyMissing(concentrations.find((file) => !hasPressures(file))!);
      return new RunLayers(opened, variables, byInstant(concentrations), isWhole ? new Map() : byInstant(openAll(meteorology)));
    } catch (error) {
      for (const file of opened) file.close();
      throw error;
    }
  }

  /** Of the model; 0 where no file holds an hour of the span. */
  get layers(): number {
    return this.opened[0]?.layers ?? 0;
  }

  /** Of each hour the instants that there are, as `StoredColumns.instants` has them. */
  instantsOf(time: TimeAxis): Uint8Array {
    const isThere = (step: number): boolean => this.sources.has(timeAt(time, step).getTime());
    return Uint8Array.from({ length: time.count }, (_, hour) => (isThere(hour) ? AT_BEGINNING : 0) + (isThere(hour + 1) ? AT_END : 0));
  }

  /**
   * @param instants - of the hour, which the run must have
   * @returns undefined where `instants` is 0
   * @throws {DataError} `LAYERS_INSTANT`, and what {@link readModelLayers} and {@link readPartialColumns} throw
   */
  profileOf(time: TimeAxis, hour: number, instants: number): Profile | undefined {
    const begin = timeAt(time, hour).getTime();
    if (this.last?.begin === begin && this.last.instants === instants) return this.last.profile;
    const profiles = [
      ...(instants & AT_BEGINNING ? [this.profileAt(timeAt(time, hour))] : []),
      ...(instants & AT_END ? [this.profileAt(timeAt(time, hour + 1))] : []),
    ];
    const profile = profiles.length > 1 ? meanOf(profiles[0], profiles[1]) : profiles[0];
    this.last = { begin, instants, profile };
    return profile;
  }

  close(): void {
    for (const file of this.opened) file.close();
  }

  /** For `using`: {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  private profileAt(time: Date): Profile {
    const instant = time.getTime();
    const recent = this.recent.get(instant);
    if (recent) return recent;
    const profile = this.read(time);
    for (const earlier of [...this.recent.keys()].slice(0, -1)) this.recent.delete(earlier);
    this.recent.set(instant, profile);
    return profile;
  }

  private read(time: Date): Profile {
    const sources = this.sources.get(time.getTime());
    if (!sources) {
      const path = this.opened[0]?.path ?? 'layers';
      throw new DataError(
        'LAYERS_INSTANT',
        `${path}: the run has no layers at ${time.toISOString().slice(0, 16)}Z, which the prior run has: let both write them at the same hours`,
      );
    }
    const model = readModelLayers(sources.meteorology, time);
    const gases = Object.entries(this.variables);
    return {
      model,
      partialColumns: new Map(gases.map(([gas, variable]) => [gas, readPartialColumns(sources.concentrations, variable, model, gas)])),
    };
  }
}

function hasPressures({ variables }: IoapiFile): boolean {
  return MODEL_VARIABLES.every((name) => variables.some((variable) => variable.name === name));
}

function meteorologyMissing({ path }: IoapiFile): DataError {
  return new DataError(
    'LAYERS_METEOROLOGY',
    `${path}: it does not hold ${MODEL_VARIABLES.join(', ')}, which tell its layers' pressures: name files that do in concentrations.layers.meteorology`,
  );
}

/** The instant at the end of the span among them. A file that cannot be read is opened, to say why. */
export function holdsInstantOf(path: string, span: TimeAxis): boolean {
  const time = headOf(path)?.time;
  if (time === undefined) return true;
  return time.start <= timeAt(span, span.count) && timeAt(time, time.count - 1) >= span.start;
}

/** Which file tells of an instant (ms since 1970): where two hold one, that which begins earlier. */
export function byInstant(files: readonly IoapiFile[]): Map<number, IoapiFile> {
  const instants = new Map<number, IoapiFile>();
  const inOrder = [...files].sort((a, b) => a.time.start.getTime() - b.time.start.getTime());
  for (const file of inOrder) {
    for (let step = 0; step < file.time.count; step++) {
      const instant = timeAt(file.time, step).getTime();
      if (!instants.has(instant)) instants.set(instant, file);
    }
  }
  return instants;
}

function meanOf(a: Profile, b: Profile): Profile {
  const mean = (x: Float64Array, y: Float64Array): Float64Array => {
    const values = new Float64Array(x.length);
    for (let i = 0; i < values.length; i++) values[i] = (x[i] + y[i]) / 2;
    return values;
  };
  return {
    model: { ...a.model, pressureEdges: mean(a.model.pressureEdges, b.model.pressureEdges), air: mean(a.model.air, b.model.air) },
    partialColumns: new Map([...a.partialColumns].map(([gas, values]) => [gas, mean(values, b.partialColumns.get(gas)!)])),
  };
}
