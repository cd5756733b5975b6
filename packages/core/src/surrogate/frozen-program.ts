/** The frozen surrogate as a native program: concentrations, and the adjoint that carries a gradient on them back to the emissions. */
import type { SurrogateSettings } from '../data/case';
import { compile, foldBatchNorm, gradients, Graph, planProgram, type Execution, type Program, type Value } from '../graph';
import { executionOf } from '../graph/execution';
import type { Tensor } from '../data/checkpoint';
import { buildSurrogate, type SurrogateSizes } from './model';
import type { Normalisation } from './normalisation';

/** Inputs of a batch in physical units; see model.ts for shapes. */
export interface SurrogateInputs {
  emissions: Float32Array;
  /** empty where the surrogate sees none; so too geography and previous */
  tracers: Float32Array;
  meteorology: Float32Array;
  geography: Float32Array;
  previous: Float32Array;
}

/** Anything that runs the surrogate forward: the native program, or ONNX Runtime. */
export interface SurrogateEngine {
  /** @returns concentrations `[N, H, W, 4]` in ppb (PM2.5 in µg m-3) */
  forward(inputs: SurrogateInputs): Promise<Float32Array>;
  dispose(): void;
}

/** Gradients with respect to the inputs that follow from the emissions, laid out as these. */
export type SourceGradients = Pick<SurrogateInputs, 'emissions' | 'tracers'>;

/** What makes a run's frozen programs smaller: the hours that they take at once follow from the grid, except in the paper's mode. */
const SHRINK_BY = 'tileCells (the side of the tiles that it runs on), surrogate.widths, surrogate.hidden or (paper mode) inversion.batch';

/** The frozen network as a graph, and what is compiled of it. */
function frozenGraph(
  settings: SurrogateSettings,
  sizes: SurrogateSizes,
  normalisation: Normalisation,
  { adjoint }: { adjoint: boolean },
): { graph: Graph; outputs: Record<string, Value>; phases: Record<string, Value[]> } {
  const built = buildSurrogate(new Graph(), settings, sizes, normalisation, 'frozen');
  const { emissions: ofEmissions, tracers: ofTracers } = built;
  const sources: Record<string, Value> = { emissions: ofEmissions, ...(ofTracers ? { tracers: ofTracers } : {}) };
  const { graph, values } = foldBatchNorm<string>({ ...sources, concentrations: built.concentrations });
  const { concentrations } = values;
  if (!adjoint) return { graph, outputs: { concentrations }, phases: { forward: [concentrations] } };
  const seed = graph.input('gradConcentrations', [...concentrations.shape]);
  const inputs = Object.keys(sources).map((name) => values[name]);
  const [gradEmissions, gradTracers] = gradients(graph, concentrations, inputs, { seed });
  const outputs = { concentrations, gradEmissions, ...(ofTracers ? { gradTracers } : {}) };
  return { graph, outputs, phases: { forward: [concentrations], backward: Object.values(outputs).slice(1) } };
}

/** An engine that can also carry gradients back. */
export interface AdjointEngine extends SurrogateEngine {
  /** `batch`: hours that it takes at once */
  readonly sizes: { readonly batch: number };
  /** Jᵀ·gradConcentrations of the last forward pass, any number of times. */
  adjoint(gradConcentrations: Float32Array): Promise<SourceGradients>;
}

export class FrozenProgram implements AdjointEngine {
  private readonly program: Program;

  constructor(
    settings: SurrogateSettings,
    readonly sizes: SurrogateSizes,
    normalisation: Normalisation,
    weights: ReadonlyMap<string, Tensor>,
    execution: Execution,
    options: { adjoint: boolean } = { adjoint: true },
  ) {
    const { graph, ...parts } = frozenGraph(settings, sizes, normalisation, options);
    this.program = compile(graph, { ...parts, ...executionOf(execution), shrinkBy: SHRINK_BY });
    this.program.setParameters(new Map([...weights].map(([name, { data }]) => [name, data])));
  }

  /** Bytes of the arena that such a program takes, without making it. */
  static bytes(settings: SurrogateSettings, sizes: SurrogateSizes, normalisation: Normalisation, options: { adjoint: boolean }): number {
    const { graph, ...parts } = frozenGraph(settings, sizes, normalisation, options);
    return 4 * planProgram(graph, parts).spec.arenaElements;
  }

  async forward(inputs: SurrogateInputs): Promise<Float32Array> {
    for (const [name, data] of Object.entries(inputs)) if (this.program.has(name)) this.program.set(name, data as Float32Array);
    await this.program.run('forward');
    return this.program.get('concentrations');
  }

  async adjoint(gradConcentrations: Float32Array): Promise<SourceGradients> {
    this.program.set('gradConcentrations', gradConcentrations);
    await this.program.run('backward');
    const tracers = this.program.has('tracers') ? this.program.get('gradTracers') : new Float32Array();
    return { emissions: this.program.get('gradEmissions'), tracers };
  }

  dispose(): void {
    this.program.dispose();
  }
}
