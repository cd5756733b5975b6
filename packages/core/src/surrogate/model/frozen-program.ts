/** The frozen surrogate as a native program: concentrations, and the adjoint that carries a gradient on them back to the emissions. */
import type { DeviceFields, WindowMeanRequest } from '@retroplume/native';
import type { SurrogateSettings } from '../../case';
import { compile, planProgram } from '../../graph/program/compile';
import { foldBatchNorm } from '../../graph/rewrites/fold-batch-norm';
import { gradients } from '../../graph/gradients';
import { Graph, type Value } from '../../graph/definition/graph';
import { type Execution, bytesOfFields, executionOf } from '../../graph/program/execution';
import type { Program } from '../../graph/program/program';
import type { Tensor } from '../../files/checkpoint';
import { buildSurrogate, sourcesOf, type SurrogateSizes } from './model';
import type { Normalisation } from './normalisation';
import type { Memory } from '../../fields/period-source';
import type { Places } from '../../base/vectors';
import { ResidentFields } from './resident-fields';

/** Inputs of a batch in physical units; see model.ts for shapes. */
export interface SurrogateInputs {
  emissions: Float32Array;
  /** empty where the surrogate sees none; so too geography and previous */
  tracers: Float32Array;
  meteorology: Float32Array;
  /** nobody changes it: another one is another array */
  geography: Float32Array;
  previous: Float32Array;
}

/** An input of one hour of a batch that the GPU takes of fields in its memory. */
export interface InputWindow {
  input: keyof SurrogateInputs;
  hour: number;
  fields: DeviceFields;
  request: WindowMeanRequest;
  /** on the fields, one for all hours; absent = 1 */
  factors?: DeviceFields;
}

/** Where the gradient on such an input is carried back to. */
export interface GradientWindow {
  input: keyof SourceGradients;
  hour: number;
  request: WindowMeanRequest;
  /** added to: with respect to factors that all hours share, or of every hour */
  gradFactors: DeviceFields;
  /** that the factors are on; absent = 1 */
  fields?: DeviceFields;
}

export interface ForwardOptions {
  /** in place of what the inputs have of these, for all hours: of an engine that gives room for fields */
  windows?: readonly InputWindow[];
  /** of the concentrations that are wanted; absent: all */
  places?: Places;
}

export interface AdjointOptions {
  /** gradients that are not read (they are empty): `addGradient` takes them */
  leave?: readonly (keyof SourceGradients)[];
  /** of the concentrations that the gradient is on, one number each, and 0 on others; absent: on all */
  places?: Places;
  /** of gradients that the caller is done with before the next: pages of new memory, and giving them back, take as long as filling it; absent: new for each */
  memory?: Readonly<Record<keyof SourceGradients, Memory>>;
}

/** Anything that runs the surrogate forward: the native program, or ONNX Runtime. */
export interface SurrogateEngine {
  /** @returns concentrations `[N, H, W, species]` in ppb (particles in µg m-3), or those at the places */
  forward(inputs: SurrogateInputs, options?: ForwardOptions): Promise<Float32Array>;
  /**
   * Room in the memory that it computes in, where windows of fields are taken; undefined where that is the host's. Who asks disposes of it.
   *
   * @param processes - that share it
   */
  roomForFields?(processes: number): ResidentFields | undefined;
  dispose(): void;
}

/** Gradients with respect to the inputs that follow from what is inverted, laid out as these; empty where the surrogate does not see them, or they are fixed. */
export type SourceGradients = Pick<SurrogateInputs, 'emissions' | 'tracers' | 'previous'>;

/** What makes a run's frozen programs smaller: the hours that they take at once follow from the grid, except in the paper's mode. */
const SHRINK_BY = 'tileCells (the side of the tiles that it runs on), surrogate.widths, surrogate.hidden or (paper mode) inversion.batch';

const gradientOf = (input: string): string => `gradient of ${input}`;

