/**
 * The frozen surrogate on the whole domain, at hours of one or more periods, forward and backward: in one piece, or tile by tile (tiles.ts), with the
 * same result to rounding. Of a tile, only the windows of the hours that are asked for are in memory.
 */
import { tracerCount } from '../../case';
import type { HourStore } from '../../fields/hour-store';
import { channelsOf, keptMemory, type Crop, type HourlyField, type Hours, type Memory, type PeriodSource } from '../../fields/period-source';
import { DataError } from '../../base/errors';
import type { Field } from '../model/batch';
import type { DifferentiatedHours, DomainForwardOptions, DomainHours, DomainModel } from './domain-model';
import type { AdjointEngine, SurrogateEngine } from '../model/frozen-program';
import { type EmissionFactors, ResidentFactors } from '../tracers/emission-factors';
import { HourBatch, type ResidentInputs } from './hour-batch';
import { takesInitialConcentrations } from '../model/surrogate-settings';
import { pickAt, type Places } from '../../base/vectors';
import type { SparseHours } from '../../fields/sparse-hours';
import type { ResidentFields } from '../model/resident-fields';
import { ResidentTracers, DeviceCarrier, HostCarrier } from './tracer-carriers';
import type { Surrogate } from '../model/surrogate';
import { type Tile, type Tiling, TileCopies, type TilePlaces } from '../model/tiles';
import { PeriodTracers, tracerRoom } from '../tracers/tracers';

const MOST_BYTES = 2 ** 29;
const NONE: Places = new Int32Array();

export interface DomainRunOptions {
  surrogate: Surrogate;
  /** all on one grid */
  sources: readonly PeriodSource[];
  tiling: Tiling;
  /** runs forward, on one tile */
  engine: SurrogateEngine;
  /** runs backward, on one tile; it may be the engine itself */
  adjoint?: AdjointEngine;
  /** hours that engine and adjoint take at once */
  batchSize: number;
  threads: number;
  /** of the fields that a tile's windows see at once; default 512 MiB */
  mostBytes?: number;
  /** of each source, those that will be asked for: where it sees tracers, those of others need no room; default: all */
  hours?: readonly (readonly number[])[];
  /** processes of this node that run such a domain; default 1 */
  processes?: number;
}

/** Hours that the engine takes at once, from the `from`th of a run on. */
interface Chunk {
  firstHour: number;
  hours: number[];
  /** where places are asked for, those on a tile */
  places?: TilePlaces;
}

/** A tile with the fields of some hours in the batch's memory. */
interface Position {
  period: number;
  tile: Tile;
  span: Hours;
  previous?: HourStore;
}

export class DomainRun implements DomainModel {
  private readonly batch: HourBatch;
  /** where the engine has memory of its own */
  private readonly resident?: ResidentFields;
  /** per period, when first asked for */
  private readonly residentFactors: ResidentFactors[] = [];
  private readonly residentTracers?: ResidentTracers;
  private readonly grid: { rows: number; cols: number };
  /** numbers of them */
  private readonly channels: { groups: number; species: number };
  private readonly copies: TileCopies;
  private readonly fields = new Map<PeriodSource, Record<'meteorology' | 'emissions', Field>>();
  /** of which the fields are in memory at once */
  private readonly mostHours: number;
  private position?: Position;
  /** per period, made when first asked for, where the surrogate sees tracers */
  private readonly tracers: PeriodTracers[] = [];
  /** per period, dJ/d(tracers) that {@link finishAdjoint} has not yet carried back: zeros else */
  private readonly gradTracers: SparseHours[] = [];
  private readonly touchedTracers = new Set<number>();
  /** of the gradients with respect to a batch's inputs, which are summed at once */
  private readonly gradients = { emissions: keptMemory(), tracers: keptMemory(), previous: keptMemory() };
  /** of an hour of dJ/d(tracers) that is added to */
  private readonly summing = keptMemory();
  /** what the adjoint's program ran forward last, and not yet back */
  private loadedHours?: { position: Position; hours: string; factors?: Float32Array };

