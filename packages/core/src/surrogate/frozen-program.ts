/** The frozen surrogate as a native program: concentrations, and the adjoint that carries a gradient on them back to the emissions. */
import type { SurrogateSettings } from '../data/case';
import { compile, foldBatchNorm, gradients, Graph, type Execution, type Program } from '../graph';
import { executionOf } from '../graph/execution';
import type { Tensor } from '../data/checkpoint';
import { buildSurrogate, type SurrogateSizes } from './model';
import type { Normalisation } from './normalisation';

/** Inputs of a batch in physical units; see model.ts for shapes. */
export interface SurrogateInputs {
  emissions: Float32Array;
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

/** What makes a run's frozen programs smaller: the hours that they take at once follow from the grid, except in the paper's mode. */
const SHRINK_BY = 'surrogate.widths, surrogate.hidden or (paper mode) inversion.batch';

export class FrozenProgram implements SurrogateEngine {
  private readonly program: Program;

  constructor(
    settings: SurrogateSettings,
    readonly sizes: SurrogateSizes,
    normalisation: Normalisation,
    weights: ReadonlyMap<string, Tensor>,
    execution: Execution,
    options: { adjoint: boolean } = { adjoint: true },
  ) {
    const built = buildSurrogate(new Graph(), settings, sizes, normalisation, 'frozen');
    const { graph: g, values } = foldBatchNorm({ emissions: built.emissions, concentrations: built.concentrations });
    const { emissions, concentrations } = values;
    const common = { ...executionOf(execution), shrinkBy: SHRINK_BY };
    if (options.adjoint) {
      const [gradEmissions] = gradients(g, concentrations, [emissions], { seed: g.input('gradConcentrations', [...concentrations.shape]) });
      this.program = compile(g, {
        outputs: { concentrations, gradEmissions },
        phases: { forward: [concentrations], backward: [gradEmissions] },
        ...common,
      });
    } else {
      this.program = compile(g, { outputs: { concentrations }, phases: { forward: [concentrations] }, ...common });
    }
    this.program.setParameters(new Map([...weights].map(([name, { data }]) => [name, data])));
  }

  async forward(inputs: SurrogateInputs): Promise<Float32Array> {
    for (const [name, data] of Object.entries(inputs)) if (this.program.has(name)) this.program.set(name, data as Float32Array);
    await this.program.run('forward');
    return this.program.get('concentrations');
  }

  /** Jᵀ·gradConcentrations of the last forward pass. @returns `[N, T, H, W, 5]` */
  async adjoint(gradConcentrations: Float32Array): Promise<Float32Array> {
    this.program.set('gradConcentrations', gradConcentrations);
    await this.program.run('backward');
    return this.program.get('gradEmissions');
  }

  dispose(): void {
    this.program.dispose();
  }
}