/** The frozen network as a graph, and what is compiled of it. */
export function frozenGraph(
  settings: SurrogateSettings,
  sizes: SurrogateSizes,
  normalisation: Normalisation,
  { adjoint }: { adjoint: boolean },
): { graph: Graph; sources: string[]; outputs: Record<string, Value>; phases: Record<string, Value[]> } {
  const built = buildSurrogate(new Graph(), settings, sizes, normalisation, 'frozen');
  const sources = Object.fromEntries(sourcesOf(built, settings).map((value) => [value.name!, value]));
  const { graph, values } = foldBatchNorm<string>({ ...sources, concentrations: built.concentrations });
  const { concentrations } = values;
  const names = Object.keys(sources);
  if (!adjoint) return { graph, sources: names, outputs: { concentrations }, phases: { forward: [concentrations] } };
  const seed = graph.input('gradConcentrations', [...concentrations.shape]);
  const grads = gradients(
    graph,
    concentrations,
    names.map((name) => values[name]),
    { seed },
  );
  const outputs = { concentrations, ...Object.fromEntries(names.map((name, i) => [gradientOf(name), grads[i]])) };
  return { graph, sources: names, outputs, phases: { forward: [concentrations], backward: grads } };
}

/** An engine that can also carry gradients back. */
export interface AdjointEngine extends SurrogateEngine {
  /** `batch`: hours that it takes at once */
  readonly sizes: { readonly batch: number };
  /** Jᵀ·gradConcentrations of the last forward pass, once: it writes over what it needs. */
  adjoint(gradConcentrations: Float32Array, options?: AdjointOptions): Promise<SourceGradients>;
  /** Of an engine that gives room for fields: carries a gradient of the last adjoint back through the window that it is on. */
  addGradient?(window: GradientWindow): void;
}

export class FrozenProgram implements AdjointEngine {
  private readonly program: Program;
  private readonly sources: readonly string[];
  /** that the program has */
  private geography?: Float32Array;

  constructor(
    settings: SurrogateSettings,
    readonly sizes: SurrogateSizes,
    normalisation: Normalisation,
    weights: ReadonlyMap<string, Tensor>,
    private readonly execution: Execution,
    options: { adjoint: boolean } = { adjoint: true },
  ) {
    const { graph, sources, ...parts } = frozenGraph(settings, sizes, normalisation, options);
    this.sources = sources;
    this.program = compile(graph, { ...parts, ...executionOf(execution), shrinkBy: SHRINK_BY });
    this.program.setParameters(new Map([...weights].map(([name, { data }]) => [name, data])));
  }

  /** Bytes of the arena that such a program takes, without making it. */
  static bytes(settings: SurrogateSettings, sizes: SurrogateSizes, normalisation: Normalisation, options: { adjoint: boolean }): number {
    const { graph, outputs, phases } = frozenGraph(settings, sizes, normalisation, options);
    return 4 * planProgram(graph, { outputs, phases }).spec.arenaElements;
  }

  roomForFields(processes: number): ResidentFields | undefined {
    return this.program.stages ? new ResidentFields(this.execution.device, bytesOfFields(this.execution) / processes) : undefined;
  }

  async forward(inputs: SurrogateInputs, { windows = [], places }: ForwardOptions = {}): Promise<Float32Array> {
    const used = new Set<string>(windows.map(({ input }) => input));
    for (const [name, data] of Object.entries(inputs) as [keyof SurrogateInputs, Float32Array][]) {
      if (!this.program.has(name) || used.has(name)) continue;
      if (name === 'geography' && data === this.geography) continue;
      this.program.set(name, data);
    }
    this.geography = inputs.geography;
    const parts = this.sizes.batch;
    for (const { input, hour, fields, request, factors } of windows) {
      this.program.stageWindow(input, { part: hour, parts }, fields, request, factors);
    }
    await this.program.run('forward');
    return places ? this.program.getAt('concentrations', places) : this.program.get('concentrations');
  }

  async adjoint(gradConcentrations: Float32Array, { leave = [], places, memory }: AdjointOptions = {}): Promise<SourceGradients> {
    if (places) this.program.setAt('gradConcentrations', places, gradConcentrations);
    else this.program.set('gradConcentrations', gradConcentrations);
    await this.program.run('backward');
    const gradient = (input: keyof SourceGradients): Float32Array =>
      this.sources.includes(input) && !leave.includes(input) ? this.program.get(gradientOf(input), memory?.[input]) : new Float32Array();
    return { emissions: gradient('emissions'), tracers: gradient('tracers'), previous: gradient('previous') };
  }

  addGradient({ input, hour, request, gradFactors, fields }: GradientWindow): void {
    this.program.addWindowAdjoint(gradientOf(input), { part: hour, parts: this.sizes.batch }, gradFactors, request, fields);
  }

  dispose(): void {
    this.program.dispose();
  }
}