  /** @throws {DataError} `SURROGATE_INPUTS` if a source has other fields than the surrogate was trained with */
  constructor(readonly options: DomainRunOptions) {
    const { surrogate, tiling, batchSize, threads, sources, mostBytes = MOST_BYTES } = options;
    for (const source of sources) assertSeen(surrogate, source);
    const { rows, cols } = sources[0].grid;
    this.grid = { rows, cols };
    const { settings, meteorologyNames, groups, species } = surrogate.description;
    this.channels = { groups: groups.length, species: species.length };
    this.copies = new TileCopies(this.grid, this.channels);
    const channels = groups.length + meteorologyNames.length + species.length;
    this.mostHours = Math.floor(mostBytes / (4 * channels * tiling.rows * tiling.cols));
    const { engine, adjoint = engine, processes = 1 } = options;
    // Both have to take windows where one does.
    if (adjoint.roomForFields) this.resident = engine.roomForFields?.(processes);
    this.residentTracers = this.resident && settings.tracers.length > 0 ? this.residentTracersIn(this.resident) : undefined;
    this.batch = new HourBatch(surrogate, tiling, batchSize, threads, (source) => this.residentInputs(source));
  }

  /** As {@link DomainModel.forward}; of hours of a tile those alone are run with places on its kept cells. */
  async forward(run: DomainHours, { places, onHours }: DomainForwardOptions = {}): Promise<Float32Array> {
    const out = new Float32Array(places?.length ?? run.hours.length * this.grid.rows * this.grid.cols * this.channels.species);
    for (const tile of this.options.tiling.tiles) {
      for (const stretch of this.stretches(this.chunks(run, tile, places))) {
        const { factors } = this.moveTo(tile, { ...run, hours: stretch.flatMap(({ hours }) => hours) });
        for (const { firstHour, hours, places } of stretch) {
          const concentrations = await this.simulate(this.options.engine, run, hours, { factors, places: places?.places });
          if (places) for (let i = 0; i < places.index.length; i++) out[places.index[i]] = concentrations[i];
          else this.copies.keep(concentrations, tile, hours.length, out, firstHour);
          onHours?.(hours.length);
        }
      }
    }
    return out;
  }

  /**
   * As {@link DomainModel.addAdjoint}: E · Jᵀ · gradConcentrations. Kept until {@link finishAdjoint} is what goes through tracers, which are carried back once
   * for all hours of a period, and what is summed on a GPU. Tiles without a gradient on their kept cells are not run.
   */
  async addAdjoint(run: DifferentiatedHours, gradConcentrations: Float32Array, out: Float32Array, places?: Places): Promise<void> {
    const program = this.options.adjoint!;
    for (const tile of this.options.tiling.tiles) {
      const chunks = this.chunks(run, tile, places);
      const seeds = chunks.map((chunk) => ({ ...chunk, seed: this.seedOf(chunk, tile, gradConcentrations) }));
      if (seeds.every(({ seed }) => !seed)) continue;
      const forwardRun = { ...run, hours: chunks.flatMap(({ hours }) => hours) }; // as in the forward pass, so that it need not be run again
      const { factors, gradient } = this.moveTo(tile, forwardRun, out);
      const ofTracers = this.residentTracers?.gradientOf(run.period);
      const gradTracers = ofTracers ? undefined : this.gradTracersOf(run.period);
      const ofFactors = this.batch.takesEmissions(factors) ? gradient!.resident : undefined;
      const leave = [...(ofFactors ? (['emissions'] as const) : []), ...(ofTracers ? (['tracers'] as const) : [])];
      // Backwards: the last one is what the program ran forward last.
      for (const { hours, seed, places } of seeds.reverse()) {
        if (!seed) continue;
        if (!this.isHeld(hours, run)) await this.simulate(program, run, hours, { factors, places: NONE });
        this.loadedHours = undefined; // the way back writes over what it needs
        const { emissions, tracers, previous } = await program.adjoint(seed, { leave, places: places?.places, memory: this.gradients });
        hours.forEach((hour, i) => {
          if (ofTracers) program.addGradient!(this.batch.gradientWindowOf('tracers', i, hour, ofTracers));
          if (ofFactors) program.addGradient!(this.batch.gradientWindowOf('emissions', i, hour, ofFactors));
          else this.batch.addFactorGradient(i, hour, emissions, gradient!);
          if (gradTracers) gradTracers.add(tile.crop, { first: hour, count: 1 }, this.partOf(tracers, i), this.summing);
          if (run.gradPrevious) run.gradPrevious.add(tile.crop, { first: this.batch.previousHour(hour), count: 1 }, this.partOf(previous, i));
        });
      }
      if (ofFactors) this.residentFactors[run.period].finishStretch(gradient!);
      else if (gradient!.data !== out) this.copies.addFactors(gradient!.data, tile, run.factors, this.spanOf(forwardRun.hours), out);
    }
  }

  /** Adds what is kept of the gradient of a period, of all that {@link addAdjoint} was given since the last call. */
  finishAdjoint(period: number, gradFactors: EmissionFactors): Promise<void> {
    this.residentTracers?.finish(period, gradFactors);
    this.residentFactors[period]?.finish(gradFactors);
    if (this.touchedTracers.delete(period)) {
      this.tracersOf(period).addAdjoint(this.gradTracers[period], gradFactors);
      this.gradTracers[period].fields.clear();
    }
    return Promise.resolve();
  }

