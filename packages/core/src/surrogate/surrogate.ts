/** A trained surrogate: settings, normalisation and weights, as the `train` stage leaves it on disk. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SurrogateSettings } from '../data/case';
import { readTensors, writeFileAtomic, writeTensors, type Tensor } from '../data/checkpoint';
import { DataError } from '../errors';
import type { Execution } from '../graph';
import { FrozenProgram } from './frozen-program';
import type { Normalisation } from './normalisation';
import { Window } from './window';

/** What is written beside the weights. */
export interface SurrogateDescription {
  settings: SurrogateSettings;
  normalisation: Normalisation;
  meteorologyNames: string[];
  geographyNames: string[];
  species: { name: string; unit: string }[];
  groups: { name: string; unit: string }[];
}

export const SURROGATE_FILES = { description: 'surrogate.json', weights: 'weights.safetensors' } as const;

export class Surrogate {
  readonly window: Window;

  constructor(
    readonly description: SurrogateDescription,
    readonly weights: ReadonlyMap<string, Tensor>,
  ) {
    this.window = new Window(description.settings.window);
  }

  /** @throws {DataError} if the folder holds no surrogate, or its weights are corrupt */
  static load(dir: string): Surrogate {
    const path = join(dir, SURROGATE_FILES.description);
    if (!existsSync(path)) throw new DataError('SURROGATE_MISSING', `${path}: no such file: run the stage train first`);
    return new Surrogate(JSON.parse(readFileSync(path, 'utf8')) as SurrogateDescription, readTensors(join(dir, SURROGATE_FILES.weights)).tensors);
  }

  /** Writes `surrogate.json` and `weights.safetensors`; returns their names. */
  save(dir: string): string[] {
    writeTensors(join(dir, SURROGATE_FILES.weights), { tensors: new Map(this.weights), metadata: { what: 'weights of a Retroplume surrogate' } });
    writeFileAtomic(join(dir, SURROGATE_FILES.description), JSON.stringify(this.description, null, 2));
    return Object.values(SURROGATE_FILES);
  }

  /** The frozen network on a grid, for `batch` hours at once. */
  program(batch: number, rows: number, cols: number, execution: Execution, options: { adjoint: boolean }): FrozenProgram {
    const { settings, normalisation, meteorologyNames, geographyNames } = this.description;
    const sizes = { batch, steps: this.window.steps.length, rows, cols, meteorology: meteorologyNames.length, geography: geographyNames.length };
    return new FrozenProgram(settings, sizes, normalisation, this.weights, execution, options);
  }
}
