/** A trained surrogate: settings, normalisation and weights, as the `train` stage leaves it on disk. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SurrogateSettings } from '../../case';
import { surrogateSchema } from '../../case/schema/learning-schema';
import { channelsOfCase, type SpeciesUnit } from '../../base/species';
import { readTensors, writeFileAtomic, writeTensors, type Tensor } from '../../files/checkpoint';
import { readJson } from '../../files/json';
import { DataError } from '../../base/errors';
import { Graph } from '../../graph/definition/graph';
import type { Execution } from '../../graph/program/execution';
import { poolingBlock } from '../../nn/settings';
import { FrozenProgram } from './frozen-program';
import { type InitialConcentrations, networkSettings } from './surrogate-settings';
import { buildSurrogate, type SurrogateSizes } from './model';
import type { Normalisation } from './normalisation';
import { smallestSide, tilesOf, wholeDomain, type Tiling } from './tiles';
import { Window } from './window';

/** What is written beside the weights. */
interface SurrogateDescription {
  settings: SurrogateSettings;
  normalisation: Normalisation;
  meteorologyNames: string[];
  geographyNames: string[];
  species: { name: string; unit: string }[];
  groups: { name: string; unit: string }[];
}

const SURROGATE_FILES = { description: 'surrogate.json', weights: 'weights.safetensors' } as const;

/** Up to this much the program of the whole domain is made: twice what the paper's network takes on the paper's grid. */
const WHOLE_BYTES = 3 * 2 ** 30;
/** Beyond it, what the program of a tile may take: more makes the halo's share no much smaller. */
const TILE_BYTES = 2 ** 29;
/** By how much sides differ that are tried. */
const SIDE_STEP = 8;

export class Surrogate {
  readonly window: Window;

  constructor(
    readonly description: SurrogateDescription,
    readonly weights: ReadonlyMap<string, Tensor>,
  ) {
    this.window = new Window(description.settings.window);
  }

  /**
   * @throws {DataError} `SURROGATE_MISSING`, `JSON_UNREADABLE`, `CHECKPOINT_CORRUPT`: the folder holds no surrogate, or it is damaged; `SURROGATE_OUTDATED`:
   *   its weights are not those of the network that this version makes of its settings
   */
  static load(dir: string): Surrogate {
    const path = join(dir, SURROGATE_FILES.description);
    if (!existsSync(path)) throw new DataError('SURROGATE_MISSING', `${path}: no such file: run the stage train first`);
    const keys = {
      settings: 'object',
      normalisation: 'object',
      meteorologyNames: 'array',
      geographyNames: 'array',
      species: 'array',
      groups: 'array',
    } as const;
    const description = readJson<SurrogateDescription>(path, { keys, remedy: 'run the stage train again' });
    const { tensors } = readTensors(join(dir, SURROGATE_FILES.weights));
    const surrogate = new Surrogate(description, tensors);
    const channels = channelsOfCase(
      description.groups.map(({ name }) => name),
      description.species.map(({ name, unit }) => ({ name, unit: unit as SpeciesUnit })),
    );
    const { error } = surrogateSchema(channels).safeParse(description.settings);
    const wrong = error ? error.issues[0].message : surrogate.wrongWeight();
    if (wrong === undefined) return surrogate;
    throw new DataError('SURROGATE_OUTDATED', `${dir}: this surrogate is of another version of Retroplume (${wrong}): run the stage train again`);
  }

  /** The first of the network's weights that is not here, or of another shape. */
  private wrongWeight(): string | undefined {
    const { settings, normalisation, species } = this.description;
    const side = poolingBlock(networkSettings(settings, species.length));
    const g = new Graph();
    buildSurrogate(g, settings, this.sizes(1, side, side), normalisation, 'frozen');
    return g.modelValues().find(({ name, shape }) => this.weights.get(name!)?.shape.join() !== shape.join())?.name;
  }

  /** The same network with y taken from elsewhere. */
  withInitialConcentrations(initialConcentrations: InitialConcentrations): Surrogate {
    const { description, weights } = this;
    return new Surrogate({ ...description, settings: { ...description.settings, initialConcentrations } }, weights);
  }

  /** Writes `surrogate.json` and `weights.safetensors`; returns their names. */
  save(dir: string): string[] {
    writeTensors(join(dir, SURROGATE_FILES.weights), { tensors: new Map(this.weights), metadata: { what: 'weights of a Retroplume surrogate' } });
    writeFileAtomic(join(dir, SURROGATE_FILES.description), JSON.stringify(this.description, null, 2));
    return Object.values(SURROGATE_FILES);
  }

  /** The frozen network on a grid, or on a tile of one, for `batch` hours at once. */
  program(batch: number, rows: number, cols: number, execution: Execution, options: { adjoint: boolean }): FrozenProgram {
    const { settings, normalisation } = this.description;
    return new FrozenProgram(settings, this.sizes(batch, rows, cols), normalisation, this.weights, execution, options);
  }

  /**
   * How the frozen network is run on a grid: `batch` hours at once on the whole of it, or one hour at a time on tiles.
   *
   * @param side - largest side of a tile in cells; 0: the whole domain if its program takes at most {@link WHOLE_BYTES}, else the largest tiles
   *   whose program takes at most {@link TILE_BYTES}
   * @throws {ConfigError} `CASE_TILE_CELLS` if the halo leaves nothing of such a tile
   */
  tiling(batch: number, grid: { rows: number; cols: number }, side: number, options: { adjoint: boolean }): Tiling {
    const { settings, species } = this.description;
    const network = networkSettings(settings, species.length);
    if (side > 0) return tilesOf(network, grid, side);
    if (this.programBytes(batch, grid, options) <= WHOLE_BYTES) return wholeDomain(grid);
    const smallest = smallestSide(network, grid);
    for (let wanted = Math.max(grid.rows, grid.cols) - 1; wanted > smallest; wanted -= SIDE_STEP) {
      const tiling = tilesOf(network, grid, wanted);
      if (this.programBytes(1, tiling, options) <= TILE_BYTES) return tiling;
    }
    return tilesOf(network, grid, smallest);
  }

  /** What the program of so many hours takes in memory. */
  programBytes(hours: number, { rows, cols }: { rows: number; cols: number }, options: { adjoint: boolean }): number {
    const { settings, normalisation } = this.description;
    return FrozenProgram.bytes(settings, this.sizes(hours, rows, cols), normalisation, options);
  }

  private sizes(batch: number, rows: number, cols: number): SurrogateSizes {
    const { meteorologyNames, geographyNames } = this.description;
    return { batch, steps: this.window.steps.length, rows, cols, meteorology: meteorologyNames.length, geography: geographyNames.length };
  }
}