  /** Temporary files, where tracers needed any, and what lies in the engine's memory. */
  dispose(): void {
    this.residentTracers?.dispose();
    this.resident?.dispose();
    this.tracers.forEach((periodTracers) => periodTracers.dispose());
    this.gradTracers.forEach(({ fields }) => fields.dispose());
  }

  /** What the engine's memory has room for of a source. */
  private residentInputs(source: PeriodSource): ResidentInputs {
    let fields = this.fields.get(source);
    if (!fields) this.fields.set(source, (fields = { meteorology: fieldOf(source, 'meteorology'), emissions: fieldOf(source, 'emissions') }));
    const { meteorology, emissions } = fields;
    return { meteorology: this.resident?.hold(meteorology), emissions: this.resident?.hold(emissions) };
  }

  private factorsOn(room: ResidentFields, period: number): ResidentFactors {
    const { sources, adjoint } = this.options;
    const shape = { hours: sources[period].time.count, ...this.grid, channels: this.channels.groups };
    return (this.residentFactors[period] ??= new ResidentFactors(room, shape, adjoint !== undefined));
  }

  private residentTracersIn(room: ResidentFields): ResidentTracers | undefined {
    const { sources, surrogate, adjoint, threads } = this.options;
    const { tracers } = surrogate.description.settings;
    const shape = {
      hours: Math.max(...sources.map(({ time }) => time.count)),
      ...this.grid,
      channels: tracerCount(tracers, surrogate.description.groups),
    };
    return ResidentTracers.create(room, shape, adjoint !== undefined, {
      onDevice: (period) =>
        DeviceCarrier.for(sources[period], tracers, this.residentInputs(sources[period]), this.factorsOn(room, period), room, threads),
      onHost: (period) => new HostCarrier(this.tracersOf(period)),
    });
  }

  /** Of what the program has for a batch, that of one of its hours. */
  private partOf(values: Float32Array, hour: number): Float32Array {
    const size = values.length / this.batch.size;
    return values.subarray(hour * size, (hour + 1) * size);
  }

  /** dJ/d(tracers) of a period, to be added to. */
  private gradTracersOf(period: number): SparseHours | undefined {
    if (this.options.surrogate.description.settings.tracers.length === 0) return undefined;
    this.touchedTracers.add(period);
    return (this.gradTracers[period] ??= this.tracersOf(period).store());
  }

  private tracersOf(period: number): PeriodTracers {
    const { surrogate, sources, threads, processes, adjoint, hours } = this.options;
    const room = tracerRoom(sources.length * (adjoint ? 2 : 1), processes);
    const options = { hours: hours?.[period] };
    return (this.tracers[period] ??= new PeriodTracers(sources[period], surrogate.description.settings.tracers, threads, room, options));
  }

  /** Chunks whose windows are in memory together: of a month's hours all would be more than most machines have. */
  private stretches(chunks: readonly Chunk[]): Chunk[][] {
    const stretches: Chunk[][] = [];
    let ends: number[] = [];
    for (const chunk of chunks) {
      const together = [...ends, Math.min(...chunk.hours), Math.max(...chunk.hours)];
      const fits = stretches.length > 0 && this.spanOf(together).count <= this.mostHours;
      if (fits) stretches[stretches.length - 1].push(chunk);
      else stretches.push([chunk]);
      ends = fits ? together : together.slice(-2);
    }
    return stretches;
  }

  /** @param places - where given, chunks without any on the tile's kept cells are left out */
  private chunks({ hours }: DomainHours, tile: Tile, places?: Places): Chunk[] {
    const runHours = Array.from(hours);
    const { batchSize } = this.options;
    const chunks = Array.from({ length: Math.ceil(runHours.length / batchSize) }, (_, i): Chunk => {
      const part = runHours.slice(i * batchSize, (i + 1) * batchSize);
      const span = { first: i * batchSize, count: part.length };
      return { firstHour: span.first, hours: part, places: places && this.copies.placesOf(tile, span, places) };
    });
    return chunks.filter(({ places }) => places?.places.length !== 0);
  }

  /** What a chunk's adjoint begins with, on the places that it sees or on the tile's batch; undefined where all of it is 0. */
  private seedOf({ firstHour, hours, places }: Chunk, tile: Tile, gradConcentrations: Float32Array): Float32Array | undefined {
    if (!places) return this.copies.seed(gradConcentrations, tile, { first: firstHour, count: hours.length }, this.options.batchSize);
    const seed = pickAt(gradConcentrations, places.index);
    return seed.some((g) => g !== 0) ? seed : undefined;
  }

  /** Runs a few hours at the batch's position; a short batch repeats its last hour. @param places - as those of {@link SurrogateEngine.forward} */
  private async simulate(
    engine: SurrogateEngine,
    run: DomainHours,
    hours: number[],
    { factors, places }: { factors?: EmissionFactors; places?: Places },
  ): Promise<Float32Array> {
    for (let i = 0; i < this.batch.size; i++) this.batch.setHour(i, hours[Math.min(i, hours.length - 1)], factors);
    if (engine === this.options.adjoint) this.loadedHours = { position: this.position!, hours: hours.join(), factors: run.factors?.data };
    return engine.forward(this.batch.inputs, { windows: this.batch.windows, places });
  }

  private isHeld(hours: number[], run: DomainHours): boolean {
    const { loadedHours, position } = this;
    return loadedHours?.position === position && loadedHours?.hours === hours.join() && loadedHours.factors === run.factors?.data;
  }

  /**
   * Puts the batch on a tile, with all hours that the windows of the run see.
   *
   * @returns the factors, and room for their gradient where `out` is given, on the tile's cells and those hours
   */
  private moveTo(tile: Tile, run: DomainHours, out?: Float32Array): { factors?: EmissionFactors; gradient?: EmissionFactors } {
    const span = this.spanOf(run.hours);
    const { position, resident: room } = this;
    // Before all other fields, for they are the smallest.
    const resident = room && run.factors && this.factorsOn(room, run.period).take(run.factors, span);
    if (
      position?.period !== run.period ||
      position.tile !== tile ||
      position.span.first !== span.first ||
      position.span.count !== span.count ||
      position.previous !== run.previous
    ) {
      this.batch.moveTo(this.options.sources[run.period], tile.crop, span);
      this.position = { period: run.period, tile, span, previous: run.previous };
    }
    if (run.previous) this.batch.setPrevious(run.previous.rectangle(tile.crop, span));
    if (this.options.surrogate.description.settings.tracers.length > 0) {
      this.batch.setTracers(this.residentTracers?.take(run.period, run.factors) ?? this.tracersOf(run.period).carry(run.factors).tracers);
    }
    if (!run.factors) return {};
    const { data, hourly = false } = run.factors;
    if (resident && this.batch.takesEmissions()) {
      const { offset } = run.factors;
      const gradient = out && { data: out, offset, hourly, resident: this.residentFactors[run.period].gradient() };
      return { factors: { data, offset, hourly, resident }, gradient };
    }
    if (this.options.tiling.tiles.length === 1) {
      const offset = this.copies.firstFactor(run.factors, span);
      return { factors: { data, offset, hourly }, gradient: out && { data: out, offset, hourly } };
    }
    const ofTile = this.copies.factorsOf(tile, run.factors, span);
    return { factors: { data: ofTile, hourly }, gradient: out && { data: new Float32Array(ofTile.length), hourly } };
  }

  /** The hours that the windows (and the earlier concentrations) of some hours see. */
  spanOf(hours: ArrayLike<number>): Hours {
    const { window, description } = this.options.surrogate;
    const runHours = Array.from(hours);
    const back = takesInitialConcentrations(description.settings) ? window.hours : window.hours - 1;
    const first = Math.max(0, Math.min(...runHours) - back);
    return { first, count: Math.max(...runHours) + 1 - first };
  }
}

/** As fields that are read when they are asked for. */
function fieldOf(source: PeriodSource, field: HourlyField): Field {
  const rectangle = (...args: [Crop, Hours, Memory?]): Float32Array => source.hourly(field, ...args);
  return { values: { rectangle }, hours: source.time.count, grid: source.grid, channels: channelsOf(source, field) };
}

/** A stage that is run alone takes what earlier ones left, which may be of another case. */
function assertSeen({ description }: Surrogate, source: PeriodSource): void {
  for (const kind of ['meteorologyNames', 'geographyNames'] as const) {
    const [trained, offered] = [description[kind], source[kind]].map((names) => names.join(', '));
    if (trained === offered) continue;
    throw new DataError(
      'SURROGATE_INPUTS',
      `period ${source.name}: the surrogate was trained with the fields ${trained || 'none'} but the case now gives ${offered || 'none'}: ` +
        'run "retroplume run", which trains anew, or set meteorology.variables, geography.variables and surrogate.priorConcentrations as they were',
    );
  }
}
